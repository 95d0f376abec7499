#include "tokenizer/trainer.h"

#include "base/memory.h"
#include "base/progress.h"
#include "tokenizer/learn.h"
#include "tokenizer/normalise.h"
#include "tokenizer/sample.h"
#include <stdlib.h>
#include <string.h>

#define DEFAULT_VOCABULARY 8000
#define DEFAULT_COVERAGE 0.9995
#define DEFAULT_LONGEST 16
#define DEFAULT_LINES 5000000
#define DEFAULT_MEMORY ((size_t)6 << 30)
#define LONGEST_LIMIT (HNY_SEGMENT_CHARACTERS - 1)

/* What training takes a byte of the sample at most, in bytes: the sample itself and its segments where all
 * are different (text, index, hash); then, without the sample, three whole numbers a byte for the suffixes,
 * or a place and its pairs for byte-pair merges. */
static const size_t memory_a_byte[HNY_KINDS] = {[HNY_TOKENIZER_UNIGRAM] = 24, [HNY_TOKENIZER_BPE] = 48};
#define SAMPLE_LIMIT ((size_t)1 << 30) /* offsets in the segments' text are 31 bits */

void hny_tokenizer_defaults(struct hny_tokenizer_options *options) {
    *options = (struct hny_tokenizer_options){
        .kind = HNY_TOKENIZER_UNIGRAM,
        .form = HNY_NORMAL_NFC,
        .vocabulary = DEFAULT_VOCABULARY,
        .coverage = DEFAULT_COVERAGE,
        .longest_piece = DEFAULT_LONGEST,
        .line_limit = DEFAULT_LINES,
        .memory_bytes = DEFAULT_MEMORY,
    };
}

static hny_status check_options(const struct hny_tokenizer_options *options, size_t count) {
    if (count == 0) return hny_fail(HNY_ERROR_USAGE, "no text to train the tokenizer on");
    if ((size_t)options->kind >= HNY_KINDS || (size_t)options->form >= HNY_FORMS)
        return hny_fail(HNY_ERROR_USAGE, "tokenizer of kind %d and normal form %d: no such kind or form",
                        (int)options->kind, (int)options->form);
    size_t least = HNY_ID_PIECES + options->symbol_count + 1;
    if (options->vocabulary < least || options->vocabulary > HNY_VOCABULARY_LIMIT)
        return hny_fail(HNY_ERROR_USAGE, "vocabulary %zu: expected %zu to %zu ids", options->vocabulary,
                        least, HNY_VOCABULARY_LIMIT);
    if (!(options->coverage > 0 && options->coverage <= 1))
        return hny_fail(HNY_ERROR_USAGE, "character coverage %g: expected more than 0, at most 1",
                        options->coverage);
    if (options->longest_piece < 1 || options->longest_piece > LONGEST_LIMIT)
        return hny_fail(HNY_ERROR_USAGE, "longest piece of %zu characters: expected 1 to %d",
                        options->longest_piece, LONGEST_LIMIT);
    if (options->line_limit < 1) return hny_fail(HNY_ERROR_USAGE, "line limit 0: expected 1 or more");
    return HNY_OK;
}

static hny_status check_symbol(const struct hny_normaliser *normaliser, const char *symbol,
                               struct hny_buffer *normal) {
    size_t size = strlen(symbol);
    const char *fault = memchr(symbol, ' ', size) ? "it has a space" : hny_piece_fault(symbol, size);
    if (fault) return hny_fail(HNY_ERROR_USAGE, "symbol \"%s\": %s", symbol, fault);
    hny_buffer_clear(normal);
    HNY_TRY(hny_normaliser_run(normaliser, symbol, size, NULL, normal));
    if (normal->size == size && memcmp(normal->data, symbol, size) == 0) return HNY_OK;
    return hny_fail(HNY_ERROR_USAGE, "symbol \"%s\": its normal form is \"%s\", so no text has it", symbol,
                    normal->data);
}

static hny_status build_symbols(const struct hny_tokenizer_options *options, struct hny_trie_key *keys,
                                struct hny_trie *symbols) {
    for (size_t i = 0; i < options->symbol_count; i++)
        keys[i] = (struct hny_trie_key){options->symbols[i], (uint32_t)strlen(options->symbols[i]),
                                        (uint32_t)i + 1};
    qsort(keys, options->symbol_count, sizeof *keys, hny_trie_key_order);
    for (size_t i = 1; i < options->symbol_count; i++)
        if (hny_trie_key_order(&keys[i - 1], &keys[i]) == 0)
            return hny_fail(HNY_ERROR_USAGE, "symbol \"%s\" is given twice", keys[i].text);
    return hny_trie_build(symbols, keys, options->symbol_count);
}

