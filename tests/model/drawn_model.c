#include "drawn_model.h"

#include "../base/scratch.h"
#include "tokenizer/trainer.h"
#include <criterion/criterion.h>

static const char *const words[] = {
    "the",      "house", "of",       "a",    "quiet", "river", "stands", "near",  "where", "children",
    "play",     "and",   "old",      "is",   "very",  "small", "green",  "Tokyo", "runs",  "over",
    "mountain", "train", "朝の",     "電車", "は",    "静か",  "な",     "川を",  "渡る",  "。",
    "、",       "東京",  "子供たち", "ğ",    "🙂",  "—",     "Ω",      "ẽ"};
enum { WORDS = sizeof words / sizeof *words };

const char *drawn_line(uint64_t number) {
    static char line[2048];
    struct hny_random stream = hny_random_stream(number, HNY_RANDOM_CORPUS, 0, 0);
    size_t count = 1 + hny_random_word(&stream, 0) % 12, size = 0;
    for (size_t i = 0; i < count; i++)
        size += (size_t)snprintf(line + size, sizeof line - size, i ? " %s" : "%s",
                                 words[hny_random_word(&stream, i + 1) % WORDS]);
    return line;
}

struct hny_tokenizer *drawn_tokenizer(void) {
    struct hny_buffer text = {0}, file = {0};
    struct hny_tokenizer_options options;
    struct hny_tokenizer *tokenizer = NULL;
    struct hny_threads *threads = NULL;
    for (uint64_t i = 0; i < 200; i++)
        cr_assert_eq(hny_buffer_print(&text, "%s\n", drawn_line(1000 + i)), HNY_OK);
    const char *path = scratch_put("text", text.data, text.size);
    hny_tokenizer_defaults(&options);
    options.vocabulary = 330;
    options.coverage = 0.97; /* some characters are left to the bytes */
    cr_assert_eq(hny_threads_create(&threads, 1), HNY_OK);
    cr_assert_eq(hny_tokenizer_train(&path, 1, &options, threads, &file), HNY_OK, "%s", hny_message());
    cr_assert_eq(hny_tokenizer_parse(&tokenizer, "drawn", file.data, file.size), HNY_OK, "%s", hny_message());
    hny_threads_destroy(&threads);
    hny_buffer_free(&text);
    hny_buffer_free(&file);
    return tokenizer;
}

struct hny_model *drawn_model(uint64_t seed, bool bare) {
    struct hny_tokenizer *tokenizer = bare ? NULL : drawn_tokenizer();
    size_t vocabulary = bare ? 300 : hny_tokenizer_size(tokenizer);
    struct hny_config config;
    struct hny_model *model = NULL;
    hny_config_defaults(&config);
    config.encoder_layers = config.decoder_layers = 2;
    config.hidden = config.embedding = 16;
    config.heads = 2;
    config.max_length = 40;
    cr_assert_eq(hny_model_create(&model, &config, vocabulary, vocabulary), HNY_OK, "%s", hny_message());
    model->source_tokenizer = model->target_tokenizer = tokenizer;
    hny_model_initialise(model, seed);
    for (size_t i = 0; i < model->parameters.count; i++) model->parameters.values[i] *= 3;
    cr_assert_eq(hny_parameters_prepare(&model->parameters, HNY_PRECISION_F32, false), HNY_OK);
    cr_assert_eq(hny_parameters_pack(&model->parameters, NULL), HNY_OK);
    return model;
}
