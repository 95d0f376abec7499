/* Open-loop load: requests come when they are due, whatever becomes of those before; a request's time counts
 * from the moment at which it was due, so that no waiting is left out (coordinated omission; Tene, How NOT to
 * Measure Latency, 2015).
 *
 *     bench-latency COMMAND MODEL TEXT PICTURE [SECONDS a load, 20] */
#include "tests/bench/limit.h"
#include "tests/bench/requests.h"
#include "tests/bench/service.h"

#include "base/file.h"
#include "base/progress.h"
#include "base/random.h"
#include "model/picture.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORKERS = 2, WINDOW = 512, LOADS = 3, POINTS = 100 };
static const double loads[LOADS] = {0.5, 0.8, 0.95};

struct load {
    double *seconds; /* [count] of the requests, in the order of their answers */
    size_t count;
    double x[POINTS], y[POINTS];
};

/* Requests a second at saturation. */
static double saturation(struct hny_client *client, double seconds) {
    double spent = 0;
    size_t done = 0;
    for (size_t step = WINDOW; spent < seconds; done += step)
        spent += bench_ask(client, done, step, 1, WINDOW);
    return (double)done / spent;
}

/* Exponential gaps: arrivals that know nothing of each other. */
static double *arrivals(double rate, size_t count) {
    const struct hny_random stream = hny_random_stream(1, HNY_RANDOM_CORPUS, 0, 0);
    double *due = calloc(count, sizeof *due), time = 0;
    bench_demand(due != NULL, "memory");
    for (size_t i = 0; i < count; i++) {
        time -= log(1 - hny_random_real(&stream, i)) / rate;
        due[i] = time;
    }
    return due;
}

static void run_load(struct hny_client *client, double rate, double seconds, struct load *load) {
    load->count = (size_t)(rate * seconds) + 1;
    load->seconds = calloc(load->count, sizeof *load->seconds);
    double *due = arrivals(rate, load->count), begin = hny_seconds();
    bench_demand(load->seconds != NULL, "memory");
    uint64_t first = 0, number;
    for (size_t sent = 0, answered = 0; answered < load->count;) {
        struct hny_answer answer;
        bool taken;
        for (; sent < load->count && due[sent] <= hny_seconds() - begin; sent++) {
            const struct hny_piece *sentence = bench_sentence(sent);
            bench_demand(hny_client_translate(client, "", sentence->data, sentence->size, &number) == HNY_OK,
                         "a request");
            if (sent == 0) first = number;
        }
        double wait = sent < load->count ? due[sent] - (hny_seconds() - begin) : 1;
        bench_demand(hny_client_take(client, wait > 0 ? (uint64_t)(1000 * wait) : 0, &answer, &taken) ==
                         HNY_OK,
                     "an answer");
        if (!taken) continue;
        bench_demand(!answer.refusal, "an answer that is no refusal");
        load->seconds[answered++] = hny_seconds() - begin - due[answer.number - first];
        hny_answer_free(&answer);
    }
    free(due);
}

/* Milliseconds over nines: 1 is the time that 90 % stay below, 2 that of 99 %. */
static void draw(struct load *load) {
    double most = log10((double)load->count);
    for (size_t i = 0; i < POINTS; i++) {
        load->x[i] = most * (double)i / POINTS;
        load->y[i] = 1e3 * bench_quantile(load->seconds, load->count, 1 - pow(10, -load->x[i]));
    }
}

int main(int count, char **arguments) {
    bench_demand(count >= 5, "usage: latency COMMAND MODEL TEXT PICTURE [SECONDS]");
    double seconds = count > 5 ? strtod(arguments[5], NULL) : 20;
    static struct load found[LOADS];
    struct hny_curve curves[LOADS];
    char names[LOADS][64];
    struct bench_service service;
    struct hny_client *client = NULL;
    struct hny_buffer picture = {0};
    bench_read_sentences(arguments[3]);
    bench_service_open(&service, arguments[1], arguments[2], WORKERS);
    bench_demand(hny_client_open(&client, service.clients) == HNY_OK, "a client");
    bench_ask(client, 0, 20, 1, 1);
    for (size_t i = 0; i < LOADS; i++) {
        /* Beside each load, since machines change their speed. */
        double most = saturation(client, seconds / 4);
        run_load(client, loads[i] * most, seconds, &found[i]);
        draw(&found[i]);
        snprintf(names[i], sizeof names[i], "open loop, %.0f %% of saturation", 100 * loads[i]);
        curves[i] = (struct hny_curve){"milliseconds", names[i], found[i].x, found[i].y, POINTS};
        bench_row(names[i], "", "of %.0f requests/s: p50 %.0f ms, p99 %.0f ms, p99.9 %.0f ms", most,
                  1e3 * bench_quantile(found[i].seconds, found[i].count, 0.5),
                  1e3 * bench_quantile(found[i].seconds, found[i].count, 0.99),
                  1e3 * bench_quantile(found[i].seconds, found[i].count, 0.999));
    }
    bench_demand(hny_picture_curves(&picture, "requests that come when they are due",
                                    "nines of the requests (1: 90 %, 2: 99 %, 3: 99.9 %)", curves,
                                    LOADS) == HNY_OK &&
                     hny_file_write(arguments[4], picture.data, picture.size) == HNY_OK,
                 "a picture");
    hny_client_close(&client);
    bench_service_close(&service);
    for (size_t i = 0; i < LOADS; i++) free(found[i].seconds);
    hny_buffer_free(&picture);
    return 0;
}
