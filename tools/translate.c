/* honyaku translate: line N of the output is the translation of line N of the input. */
#include "base/lines.h"
#include "model/folder_shortlist.h"
#include "tools/commands.h"
#include "model/line_output.h"
#include "tools/signers.h"
#include "tools/translate_picture.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MOST_ROWS = 4096, MOST_THREADS = 1024, MOST_BEAM = 1000, MOST_LENGTH = 100000 };

static const struct hny_option options[] = {
    {"model", 'm', "DIR", false, false, "the model's folder or bundle"},
    {"model-key", 0, "KEY", false, false,
     "whose signature a bundle must have: a public key, or a file of some; may come again"},
    {"input", 'i', "FILE", false, false, "the text; plain, .gz or .zst (default: standard input)"},
    {"output", 'o', "FILE", false, false, "where translations go (default: standard output)"},
    {"paragraphs", 'p', NULL, false, false, "split lines into sentences, translate each, join them again"},
    {"beam", 'b', "N", false, false, "hypotheses kept at each step; 1 is greedy (default: 5)"},
    {"nbest", 'n', "N", false, false,
     "the N best translations of each line, behind its number and their scores"},
    {"alpha", 0, "X", false, false, "length normalisation, 0 for none (default: 1)"},
    {"beta", 0, "X", false, false, "coverage penalty, 0 for none (default: 0)"},
    {"max-length", 0, "N", false, false,
     "subwords of a translation at most (default: only by the source's length)"},
    {"length-factor", 0, "X", false, false,
     "at most X times the source's subwords, but 10 always (default: 3)"},
    {"longest", 0, "N", false, false,
     "cut what has more subwords than N (default: the longest of the training)"},
    {"scores", 0, "word", true, false, "write each line's score first; with =word each subword's too"},
    {"alignment", 0, NULL, false, false,
     "write first which source subword each subword comes from, as 0-0 2-1"},
    {"plot-attention", 0, "FILE", false, false, "draw what the first 20 sentences looked at (SVG)"},
    {"json", 0, NULL, false, false, "one JSON object a line, with all that is asked for"},
    {"threads", 't', "N", false, false, "threads (default: one a processor)"},
    {"rows", 0, "N", false, false,
     "hypotheses that a thread computes at once: speed for memory (default: 64)"},
    {"shortlist", 0, NULL, false, false,
     "choose among the words of the model's shortlist (honyaku shortlist): faster"},
    {"precision", 0, "NAME", false, false, "f32, bf16, int8 or auto (default: auto)"},
    {NULL, 0, NULL, false, false, NULL},
};

struct job {
    struct hny_model *model;
    struct hny_translator *translator;
    struct hny_lines *lines;
    struct hny_line_style style;
    struct hny_translate_picture *picture; /* NULL: none wanted */
    FILE *out;
    const char *out_path;
    struct hny_buffer text; /* of the line being written */
};

static hny_status read_options(const struct hny_arguments *arguments, struct hny_translator_options *chosen,
                               struct hny_line_style *style) {
    const char *scores = hny_argument_text(arguments, "scores");
    hny_translator_defaults(chosen);
    chosen->threads = 0;
    if (scores && strcmp(scores, "word") != 0)
        return hny_fail(HNY_ERROR_USAGE, "--scores=%s: only \"word\" is known", scores);
    style->words = scores != NULL;
    style->scores = hny_argument_given(arguments, "scores");
    style->alignment = hny_argument_given(arguments, "alignment");
    style->json = hny_argument_given(arguments, "json");
    chosen->paragraphs = hny_argument_given(arguments, "paragraphs");
    chosen->shortlist = hny_argument_given(arguments, "shortlist");
    chosen->attention = style->alignment || hny_argument_given(arguments, "plot-attention");
    HNY_TRY(hny_argument_count(arguments, "nbest", 1, MOST_BEAM, &chosen->best));
    if (chosen->best > chosen->beam) chosen->beam = chosen->best;
    HNY_TRY(hny_argument_count(arguments, "beam", 1, MOST_BEAM, &chosen->beam));
    HNY_TRY(hny_argument_real(arguments, "alpha", 0, 100, &chosen->alpha));
    HNY_TRY(hny_argument_real(arguments, "beta", 0, 100, &chosen->beta));
    HNY_TRY(hny_argument_count(arguments, "max-length", 1, MOST_LENGTH, &chosen->max_length));
    HNY_TRY(hny_argument_real(arguments, "length-factor", 0.01, 1000, &chosen->length_factor));
    HNY_TRY(hny_argument_count(arguments, "longest", 1, MOST_LENGTH, &chosen->longest));
    HNY_TRY(hny_argument_count(arguments, "threads", 1, MOST_THREADS, &chosen->threads));
    HNY_TRY(hny_argument_count(arguments, "rows", 1, MOST_ROWS, &chosen->rows));
    style->nbest = hny_argument_given(arguments, "nbest");
    return HNY_OK;
}

