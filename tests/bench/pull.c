/* How fast a bundle is pulled, beside what the disk and SHA-256 allow.
 *
 *     bench-pull [MEGABYTES, 256] [ROUNDS, 3]
 *
 * Rates are bytes of the file by the clock, the best of ROUNDS. All that is written is brought to disk.
 * Beside them stands what the processors worked for it, depot and client together, and the rate that so much
 * work allows if nobody ever waited: what is near that can only become faster by doing less. */
#include "tests/bench/limit.h"

#include "base/digest.h"
#include "base/file.h"
#include "base/progress.h"
#include "base/threads.h"
#include "bundle/bundle.h"
#include "bundle/depot.h"
#include "model/safetensors.h"
#include "pipeline/carrier_folder.h"
#include "pipeline/carrier_zmq.h"
#include "pipeline/depot_server.h"
#include "pipeline/keys.h"
#include "pipeline/partial.h"
#include "pipeline/pull.h"
#include "pipeline/push.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char work[] = "/tmp/honyaku-bench-XXXXXX";
enum { TENSORS = 8, CHUNK = 1 << 18 };

/* Valid until the fourth call after this one. */
static const char *in_work(const char *name) {
    static char paths[4][4096];
    static size_t next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", work, name);
    return path;
}

static void demand(hny_status status) {
    bench_demand(status == HNY_OK, status == HNY_OK ? "" : hny_message());
}

/* A model's folder with MEGABYTES of numbers like weights. */
static void write_model(size_t megabytes) {
    struct hny_safetensors_tensor tensors[TENSORS] = {0};
    char digest[HNY_DIGEST_TEXT], config[512], names[TENSORS][16];
    size_t count = megabytes * 1000000 / TENSORS / sizeof(float);
    float *numbers = malloc(count * TENSORS * sizeof *numbers);
    uint64_t state = 1;
    bench_demand(numbers, "memory");
    for (size_t i = 0; i < count * TENSORS; i++) {
        float sum = 0; /* of four: near enough to a normal distribution */
        for (int j = 0; j < 4; j++) {
            state = state * 6364136223846793005u + 1442695040888963407u;
            sum += (float)(state >> 40) * 0x1p-24f - 0.5f;
        }
        numbers[i] = 0.05f * sum;
    }
    for (size_t i = 0; i < TENSORS; i++) {
        snprintf(names[i], sizeof names[i], "weights.%zu", i);
        tensors[i] =
            (struct hny_safetensors_tensor){names[i], HNY_ELEMENT_F32, 1, {count}, numbers + i * count};
    }
    demand(hny_directory_create(in_work("model")));
    demand(hny_safetensors_write(in_work("model/model.safetensors"), tensors, TENSORS, NULL, 0));
    demand(hny_digest_file(in_work("model/model.safetensors"), digest));
    snprintf(config, sizeof config, "{\"files\": {\"model.safetensors\": \"%s\"}}\n", digest);
    demand(hny_file_write(in_work("model/config.json"), config, strlen(config)));
    free(numbers);
}

static uint64_t publish(void) {
    struct hny_pack_options options = HNY_PACK_DEFAULTS;
    struct hny_bundle bundle;
    uint64_t bytes;
    options.name = "bench";
    options.release = 1;
    options.threads = hny_processors();
    const struct hny_read_options reading = {.threads = options.threads};
    demand(hny_bundle_pack(in_work("model"), in_work("packed"), &options, &bundle, &bytes));
    hny_bundle_free(&bundle);
    demand(hny_depot_publish(in_work("depot"), in_work("packed"), &reading, NULL, NULL));
    return bytes;
}

/* --- What is measured ---------------------------------------------------------------------------------- */

struct measured {
    struct hny_buffer file;
    char digest[HNY_DIGEST_TEXT];
};

static void hash(const struct measured *measured) {
    char digest[HNY_DIGEST_TEXT];
    demand(hny_digest_bytes(measured->file.data, measured->file.size, digest));
}

static void write_to_disk(const struct measured *measured) {
    demand(hny_file_write(in_work("written"), measured->file.data, measured->file.size));
}

