/* How small a bundle is and how fast it is made and read, beside zstd and xz on the same numbers.
 *
 *     bench-bundle MODEL [ROUNDS, 5 [NEXT]]
 *
 * With NEXT, a later checkpoint of the same training, deltas from MODEL to it as well.
 *
 * Speeds are bytes of float32 tensors by the processor time of one thread, the best of ROUNDS; what goes to
 * disk is by the clock. */
#include "tests/bench/limit.h"

#include "base/file.h"
#include "base/progress.h"
#include "base/threads.h"
#include "bundle/bundle.h"
#include "bundle/read.h"
#include "model/folder.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <zstd.h>

static char work[] = "/tmp/honyaku-bench-XXXXXX";
static double tensor_bytes; /* of float32 */

static double processor_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static const char *in_work(const char *name) {
    enum { PATHS = 4 }; /* valid until as many more were asked for */
    static char paths[PATHS][4096];
    static size_t next;
    char *path = paths[next++ % PATHS];
    snprintf(path, sizeof paths[0], "%s/%s", work, name);
    return path;
}

static double megabytes(double seconds) {
    return tensor_bytes / seconds / 1e6;
}

/* --- Others -------------------------------------------------------------------------------------------- */

/* What COMMAND, a shell's, prints as a number. */
static double count_of(const char *command) {
    double count = 0;
    FILE *output = popen(command, "r");
    bench_demand(output && fscanf(output, "%lf", &count) == 1, command);
    pclose(output);
    return count;
}

static void measure_zstd(const struct hny_buffer *raw, const char *what, int level) {
    size_t room = ZSTD_compressBound(raw->size);
    char *coded = malloc(room), *back = malloc(raw->size);
    bench_demand(coded && back, "memory");
    memset(back, 1, raw->size); /* its pages are there before the clock runs */
    double begin = processor_seconds();
    size_t size = ZSTD_compress(coded, room, raw->data, raw->size, level);
    double between = processor_seconds();
    bench_demand(!ZSTD_isError(size) && ZSTD_decompress(back, raw->size, coded, size) == raw->size, "zstd");
    double end = processor_seconds();
    printf("%s, zstd -%d | %.4f | %.4f | %.0f | | %.0f | |\n", what, level, (double)size / (double)raw->size,
           (double)size / tensor_bytes, megabytes(between - begin), megabytes(end - between));
    free(coded);
    free(back);
}

static void measure_xz(const struct hny_buffer *raw, const char *what) {
    char command[8192];
    bench_demand(hny_file_write(in_work("raw"), raw->data, raw->size) == HNY_OK, "a file");
    snprintf(command, sizeof command, "xz -6 -T1 -c %s | wc -c", in_work("raw"));
    double begin = hny_seconds();
    double size = count_of(command);
    printf("%s, xz -6 | %.4f | %.4f | %.0f | | | |\n", what, size / (double)raw->size, size / tensor_bytes,
           megabytes(hny_seconds() - begin));
}

/* The numbers as they would lie in a file of their own precision, without planes. */
static void gather_raw(enum hny_precision precision, const struct hny_safetensors *tensors,
                       struct hny_buffer *raw) {
    hny_buffer_clear(raw);
    for (size_t i = 0; i < hny_safetensors_count(tensors); i++) {
        const struct hny_safetensors_tensor *tensor = hny_safetensors_at(tensors, i);
        size_t count = hny_safetensors_elements(tensor);
        unsigned char *planes[HNY_PLANES_MOST];
        bool int8 = precision == HNY_PRECISION_INT8 && hny_planes_fit(HNY_PLANES_INT8, tensor);
        if (precision == HNY_PRECISION_F32 || (precision == HNY_PRECISION_INT8 && !int8)) {
            bench_demand(hny_buffer_append(raw, tensor->data, count * sizeof(float)) == HNY_OK, "memory");
            continue;
        }
        enum hny_planes_layout layout = int8 ? HNY_PLANES_INT8 : HNY_PLANES_BF16;
        for (size_t plane = 0; plane < 2; plane++)
            planes[plane] = malloc(hny_planes_size(layout, tensor, plane));
        uint32_t *restored = malloc(count * sizeof *restored);
        bench_demand(planes[0] && planes[1] && restored && hny_planes_split(layout, tensor, planes),
                     "planes");
        hny_planes_join(layout, tensor, (const unsigned char *const *)planes, restored);
        for (size_t plane = 0; int8 && plane < 2; plane++)
            bench_demand(hny_buffer_append(raw, planes[plane], hny_planes_size(layout, tensor, plane)) ==
                             HNY_OK,
                         "memory");
        for (size_t j = 0; !int8 && j < count; j++) {
            uint16_t half = (uint16_t)(restored[j] >> 16);
            bench_demand(hny_buffer_append(raw, &half, sizeof half) == HNY_OK, "memory");
        }
        free(planes[0]);
        free(planes[1]);
        free(restored);
    }
}

