/* Very many sentences through echoes: memory shall stay where it was.
 *
 *     bench-soak COMMAND TEXT [SENTENCES, 10000000] */
#include "tests/bench/limit.h"
#include "tests/bench/requests.h"
#include "tests/bench/service.h"

#include "base/progress.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { WORKERS = 2, WINDOW = 512, PARTS = 20 };

static double mebibytes(pid_t process) {
    return (double)bench_process_bytes(process) / (1 << 20);
}

int main(int count, char **arguments) {
    bench_demand(count >= 3, "usage: soak COMMAND TEXT [SENTENCES]");
    size_t sentences = count > 3 ? strtoul(arguments[3], NULL, 10) : 10000000, part = sentences / PARTS;
    double early[3] = {0}, late[3] = {0}, begin = hny_seconds();
    struct bench_service service;
    struct hny_client *client = NULL;
    bench_demand(part > 0, "at least 20 sentences");
    bench_read_sentences(arguments[2]);
    bench_service_open(&service, arguments[1], NULL, WORKERS);
    bench_demand(hny_client_open(&client, service.clients) == HNY_OK, "a client");
    const pid_t processes[3] = {service.broker, service.worker[0], getpid()};
    for (size_t i = 0; i < PARTS; i++) {
        bench_ask(client, i * part, part, 1, WINDOW);
        for (size_t p = 0; p < 3; p++) late[p] = mebibytes(processes[p]);
        if (i == PARTS / 10)
            for (size_t p = 0; p < 3; p++) early[p] = late[p];
        hny_progress_show("%zu sentences, %.0f a second; broker %.1f MiB, worker %.1f, client %.1f",
                          (i + 1) * part, (double)((i + 1) * part) / (hny_seconds() - begin), late[0],
                          late[1], late[2]);
    }
    hny_progress_end();
    static const char *const names[] = {"broker", "worker", "client"};
    for (size_t p = 0; p < 3; p++) {
        char what[128];
        snprintf(what, sizeof what, "memory over %zu sentences of echoes: %s", sentences, names[p]);
        bench_row(what, "flat", "%.1f MiB after a tenth, %.1f at the end", early[p], late[p]);
    }
    hny_client_close(&client);
    bench_service_close(&service);
    return 0;
}
