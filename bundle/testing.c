#include "bundle/testing.h"

#include "base/file.h"
#include "base/lines.h"
#include "base/progress.h"
#include "base/temporary.h"
#include "bundle/place.h"
#include "model/bleu.h"
#include "model/chrf.h"
#include "model/translator.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The lines of a file, one behind the other. */
struct text {
    struct hny_buffer bytes;
    size_t *ends; /* [count] */
    size_t count, room;
};

struct run {
    const struct hny_pack_options *options;
    const struct hny_testing_options *testing;
    struct hny_bundle_scores *scores;
    struct text source, reference;
    const char *when; /* "before" or "after", for who waits */
    struct hny_bleu *bleu;
    struct hny_chrf *chrf;
    struct hny_translator *translator;
};

/* --- The test set -------------------------------------------------------------------------------------- */

static struct hny_text line_of(const struct text *text, size_t number) {
    size_t begin = number > 0 ? text->ends[number - 1] : 0;
    return (struct hny_text){text->bytes.data + begin, text->ends[number] - begin};
}

static hny_status read_lines(struct hny_lines *lines, struct text *text) {
    for (bool more;;) {
        struct hny_text line;
        HNY_TRY(hny_lines_next(lines, &line.data, &line.size, &more));
        if (!more) return HNY_OK;
        line = hny_metric_trim_end(line);
        HNY_TRY(hny_buffer_append(&text->bytes, line.data, line.size));
        if (hny_grow(&text->ends, &text->room, text->count + 1, sizeof *text->ends) != 0)
            return HNY_ERROR_MEMORY;
        text->ends[text->count++] = text->bytes.size;
    }
}

static hny_status read_text(const char *path, struct text *text) {
    struct hny_lines *lines = NULL;
    HNY_TRY(hny_lines_open(&lines, path));
    hny_status status = read_lines(lines, text);
    hny_lines_close(&lines);
    return status;
}

static hny_status read_test(struct run *run) {
    const struct hny_testing_options *testing = run->testing;
    HNY_TRY(read_text(testing->source, &run->source));
    HNY_TRY(read_text(testing->reference, &run->reference));
    if (run->source.count != run->reference.count)
        return hny_fail(HNY_ERROR_INPUT, "%s has %zu lines and %s has %zu", testing->source,
                        run->source.count, testing->reference, run->reference.count);
    if (run->source.count == 0)
        return hny_fail(HNY_ERROR_INPUT, "%s has no line to translate", testing->source);
    run->scores->lines = run->source.count;
    run->scores->beam = testing->beam;
    return HNY_OK;
}

/* --- Translating --------------------------------------------------------------------------------------- */

/* Takes the next translation, which comes in the order of lines, and counts it. */
static hny_status take_next(struct run *run) {
    struct hny_line_translation line;
    bool taken;
    HNY_TRY(hny_translator_take(run->translator, true, &line, &taken));
    if (!taken) return HNY_OK;
    struct hny_text text = hny_metric_trim_end((struct hny_text){line.texts[0].data, line.texts[0].size});
    struct hny_text reference = line_of(&run->reference, line.tag);
    hny_progress_show("testing %s: %llu of %zu lines", run->when, (unsigned long long)line.tag + 1,
                      run->source.count);
    hny_status status = hny_bleu_add(run->bleu, text, &reference, 1);
    if (status == HNY_OK) status = hny_chrf_add(run->chrf, text, &reference, 1);
    hny_line_translation_free(&line);
    return status;
}

static hny_status translate(struct run *run) {
    for (size_t i = 0; i < run->source.count; i++) {
        struct hny_text line = line_of(&run->source, i);
        while (hny_translator_full(run->translator)) HNY_TRY(take_next(run));
        hny_status status = hny_translator_add(run->translator, i, line.data, line.size);
        if (status != HNY_OK) return hny_fail_within(status, "%s:%zu", run->testing->source, i + 1);
    }
    while (hny_translator_lines(run->translator) > 0) HNY_TRY(take_next(run));
    return HNY_OK;
}

/* Two decimals: more than a test set can tell, and the same on every processor but for the rarest case. */
static double rounded(double score) {
    return round(score * 100) / 100;
}