static bool same_file(const char *one, const char *other) {
    struct stat a, b;
    return stat(one, &a) == 0 && stat(other, &b) == 0 && S_ISREG(a.st_mode) && a.st_dev == b.st_dev &&
           a.st_ino == b.st_ino;
}

/* The model, before it is settled: run sees to that. */
static hny_status open_model(const struct hny_arguments *arguments, const char *path,
                             enum hny_precision precision, struct hny_model **model) {
    struct hny_place *place = NULL;
    HNY_TRY(hny_argument_place(arguments, "model-key", path, &place));
    hny_status status = hny_folder_open_early(model, hny_place_folder(place), precision);
    hny_place_close(&place);
    return status;
}

static hny_status open_job(const struct hny_arguments *arguments, struct job *job) {
    struct hny_translator_options chosen;
    enum hny_precision precision;
    const char *folder = hny_argument_text(arguments, "model"),
               *input = hny_argument_text(arguments, "input");
    const char *name = hny_argument_text(arguments, "precision");
    if (!folder) return hny_fail(HNY_ERROR_USAGE, "--model DIR says which model translates");
    HNY_TRY(read_options(arguments, &chosen, &job->style));
    HNY_TRY(hny_precision_parse(name ? name : "auto", &precision));
    HNY_TRY(hny_lines_open(&job->lines, input ? input : "-"));
    HNY_TRY(open_model(arguments, folder, precision, &job->model));
    if (chosen.shortlist) HNY_TRY(hny_folder_demand_shortlist(job->model, folder));
    HNY_TRY(hny_translator_create(&job->translator, job->model, &chosen));
    job->out_path = hny_argument_text(arguments, "output");
    if (job->out_path && input && same_file(job->out_path, input))
        return hny_fail(HNY_ERROR_USAGE, "%s: is the input too; it would be emptied before it is read",
                        job->out_path);
    if (!job->out_path || strcmp(job->out_path, "-") == 0) {
        job->out_path = "standard output";
        job->out = stdout;
    } else {
        HNY_TRY(hny_model_settle(job->model)); /* or what the file holds would be lost for nothing */
        if (!(job->out = fopen(job->out_path, "we")))
            return hny_fail_errno("%s: cannot be opened", job->out_path);
    }
    if (!hny_argument_given(arguments, "plot-attention")) return HNY_OK;
    return (job->picture = hny_allocate(1, sizeof *job->picture)) ? HNY_OK : HNY_ERROR_MEMORY;
}

/* Writes the next line if it is there; WAIT for it if it is not. */
static hny_status write_next(struct job *job, bool wait, bool *written) {
    struct hny_line_translation line;
    HNY_TRY(hny_translator_take(job->translator, wait, &line, written));
    if (!*written) return HNY_OK;
    hny_buffer_clear(&job->text);
    hny_status status = hny_line_write(&job->style, job->model, line.tag, &line, &job->text);
    if (status == HNY_OK &&
        (fwrite(job->text.data, 1, job->text.size, job->out) != job->text.size || fflush(job->out) != 0))
        status = hny_fail_errno("%s: cannot be written", job->out_path);
    if (job->picture) hny_translate_picture_offer(job->picture, line.tag, &line);
    hny_line_translation_free(&line);
    return status;
}

