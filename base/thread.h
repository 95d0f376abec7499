/* A thread beside the caller's. */
#ifndef HNY_BASE_THREAD_H
#define HNY_BASE_THREAD_H

#include "base/status.h"
#include <pthread.h>

/* Starts THREAD with LIFE(ARGUMENT), all signals blocked in it: they are for the caller's thread. The
 * caller joins it. HNY_ERROR_MEMORY where the system gives no more threads. */
hny_status hny_thread_start(pthread_t *thread, void *(*life)(void *argument), void *argument);

#endif
