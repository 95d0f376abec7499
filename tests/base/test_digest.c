#include "base/digest.h"

#include "tests/base/scratch.h"
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

TestSuite(digest, .init = scratch_open, .fini = scratch_close);

/* The examples published with FIPS 180-4. */
#define OF_NOTHING "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define OF_ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define OF_MILLION_A "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"

Test(digest, known_texts_have_their_known_digests) {
    char text[HNY_DIGEST_TEXT];
    cr_assert_eq(hny_digest_bytes("", 0, text), HNY_OK);
    cr_assert_str_eq(text, OF_NOTHING);
    cr_assert_eq(hny_digest_bytes("abc", 3, text), HNY_OK);
    cr_assert_str_eq(text, OF_ABC);
}

Test(digest, pieces_give_the_digest_of_the_whole) {
    struct hny_digest *digest = NULL;
    char text[HNY_DIGEST_TEXT];
    cr_assert_eq(hny_digest_open(&digest), HNY_OK);
    for (int i = 0; i < 100000; i++) cr_assert_eq(hny_digest_add(digest, "aaaaaaaaaa", 10), HNY_OK);
    cr_assert_eq(hny_digest_close(&digest, text), HNY_OK);
    cr_assert_null(digest);
    cr_assert_str_eq(text, OF_MILLION_A);
}

Test(digest, a_file_has_the_digest_of_its_bytes) {
    char text[HNY_DIGEST_TEXT], *data = malloc(1000000);
    memset(data, 'a', 1000000);
    cr_assert_eq(hny_digest_file(scratch_put("a", data, 1000000), text), HNY_OK);
    cr_assert_str_eq(text, OF_MILLION_A);
    free(data);
    cr_assert_eq(hny_digest_file(scratch_path("missing"), text), HNY_ERROR_IO);
    cr_assert_eq(hny_digest_file(scratch_path("."), text), HNY_ERROR_IO);
}

Test(digest, one_can_be_given_up) {
    struct hny_digest *digest = NULL;
    cr_assert_eq(hny_digest_open(&digest), HNY_OK);
    cr_assert_eq(hny_digest_close(&digest, NULL), HNY_OK);
    cr_assert_eq(hny_digest_close(&digest, NULL), HNY_OK);
}

Test(digest, what_is_written_as_one_is_told_from_other_text) {
    char text[HNY_DIGEST_TEXT + 8] = OF_MILLION_A ".rest";
    cr_assert(hny_digest_at(OF_MILLION_A));
    cr_assert(hny_digest_at(text));
    for (size_t i = 0; i < HNY_DIGEST_TEXT - 1; i++) {
        const char kept = text[i], others[] = {'\0', 'g', 'A', '/', ' '};
        for (size_t other = 0; other < sizeof others; other++) {
            text[i] = others[other];
            cr_assert_not(hny_digest_at(text), "digit %zu is '%c'", i, others[other]);
        }
        text[i] = kept;
    }
    cr_assert_not(hny_digest_at(""));
}
