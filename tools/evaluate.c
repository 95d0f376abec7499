/* honyaku evaluate: BLEU and chrF of a translation, with sacreBLEU's options, numbers and output. */
#include "base/lines.h"
#include "base/memory.h"
#include "model/bleu.h"
#include "model/chrf.h"
#include "model/metric_report.h"
#include "tools/commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct hny_option options[] = {
    {"metrics", 'm', "METRIC", false, true,
     "bleu, chrf, or both (default: bleu); write references before it"},
    {"input", 'i', "FILE", false, false, "the translation (default: standard input)"},
    {"tokenize", 0, "NAME", false, false, "BLEU's tokeniser: 13a, char, intl or none (default: 13a)"},
    {"tok", 0, "NAME", false, false, "the same as --tokenize"},
    {"lowercase", 0, NULL, false, false, "BLEU without regard to case"},
    {"lc", 0, NULL, false, false, "the same as --lowercase"},
    {"smooth-method", 's', "NAME", false, false,
     "BLEU's smoothing: exp, floor, add-k or none (default: exp)"},
    {"smooth-value", 0, "X", false, false, "of floor (default: 0.1) and add-k (default: 1)"},
    {"sv", 0, "X", false, false, "the same as --smooth-value"},
    {"chrf-char-order", 0, "N", false, false, "chrF's longest n-gram of characters (default: 6)"},
    {"cc", 0, "N", false, false, "the same as --chrf-char-order"},
    {"chrf-word-order", 0, "N", false, false, "chrF's longest n-gram of words (default: 0; 2 is chrF++)"},
    {"cw", 0, "N", false, false, "the same as --chrf-word-order"},
    {"chrf-beta", 0, "N", false, false, "weight of chrF's recall (default: 2)"},
    {"chrf-whitespace", 0, NULL, false, false, "chrF counts white space too"},
    {"chrf-lowercase", 0, NULL, false, false, "chrF without regard to case"},
    {"chrf-eps-smoothing", 0, NULL, false, false, "chrF as the mean of each order's score"},
    {"sentence-level", 0, NULL, false, false,
     "a score for each line, by one metric; BLEU with effective order"},
    {"sl", 0, NULL, false, false, "the same as --sentence-level"},
    {"format", 'f', "NAME", false, false, "json or text (default: json)"},
    {"width", 'w', "N", false, false, "decimals of scores (default: 1)"},
    {"score-only", 'b', NULL, false, false, "print the bare score"},
    {"short", 0, NULL, false, false, "text with the brief form of the signature"},
    {"sh", 0, NULL, false, false, "the same as --short"},
    {NULL, 0, NULL, false, false, NULL},
};

/* How to print. */
struct style {
    bool json, bare, brief, sentences;
    size_t width;
};

/* The metrics asked for; those not asked for are NULL. */
struct metrics {
    struct hny_bleu *bleu;
    struct hny_chrf *chrf;
};

/* The translation and its references, line by line. */
struct corpus {
    struct hny_lines *hypotheses;
    struct hny_lines **references; /* [count] */
    struct hny_text *lines;        /* [count], of the sentence being read */
    size_t count;
};

/* The one of two names of an option that was given. */
static const char *either(const struct hny_arguments *arguments, const char *name, const char *brief) {
    return hny_argument_given(arguments, brief) ? brief : name;
}

static bool given(const struct hny_arguments *arguments, const char *name, const char *brief) {
    return hny_argument_given(arguments, name) || hny_argument_given(arguments, brief);
}

static hny_status create_bleu(const struct hny_arguments *arguments, const struct style *style,
                              struct hny_bleu **bleu) {
    struct hny_bleu_options bleu_options = {.lowercase = given(arguments, "lowercase", "lc"),
                                            .effective_order = style->sentences};
    const char *tokenizer = hny_argument_text(arguments, either(arguments, "tokenize", "tok"));
    const char *smooth = hny_argument_text(arguments, "smooth-method");
    if (tokenizer) HNY_TRY(hny_metric_tokenizer_named(tokenizer, &bleu_options.tokenizer));
    if (smooth) HNY_TRY(hny_bleu_smooth_named(smooth, &bleu_options.smooth));
    HNY_TRY(hny_argument_real(arguments, either(arguments, "smooth-value", "sv"), 0, 1000,
                              &bleu_options.smooth_value));
    if (given(arguments, "smooth-value", "sv") && bleu_options.smooth_value == 0)
        return hny_fail(HNY_ERROR_USAGE, "--smooth-value 0 smoothes nothing; --smooth-method none says so");
    return hny_bleu_create(bleu, &bleu_options);
}

