/* The reader of tokenizer files on any bytes, as they are and with the right last line put behind them: what
 * it takes, it writes back byte for byte, and whatever it took encodes and decodes any text exactly. */
/* Reader: tokenizer/vocabulary_read.c */
/* Reader: tokenizer/vocabulary.c */
/* Reader: tokenizer/tokenizer.c */
#include "tests/fuzz/fuzz.h"

#include "base/digest.h"
#include "tokenizer/tokenizer.h"
#include <string.h>

static void check_round_trip(const struct hny_tokenizer *tokenizer, const char *text, size_t size,
                             const struct hny_sampling *sampling) {
    struct hny_encoding *encoding = NULL;
    struct hny_ids ids = {0};
    struct hny_buffer normal = {0}, decoded = {0};
    FUZZ_CHECK(hny_encoding_create(&encoding, tokenizer) == HNY_OK);
    FUZZ_CHECK(hny_tokenizer_encode(encoding, text, size, sampling, &ids) == HNY_OK);
    FUZZ_CHECK(hny_tokenizer_decode(tokenizer, ids.ids, ids.count, &decoded) == HNY_OK);
    FUZZ_CHECK(hny_tokenizer_normalise(tokenizer, text, size, &normal) == HNY_OK);
    FUZZ_CHECK(normal.size == decoded.size);
    FUZZ_CHECK(normal.size == 0 || memcmp(normal.data, decoded.data, normal.size) == 0);
    hny_encoding_destroy(&encoding);
    hny_ids_free(&ids);
    hny_buffer_free(&normal);
    hny_buffer_free(&decoded);
}

static void check_names(const struct hny_tokenizer *tokenizer) {
    FUZZ_CHECK(*hny_tokenizer_kind_name(tokenizer) && *hny_tokenizer_form_name(tokenizer));
    FUZZ_CHECK(hny_tokenizer_find(tokenizer, "") == -1);
    for (int32_t id = -1; id <= (int32_t)hny_tokenizer_size(tokenizer); id++) {
        const char *piece = hny_tokenizer_piece(tokenizer, id);
        FUZZ_CHECK(!piece || hny_tokenizer_find(tokenizer, piece) == id);
        FUZZ_CHECK(piece || hny_tokenizer_byte(tokenizer, id) == -1);
    }
}

/* Parses TEXT, and puts to use what comes of it. */
static void try(const char *text, size_t size) {
    struct hny_tokenizer *tokenizer = NULL;
    struct hny_buffer written = {0};
    const struct hny_sampling sampling = {.temperature = 0.5, .dropout = 0.5};
    if (hny_tokenizer_parse(&tokenizer, "input", text, size) != HNY_OK) {
        FUZZ_CHECK(!tokenizer && *hny_message());
        return;
    }
    FUZZ_CHECK(hny_tokenizer_write(tokenizer, &written) == HNY_OK);
    FUZZ_CHECK(written.size == size && memcmp(written.data, text, size) == 0);
    check_names(tokenizer);
    check_round_trip(tokenizer, text, size, NULL);
    check_round_trip(tokenizer, text, size, &sampling);
    hny_tokenizer_close(&tokenizer);
    hny_buffer_free(&written);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct hny_tokenizer *tokenizer = NULL;
    struct hny_buffer signed_text = {0};
    char digest[HNY_DIGEST_TEXT];
    try((const char *)data, size);
    FUZZ_CHECK(hny_digest_bytes(data, size, digest) == HNY_OK);
    FUZZ_CHECK(hny_buffer_append(&signed_text, data, size) == HNY_OK);
    FUZZ_CHECK(hny_buffer_print(&signed_text, "sha256 %s\n", digest) == HNY_OK);
    try(signed_text.data, signed_text.size);
    if (hny_tokenizer_open(&tokenizer, fuzz_file(data, size)) == HNY_OK) hny_tokenizer_close(&tokenizer);
    hny_buffer_free(&signed_text);
    return 0;
}
