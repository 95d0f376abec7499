/* Telling whoever started this process how far it is, by the protocol of sd_notify(3): a datagram to the
 * socket that the environment's NOTIFY_SOCKET names. systemd listens there, and so does `honyaku serve`. */
#ifndef HNY_BASE_NOTIFY_H
#define HNY_BASE_NOTIFY_H

#include "base/status.h"
#include <stdbool.h>
#include <sys/types.h>

/* Says that this process is ready. Nothing happens where nobody listens: a service works without as well. */
void hny_notify_ready(void);

/* The listening side: *SOCKET, not waiting and not kept by exec, at PATH in a folder that only its user
 * enters. HNY_ERROR_IO where it cannot be made. */
hny_status hny_notify_listen(const char *path, int *socket);

/* The next process that has said on SOCKET that it is ready; false where none has. */
bool hny_notify_next(int socket, pid_t *process);

#endif
