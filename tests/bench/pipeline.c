/* Through the pipeline, and beside it: what the broker costs, what a request alone waits longer than in
 * process, and how much of the translator's speed arrives.
 *
 *     bench-pipeline COMMAND MODEL TEXT [SENTENCES, 3000] [REQUESTS, 100000] */
#include "tests/bench/limit.h"
#include "tests/bench/requests.h"
#include "tests/bench/service.h"

#include "base/progress.h"
#include "model/folder.h"
#include "model/translator.h"
#include "pipeline/client.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORKERS = 2, BATCH = 32, WINDOW = 512, ALONE = 200, ROUNDS = 9 };

static const char *command, *folder;

/* --- The broker's cost ------------------------------------------------------------------------------ */

static void measure_broker(size_t requests, size_t each, const char *what, const char *target) {
    struct bench_service service;
    struct hny_client *client = NULL;
    bench_service_open(&service, command, NULL, WORKERS);
    bench_demand(hny_client_open(&client, service.clients) == HNY_OK, "a client");
    bench_ask(client, 0, requests / 10 + 1, each, WINDOW);
    double before = bench_process_seconds(service.broker);
    double seconds = bench_ask(client, 0, requests, each, WINDOW);
    double cost = bench_process_seconds(service.broker) - before, count = (double)(requests * each);
    bench_row(what, target, "%.1f µs (%.0f sentences/s of echoes)", 1e6 * cost / count, count / seconds);
    hny_client_close(&client);
    bench_service_close(&service);
}

/* --- A request alone -------------------------------------------------------------------------------- */

/* Milliseconds that echoes take, one at a time. */
static void measure_echo(void) {
    static double seconds[ALONE];
    struct bench_service service;
    struct hny_client *client = NULL;
    bench_service_open(&service, command, NULL, 1);
    bench_demand(hny_client_open(&client, service.clients) == HNY_OK, "a client");
    bench_ask(client, 0, 20, 1, 1);
    for (size_t i = 0; i < ALONE; i++) seconds[i] = bench_ask(client, i, 1, 1, 1);
    bench_row("an echo alone, from client to client", "", "p50 %.2f ms, p99 %.2f ms",
              1e3 * bench_quantile(seconds, ALONE, 0.5), 1e3 * bench_quantile(seconds, ALONE, 0.99));
    hny_client_close(&client);
    bench_service_close(&service);
}

static hny_status add(struct hny_translator *translator, size_t tag, const struct hny_piece *sentence) {
    return hny_translator_add(translator, tag, sentence->data, sentence->size);
}

static double translate(struct hny_translator *translator, size_t first, size_t count) {
    double begin = hny_seconds();
    for (size_t added = 0, done = 0; done < count;) {
        struct hny_line_translation line;
        bool taken;
        for (; added < count && !hny_translator_full(translator); added++)
            bench_demand(add(translator, added, bench_sentence(first + added)) == HNY_OK, "a sentence");
        bench_demand(hny_translator_take(translator, true, &line, &taken) == HNY_OK && taken,
                     "a translation");
        hny_line_translation_free(&line);
        done++;
    }
    return hny_seconds() - begin;
}

/* A translator of so many threads in a process of its own, which says what a job takes it. */
struct inside {
    int jobs, results; /* pipes */
    pid_t process;
};
struct job {
    size_t first, count;
};

static void serve_jobs(int jobs, int results, size_t threads) {
    struct hny_model *model = NULL;
    struct hny_translator *translator = NULL;
    struct hny_translator_options options;
    enum hny_precision precision;
    struct job job;
    hny_translator_defaults(&options);
    options.threads = threads;
    options.unordered = true;
    bench_demand(hny_precision_parse("auto", &precision) == HNY_OK &&
                     hny_folder_open(&model, folder, precision, NULL) == HNY_OK &&
                     hny_translator_create(&translator, model, &options) == HNY_OK,
                 "a translator");
    while (read(jobs, &job, sizeof job) == sizeof job) {
        double seconds = translate(translator, job.first, job.count);
        bench_demand(write(results, &seconds, sizeof seconds) == sizeof seconds, "a pipe");
    }
    hny_translator_destroy(&translator);
    hny_model_destroy(&model);
}

