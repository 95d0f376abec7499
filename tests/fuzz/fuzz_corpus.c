/* The corpus: two texts on any bytes, indexed, opened again, and read pair by pair and in batches. The first
 * byte chooses the options (see OPTION_…), the second the longest line; the texts are divided by the first
 * byte 0xFE. */
/* Reader: model/corpus.c */
/* Reader: model/indexing.c */
/* Reader: model/index.c */
/* Reader: model/line_ids.c */
/* Reader: model/batches.c */
#include "tests/fuzz/fuzz.h"

#include "base/progress.h"
#include "model/batches.h"
#include "tokenizer/trainer.h"
#include <string.h>
#include <unistd.h>

enum {
    OPTION_IDS = 1,        /* lines are ids, else text */
    OPTION_THREADS = 2,    /* two of them */
    OPTION_RATIO = 4,      /* filter by ratio */
    OPTION_SAMPLING = 8,   /* draw segmentations */
    OPTION_SENTENCES = 16, /* batches by sentences */
    OPTION_CHANGE = 32,    /* change a text while the corpus is open */
    OPTION_OTHER = 64,     /* open the index again with other options */
    OPTION_DAMAGE =
        128, /* open it again with the source text as its description, or with another byte in it */
};

#define DIVIDER 0xFE
#define VOCABULARY 400
#define EPOCHS 2

static char folder[64], paths[HNY_SIDES][96], index_folder[96];
static struct hny_tokenizer *tokenizer;
static struct hny_threads *threads;

static void put(const char *path, const uint8_t *data, size_t size) {
    FILE *file = fopen(path, "wb");
    FUZZ_CHECK(file && (size == 0 || fwrite(data, 1, size, file) == size) && fclose(file) == 0);
}

static void end(void) {
    hny_tokenizer_close(&tokenizer);
    hny_threads_destroy(&threads);
    hny_directory_remove(folder);
}

int LLVMFuzzerInitialize(int *count, char ***arguments);

