#include "tokenizer/sample.h"

#include "base/lines.h"
#include "base/memory.h"
#include "base/progress.h"
#include "base/random.h"
#include "tokenizer/normalise.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define PROGRESS_LINES 65536 /* between two looks at the clock and the request to stop */

struct reading {
    struct hny_sample *sample;
    const struct hny_tokenizer_options *options;
    const struct hny_normaliser *normaliser;
    size_t byte_limit;
    uint64_t *draws; /* of the kept lines, in order */
    size_t capacity;
    struct hny_normal_space space;
    uint64_t ceiling; /* lines whose number is not below are left out */
};

void hny_sample_free(struct hny_sample *sample) {
    hny_buffer_free(&sample->text);
    *sample = (struct hny_sample){0};
}

static int order_draws(const void *left, const void *right) {
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

/* Lowers the ceiling to the median of the kept lines' numbers, and drops the lines above. */
static hny_status halve(struct reading *reading) {
    struct hny_sample *sample = reading->sample;
    size_t kept = (size_t)sample->kept;
    uint64_t *sorted = hny_allocate(kept, sizeof *sorted);
    if (!sorted) return HNY_ERROR_MEMORY;
    memcpy(sorted, reading->draws, kept * sizeof *sorted);
    qsort(sorted, kept, sizeof *sorted, order_draws);
    reading->ceiling = sorted[kept / 2];
    free(sorted);

    char *from = sample->text.data, *to = from;
    sample->kept = 0;
    for (size_t i = 0; i < kept; i++) {
        char *end = memchr(from, '\n', (size_t)(sample->text.data + sample->text.size - from));
        size_t size = (size_t)(end + 1 - from);
        if (reading->draws[i] < reading->ceiling) {
            memmove(to, from, size);
            to += size;
            reading->draws[sample->kept++] = reading->draws[i];
        }
        from += size;
    }
    sample->text.size = (size_t)(to - sample->text.data);
    return HNY_OK;
}

static hny_status keep_line(struct reading *reading, uint64_t draw, const char *line, size_t size) {
    struct hny_sample *sample = reading->sample;
    size_t before = sample->text.size;
    if (hny_grow(&reading->draws, &reading->capacity, (size_t)sample->kept + 1, sizeof *reading->draws) != 0)
        return HNY_ERROR_MEMORY;
    HNY_TRY(hny_buffer_append(&sample->text, " ", 1));
    HNY_TRY(hny_normaliser_run(reading->normaliser, line, size, &reading->space, &sample->text));
    if (sample->text.size == before + 1) {
        sample->text.size = before;
        return HNY_OK;
    }
    HNY_TRY(hny_buffer_append(&sample->text, "\n", 1));
    reading->draws[sample->kept++] = draw;
    while (sample->kept > 0 &&
           (sample->kept > reading->options->line_limit || sample->text.size > reading->byte_limit))
        HNY_TRY(halve(reading));
    return HNY_OK;
}

static hny_status read_text(struct reading *reading, struct hny_lines *lines, uint32_t number) {
    struct hny_random stream = hny_random_stream(reading->options->seed, HNY_RANDOM_SAMPLE, 0, number);
    const char *line = NULL;
    size_t size = 0;
    bool more = false;
    for (;;) {
        HNY_TRY(hny_lines_next(lines, &line, &size, &more));
        if (!more) return HNY_OK;
        uint32_t words[4];
        hny_random_block(&stream, hny_lines_number(lines), words);
        /* Below UINT64_MAX, the ceiling of a sample that takes everything. */
        uint64_t draw = ((uint64_t)words[0] << 32 | words[1]) >> 1;
        if (draw < reading->ceiling) HNY_TRY(keep_line(reading, draw, line, size));
        if (++reading->sample->lines % PROGRESS_LINES != 0) continue;
        if (hny_stop_requested())
            return hny_fail(HNY_INTERRUPTED, "stopped while reading %s", hny_lines_path(lines));
        hny_progress_show("tokenizer: %" PRIu64 " lines read", reading->sample->lines);
    }
}

hny_status hny_sample_read(struct hny_sample *sample, const char *const *paths, size_t count,
                           const struct hny_tokenizer_options *options, size_t byte_limit) {
    *sample = (struct hny_sample){0};
    struct hny_normaliser *normaliser = NULL;
    HNY_TRY(hny_normaliser_create(&normaliser, options->form));
    struct reading reading = {.sample = sample,
                              .options = options,
                              .normaliser = normaliser,
                              .byte_limit = byte_limit,
                              .ceiling = UINT64_MAX};
    hny_status status = HNY_OK;
    for (size_t i = 0; status == HNY_OK && i < count; i++) {
        struct hny_lines *lines = NULL;
        status = hny_lines_open(&lines, paths[i]);
        if (status == HNY_OK) status = read_text(&reading, lines, (uint32_t)i);
        hny_lines_close(&lines);
    }
    if (status == HNY_OK && reading.ceiling != UINT64_MAX)
        hny_progress_note("tokenizer: trains on %" PRIu64 " of %" PRIu64 " lines, drawn by the seed",
                          sample->kept, sample->lines);
    free(reading.draws);
    hny_normal_space_free(&reading.space);
    hny_normaliser_destroy(&normaliser);
    if (status != HNY_OK) hny_sample_free(sample);
    return status;
}
