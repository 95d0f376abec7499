/* A broker and its workers as processes of their own, to be measured: they end with the measurement. */
#ifndef HNY_TESTS_BENCH_SERVICE_H
#define HNY_TESTS_BENCH_SERVICE_H

#include <stddef.h>
#include <sys/types.h>

enum { BENCH_MOST_WORKERS = 16 };

struct bench_service {
    char folder[64], clients[96], workers[96]; /* endpoints */
    pid_t broker, worker[BENCH_MOST_WORKERS];  /* with a model `honyaku serve` has them all, as the broker */
    size_t count;
};

/* COMMAND is honyaku's file; MODEL a folder, NULL for echoes. Comes back when a first request has been
 * answered by every worker's readiness: the clients' endpoint is served. Exits on failure. */
void bench_service_open(struct bench_service *service, const char *command, const char *model,
                        size_t workers);
void bench_service_close(struct bench_service *service);

/* Starts a process that dies with this one; WORDS ends with NULL. */
pid_t bench_start(const char *const *words);
void bench_stop(pid_t process); /* SIGTERM, and waits */

double bench_process_seconds(pid_t process); /* of processor time, all its threads */
size_t bench_process_bytes(pid_t process);   /* resident */

#endif
