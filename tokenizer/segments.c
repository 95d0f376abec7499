#include "tokenizer/segments.h"

#include "base/memory.h"
#include "base/utf8.h"
#include <stdlib.h>
#include <string.h>
#include <unicode/uscript.h>
#include <utf8proc.h>

#define EMPTY UINT32_MAX
#define LEAST_SLOTS ((size_t)1024)

/* What a character is to segmentation, by code point, filled in as characters are met; 0 not yet. */
enum { KIND_UNKNOWN = 0, KIND_MARK, KIND_SPACE, KIND_DIGIT, KIND_SCRIPT };

struct cutter {
    struct hny_segments *segments;
    const struct hny_trie *symbols;
    const struct hny_characters *characters;
    bool split_digits;
    uint32_t *slots; /* open addressing: indices of segments, or EMPTY */
    size_t slot_count;
    uint16_t *kinds; /* [0x110000] */
};

/* Marks belong to what they stand on. Han, the two kanas and their long-vowel marks are written in one word.
 * Digits of all scripts are one kind, and everything that belongs to no script another. */
static uint16_t find_kind(uint32_t code) {
    if (code == ' ') return KIND_SPACE;
    if (utf8proc_category((utf8proc_int32_t)code) == UTF8PROC_CATEGORY_ND) return KIND_DIGIT;
    if (code == 0x30FC || code == 0xFF70) return KIND_SCRIPT + USCRIPT_HAN;
    UErrorCode error = U_ZERO_ERROR;
    UScriptCode script = uscript_getScript((UChar32)code, &error);
    if (U_FAILURE(error) || script < 0) script = USCRIPT_COMMON;
    if (script == USCRIPT_INHERITED) return KIND_MARK;
    if (script == USCRIPT_HIRAGANA || script == USCRIPT_KATAKANA) script = USCRIPT_HAN;
    return (uint16_t)(KIND_SCRIPT + script);
}

static uint64_t hash_of(const char *text, size_t size) {
    uint64_t hash = size, part = 0;
    for (; size >= 8; text += 8, size -= 8) {
        memcpy(&part, text, 8);
        hash = (hash ^ part) * 0x9E3779B97F4A7C15u;
        hash ^= hash >> 32;
    }
    part = 0;
    memcpy(&part, text, size);
    hash = (hash ^ part) * 0x9E3779B97F4A7C15u;
    return hash ^ hash >> 32;
}

static hny_status grow_slots(struct cutter *cutter) {
    size_t count = cutter->slot_count ? 2 * cutter->slot_count : LEAST_SLOTS;
    uint32_t *slots = hny_allocate(count, sizeof *slots);
    if (!slots) return HNY_ERROR_MEMORY;
    memset(slots, 0xFF, count * sizeof *slots);
    for (uint32_t i = 0; i < cutter->segments->count; i++) {
        const struct hny_segment *segment = &cutter->segments->segments[i];
        size_t slot = hash_of(cutter->segments->texts + segment->start, segment->size) & (count - 1);
        while (slots[slot] != EMPTY) slot = (slot + 1) & (count - 1);
        slots[slot] = i;
    }
    free(cutter->slots);
    cutter->slots = slots;
    cutter->slot_count = count;
    return HNY_OK;
}

static hny_status add_segment(struct cutter *cutter, const char *text, size_t size, uint32_t *slot) {
    struct hny_segments *segments = cutter->segments;
    size_t needed = segments->size + size + 1;
    if (needed > INT32_MAX || segments->count + 1 >= EMPTY)
        return hny_fail(HNY_ERROR_MEMORY, "the sample has more than 2 GiB of different words");
    if (hny_grow(&segments->texts, &segments->capacity, needed, 1) != 0 ||
        hny_grow(&segments->segments, &segments->segment_capacity, segments->count + 1,
                 sizeof *segments->segments) != 0)
        return HNY_ERROR_MEMORY;
    *slot = (uint32_t)segments->count;
    segments->segments[segments->count++] =
        (struct hny_segment){.times = 1, .start = (uint32_t)segments->size, .size = (uint32_t)size};
    memcpy(segments->texts + segments->size, text, size);
    segments->texts[segments->size + size] = HNY_SEGMENT_END;
    segments->size = needed;
    return HNY_OK;
}

