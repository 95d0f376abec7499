#include "tests/bench/service.h"

#include "base/buffer.h"
#include "pipeline/client.h"
#include "tests/bench/limit.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE 60000 /* ms until the workers are there */

pid_t bench_start(const char *const *words) {
    pid_t parent = getpid(), process = fork();
    bench_demand(process >= 0, "a process");
    if (process > 0) return process;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(1);
    char *copies[32] = {NULL};
    for (size_t i = 0; words[i] && i < 31; i++) copies[i] = strdup(words[i]);
    execv(copies[0], copies);
    _exit(127);
}

void bench_stop(pid_t process) {
    kill(process, SIGTERM);
    waitpid(process, NULL, 0);
}

static size_t count_workers(const char *state) {
    size_t count = 0;
    for (const char *at = state; (at = strstr(at, "\"silent_ms\"")); at++) count++; /* each has one */
    return count;
}

/* Until all workers have said that they are there. */
static void wait_for_workers(const struct bench_service *service, size_t workers) {
    struct hny_client *client = NULL;
    struct hny_buffer state = {0};
    bench_demand(hny_client_open(&client, service->clients) == HNY_OK, "a client");
    for (size_t tries = 0; tries < PATIENCE / 50; tries++) {
        bool got;
        hny_buffer_clear(&state);
        bench_demand(hny_client_state(client, 1000, &state, &got) == HNY_OK, "the broker's state");
        if (got && count_workers(state.data) == workers) break;
        bench_demand(tries + 1 < PATIENCE / 50, "workers in time");
        nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
    }
    hny_buffer_free(&state);
    hny_client_close(&client);
}

void bench_service_open(struct bench_service *service, const char *command, const char *model,
                        size_t workers) {
    *service = (struct bench_service){0};
    bench_demand(workers <= BENCH_MOST_WORKERS, "so many workers");
    snprintf(service->folder, sizeof service->folder, "/tmp/honyaku-bench-XXXXXX");
    bench_demand(mkdtemp(service->folder) != NULL, "a folder");
    snprintf(service->clients, sizeof service->clients, "ipc://%s/clients", service->folder);
    snprintf(service->workers, sizeof service->workers, "ipc://%s/workers", service->folder);
    if (model) { /* workers that share one copy of the weights */
        char number[16];
        snprintf(number, sizeof number, "%zu", workers);
        const char *const serve[] = {command,          "serve",     "--model", model, "--bind",
                                     service->clients, "--workers", number,    NULL};
        service->broker = bench_start(serve);
        wait_for_workers(service, workers);
        return;
    }
    const char *const broker[] = {command,          "broker",    "--quiet",        "--bind",
                                  service->clients, "--workers", service->workers, NULL};
    const char *const echo[] = {command, "worker", "--connect", service->workers, "--echo", NULL};
    service->broker = bench_start(broker);
    for (; service->count < workers; service->count++) service->worker[service->count] = bench_start(echo);
    wait_for_workers(service, workers);
}

void bench_service_close(struct bench_service *service) {
    for (size_t i = 0; i < service->count; i++) bench_stop(service->worker[i]);
    bench_stop(service->broker);
    unlink(service->clients + strlen("ipc://"));
    unlink(service->workers + strlen("ipc://"));
    rmdir(service->folder);
}

double bench_process_seconds(pid_t process) {
    clockid_t clock;
    struct timespec time;
    bench_demand(clock_getcpuclockid(process, &clock) == 0 && clock_gettime(clock, &time) == 0,
                 "a process's time");
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

size_t bench_process_bytes(pid_t process) {
    char path[64];
    size_t pages = 0, resident = 0;
    snprintf(path, sizeof path, "/proc/%d/statm", (int)process);
    FILE *file = fopen(path, "r");
    bench_demand(file && fscanf(file, "%zu %zu", &pages, &resident) == 2, "a process's memory");
    fclose(file);
    return resident * (size_t)sysconf(_SC_PAGESIZE);
}
