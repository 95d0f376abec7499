/* honyaku tokenizer train | encode | decode: the subword tokenizer by itself. */
#include "base/file.h"
#include "base/lines.h"
#include "base/memory.h"
#include "base/progress.h"
#include "tokenizer/tokenizer.h"
#include "tokenizer/trainer.h"
#include "tools/commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const struct hny_option train_options[] = {
    {"out", 'o', "FILE", false, false, "the tokenizer file; standard output where not given, and for -"},
    {"vocabulary", 0, "N", false, false, "subwords, special and byte ones included [8000]"},
    {"kind", 0, "unigram|bpe", false, false, "unigram language model or byte pair encoding [unigram]"},
    {"normal-form", 0, "nfc|nfkc|none", false, false, "Unicode normal form [nfc]"},
    {"coverage", 0, "X", false, false,
     "share of the characters that get a subword; bytes for the rest [0.9995]"},
    {"symbol", 0, "TEXT", false, false, "a subword of your own, never split; may come again"},
    {"split-digits", 0, NULL, false, false, "every digit is a subword of its own"},
    {"lines", 0, "N", false, false, "lines drawn at most [5000000]"},
    {"seed", 0, "N", false, false, "of that draw [1]"},
    {"threads", 0, "N", false, false, "the result is the same with any number [all processors]"},
    {NULL, 0, NULL, false, false, NULL},
};

static hny_status kind_of(const struct hny_arguments *arguments, struct hny_tokenizer_options *options) {
    const char *kind = hny_argument_text(arguments, "kind"),
               *form = hny_argument_text(arguments, "normal-form");
    if (kind && strcmp(kind, "bpe") == 0)
        options->kind = HNY_TOKENIZER_BPE;
    else if (kind && strcmp(kind, "unigram") != 0)
        return hny_fail(HNY_ERROR_USAGE, "--kind: \"%s\" is neither unigram nor bpe", kind);
    if (form && strcmp(form, "nfkc") == 0)
        options->form = HNY_NORMAL_NFKC;
    else if (form && strcmp(form, "none") == 0)
        options->form = HNY_NORMAL_NONE;
    else if (form && strcmp(form, "nfc") != 0)
        return hny_fail(HNY_ERROR_USAGE, "--normal-form: \"%s\" is none of nfc, nfkc, none", form);
    return HNY_OK;
}

/* Where the result cannot be put is told before the work, not behind it. */
static hny_status check_out(const char *out) {
    struct stat about;
    const char *name = strrchr(out, '/');
    char *folder = name ? strndup(out, (size_t)(name - out) + 1) : strdup(".");
    if (!folder) return hny_fail(HNY_ERROR_MEMORY, "%s: out of memory", out);
    hny_status status = HNY_OK;
    if (stat(out, &about) == 0 && S_ISDIR(about.st_mode))
        status = hny_fail(HNY_ERROR_USAGE, "%s: is a folder; the tokenizer is a file", out);
    else if (stat(folder, &about) != 0)
        status = hny_fail_errno("%s", folder);
    free(folder);
    return status;
}

static hny_status train_to(const struct hny_arguments *arguments, const struct hny_tokenizer_options *options,
                           const char *const *paths, struct hny_threads *threads) {
    struct hny_buffer file = {0};
    const char *out = hny_argument_text(arguments, "out");
    if (out && strcmp(out, "-") == 0) out = NULL;
    if (out) HNY_TRY(check_out(out));
    hny_status status = hny_tokenizer_train(paths, hny_argument_rest(arguments), options, threads, &file);
    if (status == HNY_OK && out)
        status = hny_file_write(out, file.data, file.size);
    else if (status == HNY_OK)
        fwrite(file.data, 1, file.size, stdout);
    hny_progress_end();
    hny_buffer_free(&file);
    return status;
}