/* Reads a line and gives it to the translator. *MORE false at the end of the text. */
static hny_status read_next(struct job *job, bool *more) {
    const char *text;
    size_t size;
    HNY_TRY(hny_lines_next(job->lines, &text, &size, more));
    if (!*more) return HNY_OK;
    uint64_t number = hny_lines_number(job->lines);
    hny_status status = hny_translator_add(job->translator, number, text, size);
    if (status == HNY_OK) return HNY_OK;
    return hny_fail_within(status, "%s:%" PRIu64, hny_lines_path(job->lines), number);
}

static hny_status finish_lines(struct job *job) {
    for (bool written = true; written;) HNY_TRY(write_next(job, true, &written));
    return HNY_OK;
}

/* Reads as long as lines come without waiting and are wanted, and writes what is ready; then the next line is
 * waited for, so that whoever types one gets its translation at once. A failure of reading is returned when
 * all lines before it are written. */
static hny_status translate(struct job *job) {
    for (bool more = true;;) {
        bool idle = hny_translator_lines(job->translator) == 0, written;
        if (!idle && (hny_translator_full(job->translator) || hny_lines_would_wait(job->lines))) {
            HNY_TRY(write_next(job, true, &written));
            continue;
        }
        hny_status status = read_next(job, &more);
        if (status != HNY_OK) {
            char message[1024];
            snprintf(message, sizeof message, "%s", hny_message());
            HNY_TRY(finish_lines(job));
            return hny_fail(status, "%s", message);
        }
        if (!more) return finish_lines(job);
        do HNY_TRY(write_next(job, false, &written));
        while (written);
    }
}

static void report(const struct job *job) {
    uint64_t replaced = hny_lines_replaced(job->lines);
    if (replaced > 0)
        fprintf(stderr, "honyaku: translate: %s: %" PRIu64 " broken parts of UTF-8 were replaced by U+FFFD\n",
                hny_lines_path(job->lines), replaced);
}

static void close_job(struct job *job) {
    if (job->out && job->out != stdout) fclose(job->out);
    if (job->picture) hny_translate_picture_free(job->picture);
    free(job->picture);
    hny_buffer_free(&job->text);
    hny_translator_destroy(&job->translator);
    hny_model_destroy(&job->model);
    hny_lines_close(&job->lines);
}

static hny_status run(const struct hny_arguments *arguments) {
    struct job job = {0};
    hny_status status = open_job(arguments, &job);
    bool opened = status == HNY_OK;
    if (opened) status = translate(&job);
    /* Without a line to take nothing has asked yet, and damage explains whatever else is wrong. */
    hny_status settled = hny_model_settle(job.model);
    if (settled != HNY_OK) status = settled;
    if (opened && settled == HNY_OK) report(&job);
    if (status == HNY_OK && job.picture)
        status = hny_translate_picture_write(job.picture, job.model,
                                             hny_argument_text(arguments, "plot-attention"));
    close_job(&job);
    return status;
}

const struct hny_command hny_command_translate = {
    .name = "translate",
    .arguments = "",
    .summary = "translate a text line by line",
    .description =
        "Line N of the output is the translation of line N of the input. Only LF and CRLF end a line; lines "
        "of "
        "white space alone become empty; broken UTF-8 is replaced by U+FFFD and counted on standard error. A "
        "line comes out as soon as it and all before it are done. Lines with more subwords than --longest "
        "are "
        "cut at sentence ends, else behind punctuation, else at a space, and their parts' translations "
        "joined. "
        "A translation and its scores are the same bytes in any company and with any number of threads.\n"
        "What is asked for beside the translation stands before it, with tabs between: the line's number and "
        "the "
        "score (--nbest), the score (--scores), the natural log-probability of each subword and of the end "
        "(--scores=word), pairs of source and target subwords counted from 0 (--alignment). The score is the "
        "sum, "
        "over the parts of the line, of log P / ((5 + length) / 6)^alpha and the coverage penalty "
        "(Wu et al. 2016, eq. 14). With --shortlist probabilities are over a sentence's candidates alone, so "
        "that "
        "scores are a little higher; a sentence with over 4,096 candidates, or half of the vocabulary, is "
        "searched over the whole.",
    .example = "honyaku translate --model model/ < in.en > out.de\n"
               "honyaku translate --model model/ --paragraphs --beam 8 -i letter.txt",
    .options = options,
    .least = 0,
    .most = 0,
    .run = run,
};