/* --- Bundles ------------------------------------------------------------------------------------------- */

/* By the processor's time, of one thread, or by the clock, which needs all processors for itself. */
static double time_packing(const char *model, const struct hny_pack_options *options, size_t rounds,
                           double (*now)(void)) {
    double best = 1e9;
    for (size_t i = 0; i < rounds; i++) {
        double begin = now();
        bench_demand(hny_bundle_pack(model, "/dev/null", options, NULL, NULL) == HNY_OK, hny_message());
        double taken = now() - begin;
        best = taken < best ? taken : best;
    }
    return best;
}

static double time_reading(const struct hny_buffer *file, bool digests, size_t rounds) {
    double best = 1e9;
    for (size_t i = 0; i < rounds; i++) {
        struct hny_supply *supply = NULL;
        struct hny_bundle bundle;
        const struct hny_read_options options = {.threads = 1, .skip_digests = !digests};
        bench_demand(hny_supply_memory(&supply, "bundle", file->data, file->size) == HNY_OK, "memory");
        double begin = processor_seconds();
        bench_demand(hny_bundle_read(supply, NULL, &options, &bundle) == HNY_OK, hny_message());
        double taken = processor_seconds() - begin;
        best = taken < best ? taken : best;
        hny_bundle_free(&bundle);
        hny_supply_close(&supply);
    }
    return best;
}

static double time_unpacking(size_t rounds) {
    double best = 1e9;
    for (size_t i = 0; i < rounds; i++) {
        const struct hny_read_options options = HNY_READ_DEFAULTS;
        char model[4096], file[4096];
        snprintf(model, sizeof model, "%s", in_work("model"));
        snprintf(file, sizeof file, "%s", in_work("file"));
        bench_demand(hny_directory_remove(model) == HNY_OK, hny_message());
        double begin = hny_seconds();
        bench_demand(hny_bundle_unpack(file, model, &options, NULL) == HNY_OK, hny_message());
        double taken = hny_seconds() - begin;
        best = taken < best ? taken : best;
    }
    return best;
}

/* Returns the bundle's bytes by those of the tensors in their own precision. */
static double measure_bundle(const char *model, enum hny_precision precision, int level, double raw_bytes,
                             size_t rounds) {
    struct hny_pack_options options = HNY_PACK_DEFAULTS;
    struct hny_buffer file = {0};
    options.precision = precision;
    options.level = level;
    bench_demand(hny_bundle_pack(model, in_work("file"), &options, NULL, NULL) == HNY_OK, hny_message());
    bench_demand(hny_file_read(in_work("file"), SIZE_MAX / 2, &file) == HNY_OK, hny_message());
    if (level > 9) rounds = 1;
    double packing = time_packing(model, &options, rounds, processor_seconds);
    options.threads = hny_processors();
    double together = time_packing(model, &options, 3 * rounds, hny_seconds),
           reading = time_reading(&file, false, rounds), checking = time_reading(&file, true, rounds),
           disk = time_unpacking(rounds);
    printf("%s, honyaku pack --level %d | %.4f | %.4f | %.0f | %.0f | %.0f | %.0f | %.0f\n",
           hny_precision_name(precision), level, (double)file.size / raw_bytes,
           (double)file.size / tensor_bytes, megabytes(packing), megabytes(together), megabytes(reading),
           megabytes(checking), megabytes(disk));
    double ratio = (double)file.size / raw_bytes;
    hny_buffer_free(&file);
    return ratio;
}

static void compare_folder(const char *model) {
    char command[8192];
    struct hny_pack_options options = HNY_PACK_DEFAULTS;
    struct hny_bundle bundle;
    uint64_t bytes;
    bench_demand(hny_bundle_pack(model, in_work("file"), &options, &bundle, &bytes) == HNY_OK, hny_message());
    hny_bundle_free(&bundle);
    time_unpacking(1); /* a folder with nothing but what is packed */
    snprintf(command, sizeof command, "tar -C %s -c . | zstd -19 -q -c | wc -c", in_work("model"));
    double other = count_of(command);
    printf("\nf32 bundle beside tar | zstd -19 of the folder: %.1f %% smaller (target: 8)\n",
           100 * (1 - (double)bytes / other));
}

