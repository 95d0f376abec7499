#include "tools/children.h"

#include "base/file.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

hny_status hny_children_open(struct hny_children *children) {
    ssize_t size = readlink("/proc/self/exe", children->program, sizeof children->program - 1);
    if (size <= 0) return hny_fail_errno("cannot find this program");
    children->program[size] = '\0';
    const char *place = getenv("XDG_RUNTIME_DIR"); /* a socket's path is short */
    HNY_TRY(hny_temporary_open(&children->temporary, place && strlen(place) < 40 ? place : "/tmp"));
    children->folder = children->temporary.path.data;
    return hny_supervisor_create(&children->supervisor);
}

void hny_children_close(struct hny_children *children) {
    hny_supervisor_destroy(&children->supervisor);
    (void)hny_temporary_close(&children->temporary); /* nobody needs what may stay */
    children->folder = NULL;
}

size_t hny_children_pass_on(const struct hny_arguments *arguments, const char *const passed[][2],
                            const char **words) {
    size_t count = 0;
    for (size_t i = 0; passed[i][0]; i++) {
        const char *value = hny_argument_text(arguments, passed[i][0]);
        if (!value) continue;
        words[count++] = passed[i][1];
        words[count++] = value;
    }
    return count;
}
