/* What a worker may still do once its model is loaded: compute, and speak with its broker. */
#ifndef HNY_PIPELINE_CONFINE_H
#define HNY_PIPELINE_CONFINE_H

#include "base/status.h"
#include <stdbool.h>

/* From here on this process, with all its threads, gains no privileges (prctl(2), PR_SET_NO_NEW_PRIVS), and a
 * seccomp filter refuses it (EPERM): to run programs; to open files for writing, make, rename, remove or
 * change them; to trace others, load code into the kernel, mount; and, unless NETWORK, to make any sockets
 * but AF_UNIX. HNY_ERROR_IO where the kernel has no seccomp. */
hny_status hny_confine(bool network);

#endif
