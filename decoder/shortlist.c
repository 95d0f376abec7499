#include "decoder/shortlist.h"

#include "base/memory.h"
#include "tokenizer/tokenizer.h"
#include <stdlib.h>
#include <string.h>

#define MAGIC "honyaku short 1"
enum { MAGIC_BYTES = 16, DIGEST_BYTES = HNY_DIGEST_TEXT - 1, NUMBER_BYTES = 4 };

/* The numbers behind the digests. */
enum { SOURCE, TARGET, OWN, BEST, FREQUENT, ENTRIES, NUMBERS };
#define HEADER_BYTES ((size_t)MAGIC_BYTES + 2 * DIGEST_BYTES + NUMBERS * NUMBER_BYTES)

void hny_shortlist_destroy(struct hny_shortlist **shortlist) {
    struct hny_shortlist *old = *shortlist;
    if (!old) return;
    free(old->frequent);
    free(old->first);
    free(old->targets);
    free(old);
    *shortlist = NULL;
}

/* --- The file ------------------------------------------------------------------------------------------ */

static uint32_t number_at(const unsigned char *bytes, size_t index) {
    const unsigned char *at = bytes + index * NUMBER_BYTES;
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static hny_status append_number(struct hny_buffer *file, uint32_t number) {
    const unsigned char bytes[NUMBER_BYTES] = {(unsigned char)number, (unsigned char)(number >> 8),
                                               (unsigned char)(number >> 16), (unsigned char)(number >> 24)};
    return hny_buffer_append(file, bytes, sizeof bytes);
}

hny_status hny_shortlist_print(const struct hny_shortlist *shortlist, struct hny_buffer *file) {
    const uint32_t numbers[NUMBERS] = {(uint32_t)shortlist->source,
                                       (uint32_t)shortlist->target,
                                       shortlist->own,
                                       (uint32_t)shortlist->best,
                                       (uint32_t)shortlist->frequent_count,
                                       shortlist->first[shortlist->source]};
    HNY_TRY(hny_buffer_append(file, MAGIC, MAGIC_BYTES));
    for (size_t i = 0; i < 2; i++) HNY_TRY(hny_buffer_append(file, shortlist->tokenizers[i], DIGEST_BYTES));
    for (size_t i = 0; i < NUMBERS; i++) HNY_TRY(append_number(file, numbers[i]));
    for (size_t i = 0; i < shortlist->frequent_count; i++)
        HNY_TRY(append_number(file, (uint32_t)shortlist->frequent[i]));
    for (size_t s = 0; s < shortlist->source; s++)
        HNY_TRY(append_number(file, shortlist->first[s + 1] - shortlist->first[s]));
    for (size_t i = 0; i < numbers[ENTRIES]; i++)
        HNY_TRY(append_number(file, (uint32_t)shortlist->targets[i]));
    return HNY_OK;
}

/* What the numbers of a file say must fit together before anything is allocated by them. */
static hny_status check_numbers(const char *name, const uint32_t numbers[NUMBERS], size_t size) {
    uint64_t expected = HEADER_BYTES + NUMBER_BYTES * ((uint64_t)numbers[FREQUENT] + numbers[SOURCE] +
                                                       (uint64_t)numbers[ENTRIES]);
    if (numbers[SOURCE] == 0 || numbers[TARGET] < HNY_ID_BYTES || numbers[SOURCE] > INT32_MAX ||
        numbers[TARGET] > INT32_MAX)
        return hny_fail(HNY_ERROR_INPUT, "%s: vocabularies of %u and %u subwords make no sense", name,
                        numbers[SOURCE], numbers[TARGET]);
    if (numbers[OWN] > 1 || (numbers[OWN] && numbers[SOURCE] != numbers[TARGET]))
        return hny_fail(HNY_ERROR_INPUT,
                        "%s: a sentence's own subwords can be candidates (1, here %u) only of one vocabulary",
                        name, numbers[OWN]);
    if (expected != size)
        return hny_fail(HNY_ERROR_INPUT, "%s: %zu bytes, but its numbers say %llu", name, size,
                        (unsigned long long)expected);
    return HNY_OK;
}

/* Takes COUNT rising ids below the target vocabulary from BYTES on. */
static hny_status take_ids(const char *name, const unsigned char *bytes, size_t from, size_t count,
                           size_t vocabulary, int32_t *ids) {
    for (size_t i = 0; i < count; i++) {
        uint32_t id = number_at(bytes, from + i);
        if (id >= vocabulary || (i > 0 && id <= number_at(bytes, from + i - 1)))
            return hny_fail(HNY_ERROR_INPUT, "%s: expected rising subwords below %zu, not %u", name,
                            vocabulary, id);
        ids[i] = (int32_t)id;
    }
    return HNY_OK;
}

static hny_status take_lists(const char *name, const unsigned char *bytes, uint32_t entries,
                             struct hny_shortlist *made) {
    const unsigned char *lists = bytes + made->source * NUMBER_BYTES;
    uint64_t sum = 0;
    for (size_t s = 0; s < made->source; s++) {
        uint32_t count = number_at(bytes, s);
        if (count > made->best || sum + count > entries)
            return hny_fail(HNY_ERROR_INPUT, "%s: source subword %zu has %u targets: expected at most %zu",
                            name, s, count, made->best);
        HNY_TRY(take_ids(name, lists, (size_t)sum, count, made->target, made->targets + sum));
        sum += count;
        made->first[s + 1] = (uint32_t)sum;
    }
    if (sum == entries) return HNY_OK;
    return hny_fail(HNY_ERROR_INPUT, "%s: its source subwords have %llu targets, not %u", name,
                    (unsigned long long)sum, entries);
}

static hny_status take_digest(const char *name, const unsigned char *bytes, char digest[HNY_DIGEST_TEXT]) {
    memcpy(digest, bytes, DIGEST_BYTES);
    digest[DIGEST_BYTES] = '\0';
    if (hny_digest_at(digest)) return HNY_OK;
    return hny_fail(HNY_ERROR_INPUT, "%s: expected a SHA-256 of 64 hexadecimal digits", name);
}

static hny_status take_all(const char *name, const unsigned char *bytes, size_t size,
                           struct hny_shortlist *made) {
    uint32_t numbers[NUMBERS];
    if (size < HEADER_BYTES || memcmp(bytes, MAGIC, MAGIC_BYTES) != 0)
        return hny_fail(HNY_ERROR_INPUT, "%s: not a shortlist that this program reads", name);
    for (size_t i = 0; i < 2; i++)
        HNY_TRY(take_digest(name, bytes + MAGIC_BYTES + i * DIGEST_BYTES, made->tokenizers[i]));
    for (size_t i = 0; i < NUMBERS; i++)
        numbers[i] = number_at(bytes + MAGIC_BYTES + 2 * (size_t)DIGEST_BYTES, i);
    HNY_TRY(check_numbers(name, numbers, size));
    made->source = numbers[SOURCE];
    made->target = numbers[TARGET];
    made->own = numbers[OWN];
    made->best = numbers[BEST];
    made->frequent_count = numbers[FREQUENT];
    made->frequent = hny_allocate(numbers[FREQUENT], sizeof *made->frequent);
    made->first = hny_allocate(made->source + 1, sizeof *made->first);
    made->targets = hny_allocate(numbers[ENTRIES], sizeof *made->targets);
    if (!made->frequent || !made->first || !made->targets) return HNY_ERROR_MEMORY;
    bytes += HEADER_BYTES;
    HNY_TRY(take_ids(name, bytes, 0, made->frequent_count, made->target, made->frequent));
    return take_lists(name, bytes + made->frequent_count * NUMBER_BYTES, numbers[ENTRIES], made);
}

hny_status hny_shortlist_parse(struct hny_shortlist **shortlist, const char *name, const void *data,
                               size_t size) {
    struct hny_shortlist *made = hny_allocate(1, sizeof *made);
    if (!made) return HNY_ERROR_MEMORY;
    hny_status status = take_all(name, data, size, made);
    if (status != HNY_OK) hny_shortlist_destroy(&made);
    *shortlist = made;
    return status;
}

/* --- A sentence's candidates --------------------------------------------------------------------------- */

struct hny_shortlist_reader {
    const struct hny_shortlist *shortlist;
    const int16_t *bytes;
    bool *marked; /* [target] */
    int32_t *ids; /* [most] */
    size_t most;
};

hny_status hny_shortlist_reader_create(struct hny_shortlist_reader **reader,
                                       const struct hny_shortlist *shortlist, const int16_t *bytes) {
    struct hny_shortlist_reader *made = hny_allocate(1, sizeof *made);
    if (!made) return HNY_ERROR_MEMORY;
    *made = (struct hny_shortlist_reader){.shortlist = shortlist, .bytes = bytes};
    made->most = shortlist->target / 2 < HNY_SHORTLIST_MOST ? shortlist->target / 2 : HNY_SHORTLIST_MOST;
    made->marked = hny_allocate(shortlist->target, sizeof *made->marked);
    made->ids = hny_allocate(made->most, sizeof *made->ids);
    *reader = made;
    if (made->marked && made->ids) return HNY_OK;
    hny_shortlist_reader_destroy(reader);
    return HNY_ERROR_MEMORY;
}

void hny_shortlist_reader_destroy(struct hny_shortlist_reader **reader) {
    if (!*reader) return;
    free((*reader)->marked);
    free((*reader)->ids);
    free(*reader);
    *reader = NULL;
}

static void mark(struct hny_shortlist_reader *reader, const int32_t *ids, size_t count) {
    for (size_t i = 0; i < count; i++) reader->marked[ids[i]] = true;
}

/* No character is begun that cannot be ended (The Unicode Standard, table 3-7). */
static void mark_continuations(struct hny_shortlist_reader *reader) {
    enum { FIRST_CONTINUATION = 0x80, FIRST_LEAD = 0xc2 };
    size_t count = reader->shortlist->target;
    bool begun = false;
    for (size_t id = 0; reader->bytes && id < count && !begun; id++)
        begun = reader->marked[id] && reader->bytes[id] >= FIRST_LEAD;
    for (size_t id = 0; begun && id < count; id++)
        if (reader->bytes[id] >= FIRST_CONTINUATION && reader->bytes[id] < FIRST_LEAD)
            reader->marked[id] = true;
}

void hny_shortlist_candidates(struct hny_shortlist_reader *reader, const int32_t *ids, size_t count,
                              const int32_t **candidates, size_t *candidate_count) {
    static const int32_t always[] = {HNY_ID_UNKNOWN, HNY_ID_END};
    const struct hny_shortlist *shortlist = reader->shortlist;
    memset(reader->marked, 0, shortlist->target * sizeof *reader->marked);
    mark(reader, always, sizeof always / sizeof *always);
    mark(reader, shortlist->frequent, shortlist->frequent_count);
    for (size_t i = 0; i < count; i++) {
        uint32_t first = shortlist->first[ids[i]];
        mark(reader, shortlist->targets + first, shortlist->first[ids[i] + 1] - first);
    }
    if (shortlist->own) mark(reader, ids, count);
    mark_continuations(reader);
    size_t found = 0;
    for (size_t id = 0; id < shortlist->target; id++) {
        if (!reader->marked[id]) continue;
        if (found < reader->most) reader->ids[found] = (int32_t)id;
        found++;
    }
    *candidates = reader->ids;
    *candidate_count = found <= reader->most ? found : 0;
}
