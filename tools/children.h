/* What commands that start others have in common: a supervisor, this program's own path, and a folder for
 * sockets that only its user enters. */
#ifndef HNY_TOOLS_CHILDREN_H
#define HNY_TOOLS_CHILDREN_H

#include "base/temporary.h"
#include "pipeline/supervisor.h"
#include "tools/tool.h"

enum { HNY_CHILDREN_PATH = 4096, HNY_CHILDREN_FOLDER = 64 }; /* bytes at most, each with its NUL */

/* Zero-initialise. */
struct hny_children {
    struct hny_supervisor *supervisor;
    char program[HNY_CHILDREN_PATH];
    struct hny_temporary temporary;
    const char *folder; /* its path */
};
hny_status hny_children_open(struct hny_children *children); /* to be closed also after a failure */
void hny_children_close(
    struct hny_children *children); /* ends what lives; removes the folder with all in it */

/* Writes those of PASSED (option, word; NULL at the end) that were given with a value behind a child's other
 * WORDS; how many. */
size_t hny_children_pass_on(const struct hny_arguments *arguments, const char *const passed[][2],
                            const char **words);

#endif