static hny_status create_chrf(const struct hny_arguments *arguments, struct hny_chrf **chrf) {
    struct hny_chrf_options chrf_options = HNY_CHRF_DEFAULTS;
    size_t beta = chrf_options.beta;
    chrf_options.whitespace = hny_argument_given(arguments, "chrf-whitespace");
    chrf_options.lowercase = hny_argument_given(arguments, "chrf-lowercase");
    chrf_options.eps_smoothing = hny_argument_given(arguments, "chrf-eps-smoothing");
    HNY_TRY(hny_argument_count(arguments, either(arguments, "chrf-char-order", "cc"), 1, HNY_CHRF_ORDER_LIMIT,
                               &chrf_options.character_order));
    HNY_TRY(hny_argument_count(arguments, either(arguments, "chrf-word-order", "cw"), 0, HNY_CHRF_ORDER_LIMIT,
                               &chrf_options.word_order));
    HNY_TRY(hny_argument_count(arguments, "chrf-beta", 1, HNY_CHRF_BETA_LIMIT, &beta));
    chrf_options.beta = (unsigned)beta;
    return hny_chrf_create(chrf, &chrf_options);
}

static hny_status create_metrics(const struct hny_arguments *arguments, const struct style *style,
                                 struct metrics *metrics) {
    size_t times = hny_argument_times(arguments, "metrics");
    bool bleu = times == 0, chrf = false;
    for (size_t i = 0; i < times; i++) {
        const char *name = hny_argument_at(arguments, "metrics", i);
        if (strcmp(name, "bleu") == 0)
            bleu = true;
        else if (strcmp(name, "chrf") == 0)
            chrf = true;
        else
            return hny_fail(HNY_ERROR_USAGE, "evaluate: no metric '%s': bleu and chrf are there", name);
    }
    if (style->sentences && bleu && chrf) {
        return hny_fail(HNY_ERROR_USAGE, "evaluate: --sentence-level takes one metric, not two");
    }
    if (bleu) HNY_TRY(create_bleu(arguments, style, &metrics->bleu));
    return chrf ? create_chrf(arguments, &metrics->chrf) : HNY_OK;
}

static hny_status read_style(const struct hny_arguments *arguments, struct style *style) {
    const char *format = hny_argument_text(arguments, "format");
    if (format && strcmp(format, "json") != 0 && strcmp(format, "text") != 0) {
        return hny_fail(HNY_ERROR_USAGE, "evaluate: no format '%s': json and text are there", format);
    }
    *style = (struct style){
        .bare = hny_argument_given(arguments, "score-only"),
        .brief = given(arguments, "short", "sh"),
        .sentences = given(arguments, "sentence-level", "sl"),
        .width = 1,
    };
    style->json = !style->sentences && !(format && strcmp(format, "text") == 0);
    return hny_argument_count(arguments, "width", 0, HNY_METRIC_WIDTH_LIMIT, &style->width);
}

static hny_status open_corpus(const struct hny_arguments *arguments, struct corpus *corpus) {
    size_t count = hny_argument_rest(arguments);
    const char *input = hny_argument_text(arguments, "input");
    corpus->references = hny_allocate(count, sizeof *corpus->references);
    corpus->lines = hny_allocate(count, sizeof *corpus->lines);
    if (!corpus->references || !corpus->lines) return HNY_ERROR_MEMORY;
    corpus->count = count;
    for (size_t i = 0; i < count; i++) {
        HNY_TRY(hny_lines_open(&corpus->references[i], hny_argument_rest_at(arguments, i)));
    }
    return hny_lines_open(&corpus->hypotheses, input ? input : "-");
}