/* What pulling does with bytes that come: a partial file, its digest, the disk, its name. */
static void receive(const struct measured *measured) {
    struct hny_partial *partial = NULL;
    char digest[HNY_DIGEST_TEXT];
    bool right;
    demand(hny_partial_open(&partial, in_work("received"), measured->digest, measured->file.size));
    for (size_t at = 0; at < measured->file.size; at += CHUNK) {
        size_t size = measured->file.size - at < CHUNK ? measured->file.size - at : CHUNK;
        demand(hny_partial_add(partial, measured->file.data + at, size));
    }
    demand(hny_partial_check(partial, &right, digest));
    bench_demand(right, "the digest");
    demand(hny_partial_commit(&partial));
}

static void verify(const struct measured *measured) {
    struct hny_bundle bundle;
    const struct hny_read_options reading = {.threads = hny_processors()};
    (void)measured;
    demand(hny_bundle_verify(in_work("packed"), &reading, &bundle));
    hny_bundle_free(&bundle);
}

static void pull_by(const struct hny_carrier *carrier) {
    struct hny_pull_options options = HNY_PULL_DEFAULTS;
    struct hny_pulled pulled;
    options.reading.threads = hny_processors();
    demand(hny_pull(carrier, "depot", "bench", in_work("pulled"), false, &options, &pulled));
    hny_pulled_free(&pulled);
    carrier->close(carrier->context);
}

static void pull(const struct measured *measured) {
    struct hny_carrier carrier;
    (void)measured;
    demand(hny_carrier_folder_open(&carrier, in_work("depot")));
    pull_by(&carrier);
}

/* --- Over ZeroMQ --------------------------------------------------------------------------------------- */

static struct {
    char endpoint[256];
    pid_t process;
} servers[2]; /* without keys, and with them */
enum { OPEN, KEYED };

static void tell_endpoint(void *context, const char *endpoint) {
    bench_demand(write(*(const int *)context, endpoint, strlen(endpoint) + 1) > 0, "telling an endpoint");
}

static void start_server(int which) {
    struct hny_depot_server_options options;
    int ends[2];
    bench_demand(pipe(ends) == 0, "a pipe");
    fflush(stdout);
    servers[which].process = fork();
    bench_demand(servers[which].process >= 0, "a process");
    if (servers[which].process == 0) {
        hny_depot_server_options_defaults(&options);
        options.folder = in_work(which == KEYED ? "other" : "depot");
        options.bind = "tcp://127.0.0.1:0";
        if (which == KEYED) options.key = in_work("bench.key");
        if (which == KEYED) options.allow_push = in_work("bench.pub");
        hny_service_catch();
        demand(hny_depot_server_run(&options, tell_endpoint, &ends[1]));
        _exit(0);
    }
    close(ends[1]);
    bench_demand(read(ends[0], servers[which].endpoint, sizeof servers[which].endpoint) > 0, "an endpoint");
    close(ends[0]);
}

static void stop_server(int which) {
    int status;
    kill(servers[which].process, SIGTERM);
    bench_demand(waitpid(servers[which].process, &status, 0) > 0 && status == 0, "a depot that ends well");
}

/* What this process and its servers have worked so far. */
static double worked(void) {
    struct timespec time = {0};
    bench_demand(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) == 0, "a clock");
    double seconds = (double)time.tv_sec + (double)time.tv_nsec / 1e9;
    for (size_t i = 0; i < sizeof servers / sizeof *servers; i++) {
        clockid_t clock;
        if (servers[i].process == 0) continue;
        bench_demand(clock_getcpuclockid(servers[i].process, &clock) == 0 && clock_gettime(clock, &time) == 0,
                     "a server's clock");
        seconds += (double)time.tv_sec + (double)time.tv_nsec / 1e9;
    }
    return seconds;
}

static hny_status add(void *taker, const void *data, size_t size) {
    return hny_partial_add(taker, data, size);
}

/* As receive, from the depot. */
static void receive_by(const struct measured *measured, struct hny_carrier *carrier) {
    struct hny_partial *partial = NULL;
    char digest[HNY_DIGEST_TEXT];
    bool right;
    demand(hny_partial_open(&partial, in_work("received"), measured->digest, measured->file.size));
    demand(carrier->fetch(carrier->context, measured->digest, 0, measured->file.size, add, partial));
    demand(hny_partial_check(partial, &right, digest));
    bench_demand(right, "the digest");
    demand(hny_partial_commit(&partial));
    carrier->close(carrier->context);
}

static void receive_over(const struct measured *measured) {
    struct hny_carrier carrier;
    demand(hny_carrier_zmq_open(&carrier, servers[OPEN].endpoint, NULL, NULL, 30000));
    receive_by(measured, &carrier);
}

