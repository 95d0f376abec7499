#include "tests/tokenizer/helpers.h"

#include "base/utf8.h"
#include "tokenizer/vocabulary.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

const char sample_text[] = "Two young men are outside near many bushes.\n"
                           "Several men in hard hats are operating a giant pulley system.\n"
                           "A little girl is climbing into a wooden playhouse.\n"
                           "A man in a blue shirt is standing on a ladder cleaning a window.\n"
                           "Two men are at the stove preparing food. Two men are near the window.\n"
                           "Zwei junge weiße Männer sind im Freien in der Nähe vieler Büsche.\n"
                           "Mehrere Männer mit Schutzhelmen bedienen ein Antriebsradsystem.\n"
                           "Ein kleines Mädchen klettert in ein Spielhaus aus Holz.\n"
                           "Ein Mann in einem blauen Hemd steht auf einer Leiter und putzt ein Fenster.\n"
                           "Zwei Männer stehen am Herd und bereiten Essen zu. Es ist 12:30 Uhr.\n"
                           "誰が一番に着くか私には分かりません。\n"
                           "多くの動物が人間によって滅ぼされた。\n"
                           "私はテニス部員です。何時ですか？　１２時です！\n"
                           "私には分かりません。私は人間です。\n";

struct hny_tokenizer *tokenizer_of(enum hny_tokenizer_kind kind, const struct piece *pieces, size_t symbols) {
    struct hny_vocabulary vocabulary = {.kind = kind, .form = HNY_NORMAL_NFC, .symbol_count = symbols};
    struct hny_piece list[128];
    struct hny_buffer file = {0};
    struct hny_tokenizer *tokenizer = NULL;
    for (; pieces->text; pieces++)
        list[vocabulary.count++] =
            (struct hny_piece){pieces->text, (uint32_t)strlen(pieces->text), pieces->score};
    vocabulary.pieces = list;
    cr_assert_eq(hny_vocabulary_write(&vocabulary, &file), HNY_OK);
    cr_assert_eq(hny_tokenizer_parse(&tokenizer, "made", file.data, file.size), HNY_OK, "%s", hny_message());
    hny_buffer_free(&file);
    return tokenizer;
}

/* The path of a file in memory that holds TEXT; *FILE is the caller's to close. */
static void put_text(const char *text, int *file, char path[32]) {
    *file = memfd_create("text", MFD_CLOEXEC);
    cr_assert(*file >= 0);
    cr_assert_eq(write(*file, text, strlen(text)), (ssize_t)strlen(text));
    snprintf(path, 32, "/proc/self/fd/%d", *file);
}

hny_status train_on(const char *const *texts, const struct hny_tokenizer_options *options, size_t threads,
                    struct hny_buffer *file) {
    enum { TEXTS = 8 };
    const char *paths[TEXTS];
    char names[TEXTS][32];
    int files[TEXTS];
    size_t count = 0;
    for (; texts[count]; count++) {
        put_text(texts[count], &files[count], names[count]);
        paths[count] = names[count];
    }
    struct hny_threads *team = NULL;
    cr_assert_eq(hny_threads_create(&team, threads), HNY_OK);
    hny_status status = hny_tokenizer_train(paths, count, options, team, file);
    hny_threads_destroy(&team);
    for (size_t i = 0; i < count; i++) close(files[i]);
    return status;
}

struct hny_tokenizer *trained_on(const char *const *texts, const struct hny_tokenizer_options *options) {
    struct hny_buffer file = {0};
    struct hny_tokenizer *tokenizer = NULL;
    cr_assert_eq(train_on(texts, options, 1, &file), HNY_OK, "%s", hny_message());
    cr_assert_eq(hny_tokenizer_parse(&tokenizer, "trained", file.data, file.size), HNY_OK, "%s",
                 hny_message());
    hny_buffer_free(&file);
    return tokenizer;
}

const char *pieces_with(struct hny_encoding *encoding, const struct hny_tokenizer *tokenizer,
                        const char *text, const struct hny_sampling *sampling) {
    static char out[4096];
    struct hny_ids ids = {0};
    size_t size = 0;
    cr_assert_eq(hny_tokenizer_encode(encoding, text, strlen(text), sampling, &ids), HNY_OK, "%s",
                 hny_message());
    out[0] = '\0';
    for (size_t i = 0; i < ids.count; i++)
        size += (size_t)snprintf(out + size, sizeof out - size, "%s%s", i ? " " : "",
                                 hny_tokenizer_piece(tokenizer, ids.ids[i]));
    hny_ids_free(&ids);
    return out;
}

const char *pieces_of(const struct hny_tokenizer *tokenizer, const char *text,
                      const struct hny_sampling *sampling) {
    struct hny_encoding *encoding = NULL;
    cr_assert_eq(hny_encoding_create(&encoding, tokenizer), HNY_OK);
    const char *pieces = pieces_with(encoding, tokenizer, text, sampling);
    hny_encoding_destroy(&encoding);
    return pieces;
}

static void assert_clean(const char *text, size_t size) {
    cr_assert(hny_utf8_valid(text, size));
    for (size_t i = 0; i < size; i++) cr_assert((unsigned char)text[i] >= ' ' && text[i] != 0x7F);
}

void assert_round_trip(const struct hny_tokenizer *tokenizer, struct hny_encoding *encoding, const char *text,
                       size_t size, const struct hny_sampling *sampling) {
    struct hny_buffer normal = {0}, again = {0}, decoded = {0};
    struct hny_ids ids = {0};
    cr_assert_eq(hny_tokenizer_normalise(tokenizer, text, size, &normal), HNY_OK);
    cr_assert_eq(hny_tokenizer_normalise(tokenizer, normal.data, normal.size, &again), HNY_OK);
    cr_assert_eq(hny_tokenizer_encode(encoding, text, size, sampling, &ids), HNY_OK, "%s", hny_message());
    cr_assert_eq(hny_tokenizer_decode(tokenizer, ids.ids, ids.count, &decoded), HNY_OK, "%s", hny_message());
    assert_clean(normal.data, normal.size);
    cr_assert(again.size == normal.size && memcmp(again.data, normal.data, normal.size) == 0,
              "the normal form of \"%s\" is \"%s\"", normal.data, again.data);
    cr_assert(decoded.size == normal.size &&
                  (normal.size == 0 || memcmp(decoded.data, normal.data, normal.size) == 0),
              "\"%s\" is decoded as \"%s\"", normal.data, decoded.data);
    for (size_t i = 0; i < ids.count; i++) cr_assert(ids.ids[i] >= HNY_ID_BYTES);
    hny_buffer_free(&normal);
    hny_buffer_free(&again);
    hny_buffer_free(&decoded);
    hny_ids_free(&ids);
}

uint32_t next_random(uint64_t *state, uint32_t limit) {
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33) % limit;
}