static double inside_translate(const struct inside *inside, size_t first, size_t count) {
    const struct job job = {first, count};
    double seconds = 0;
    bench_demand(write(inside->jobs, &job, sizeof job) == sizeof job &&
                     read(inside->results, &seconds, sizeof seconds) == sizeof seconds,
                 "a translator's process");
    return seconds;
}

static void inside_open(struct inside *inside, size_t threads) {
    int jobs[2], results[2];
    bench_demand(pipe(jobs) == 0 && pipe(results) == 0, "pipes");
    inside->process = fork();
    if (inside->process == 0) {
        close(jobs[1]);
        close(results[0]);
        serve_jobs(jobs[0], results[1], threads);
        _exit(0);
    }
    close(jobs[0]);
    close(results[1]);
    inside->jobs = jobs[1];
    inside->results = results[0];
    inside_translate(inside, 0, 20);
}

static void inside_close(struct inside *inside) {
    int status = 0;
    close(inside->jobs);
    close(inside->results);
    bench_demand(waitpid(inside->process, &status, 0) == inside->process && status == 0, "a process");
}

/* Each sentence's way through the pipeline beside the same sentence in process; the median difference. */
static void measure_alone(void) {
    static double beyond[ALONE];
    struct bench_service service;
    struct hny_client *client = NULL;
    struct inside inside;
    inside_open(&inside, 1);
    bench_service_open(&service, command, folder, 1);
    bench_demand(hny_client_open(&client, service.clients) == HNY_OK, "a client");
    bench_ask(client, 0, 20, 1, 1);
    for (size_t i = 0; i < ALONE; i++)
        beyond[i] = bench_ask(client, i, 1, 1, 1) - inside_translate(&inside, i, 1);
    bench_row("a request alone, beyond in-process translation", "at most 1 ms", "p50 %.2f ms, p99 %.2f ms",
              1e3 * bench_quantile(beyond, ALONE, 0.5), 1e3 * bench_quantile(beyond, ALONE, 0.99));
    hny_client_close(&client);
    bench_service_close(&service);
    inside_close(&inside);
}

/* --- All at once ------------------------------------------------------------------------------------ */

static void measure_throughput(size_t count) {
    static double share[ROUNDS];
    double last = 0;
    struct bench_service service;
    struct hny_client *client = NULL;
    struct inside inside;
    inside_open(&inside, WORKERS);
    bench_service_open(&service, command, folder, WORKERS);
    bench_demand(hny_client_open(&client, service.clients) == HNY_OK, "a client");
    bench_ask(client, 0, 20, 1, WINDOW);
    for (size_t round = 0; round < ROUNDS; round++) {
        double seconds = bench_ask(client, 0, count, 1, WINDOW);
        share[round] = inside_translate(&inside, 0, count) / seconds;
        last = (double)count / seconds;
    }
    bench_row("throughput at saturation, 2 workers, of a translator of 2 threads", "at least 95 %",
              "%.0f %% (%.0f sentences/s)", 100 * bench_quantile(share, ROUNDS, 0.5), last);
    hny_client_close(&client);
    bench_service_close(&service);
    inside_close(&inside);
}

int main(int count, char **arguments) {
    bench_demand(count >= 4, "usage: pipeline COMMAND MODEL TEXT [SENTENCES] [REQUESTS]");
    size_t known = count > 4 ? strtoul(arguments[4], NULL, 10) : 3000,
           requests = count > 5 ? strtoul(arguments[5], NULL, 10) : 100000;
    command = arguments[1];
    folder = arguments[2];
    bench_read_sentences(arguments[3]);
    measure_broker(requests, 1, "the broker's processor time a request of one sentence", "at most 20 µs");
    measure_broker(requests / BATCH * 4, BATCH, "the same a sentence, in requests of 32", "at most 2 µs");
    measure_echo();
    measure_alone();
    measure_throughput(known);
    return 0;
}
