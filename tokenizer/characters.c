/* Which characters of a text get a piece. */
#include "base/memory.h"
#include "base/utf8.h"
#include "tokenizer/segments.h"

#include <stdlib.h>

#define CODE_LIMIT ((size_t)0x110000)
#define BOUNDARY_MARK 0x2581u /* ▁ stands for a space in a vocabulary, so it is spelled in bytes itself */

void hny_characters_free(struct hny_characters *characters) {
    free(characters->list);
    free(characters->covered);
    *characters = (struct hny_characters){0};
}

static int order_counted(const void *left, const void *right) {
    const struct hny_counted *a = left, *b = right;
    if (a->times != b->times) return a->times < b->times ? 1 : -1;
    return (a->code > b->code) - (a->code < b->code);
}

static uint64_t count_codes(const struct hny_sample *sample, const struct hny_trie *symbols,
                            uint64_t *times) {
    const char *text = sample->text.data;
    uint64_t total = 0;
    for (size_t at = 0; at < sample->text.size;) {
        uint32_t code = 0, value = 0;
        size_t symbol = hny_trie_longest(symbols, text + at, sample->text.size - at, &value);
        at += symbol ? symbol : (size_t)hny_utf8_decode(text + at, sample->text.size - at, &code);
        if (symbol || code == HNY_SEGMENT_END || code == BOUNDARY_MARK) continue;
        times[code]++;
        total++;
    }
    return total;
}

static hny_status choose(struct hny_characters *characters, const uint64_t *times, uint64_t total,
                         double coverage, size_t limit) {
    size_t different = 0;
    for (size_t code = 0; code < CODE_LIMIT; code++) different += times[code] > 0;
    characters->list = hny_allocate(different + 1, sizeof *characters->list);
    characters->covered = hny_allocate(CODE_LIMIT, sizeof *characters->covered);
    if (!characters->list || !characters->covered) return HNY_ERROR_MEMORY;
    size_t listed = 0;
    for (uint32_t code = 0; code < CODE_LIMIT; code++)
        if (times[code] > 0 || code == ' ')
            characters->list[listed++] = (struct hny_counted){code, times[code]};
    qsort(characters->list, listed, sizeof *characters->list, order_counted);
    uint64_t reached = 0;
    size_t kept = 0;
    for (size_t i = 0; i < listed; i++) {
        struct hny_counted *counted = &characters->list[i];
        bool wanted = (double)reached < coverage * (double)total && kept + !characters->covered[' '] < limit;
        reached += counted->times;
        if (!wanted && counted->code != ' ') continue;
        characters->covered[counted->code] = true;
        characters->list[kept++] = *counted;
    }
    characters->count = kept;
    return HNY_OK;
}

hny_status hny_characters_count(struct hny_characters *characters, const struct hny_sample *sample,
                                const struct hny_trie *symbols, const struct hny_tokenizer_options *options,
                                size_t limit) {
    *characters = (struct hny_characters){0};
    uint64_t *times = hny_allocate(CODE_LIMIT, sizeof *times);
    if (!times) return HNY_ERROR_MEMORY;
    uint64_t total = count_codes(sample, symbols, times);
    hny_status status = choose(characters, times, total, options->coverage, limit);
    free(times);
    if (status != HNY_OK) hny_characters_free(characters);
    return status;
}