static hny_status run_train(const struct hny_arguments *arguments) {
    struct hny_tokenizer_options options;
    hny_tokenizer_defaults(&options);
    size_t threads = hny_processors(), symbols = hny_argument_times(arguments, "symbol"), seed = 1;
    options.vocabulary = 8000;
    HNY_TRY(kind_of(arguments, &options));
    HNY_TRY(hny_argument_count(arguments, "vocabulary", 261, 1000000, &options.vocabulary));
    HNY_TRY(hny_argument_count(arguments, "lines", 1, SIZE_MAX, &options.line_limit));
    HNY_TRY(hny_argument_count(arguments, "seed", 0, SIZE_MAX, &seed));
    HNY_TRY(hny_argument_count(arguments, "threads", 1, 1024, &threads));
    HNY_TRY(hny_argument_real(arguments, "coverage", 0.5, 1, &options.coverage));
    options.seed = seed;
    options.split_digits = hny_argument_given(arguments, "split-digits");
    size_t count = hny_argument_rest(arguments);
    const char **words = calloc(symbols + count + 1, sizeof *words);
    if (!words) return hny_fail(HNY_ERROR_MEMORY, "out of memory for the arguments");
    for (size_t i = 0; i < symbols; i++) words[i] = hny_argument_at(arguments, "symbol", i);
    for (size_t i = 0; i < count; i++) words[symbols + i] = hny_argument_rest_at(arguments, i);
    options.symbols = words;
    options.symbol_count = symbols;
    struct hny_threads *team = NULL;
    hny_status status = hny_threads_create(&team, threads);
    if (status == HNY_OK) status = train_to(arguments, &options, words + symbols, team);
    hny_threads_destroy(&team);
    free(words);
    return status;
}

static const struct hny_option encode_options[] = {
    {"model", 0, "FILE", false, false, "the tokenizer file"},
    {"ids", 0, NULL, false, false, "numbers instead of pieces"},
    {"temperature", 0, "X", false, false,
     "draw unigram segmentations by probability to this power [0: the best]"},
    {"dropout", 0, "P", false, false, "skip BPE merges with this probability [0]"},
    {"seed", 0, "N", false, false, "of these draws [1]"},
    {NULL, 0, NULL, false, false, NULL},
};

/* Opens --model and the lines of standard input, and calls LINE for each. */
struct stream {
    const struct hny_arguments *arguments;
    struct hny_tokenizer *tokenizer;
    struct hny_encoding *encoding;
    struct hny_sampling sampling;
    size_t seed;
    struct hny_ids ids;
    struct hny_buffer out;
};

static hny_status each_line(struct stream *stream,
                            hny_status (*line)(struct stream *, const char *, size_t, struct hny_lines *)) {
    struct hny_lines *lines = NULL;
    const char *path = hny_argument_text(stream->arguments, "model");
    if (!path) return hny_fail(HNY_ERROR_USAGE, "tokenizer: --model is needed");
    HNY_TRY(hny_tokenizer_open(&stream->tokenizer, path));
    HNY_TRY(hny_encoding_create(&stream->encoding, stream->tokenizer));
    HNY_TRY(hny_lines_open(&lines, "-"));
    hny_status status = HNY_OK;
    while (status == HNY_OK) {
        const char *text;
        size_t size;
        bool more;
        status = hny_lines_next(lines, &text, &size, &more);
        if (status != HNY_OK || !more) break;
        hny_buffer_clear(&stream->out);
        status = line(stream, text, size, lines);
        if (status == HNY_OK) status = hny_buffer_append(&stream->out, "\n", 1);
        if (status == HNY_OK) fwrite(stream->out.data, 1, stream->out.size, stdout);
        if (status == HNY_OK && hny_lines_would_wait(lines)) status = hny_output_flush();
    }
    if (status == HNY_OK && hny_lines_replaced(lines) > 0)
        hny_progress_note("%llu broken parts of UTF-8 were replaced by U+FFFD",
                          (unsigned long long)hny_lines_replaced(lines));
    hny_lines_close(&lines);
    return status;
}

static hny_status finish(struct stream *stream, hny_status status) {
    hny_encoding_destroy(&stream->encoding);
    hny_tokenizer_close(&stream->tokenizer);
    hny_ids_free(&stream->ids);
    hny_buffer_free(&stream->out);
    return status;
}

