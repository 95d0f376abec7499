#include "base/thread.h"

#include <signal.h>
#include <string.h>

hny_status hny_thread_start(pthread_t *thread, void *(*life)(void *argument), void *argument) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(thread, NULL, life, argument);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error == 0) return HNY_OK;
    return hny_fail(HNY_ERROR_MEMORY, "a thread could not be started: %s", strerrordesc_np(error));
}