/* Once: a folder, in memory where there is such a place, and a small tokenizer. */
int LLVMFuzzerInitialize(int *count, char ***arguments) {
    (void)count;
    (void)arguments;
    static const char text[] =
        "a small text of words, some small, some of no use\nand words of a text again\n";
    struct hny_tokenizer_options options;
    struct hny_buffer file = {0};
    snprintf(folder, sizeof folder, "%s/honyaku-fuzz-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    FUZZ_CHECK(mkdtemp(folder));
    for (enum hny_side side = 0; side < HNY_SIDES; side++)
        snprintf(paths[side], sizeof paths[side], "%s/%s", folder, hny_side_names[side]);
    snprintf(index_folder, sizeof index_folder, "%s/data", folder);
    put(paths[HNY_SOURCE], (const uint8_t *)text, sizeof text - 1);
    hny_progress_quiet(true);
    FUZZ_CHECK(hny_threads_create(&threads, 2) == HNY_OK);
    hny_tokenizer_defaults(&options);
    options.vocabulary = HNY_ID_PIECES + 30;
    const char *text_path = paths[HNY_SOURCE];
    FUZZ_CHECK(hny_tokenizer_train(&text_path, 1, &options, threads, &file) == HNY_OK);
    FUZZ_CHECK(hny_tokenizer_parse(&tokenizer, "small", file.data, file.size) == HNY_OK);
    hny_buffer_free(&file);
    atexit(end);
    return 0;
}

static void check_pairs(const struct hny_corpus *corpus) {
    const struct hny_index_about *about = hny_corpus_about(corpus);
    struct hny_corpus_reader *reader = NULL;
    struct hny_ids ids = {0};
    uint64_t dropped = 0;
    for (size_t i = 0; i < HNY_DROPS; i++) dropped += about->dropped[i];
    FUZZ_CHECK(dropped + about->pairs == about->lines && about->pairs >= 1);
    FUZZ_CHECK(hny_corpus_reader_create(&reader, corpus) == HNY_OK);
    for (size_t pair = 0; pair < hny_corpus_pairs(corpus); pair++)
        for (enum hny_side side = 0; side < HNY_SIDES; side++) {
            ids.count = 0;
            FUZZ_CHECK(hny_corpus_read(reader, pair, side, NULL, &ids) == HNY_OK);
            FUZZ_CHECK(ids.count >= 1 && ids.count <= hny_corpus_longest(corpus, side, false));
        }
    hny_ids_free(&ids);
    hny_corpus_reader_destroy(&reader);
}

static void check_batches(const struct hny_corpus *corpus, uint8_t options) {
    struct hny_batches_options by = {.seed = options, .tokens = 20, .sampling = {.temperature = 0.5}};
    struct hny_batches *batches = NULL;
    struct hny_batch batch = {0};
    struct hny_batch_bounds bounds;
    if (!(options & OPTION_SAMPLING)) by.sampling.temperature = 0;
    if (options & OPTION_SENTENCES) by = (struct hny_batches_options){.sentences = 3};
    FUZZ_CHECK(hny_batches_create(&batches, corpus, &by, options & OPTION_THREADS ? threads : NULL) ==
               HNY_OK);
    hny_batches_bounds(batches, &bounds);
    uint64_t pairs = 0;
    while (batch.after.epoch < EPOCHS) {
        FUZZ_CHECK(hny_batches_next(batches, &batch) == HNY_OK);
        FUZZ_CHECK(batch.pairs >= 1 && batch.pairs <= bounds.pairs);
        for (enum hny_side side = 0; side < HNY_SIDES; side++)
            FUZZ_CHECK(batch.side[side].rows + batch.pairs <= bounds.rows[side]);
        pairs += batch.pairs;
    }
    FUZZ_CHECK(pairs == EPOCHS * hny_corpus_pairs(corpus));
    FUZZ_CHECK(hny_batches_seek(batches, (struct hny_batch_position){.batch = pairs}) == HNY_OK);
    FUZZ_CHECK(hny_batches_next(batches, &batch) == HNY_ERROR_INPUT);
    FUZZ_CHECK(hny_batches_seek(batches, (struct hny_batch_position){.pool = pairs}) == HNY_ERROR_INPUT);
    hny_batch_free(&batch);
    hny_batches_destroy(&batches);
    by = (struct hny_batches_options){0};
    FUZZ_CHECK(hny_batches_create(&batches, corpus, &by, NULL) == HNY_ERROR_USAGE);
}

/* Every pair of a text that was emptied must be refused, not crash. */
static void check_changed(const struct hny_corpus *corpus) {
    struct hny_corpus_reader *reader = NULL;
    struct hny_ids ids = {0};
    put(paths[HNY_TARGET], NULL, 0);
    FUZZ_CHECK(hny_corpus_reader_create(&reader, corpus) == HNY_OK);
    hny_status status = hny_corpus_read(reader, 0, HNY_TARGET, NULL, &ids);
    bool copied = hny_corpus_about(corpus)->text[HNY_TARGET].packed;
    FUZZ_CHECK(copied ? status == HNY_OK : status == HNY_ERROR_INPUT && hny_corpus_check(corpus) == status);
    hny_ids_free(&ids);
    hny_corpus_reader_destroy(&reader);
}

/* An index whose files were written over opens or is refused; one whose records were is refused. */
static void check_damaged(const struct hny_corpus_options *options, const uint8_t *text, size_t size) {
    struct hny_corpus *corpus = NULL;
    char path[128];
    bool records = size == 0 || text[0] != '{';
    snprintf(path, sizeof path, "%s/fuzz.%s", index_folder, records ? "index" : "json");
    struct hny_buffer content = {0};
    FUZZ_CHECK(hny_file_read(path, 1 << 20, &content) == HNY_OK);
    if (!records)
        put(path, text, size);
    else if (size % 2 == 0)
        put(path, (uint8_t *)content.data, content.size - 1);
    else
        content.data[size % content.size] ^= 1, put(path, (uint8_t *)content.data, content.size);
    hny_buffer_free(&content);
    hny_status status = hny_corpus_open(&corpus, index_folder, "fuzz", options, NULL);
    FUZZ_CHECK((status == HNY_OK) == (corpus != NULL) && !(records && corpus));
    hny_corpus_close(&corpus);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct hny_corpus *corpus = NULL;
    if (size < 2) return 0;
    uint8_t chosen = data[0];
    struct hny_corpus_options options = {.max_length = data[1], .max_ratio = chosen & OPTION_RATIO ? 1.5 : 0};
    for (enum hny_side side = 0; side < HNY_SIDES; side++) {
        options.paths[side] = paths[side];
        options.tokenizers[side] = chosen & OPTION_IDS ? NULL : tokenizer;
        options.digests[side] = "small";
        options.vocabulary[side] = VOCABULARY;
    }
    const uint8_t *divider = memchr(data + 2, DIVIDER, size - 2);
    size_t source_size = divider ? (size_t)(divider - data) - 2 : size - 2;
    put(paths[HNY_SOURCE], data + 2, source_size);
    put(paths[HNY_TARGET], divider ? divider + 1 : data, divider ? size - source_size - 3 : 0);
    FUZZ_CHECK(hny_directory_remove(index_folder) == HNY_OK);
    hny_status status =
        hny_corpus_open(&corpus, index_folder, "fuzz", &options, chosen & OPTION_THREADS ? threads : NULL);
    bool exists = false;
    FUZZ_CHECK(hny_index_exists(index_folder, "fuzz", &exists) == HNY_OK && exists == (status == HNY_OK));
    FUZZ_CHECK(status == HNY_OK || (status == HNY_ERROR_INPUT && !corpus && *hny_message()));
    if (status != HNY_OK) return 0;
    check_pairs(corpus);
    check_batches(corpus, chosen);
    if (chosen & OPTION_CHANGE) check_changed(corpus);
    hny_corpus_close(&corpus);
    if (chosen & OPTION_DAMAGE) {
        check_damaged(&options, data + 2, source_size);
        return 0;
    }
    if (chosen & OPTION_OTHER) options.max_length++;
    status = hny_corpus_open(&corpus, index_folder, "fuzz", &options, NULL);
    FUZZ_CHECK((status == HNY_OK) == !(chosen & (OPTION_OTHER | OPTION_CHANGE)));
    hny_corpus_close(&corpus);
    return 0;
}