static hny_status encode_line(struct stream *stream, const char *text, size_t size, struct hny_lines *lines) {
    stream->ids.count = 0;
    stream->sampling.stream =
        hny_random_stream(stream->seed, HNY_RANDOM_SUBWORD, 0, (uint32_t)hny_lines_number(lines));
    HNY_TRY(hny_tokenizer_encode(stream->encoding, text, size, &stream->sampling, &stream->ids));
    bool numbers = hny_argument_given(stream->arguments, "ids");
    for (size_t i = 0; i < stream->ids.count; i++) {
        const char *space = i > 0 ? " " : "";
        if (numbers)
            HNY_TRY(hny_buffer_print(&stream->out, "%s%d", space, stream->ids.ids[i]));
        else
            HNY_TRY(hny_buffer_print(&stream->out, "%s%s", space,
                                     hny_tokenizer_piece(stream->tokenizer, stream->ids.ids[i])));
    }
    return HNY_OK;
}

static hny_status run_encode(const struct hny_arguments *arguments) {
    struct stream stream = {.arguments = arguments, .seed = 1};
    HNY_TRY(hny_argument_real(arguments, "temperature", 0, 10, &stream.sampling.temperature));
    HNY_TRY(hny_argument_real(arguments, "dropout", 0, 1, &stream.sampling.dropout));
    HNY_TRY(hny_argument_count(arguments, "seed", 0, SIZE_MAX, &stream.seed));
    return finish(&stream, each_line(&stream, encode_line));
}

static const struct hny_option decode_options[] = {
    {"model", 0, "FILE", false, false, "the tokenizer file"},
    {NULL, 0, NULL, false, false, NULL},
};

static hny_status decode_line(struct stream *stream, const char *text, size_t size, struct hny_lines *lines) {
    stream->ids.count = 0;
    const char *end = text + size;
    while (text < end) {
        if (*text == ' ') {
            text++;
            continue;
        }
        char *after;
        long id = strtol(text, &after, 10);
        if (after == text || id < 0 || id > INT32_MAX || (after < end && *after != ' '))
            return hny_fail(HNY_ERROR_INPUT, "%s:%llu: \"%.*s\" is no id", hny_lines_path(lines),
                            (unsigned long long)hny_lines_number(lines), (int)strcspn(text, " "), text);
        if (hny_grow(&stream->ids.ids, &stream->ids.capacity, stream->ids.count + 1, sizeof(int32_t)) != 0)
            return HNY_ERROR_MEMORY;
        stream->ids.ids[stream->ids.count++] = (int32_t)id;
        text = after;
    }
    hny_status status =
        hny_tokenizer_decode(stream->tokenizer, stream->ids.ids, stream->ids.count, &stream->out);
    return status == HNY_OK ? HNY_OK
                            : hny_fail_within(status, "%s:%llu", hny_lines_path(lines),
                                              (unsigned long long)hny_lines_number(lines));
}

static hny_status run_decode(const struct hny_arguments *arguments) {
    struct stream stream = {.arguments = arguments};
    return finish(&stream, each_line(&stream, decode_line));
}

const struct hny_command hny_command_tokenizer_train = {
    .name = "tokenizer train",
    .arguments = "TEXT…",
    .summary = "learn subwords from texts",
    .description = "The same texts and options give the same file. Texts may be plain, .gz or .zst.",
    .example = "honyaku tokenizer train --vocabulary 8000 -o tokenizer.model train.en train.de",
    .options = train_options,
    .least = 1,
    .most = 1000,
    .run = run_train};

const struct hny_command hny_command_tokenizer_encode = {
    .name = "tokenizer encode",
    .arguments = "",
    .summary = "text to subwords, line by line",
    .description = "Pieces are separated by spaces, and ▁ stands for a space of the text.",
    .example = "honyaku tokenizer encode --model tokenizer.model < train.en > train.pieces",
    .options = encode_options,
    .run = run_encode};

const struct hny_command hny_command_tokenizer_decode = {
    .name = "tokenizer decode",
    .arguments = "",
    .summary = "ids back to text, line by line",
    .example = "honyaku tokenizer encode --ids --model tokenizer.model < train.en |\n"
               "  honyaku tokenizer decode --model tokenizer.model",
    .options = decode_options,
    .run = run_decode};
