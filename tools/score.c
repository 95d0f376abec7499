/* honyaku score: how likely a model finds given translations. */
#include "base/json.h"
#include "base/threads.h"
#include "model/scoring.h"
#include "tools/commands.h"
#include "tools/signers.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

static const struct hny_option options[] = {
    {"model", 'm', "DIR", false, false, "the model's folder or bundle"},
    {"model-key", 0, "KEY", false, false,
     "whose signature a bundle must have: a public key, or a file of some; may come again"},
    {"src", 0, "FILE", false, false, "source sentences; plain, .gz or .zst"},
    {"tgt", 0, "FILE", false, false, "translations, line by line"},
    {"words", 0, NULL, false, false, "behind the sum, the log-probability of each subword and of the end"},
    {"json", 0, NULL, false, false, "one JSON object a line, and one of all at the end"},
    {"threads", 't', "N", false, false, "threads (default: one a processor)"},
    {"precision", 0, "NAME", false, false, "f32, bf16, int8 or auto (default: f32)"},
    {NULL, 0, NULL, false, false, NULL},
};

static hny_status print_columns(const struct hny_arguments *arguments, const struct hny_pair_score *score) {
    if (score->scored) printf("%.4f", score->log_probability);
    if (hny_argument_given(arguments, "words"))
        for (size_t t = 0; t < score->tokens; t++)
            printf("%c%.4f", t == 0 ? '\t' : ' ', (double)score->words[t]);
    putchar('\n');
    return HNY_OK;
}

static hny_status print_json(json_t *object) {
    struct hny_buffer text = {0};
    hny_status status =
        object ? hny_json_print(&text, object, false) : hny_fail(HNY_ERROR_MEMORY, "out of memory");
    if (status == HNY_OK) printf("%.*s\n", (int)text.size, text.data);
    hny_buffer_free(&text);
    json_decref(object);
    return status;
}

static hny_status print_score(void *context, uint64_t line, const struct hny_pair_score *score) {
    const struct hny_arguments *arguments = context;
    if (!hny_argument_given(arguments, "json")) return print_columns(arguments, score);
    json_t *object = json_pack("{s:I}", "line", (json_int_t)line);
    json_t *words = json_array();
    for (size_t t = 0; words && t < score->tokens; t++)
        json_array_append_new(words, json_real(score->words[t]));
    if (object && score->scored) {
        json_object_set_new(object, "log_probability", json_real(score->log_probability));
        json_object_set_new(object, "tokens", json_integer((json_int_t)score->tokens));
        if (hny_argument_given(arguments, "words")) json_object_set(object, "words", words);
    }
    json_decref(words);
    return print_json(object);
}

static hny_status print_total(const struct hny_arguments *arguments, const struct hny_scoring_total *total) {
    double perplexity = total->tokens > 0 ? exp(-total->log_probability / (double)total->tokens) : 1;
    if (hny_argument_given(arguments, "json"))
        return print_json(json_pack("{s:I, s:I, s:I, s:f, s:f}", "pairs", (json_int_t)total->pairs,
                                    "unscored", (json_int_t)total->unscored, "tokens",
                                    (json_int_t)total->tokens, "log_probability", total->log_probability,
                                    "perplexity", perplexity));
    HNY_TRY(hny_output_flush());
    fprintf(stderr, "honyaku: score: %" PRIu64 " pairs, %" PRIu64 " subwords and ends, perplexity %.4f",
            total->pairs, total->tokens, perplexity);
    if (total->unscored > 0) fprintf(stderr, "; %" PRIu64 " pairs without words on a side", total->unscored);
    fputc('\n', stderr);
    return HNY_OK;
}

static hny_status open_model(const struct hny_arguments *arguments, struct hny_model **model) {
    const char *name = hny_argument_text(arguments, "precision");
    enum hny_precision precision = HNY_PRECISION_F32;
    if (name) HNY_TRY(hny_precision_parse(name, &precision));
    return hny_argument_model(arguments, hny_argument_text(arguments, "model"), precision, model);
}

static hny_status run(const struct hny_arguments *arguments) {
    const char *source_path = hny_argument_text(arguments, "src"),
               *target_path = hny_argument_text(arguments, "tgt");
    if (!hny_argument_given(arguments, "model") || !source_path || !target_path)
        return hny_fail(HNY_ERROR_USAGE, "score: --model, --src and --tgt are needed");
    size_t threads = hny_processors();
    HNY_TRY(hny_argument_count(arguments, "threads", 1, 1024, &threads));
    struct hny_model *model = NULL;
    struct hny_lines *source = NULL, *target = NULL;
    struct hny_scoring_total total;
    hny_status status = open_model(arguments, &model);
    if (status == HNY_OK) status = hny_lines_open(&source, source_path);
    if (status == HNY_OK) status = hny_lines_open(&target, target_path);
    if (status == HNY_OK)
        status = hny_scoring_run(model, source, target, threads, print_score, (void *)arguments, &total);
    if (status == HNY_OK) status = print_total(arguments, &total);
    hny_lines_close(&source);
    hny_lines_close(&target);
    hny_model_destroy(&model);
    return status;
}

const struct hny_command hny_command_score = {
    .name = "score",
    .arguments = "",
    .summary = "log-probability of given translations, and the perplexity of all",
    .description =
        "Line N of the output is the natural log-probability of line N of --tgt, its end counted, given line "
        "N "
        "of --src; empty where a side holds no word. The perplexity, e to the mean loss of a subword or end, "
        "goes to standard error, or with --json to the last line.",
    .example = "honyaku score --model model/ --src test.en --tgt test.de > scores",
    .options = options,
    .run = run};
