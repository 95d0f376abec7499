/* The reader of shortlists on any bytes: what it takes is written back the same, and every sentence's
 * candidates rise, are of the vocabulary and hold the end. Reader: decoder/shortlist.c */
#include "tests/fuzz/fuzz.h"

#include "decoder/shortlist.h"
#include <string.h>

enum { END = 3, SENTENCE = 8, LARGEST = 1 << 20 };

static void check_sentence(const struct hny_shortlist *shortlist, struct hny_shortlist_reader *reader,
                           size_t from) {
    int32_t ids[SENTENCE];
    const int32_t *found;
    size_t count;
    bool ends = false;
    for (size_t i = 0; i < SENTENCE; i++) ids[i] = (int32_t)((from + i * i) % shortlist->source);
    hny_shortlist_candidates(reader, ids, SENTENCE, &found, &count);
    FUZZ_CHECK(count <= shortlist->target / 2 && count <= HNY_SHORTLIST_MOST);
    for (size_t i = 0; i < count; i++) {
        FUZZ_CHECK(found[i] >= 0 && (size_t)found[i] < shortlist->target);
        FUZZ_CHECK(i == 0 || found[i] > found[i - 1]);
        ends = ends || found[i] == END;
    }
    FUZZ_CHECK(ends || count == 0);
}

static void check_sentences(const struct hny_shortlist *shortlist) {
    struct hny_shortlist_reader *reader = NULL;
    int16_t *bytes = malloc(shortlist->target * sizeof *bytes);
    FUZZ_CHECK(bytes);
    for (size_t i = 0; i < shortlist->target; i++) bytes[i] = (int16_t)(i >= 4 && i < 260 ? i - 4 : -1);
    FUZZ_CHECK(hny_shortlist_reader_create(&reader, shortlist, bytes) == HNY_OK);
    for (size_t from = 0; from < 16; from++) check_sentence(shortlist, reader, from);
    hny_shortlist_reader_destroy(&reader);
    free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct hny_shortlist *shortlist = NULL;
    struct hny_buffer again = {0};
    hny_status status = hny_shortlist_parse(&shortlist, "input", data, size);
    FUZZ_CHECK(status == HNY_OK || (!shortlist && *hny_message()));
    if (status != HNY_OK) return 0;
    FUZZ_CHECK(hny_shortlist_print(shortlist, &again) == HNY_OK);
    FUZZ_CHECK(again.size == size && memcmp(again.data, data, size) == 0);
    if (shortlist->target < LARGEST) check_sentences(shortlist);
    hny_buffer_free(&again);
    hny_shortlist_destroy(&shortlist);
    return 0;
}