static void measure_precision(const char *model, const struct hny_safetensors *tensors,
                              enum hny_precision precision, size_t rounds) {
    static const int levels[] = {1, 3, 19};
    const char *name = hny_precision_name(precision);
    struct hny_buffer raw = {0};
    gather_raw(precision, tensors, &raw);
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) measure_zstd(&raw, name, levels[i]);
    measure_xz(&raw, name);
    for (int level = 0; level <= 2; level++)
        measure_bundle(model, precision, level == 2 ? 19 : level, (double)raw.size, rounds);
    hny_buffer_free(&raw);
}

/* --- Deltas -------------------------------------------------------------------------------------------- */

static uint64_t pack_to(const char *model, const char *name, const char *base, enum hny_precision precision,
                        struct hny_bundle *bundle) {
    char from[4096], to[4096];
    const char *const bases[] = {from};
    struct hny_pack_options options = HNY_PACK_DEFAULTS;
    uint64_t bytes;
    snprintf(from, sizeof from, "%s", in_work(base ? base : ""));
    snprintf(to, sizeof to, "%s", in_work(name));
    options.precision = precision;
    options.bases = bases;
    options.base_count = base != NULL;
    bench_demand(hny_bundle_pack(model, to, &options, bundle, &bytes) == HNY_OK, hny_message());
    return bytes;
}

/* How many tensors went in each way. */
static void count_changes(const struct hny_bundle *bundle, size_t counts[HNY_CHANGES]) {
    for (size_t i = 0; i < bundle->file_count; i++)
        for (size_t j = 0; j < bundle->files[i].tensor_count; j++)
            counts[bundle->files[i].tensors[j].change]++;
}

static double time_delta_unpacking(size_t rounds) {
    char base[4096], model[4096], file[4096];
    const char *const bases[] = {base};
    const struct hny_read_options options = {.bases = bases, .base_count = 1, .threads = 1};
    double best = 1e9;
    snprintf(base, sizeof base, "%s", in_work("base"));
    snprintf(model, sizeof model, "%s", in_work("model"));
    snprintf(file, sizeof file, "%s", in_work("delta"));
    for (size_t i = 0; i < rounds; i++) {
        bench_demand(hny_directory_remove(model) == HNY_OK, hny_message());
        double begin = hny_seconds();
        bench_demand(hny_bundle_unpack(file, model, &options, NULL) == HNY_OK, hny_message());
        double taken = hny_seconds() - begin;
        best = taken < best ? taken : best;
    }
    return best;
}

static void measure_delta(const char *what, const char *model, const char *next, enum hny_precision precision,
                          size_t rounds) {
    struct hny_bundle bundle;
    size_t counts[HNY_CHANGES] = {0};
    pack_to(model, "base", NULL, precision, &bundle);
    hny_bundle_free(&bundle);
    double full = (double)pack_to(next, "full", NULL, precision, &bundle);
    hny_bundle_free(&bundle);
    double begin = processor_seconds();
    double bytes = (double)pack_to(next, "delta", "base", precision, &bundle);
    double packing = processor_seconds() - begin;
    count_changes(&bundle, counts);
    hny_bundle_free(&bundle);
    printf("%s, %s | %.0f | %.4f | %zu / %zu / %zu / %zu | %.0f | %.0f\n", what,
           hny_precision_name(precision), bytes, bytes / full, counts[HNY_CHANGE_SAME],
           counts[HNY_CHANGE_XOR], counts[HNY_CHANGE_DIFFERENCE], counts[HNY_CHANGE_WHOLE],
           megabytes(packing), megabytes(time_delta_unpacking(rounds)));
}

/* Writes MODEL's files to the work folder's "tuned", its vectors taken from NEXT: what fine-tuning changes
 * where all but them are frozen. *PART is the part of the numbers that they are. */
