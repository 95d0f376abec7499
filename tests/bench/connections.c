/* Very many clients at once: REQ sockets of several processes, each with a sentence under way.
 *
 *     bench-connections COMMAND [CONNECTIONS, 10000] [ROUNDS, 3] */
#include "tests/bench/limit.h"
#include "tests/bench/service.h"

#include "base/progress.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zmq.h>

enum { WORKERS = 2, PROCESSES = 4, PATIENCE = 120000 };

/* Shared between the processes. */
struct shared {
    size_t connected, answered[PROCESSES];
};

static void ask(void *socket, unsigned process, size_t number, size_t round) {
    char text[64];
    int size = snprintf(text, sizeof text, "client %u %zu, sentence %zu", process, number, round);
    bench_demand(zmq_send(socket, text, (size_t)size, 0) == size, "a request");
}

static void hear(void *socket, unsigned process, size_t number, size_t round) {
    char text[64], answer[64];
    int size = snprintf(text, sizeof text, "client %u %zu, sentence %zu", process, number, round);
    int got = zmq_recv(socket, answer, sizeof answer, 0);
    bench_demand(got == size && memcmp(text, answer, (size_t)size) == 0, "one's own answer");
}

/* All its sockets ask before any of them hears. */
static void be_clients(const char *endpoint, unsigned process, size_t count, size_t rounds,
                       struct shared *shared) {
    int patience = PATIENCE, linger = 0;
    void *context = zmq_ctx_new(), **sockets = calloc(count, sizeof *sockets);
    bench_demand(context && sockets && zmq_ctx_set(context, ZMQ_MAX_SOCKETS, (int)count + 16) == 0,
                 "a context");
    for (size_t i = 0; i < count; i++) {
        sockets[i] = zmq_socket(context, ZMQ_REQ);
        bench_demand(sockets[i] &&
                         zmq_setsockopt(sockets[i], ZMQ_RCVTIMEO, &patience, sizeof patience) == 0 &&
                         zmq_setsockopt(sockets[i], ZMQ_LINGER, &linger, sizeof linger) == 0 &&
                         zmq_connect(sockets[i], endpoint) == 0,
                     "a socket");
    }
    for (size_t round = 0; round < rounds; round++) {
        for (size_t i = 0; i < count; i++) ask(sockets[i], process, i, round);
        for (size_t i = 0; i < count; i++) hear(sockets[i], process, i, round);
        if (round == 0) __atomic_add_fetch(&shared->connected, 1, __ATOMIC_SEQ_CST);
        shared->answered[process] += count;
        /* All connections stand at once: nobody goes on, or ends, before all have been served. */
        while (__atomic_load_n(&shared->connected, __ATOMIC_SEQ_CST) < PROCESSES) usleep(1000);
    }
    for (size_t i = 0; i < count; i++) zmq_close(sockets[i]);
    zmq_ctx_term(context);
}

int main(int count, char **arguments) {
    bench_demand(count >= 2, "usage: connections COMMAND [CONNECTIONS] [ROUNDS]");
    size_t connections = count > 2 ? strtoul(arguments[2], NULL, 10) : 10000,
           rounds = count > 3 ? strtoul(arguments[3], NULL, 10) : 3, answered = 0, most = 0;
    struct shared *shared =
        mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t processes[PROCESSES];
    struct bench_service service;
    bench_demand(shared != MAP_FAILED && connections >= PROCESSES && rounds > 0, "some connections");
    bench_service_open(&service, arguments[1], NULL, WORKERS);
    double before = (double)bench_process_bytes(service.broker) / (1 << 20), begin = hny_seconds();
    for (unsigned p = 0; p < PROCESSES; p++) {
        processes[p] = fork();
        bench_demand(processes[p] >= 0, "a process");
        if (processes[p] > 0) continue;
        be_clients(service.clients, p, connections / PROCESSES, rounds, shared);
        _exit(0);
    }
    for (unsigned p = 0; p < PROCESSES; p++) {
        int status;
        while (waitpid(processes[p], &status, WNOHANG) == 0) {
            size_t bytes = bench_process_bytes(service.broker);
            if (bytes > most) most = bytes;
            usleep(20000);
        }
        bench_demand(WIFEXITED(status) && WEXITSTATUS(status) == 0, "clients that are all served");
        answered += shared->answered[p];
    }
    char what[128];
    snprintf(what, sizeof what, "%zu connections at once, %zu sentences each", connections, rounds);
    bench_row(what, "all served", "%zu answers in %.1f s; broker %.0f MiB, %.0f before", answered,
              hny_seconds() - begin, (double)most / (1 << 20), before);
    bench_service_close(&service);
    return answered == connections / PROCESSES * PROCESSES * rounds ? 0 : 1;
}
