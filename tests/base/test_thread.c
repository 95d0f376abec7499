#include "base/thread.h"

#include <criterion/criterion.h>
#include <signal.h>

static void *take_mask(void *mask) {
    pthread_sigmask(SIG_SETMASK, NULL, mask);
    return NULL;
}

Test(thread, signals_are_for_whoever_starts_it) {
    sigset_t there, before, after;
    pthread_t thread;
    pthread_sigmask(SIG_SETMASK, NULL, &before);
    cr_assert_eq(hny_thread_start(&thread, take_mask, &there), HNY_OK, "%s", hny_message());
    cr_assert_eq(pthread_join(thread, NULL), 0);
    pthread_sigmask(SIG_SETMASK, NULL, &after);
    cr_expect(sigismember(&there, SIGINT) && sigismember(&there, SIGTERM) && sigismember(&there, SIGHUP));
    cr_expect_eq(sigismember(&after, SIGINT), sigismember(&before, SIGINT));
    cr_expect_not(sigismember(&after, SIGTERM));
}
