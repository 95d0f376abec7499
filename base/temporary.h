/* A folder of a process's own, that only its user enters and that goes with it. One whose process was killed
 * stays until the next is made beside it: the living hold a lock on theirs. */
#ifndef HNY_BASE_TEMPORARY_H
#define HNY_BASE_TEMPORARY_H

#include "base/buffer.h"
#include <stdbool.h>

/* Zero-initialise. */
struct hny_temporary {
    struct hny_buffer path; /* "UNDER/honyaku-" and six characters; empty: none */
    int lock;
};

/* Makes a folder in UNDER, or where that is NULL in TMPDIR (/tmp). Before that it removes what this user's
 * processes have left there: folders of such a name that nobody holds and that are older than a minute.
 * HNY_ERROR_IO where none can be made. */
hny_status hny_temporary_open(struct hny_temporary *temporary, const char *under);

/* Removes it with all in it, back to the zero state. The thread's message stays; false where something is
 * left. */
bool hny_temporary_close(struct hny_temporary *temporary);

#endif