static void close_corpus(struct corpus *corpus) {
    hny_lines_close(&corpus->hypotheses);
    for (size_t i = 0; i < corpus->count; i++) hny_lines_close(&corpus->references[i]);
    free(corpus->references);
    free(corpus->lines);
}

static hny_status next_line(struct hny_lines *lines, struct hny_text *line, bool *more) {
    HNY_TRY(hny_lines_next(lines, &line->data, &line->size, more));
    if (*more) *line = hny_metric_trim_end(*line);
    return HNY_OK;
}

static hny_status count_lines(struct hny_lines *lines, unsigned long long *count) {
    bool more = true;
    struct hny_text line;
    while (more) HNY_TRY(next_line(lines, &line, &more));
    *count = hny_lines_number(lines);
    return HNY_OK;
}

static hny_status refuse_counts(const struct corpus *corpus, struct hny_lines *reference) {
    unsigned long long hypotheses, references;
    HNY_TRY(count_lines(corpus->hypotheses, &hypotheses));
    HNY_TRY(count_lines(reference, &references));
    return hny_fail(HNY_ERROR_INPUT, "evaluate: %s has %llu lines and %s has %llu",
                    hny_lines_path(corpus->hypotheses), hypotheses, hny_lines_path(reference), references);
}

/* The next sentence of all texts; *MORE false at the end of all. */
static hny_status next_sentence(const struct corpus *corpus, struct hny_text *hypothesis, bool *more) {
    HNY_TRY(next_line(corpus->hypotheses, hypothesis, more));
    for (size_t i = 0; i < corpus->count; i++) {
        bool more_references;
        HNY_TRY(next_line(corpus->references[i], &corpus->lines[i], &more_references));
        if (more_references != *more) return refuse_counts(corpus, corpus->references[i]);
    }
    return HNY_OK;
}

/* Appends the score of one metric to OUT. */
static hny_status print_score(struct hny_buffer *out, const struct style *style,
                              const struct hny_metric_report *report) {
    int width = (int)style->width;
    if (style->bare) return hny_buffer_print(out, "%.*f", width, report->score);
    if (style->json) return hny_metric_print_json(out, report, width);
    return hny_metric_print_text(out, report, width);
}

static hny_status report_bleu(const struct hny_bleu *bleu, const struct style *style,
                              struct hny_buffer *out) {
    struct hny_bleu_score score;
    struct hny_buffer signature = {0}, verbose = {0};
    hny_bleu_score(bleu, &score);
    hny_status status = hny_bleu_signature(bleu, style->brief && !style->json, &signature);
    if (status == HNY_OK) status = hny_bleu_verbose(&score, &verbose);
    if (status == HNY_OK) {
        status = print_score(out, style,
                             &(struct hny_metric_report){"BLEU", score.score, signature.data, verbose.data});
    }
    hny_buffer_free(&signature);
    hny_buffer_free(&verbose);
    return status;
}

static hny_status report_chrf(const struct hny_chrf *chrf, const struct style *style,
                              struct hny_buffer *out) {
    struct hny_buffer name = {0}, signature = {0};
    hny_status status = hny_chrf_name(chrf, &name);
    if (status == HNY_OK) status = hny_chrf_signature(chrf, style->brief && !style->json, &signature);
    if (status == HNY_OK) {
        status = print_score(
            out, style, &(struct hny_metric_report){name.data, hny_chrf_score(chrf), signature.data, ""});
    }
    hny_buffer_free(&name);
    hny_buffer_free(&signature);
    return status;
}

/* Lines of text stand with their "=" below each other; bare scores, which have none, as they are. */
static int padding(const struct hny_buffer *line, const struct hny_buffer *other) {
    const char *equals = strchr(line->data, '='), *others = strchr(other->data, '=');
    if (!equals || !others) return 0;
    ptrdiff_t at = equals - line->data, most = others - other->data;
    return most > at ? (int)(most - at) : 0;
}