static hny_status score(struct run *run, const struct hny_model *model, struct hny_bundle_score *result) {
    struct hny_translator_options chosen;
    struct hny_bleu_score bleu;
    hny_translator_defaults(&chosen);
    chosen.beam = run->testing->beam;
    chosen.threads = run->options->threads;
    hny_bleu_reset(run->bleu);
    hny_chrf_reset(run->chrf);
    HNY_TRY(hny_translator_create(&run->translator, model, &chosen));
    hny_status status = translate(run);
    hny_translator_destroy(&run->translator);
    hny_progress_end();
    HNY_TRY(status);
    hny_bleu_score(run->bleu, &bleu);
    *result = (struct hny_bundle_score){rounded(bleu.score), rounded(hny_chrf_score(run->chrf))};
    return HNY_OK;
}

static hny_status score_place(struct run *run, const char *path, enum hny_precision precision,
                              struct hny_bundle_score *result) {
    struct hny_model *model = NULL;
    HNY_TRY(hny_place_open_model(&model, path, precision, NULL));
    hny_status status = score(run, model, result);
    hny_model_destroy(&model);
    return status;
}

/* --- All of it ----------------------------------------------------------------------------------------- */

static hny_status score_packed(struct run *run, const char *model) {
    struct hny_temporary temporary = {{0}, 0};
    struct hny_buffer file = {0};
    hny_status status = hny_temporary_open(&temporary, NULL);
    if (status == HNY_OK) status = hny_path_join(&file, temporary.path.data, "bundle");
    struct hny_pack_options options = *run->options;
    options.base_count = 0; /* a delta restores what the whole does */
    if (status == HNY_OK) status = hny_bundle_pack(model, file.data, &options, NULL, NULL);
    if (status == HNY_OK) status = score_place(run, file.data, run->scores->products, &run->scores->after);
    (void)hny_temporary_close(&temporary); /* nobody needs what may stay */
    hny_buffer_free(&file);
    return status;
}

static hny_status sign_scores(struct run *run) {
    struct hny_buffer bleu = {0}, chrf = {0};
    hny_status status = hny_bleu_signature(run->bleu, false, &bleu);
    if (status == HNY_OK) status = hny_chrf_signature(run->chrf, false, &chrf);
    run->scores->bleu_signature = bleu.data; /* the buffers' memory is theirs now */
    run->scores->chrf_signature = chrf.data;
    return status;
}

static hny_status test(struct run *run, const char *model) {
    const struct hny_bleu_options bleu = {.tokenizer = run->testing->tokenizer};
    HNY_TRY(read_test(run));
    HNY_TRY(hny_bleu_create(&run->bleu, &bleu));
    HNY_TRY(hny_chrf_create(&run->chrf, &HNY_CHRF_DEFAULTS));
    run->when = "before";
    HNY_TRY(score_place(run, model, HNY_PRECISION_F32, &run->scores->before));
    HNY_TRY(sign_scores(run));
    run->scores->after = run->scores->before;
    if (run->options->precision == HNY_PRECISION_F32) return HNY_OK;
    run->when = "after";
    if (run->options->precision == HNY_PRECISION_INT8 && hny_precision_supported(HNY_PRECISION_INT8))
        run->scores->products = HNY_PRECISION_INT8;
    return score_packed(run, model);
}

static void free_text(struct text *text) {
    hny_buffer_free(&text->bytes);
    free(text->ends);
}

hny_status hny_testing_run(const char *model, const struct hny_pack_options *options,
                           const struct hny_testing_options *testing, struct hny_bundle_scores *scores) {
    struct run run = {.options = options, .testing = testing, .scores = scores};
    *scores = (struct hny_bundle_scores){0};
    hny_status status = test(&run, model);
    free_text(&run.source);
    free_text(&run.reference);
    hny_bleu_destroy(&run.bleu);
    hny_chrf_destroy(&run.chrf);
    if (status != HNY_OK) hny_testing_free(scores);
    return status;
}

void hny_testing_free(struct hny_bundle_scores *scores) {
    free((char *)scores->bleu_signature);
    free((char *)scores->chrf_signature);
    *scores = (struct hny_bundle_scores){0};
}