static hny_status count_segment(struct cutter *cutter, const char *text, size_t size) {
    struct hny_segments *segments = cutter->segments;
    if (size == 0) return HNY_OK;
    if (segments->count >= cutter->slot_count / 2) HNY_TRY(grow_slots(cutter));
    size_t slot = hash_of(text, size) & (cutter->slot_count - 1);
    for (; cutter->slots[slot] != EMPTY; slot = (slot + 1) & (cutter->slot_count - 1)) {
        struct hny_segment *known = &segments->segments[cutter->slots[slot]];
        if (known->size != size || memcmp(segments->texts + known->start, text, size) != 0) continue;
        known->times++;
        return HNY_OK;
    }
    return add_segment(cutter, text, size, &cutter->slots[slot]);
}

/* Whether a segment ends between a character of kind BEFORE and one of kind AFTER. */
static bool parts(const struct cutter *cutter, uint16_t before, uint16_t after) {
    if (after == KIND_SPACE) return true;
    if (cutter->split_digits && (before == KIND_DIGIT || after == KIND_DIGIT)) return true;
    return before != KIND_SPACE && after != KIND_MARK && before != after;
}

static hny_status cut(struct cutter *cutter, const char *text, size_t size) {
    size_t begin = 0, characters = 0;
    uint16_t before = KIND_SPACE;
    for (size_t at = 0; at < size;) {
        uint32_t code = 0, value = 0;
        size_t bytes = hny_trie_longest(cutter->symbols, text + at, size - at, &value);
        bool symbol = bytes > 0;
        if (!symbol) bytes = (size_t)hny_utf8_decode(text + at, size - at, &code);
        bool hole = symbol || !cutter->characters->covered[code];
        if (!hole && cutter->kinds[code] == KIND_UNKNOWN) cutter->kinds[code] = find_kind(code);
        uint16_t kind = hole ? KIND_UNKNOWN : cutter->kinds[code];
        if (at > begin && (hole || characters == HNY_SEGMENT_CHARACTERS || parts(cutter, before, kind))) {
            HNY_TRY(count_segment(cutter, text + begin, at - begin));
            begin = at;
            characters = 0;
        }
        at += bytes;
        characters++;
        if (hole) {
            begin = at;
            characters = 0;
            kind = KIND_SPACE; /* what follows begins anew */
        }
        if (kind != KIND_MARK || characters == 1) before = kind;
    }
    return count_segment(cutter, text + begin, size - begin);
}

hny_status hny_segments_count(struct hny_segments *segments, const struct hny_sample *sample,
                              const struct hny_trie *symbols, const struct hny_characters *characters,
                              const struct hny_tokenizer_options *options) {
    *segments = (struct hny_segments){0};
    struct cutter cutter = {.segments = segments,
                            .symbols = symbols,
                            .characters = characters,
                            .split_digits = options->split_digits,
                            .kinds = hny_allocate(0x110000, sizeof *cutter.kinds)};
    hny_status status = cutter.kinds ? HNY_OK : HNY_ERROR_MEMORY;
    const char *at = sample->text.data, *end = at + sample->text.size;
    while (status == HNY_OK && at < end) {
        const char *line_end = memchr(at, HNY_SEGMENT_END, (size_t)(end - at));
        status = cut(&cutter, at, (size_t)(line_end - at));
        at = line_end + 1;
    }
    free(cutter.kinds);
    free(cutter.slots);
    if (status != HNY_OK) hny_segments_free(segments);
    return status;
}

void hny_segments_free(struct hny_segments *segments) {
    free(segments->texts);
    free(segments->segments);
    *segments = (struct hny_segments){0};
}