static void tune_vectors(const char *model, const char *next, double *part) {
    struct hny_buffer path = {0};
    struct hny_safetensors *ours = NULL, *theirs = NULL;
    struct hny_safetensors_tensor *tensors;
    char command[16384], digest[HNY_DIGEST_TEXT];
    double changed = 0;
    bench_demand(hny_path_join(&path, model, "model.safetensors") == HNY_OK, hny_message());
    bench_demand(hny_safetensors_open(&ours, path.data) == HNY_OK, hny_message());
    bench_demand(hny_path_join(&path, next, "model.safetensors") == HNY_OK, hny_message());
    bench_demand(hny_safetensors_open(&theirs, path.data) == HNY_OK, hny_message());
    size_t count = hny_safetensors_count(ours);
    tensors = calloc(count, sizeof *tensors);
    bench_demand(tensors, "memory");
    for (size_t i = 0; i < count; i++) {
        tensors[i] = *hny_safetensors_at(ours, i);
        if (tensors[i].rank != 1) continue;
        tensors[i].data = hny_safetensors_find(theirs, tensors[i].name)->data;
        changed += (double)hny_safetensors_elements(&tensors[i]);
    }
    snprintf(command, sizeof command, "mkdir %s && cp %s/config.json %s/*.model %s", in_work("tuned"), model,
             model, in_work("tuned"));
    bench_demand(system(command) == 0, command);
    bench_demand(hny_safetensors_write(in_work("tuned/model.safetensors"), tensors, count, NULL, 0) == HNY_OK,
                 hny_message());
    bench_demand(hny_digest_file(in_work("tuned/model.safetensors"), digest) == HNY_OK, hny_message());
    snprintf(command, sizeof command,
             "sed -i 's/\\(\"model.safetensors\": \"\\)[0-9a-f]*/\\1%s/' %s/config.json", digest,
             in_work("tuned"));
    bench_demand(system(command) == 0, command);
    *part = changed * sizeof(float) / tensor_bytes;
    free(tensors);
    hny_safetensors_close(&ours);
    hny_safetensors_close(&theirs);
    hny_buffer_free(&path);
}

static void measure_deltas(const char *model, const char *next, size_t rounds) {
    struct hny_buffer from = {0}, to = {0};
    char tuned[4096];
    double part;
    snprintf(tuned, sizeof tuned, "%s", in_work("tuned"));
    bench_demand(hny_folder_resolve(model, &from) == HNY_OK && hny_folder_resolve(next, &to) == HNY_OK,
                 hny_message());
    printf("\ndelta | bytes | of the full bundle | same / XOR / difference / whole | packed | to disk\n");
    printf("--- | --- | --- | --- | --- | ---\n");
    for (int precision = HNY_PRECISION_F32; precision <= HNY_PRECISION_INT8; precision++)
        measure_delta("the later checkpoint", from.data, to.data, (enum hny_precision)precision, rounds);
    tune_vectors(from.data, to.data, &part);
    for (int precision = HNY_PRECISION_F32; precision <= HNY_PRECISION_INT8; precision++)
        measure_delta("all but vectors frozen", from.data, tuned, (enum hny_precision)precision, rounds);
    printf("\nVectors are %.2f %% of the numbers. Targets: the later checkpoint in bf16 0.4, frozen 0.02\n",
           100 * part);
    hny_buffer_free(&from);
    hny_buffer_free(&to);
}

int main(int count, char **words) {
    struct hny_safetensors *tensors = NULL;
    struct hny_buffer place = {0}, path = {0};
    size_t rounds = count > 2 ? strtoul(words[2], NULL, 10) : 5;
    bench_demand(count > 1, "bench-bundle MODEL [ROUNDS [NEXT]]");
    bench_demand(hny_folder_resolve(words[1], &place) == HNY_OK, hny_message());
    bench_demand(hny_path_join(&path, place.data, "model.safetensors") == HNY_OK, hny_message());
    bench_demand(hny_safetensors_open(&tensors, path.data) == HNY_OK, hny_message());
    bench_demand(mkdtemp(work), "a folder");
    for (size_t i = 0; i < hny_safetensors_count(tensors); i++)
        tensor_bytes += (double)hny_safetensors_elements(hny_safetensors_at(tensors, i)) * sizeof(float);
    printf("%.1f MB of float32 tensors; MB/s of them\n\n", tensor_bytes / 1e6);
    printf(
        "method | of its raw tensors | of float32 | packed, one thread | by all processors | read in memory "
        "| with digests | to disk\n");
    printf("--- | --- | --- | --- | --- | --- | --- | ---\n");
    for (int precision = HNY_PRECISION_F32; precision <= HNY_PRECISION_INT8; precision++)
        measure_precision(words[1], tensors, (enum hny_precision)precision, rounds);
    compare_folder(words[1]);
    if (count > 3) measure_deltas(words[1], words[3], rounds);
    hny_directory_remove(work);
    hny_safetensors_close(&tensors);
    hny_buffer_free(&place);
    hny_buffer_free(&path);
    return 0;
}