static hny_status take_symbols(const struct hny_tokenizer_options *options, struct hny_trie *symbols) {
    struct hny_normaliser *normaliser = NULL;
    struct hny_buffer normal = {0};
    struct hny_trie_key *keys = hny_allocate(options->symbol_count, sizeof *keys);
    hny_status status = keys ? hny_normaliser_create(&normaliser, options->form) : HNY_ERROR_MEMORY;
    for (size_t i = 0; status == HNY_OK && i < options->symbol_count; i++)
        status = check_symbol(normaliser, options->symbols[i], &normal);
    if (status == HNY_OK) status = build_symbols(options, keys, symbols);
    hny_buffer_free(&normal);
    hny_normaliser_destroy(&normaliser);
    free(keys);
    return status;
}

/* The sample's characters and segments; the sample is freed as soon as these are known. */
static hny_status read_texts(const char *const *paths, size_t count,
                             const struct hny_tokenizer_options *options, const struct hny_trie *symbols,
                             struct hny_characters *characters, struct hny_segments *segments) {
    size_t byte_limit = options->memory_bytes / memory_a_byte[options->kind];
    size_t room = options->vocabulary - HNY_ID_PIECES - options->symbol_count;
    struct hny_sample sample = {0};
    HNY_TRY(hny_sample_read(&sample, paths, count, options,
                            byte_limit < SAMPLE_LIMIT ? byte_limit : SAMPLE_LIMIT));
    hny_status status = hny_characters_count(characters, &sample, symbols, options, room);
    if (status == HNY_OK) status = hny_segments_count(segments, &sample, symbols, characters, options);
    hny_sample_free(&sample);
    return status;
}

static hny_status write_file(const struct hny_tokenizer_options *options, const struct hny_learning *learning,
                             struct hny_buffer *file) {
    struct hny_vocabulary vocabulary = {
        .kind = options->kind, .form = options->form, .symbol_count = options->symbol_count};
    size_t before = file->size;
    vocabulary.count = options->symbol_count + learning->count;
    vocabulary.pieces = hny_allocate(vocabulary.count, sizeof *vocabulary.pieces);
    if (!vocabulary.pieces) return HNY_ERROR_MEMORY;
    for (size_t i = 0; i < options->symbol_count; i++)
        vocabulary.pieces[i] =
            (struct hny_piece){.text = options->symbols[i], .size = (uint32_t)strlen(options->symbols[i])};
    memcpy(vocabulary.pieces + options->symbol_count, learning->pieces,
           learning->count * sizeof *learning->pieces);
    hny_status status = hny_vocabulary_write(&vocabulary, file);
    if (status != HNY_OK && file->data) file->data[file->size = before] = '\0';
    hny_vocabulary_free(&vocabulary);
    return status;
}

static hny_status learn(struct hny_learning *learning, struct hny_buffer *file) {
    const struct hny_tokenizer_options *options = learning->options;
    learning->target = options->vocabulary - HNY_ID_PIECES - options->symbol_count;
    learning->pieces = hny_allocate(learning->target, sizeof *learning->pieces);
    if (!learning->pieces) return HNY_ERROR_MEMORY;
    HNY_TRY(options->kind == HNY_TOKENIZER_BPE ? hny_learn_bpe(learning) : hny_learn_unigram(learning));
    hny_progress_end();
    if (learning->count < learning->target)
        hny_progress_note("tokenizer: the text supports %zu ids, fewer than the %zu asked for",
                          HNY_ID_PIECES + options->symbol_count + learning->count, options->vocabulary);
    return write_file(options, learning, file);
}

hny_status hny_tokenizer_train(const char *const *paths, size_t count,
                               const struct hny_tokenizer_options *options, struct hny_threads *threads,
                               struct hny_buffer *file) {
    struct hny_trie symbols = {0};
    struct hny_characters characters = {0};
    struct hny_segments segments = {0};
    HNY_TRY(check_options(options, count));
    hny_status status = take_symbols(options, &symbols);
    if (status == HNY_OK) status = read_texts(paths, count, options, &symbols, &characters, &segments);
    if (status == HNY_OK) {
        struct hny_learning learning = {
            .segments = &segments, .characters = &characters, .options = options, .threads = threads};
        status = learn(&learning, file);
        free(learning.pieces);
        free(learning.texts);
    }
    hny_segments_free(&segments);
    hny_characters_free(&characters);
    hny_trie_free(&symbols);
    return status;
}