static void print_two(const struct style *style, const struct hny_buffer *bleu,
                      const struct hny_buffer *chrf) {
    if (style->json)
        printf("[\n%s,\n%s\n]\n", bleu->data, chrf->data);
    else
        printf("%*s%s\n%*s%s\n", padding(bleu, chrf), "", bleu->data, padding(chrf, bleu), "", chrf->data);
}

static hny_status print_metrics(const struct metrics *metrics, const struct style *style) {
    struct hny_buffer bleu = {0}, chrf = {0};
    hny_status status = HNY_OK;
    if (metrics->bleu) status = report_bleu(metrics->bleu, style, &bleu);
    if (metrics->chrf && status == HNY_OK) status = report_chrf(metrics->chrf, style, &chrf);
    if (status == HNY_OK && metrics->bleu && metrics->chrf)
        print_two(style, &bleu, &chrf);
    else if (status == HNY_OK)
        puts(metrics->bleu ? bleu.data : chrf.data);
    hny_buffer_free(&bleu);
    hny_buffer_free(&chrf);
    return status;
}

static hny_status add_sentence(const struct metrics *metrics, struct hny_text hypothesis,
                               const struct corpus *corpus) {
    if (metrics->bleu) HNY_TRY(hny_bleu_add(metrics->bleu, hypothesis, corpus->lines, corpus->count));
    if (metrics->chrf) HNY_TRY(hny_chrf_add(metrics->chrf, hypothesis, corpus->lines, corpus->count));
    return HNY_OK;
}

static hny_status score_corpus(const struct corpus *corpus, const struct metrics *metrics,
                               const struct style *style) {
    struct hny_text hypothesis;
    bool more;
    for (;;) {
        HNY_TRY(next_sentence(corpus, &hypothesis, &more));
        if (!more) break;
        HNY_TRY(add_sentence(metrics, hypothesis, corpus));
        if (!style->sentences) continue;
        HNY_TRY(print_metrics(metrics, style));
        if (metrics->bleu) hny_bleu_reset(metrics->bleu);
        if (metrics->chrf) hny_chrf_reset(metrics->chrf);
    }
    if (hny_lines_number(corpus->hypotheses) == 0) {
        return hny_fail(HNY_ERROR_INPUT, "evaluate: %s has no line to score",
                        hny_lines_path(corpus->hypotheses));
    }
    return style->sentences ? HNY_OK : print_metrics(metrics, style);
}

static void warn_of_broken_text(const struct hny_lines *lines) {
    unsigned long long replaced = hny_lines_replaced(lines);
    if (replaced) {
        fprintf(stderr, "honyaku: evaluate: %s: %llu broken parts of UTF-8 were replaced by U+FFFD\n",
                hny_lines_path(lines), replaced);
    }
}

static hny_status run(const struct hny_arguments *arguments) {
    struct style style;
    struct metrics metrics = {0};
    struct corpus corpus = {0};
    hny_status status = read_style(arguments, &style);
    if (status == HNY_OK) status = create_metrics(arguments, &style, &metrics);
    if (status == HNY_OK) status = open_corpus(arguments, &corpus);
    if (status == HNY_OK) status = score_corpus(&corpus, &metrics, &style);
    if (status == HNY_OK) {
        warn_of_broken_text(corpus.hypotheses);
        for (size_t i = 0; i < corpus.count; i++) warn_of_broken_text(corpus.references[i]);
    }
    close_corpus(&corpus);
    hny_bleu_destroy(&metrics.bleu);
    hny_chrf_destroy(&metrics.chrf);
    return status;
}

const struct hny_command hny_command_evaluate = {
    .name = "evaluate",
    .arguments = "REF…",
    .summary = "score a translation by BLEU and chrF",
    .description =
        "Reads a translation from standard input and scores it against one or more files of references, "
        "line by line. Options, numbers, signatures and output are those of sacreBLEU " HNY_METRIC_VERSION
        ", whose one-dash forms (-tok, -lc, -sv, -cw, …) are understood too.",
    .example =
        "honyaku evaluate ref.de < hyp.de\nhonyaku evaluate ref.ja -m bleu chrf -tok char -f text < hyp.ja",
    .options = options,
    .least = 1,
    .most = SIZE_MAX,
    .run = run,
};
