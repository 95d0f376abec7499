/* memory: the score of a nearest-neighbour memory of a training part on a held-out part (corpora/nearest.h),
 * by BLEU of characters, for each likeness. Ends with status 1 where the strongest does not stay below the
 * limit. */
#include "base/lines.h"
#include "base/memory.h"
#include "corpora/nearest.h"
#include "model/bleu.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] = "usage: memory TRAIN-SOURCE TRAIN-TARGET TEST-SOURCE TEST-TARGET [BELOW]\n";

/* The lines of a file. */
struct text {
    struct hny_arena *arena;
    char **lines; /* [count] */
    size_t count, capacity;
};

static hny_status read_text(struct text *text, const char *path) {
    struct hny_lines *lines = NULL;
    const char *line = NULL;
    size_t size = 0;
    bool more = true;
    if (!(text->arena = hny_arena_create((size_t)1 << 20))) return HNY_ERROR_MEMORY;
    hny_status status = hny_lines_open(&lines, path);
    while (status == HNY_OK) {
        if ((status = hny_lines_next(lines, &line, &size, &more)) != HNY_OK || !more) break;
        status = HNY_ERROR_MEMORY;
        if (hny_grow(&text->lines, &text->capacity, text->count + 1, sizeof *text->lines) != 0) break;
        if (!(text->lines[text->count] = hny_arena_text(text->arena, line, size))) break;
        text->count++;
        status = HNY_OK;
    }
    hny_lines_close(&lines);
    return status;
}

static void free_text(struct text *text) {
    hny_arena_destroy(&text->arena);
    free(text->lines);
}

static struct hny_sentences sentences(const struct text *text) {
    return (struct hny_sentences){(const char *const *)text->lines, text->count};
}

/* The score of the targets that NEAREST names, against the targets of the test. */
static hny_status score_nearest(const struct text *memory, const struct text *test, const size_t *nearest,
                                struct hny_bleu_score *score) {
    const struct hny_bleu_options options = {.tokenizer = HNY_METRIC_CHAR};
    struct hny_bleu *bleu = NULL;
    hny_status status = hny_bleu_create(&bleu, &options);
    for (size_t i = 0; i < test->count && status == HNY_OK; i++) {
        const char *hypothesis = memory->lines[nearest[i]], *reference = test->lines[i];
        const struct hny_text right = {reference, strlen(reference)};
        status = hny_bleu_add(bleu, (struct hny_text){hypothesis, strlen(hypothesis)}, &right, 1);
    }
    if (status == HNY_OK) hny_bleu_score(bleu, score);
    hny_bleu_destroy(&bleu);
    return status;
}

enum { TRAIN_SOURCE, TRAIN_TARGET, TEST_SOURCE, TEST_TARGET, TEXTS };

static hny_status measure(const struct text texts[TEXTS], double *strongest) {
    *strongest = 0;
    for (size_t i = 0; i < TEXTS; i += 2)
        if (texts[i].count != texts[i + 1].count)
            return hny_fail(HNY_ERROR_INPUT, "%zu lines of source, but %zu of target", texts[i].count,
                            texts[i + 1].count);
    size_t *nearest = hny_allocate(texts[TEST_SOURCE].count, sizeof *nearest);
    hny_status status = nearest ? HNY_OK : HNY_ERROR_MEMORY;
    for (int likeness = 0; likeness < HNY_LIKENESSES && status == HNY_OK; likeness++) {
        struct hny_bleu_score score = {0};
        status = hny_nearest((enum hny_likeness)likeness, sentences(&texts[TRAIN_SOURCE]),
                             sentences(&texts[TEST_SOURCE]), nearest);
        if (status == HNY_OK)
            status = score_nearest(&texts[TRAIN_TARGET], &texts[TEST_TARGET], nearest, &score);
        if (status != HNY_OK) break;
        printf("%-16s %6.2f\n", hny_likeness_name((enum hny_likeness)likeness), score.score);
        if (score.score > *strongest) *strongest = score.score;
    }
    free(nearest);
    return status;
}

int main(int count, char **arguments) {
    struct text texts[TEXTS] = {{0}};
    double strongest = 0, below = 100;
    hny_status status = HNY_OK;
    if (count != 1 + TEXTS && count != 2 + TEXTS) {
        fputs(usage, stderr);
        return 2;
    }
    char *end = NULL;
    if (count == 2 + TEXTS) below = strtod(arguments[1 + TEXTS], &end);
    if (end && (*end || end == arguments[1 + TEXTS]))
        status = hny_fail(HNY_ERROR_USAGE, "%s is no limit", arguments[1 + TEXTS]);
    for (size_t i = 0; i < TEXTS && status == HNY_OK; i++) status = read_text(&texts[i], arguments[1 + i]);
    if (status == HNY_OK) status = measure(texts, &strongest);
    for (size_t i = 0; i < TEXTS; i++) free_text(&texts[i]);
    if (status != HNY_OK) {
        fprintf(stderr, "memory: %s\n", hny_message());
        return 2;
    }
    printf("%-16s %6.2f\n", "strongest", strongest);
    return strongest < below ? 0 : 1;
}
