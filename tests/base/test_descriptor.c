#include "base/descriptor.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

enum { BYTES = 1 << 20 };

/* Takes what comes out of the pipe *CONTEXT, slowly. Signals go to who writes. */
static void *drain(void *context) {
    size_t sum = 0;
    char piece[10000];
    sigset_t alarm;
    sigemptyset(&alarm);
    sigaddset(&alarm, SIGALRM);
    pthread_sigmask(SIG_BLOCK, &alarm, NULL);
    for (ssize_t got; (got = read(*(int *)context, piece, sizeof piece)) > 0; sum += (size_t)got) {
        for (ssize_t i = 0; i < got; i++)
            if (piece[i] != (char)((sum + (size_t)i) % 251)) return NULL;
        usleep(500);
    }
    return (void *)sum;
}

static volatile sig_atomic_t rung;

static void ring(int number) {
    (void)number;
    rung++;
}

/* A call that a signal interrupts has written a part, or nothing. */
static void begin_ringing(void) {
    const struct sigaction action = {.sa_handler = ring};
    const struct itimerval often = {{0, 1000}, {0, 1000}};
    cr_assert_eq(sigaction(SIGALRM, &action, NULL), 0);
    cr_assert_eq(setitimer(ITIMER_REAL, &often, NULL), 0);
}

Test(descriptor, all_is_written_where_calls_take_a_part, .timeout = 60) {
    char *data = malloc(BYTES);
    pthread_t thread;
    void *sum = NULL;
    int ends[2];
    for (size_t i = 0; i < BYTES; i++) data[i] = (char)(i % 251);
    cr_assert_eq(pipe(ends), 0);
    cr_assert_eq(pthread_create(&thread, NULL, drain, &ends[0]), 0);
    begin_ringing();
    cr_assert_eq(hny_descriptor_write(ends[1], "a pipe", data, BYTES), HNY_OK, "%s", hny_message());
    setitimer(ITIMER_REAL, &(struct itimerval){{0, 0}, {0, 0}}, NULL);
    cr_assert_gt(rung, 0);
    close(ends[1]);
    pthread_join(thread, &sum);
    cr_assert_eq((size_t)sum, BYTES);
    close(ends[0]);
    free(data);
}

Test(descriptor, a_failure_names_what_is_written_to) {
    int full = open("/dev/full", O_WRONLY);
    cr_assert_geq(full, 0);
    cr_assert_eq(hny_descriptor_write(full, "a full disk", "x", 1), HNY_ERROR_IO);
    cr_assert_not_null(strstr(hny_message(), "a full disk: cannot be written"), "%s", hny_message());
    cr_assert_eq(hny_descriptor_write(full, "a full disk", "", 0), HNY_OK);
    close(full);
}