/* What was pushed there. */
static void receive_encrypted(const struct measured *measured) {
    struct hny_carrier carrier;
    demand(hny_carrier_zmq_open(&carrier, servers[KEYED].endpoint, in_work("bench.key"), in_work("bench.pub"),
                                30000));
    receive_by(measured, &carrier);
}

static void pull_over(const struct measured *measured) {
    struct hny_carrier carrier;
    (void)measured;
    demand(hny_carrier_zmq_open(&carrier, servers[OPEN].endpoint, NULL, NULL, 30000));
    pull_by(&carrier);
}

/* To a depot that has nothing yet: digested here; then written, digested, verified and published. */
static void push_over(const struct measured *measured) {
    char file[HNY_DIGEST_TEXT];
    (void)measured;
    hny_directory_remove(in_work("other/bundles"));
    unlink(in_work("other/index.json"));
    const struct hny_push_options options = {
        .endpoint = servers[KEYED].endpoint, .key = in_work("bench.key"), .server = in_work("bench.pub")};
    demand(hny_push(in_work("packed"), &options, file));
}

/* Prints a row, and returns the rate. */
static double rate(const struct measured *measured, size_t rounds, const char *name,
                   void (*task)(const struct measured *)) {
    static const char *const made[] = {"written", "received", "pulled"};
    double least = 0, busy = 0, size = (double)measured->file.size / 1e6;
    for (size_t i = 0; i < rounds; i++) {
        for (size_t j = 0; j < sizeof made / sizeof *made; j++) unlink(in_work(made[j]));
        sync(); /* what is still on its way from before is not this round's */
        double begin = hny_seconds(), before = worked();
        task(measured);
        double seconds = hny_seconds() - begin, used = worked() - before;
        if (i > 0 && seconds >= least) continue;
        least = seconds;
        busy = used;
    }
    printf("%s | %.0f MB/s | %.2f s in %.2f s | %.0f MB/s\n", name, size / least, busy, least,
           size / busy * (double)hny_processors());
    fflush(stdout);
    return size / least;
}

int main(int count, char **words) {
    struct measured measured = {0};
    size_t megabytes = count > 1 ? strtoul(words[1], NULL, 10) : 256,
           rounds = count > 2 ? strtoul(words[2], NULL, 10) : 3;
    bench_demand(megabytes > 0 && rounds > 0 && mkdtemp(work), "bench-pull [MEGABYTES] [ROUNDS]");
    hny_progress_quiet(true);
    write_model(megabytes);
    demand(hny_keys_make(in_work("bench")));
    uint64_t bytes = publish();
    demand(hny_file_read(in_work("packed"), SIZE_MAX / 2, &measured.file));
    demand(hny_digest_bytes(measured.file.data, measured.file.size, measured.digest));
    printf("a bundle of %.0f MB\n\nwhat | rate | worked, by the clock | so much work on %zu processors\n"
           "--- | --- | --- | ---\n",
           (double)bytes / 1e6, hny_processors());
    double digest = rate(&measured, rounds, "SHA-256, on one", hash),
           disk = rate(&measured, rounds, "written and brought to disk, by one", write_to_disk),
           received =
               rate(&measured, rounds, "received, by one: written, digested, brought to disk", receive);
    rate(&measured, rounds, "verified, in every member", verify);
    double pulled = rate(&measured, rounds, "pulled from a folder: received and verified", pull);
    start_server(OPEN);
    start_server(KEYED);
    double received_over = rate(&measured, rounds, "received over ZeroMQ", receive_over),
           pulled_over = rate(&measured, rounds, "pulled over ZeroMQ: received and verified", pull_over),
           pushed_over = rate(&measured, rounds, "pushed, encrypted: digested; received, verified, published",
                              push_over),
           encrypted = rate(&measured, rounds, "received over ZeroMQ, encrypted", receive_encrypted);
    stop_server(OPEN);
    stop_server(KEYED);
    double slower = digest < disk ? digest : disk;
    printf("\nof the slower of SHA-256 and disk (target: 70 %%): received %.0f %%, pulled %.0f %%\n",
           100 * received / slower, 100 * pulled / slower);
    printf("over ZeroMQ: received %.0f %%, encrypted %.0f %%, pulled %.0f %%, pushed %.0f %%\n",
           100 * received_over / slower, 100 * encrypted / slower, 100 * pulled_over / slower,
           100 * pushed_over / slower);
    hny_buffer_free(&measured.file);
    demand(hny_directory_remove(work));
    return 0;
}
