#include "tokenizer/normalise.h"

#include "base/memory.h"
#include "base/utf8.h"
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#define CODE_LIMIT 0x110000u
#define PAGE_CODES 256u
#define PAGES (CODE_LIMIT / PAGE_CODES)
#define DECOMPOSITION_LIMIT 32 /* code points; the longest, of U+FDFA, has 18 */
#define HANGUL_FIRST 0xAC00u   /* syllables, which utf8proc decomposes by arithmetic, without a table */
#define HANGUL_LAST 0xD7A3u
#define HANGUL_SECOND 0xAE4Cu /* the first with the second leading consonant */

/* No character from here on decomposes, has a combining class or composes with another: the planes behind
 * hold ideographs, tags, variation selectors and private use. Asking for a million of them takes longer than
 * all else. */
#define FORMS_LIMIT 0x30000u

/* The written table, in code point order. What it does not name is kept. */
static const struct range {
    uint32_t first, last;
    enum hny_character action;
} ranges[] = {
    {0x0000, 0x0008, HNY_CHARACTER_DROP},                                        /* C0 controls */
    {0x0009, 0x000D, HNY_CHARACTER_SPACE},                                       /* TAB, LF, VT, FF, CR */
    {0x000E, 0x001F, HNY_CHARACTER_DROP},                                        /* C0 controls */
    {0x0020, 0x0020, HNY_CHARACTER_SPACE}, {0x007F, 0x0084, HNY_CHARACTER_DROP}, /* DEL, C1 controls */
    {0x0085, 0x0085, HNY_CHARACTER_SPACE},                                       /* next line */
    {0x0086, 0x009F, HNY_CHARACTER_DROP},                                        /* C1 controls */
    {0x00A0, 0x00A0, HNY_CHARACTER_SPACE},                                       /* no-break space */
    {0x00AD, 0x00AD, HNY_CHARACTER_DROP},                                        /* soft hyphen */
    {0x061C, 0x061C, HNY_CHARACTER_DROP},                                        /* Arabic letter mark */
    {0x1680, 0x1680, HNY_CHARACTER_SPACE},                                       /* Ogham space mark */
    {0x2000, 0x200A, HNY_CHARACTER_SPACE},                                       /* en quad … hair space */
    {0x200B, 0x200B, HNY_CHARACTER_DROP},  /* zero width space: an invisible chance to break a line */
    {0x200E, 0x200F, HNY_CHARACTER_DROP},  /* left-to-right and right-to-left mark */
    {0x2028, 0x2029, HNY_CHARACTER_SPACE}, /* line and paragraph separator */
    {0x202A, 0x202E, HNY_CHARACTER_DROP},  /* bidirectional embeddings and overrides */
    {0x202F, 0x202F, HNY_CHARACTER_SPACE}, /* narrow no-break space */
    {0x205F, 0x205F, HNY_CHARACTER_SPACE}, /* medium mathematical space */
    {0x2060, 0x206F, HNY_CHARACTER_DROP},  /* word joiner, invisible operators, isolates, deprecated controls
                                            */
    {0xFEFF, 0xFEFF, HNY_CHARACTER_DROP},  /* byte order mark */
    {0xFFF9, 0xFFFB, HNY_CHARACTER_DROP},  /* interlinear annotation */
};

enum hny_character hny_character(uint32_t code) {
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges && ranges[i].first <= code; i++)
        if (code <= ranges[i].last) return ranges[i].action;
    return HNY_CHARACTER_KEEP;
}

/* What a code point means to the quick check (UAX #15, section 9), one byte each: below STATE_CHECK its
 * canonical combining class (at most 240) where it stands for itself in the normal form and composes with
 * nothing before it; STATE_CHECK where only composing tells. */
enum { STATE_STARTER = 0, STATE_CHECK = 253, STATE_DROP = 254, STATE_SPACE = 255 };

struct hny_normaliser {
    enum hny_normal_form form;
    uint16_t page_of[PAGES]; /* index into pages; equal pages are stored once */
    uint8_t (*pages)[PAGE_CODES];
    size_t page_count;
    size_t page_capacity;
};

static utf8proc_option_t decompose_options(enum hny_normal_form form) {
    return UTF8PROC_STABLE | UTF8PROC_COMPOSE | (form == HNY_NORMAL_NFKC ? UTF8PROC_COMPAT : 0);
}

/* Marks what CODE's decomposition says of the quick check: CODE itself where its normal form is something
 * else, and the parts that compose with what stands before them. */
static void check_code(uint8_t *states, uint32_t code, utf8proc_option_t options) {
    const utf8proc_property_t *property = utf8proc_get_property((utf8proc_int32_t)code);
    if (states[code] < STATE_CHECK) states[code] = (uint8_t)property->combining_class;
    bool decomposes =
        property->decomp_seqindex != UINT16_MAX || (code >= HANGUL_FIRST && code <= HANGUL_LAST);
    if (!decomposes) return;
    utf8proc_int32_t parts[DECOMPOSITION_LIMIT];
    utf8proc_ssize_t count =
        utf8proc_decompose_char((utf8proc_int32_t)code, parts, DECOMPOSITION_LIMIT, options, NULL);
    if (count < 1 || count > DECOMPOSITION_LIMIT) return;
    if (count == 1 && parts[0] == (utf8proc_int32_t)code) return;
    for (utf8proc_ssize_t i = 1; property->decomp_type == 0 && i < count; i++)
        if (states[parts[i]] < STATE_DROP) states[parts[i]] = STATE_CHECK;
    count = utf8proc_normalize_utf32(parts, count, options);
    if (count != 1 || parts[0] != (utf8proc_int32_t)code)
        if (states[code] < STATE_DROP) states[code] = STATE_CHECK;
}

static hny_status add_page(struct hny_normaliser *normaliser, size_t page, const uint8_t *states) {
    for (size_t known = 0; known < normaliser->page_count; known++)
        if (memcmp(normaliser->pages[known], states, PAGE_CODES) == 0) {
            normaliser->page_of[page] = (uint16_t)known;
            return HNY_OK;
        }
    if (hny_grow(&normaliser->pages, &normaliser->page_capacity, normaliser->page_count + 1, PAGE_CODES) != 0)
        return HNY_ERROR_MEMORY;
    memcpy(normaliser->pages[normaliser->page_count], states, PAGE_CODES);
    normaliser->page_of[page] = (uint16_t)normaliser->page_count++;
    return HNY_OK;
}

/* STATES [FORMS_LIMIT] of zeros. Every Hangul syllable stands for itself, and those with the first leading
 * consonant name all the vowels and final consonants that there are. */
static void fill_states(uint8_t *states, enum hny_normal_form form) {
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
        memset(states + ranges[i].first, ranges[i].action == HNY_CHARACTER_SPACE ? STATE_SPACE : STATE_DROP,
               ranges[i].last - ranges[i].first + 1);
    for (uint32_t code = 0; form != HNY_NORMAL_NONE && code < FORMS_LIMIT; code++) {
        if (code == HANGUL_SECOND) code = HANGUL_LAST + 1;
        check_code(states, code, decompose_options(form));
    }
}

/* The pages from FORMS_LIMIT on are one and the same, of zeros. */
static hny_status add_pages(struct hny_normaliser *normaliser, const uint8_t *states) {
    static const uint8_t zeros[PAGE_CODES];
    const size_t limit = FORMS_LIMIT / PAGE_CODES;
    for (size_t page = 0; page < limit; page++)
        HNY_TRY(add_page(normaliser, page, states + page * PAGE_CODES));
    HNY_TRY(add_page(normaliser, limit, zeros));
    for (size_t page = limit + 1; page < PAGES; page++)
        normaliser->page_of[page] = normaliser->page_of[limit];
    return HNY_OK;
}

hny_status hny_normaliser_create(struct hny_normaliser **out, enum hny_normal_form form) {
    *out = NULL;
    struct hny_normaliser *normaliser = hny_allocate(1, sizeof *normaliser);
    uint8_t *states = hny_allocate(FORMS_LIMIT, 1);
    hny_status status = normaliser && states ? HNY_OK : HNY_ERROR_MEMORY;
    if (status == HNY_OK) {
        normaliser->form = form;
        fill_states(states, form);
        status = add_pages(normaliser, states);
    }
    free(states);
    if (status != HNY_OK) hny_normaliser_destroy(&normaliser);
    *out = normaliser;
    return status;
}

void hny_normaliser_destroy(struct hny_normaliser **normaliser) {
    if (!*normaliser) return;
    free((*normaliser)->pages);
    free(*normaliser);
    *normaliser = NULL;
}

static uint8_t state_of(const struct hny_normaliser *normaliser, uint32_t code) {
    return normaliser->pages[normaliser->page_of[code / PAGE_CODES]][code % PAGE_CODES];
}

/* One text on its way through. Everything in OUT before `boundary` is final; what lies behind it may still
 * compose with what comes. */
struct run {
    const struct hny_normaliser *normaliser;
    struct hny_buffer *out;
    const char *at, *end;           /* what is left of the input */
    size_t start;                   /* OUT's size before this text */
    size_t boundary;                /* offset in OUT of the last starter, or start */
    uint8_t last_class;             /* combining class of the last code point */
    struct hny_normal_space *space; /* codes of the part being composed */
    size_t code_count;
};

/* Room for all that is left, unless something is decomposed: only a broken byte grows, to three. */
static hny_status reserve_rest(struct run *run) {
    return hny_buffer_reserve(run->out, (size_t)(run->end - run->at) + 4);
}

/* Puts one space, or none at the beginning or behind another. */
static void put_space(struct run *run) {
    struct hny_buffer *out = run->out;
    if (out->size == run->start || out->data[out->size - 1] == ' ') return;
    run->boundary = out->size;
    run->last_class = STATE_STARTER;
    out->data[out->size++] = ' ';
}

/* Copies printable ASCII, which is its own normal form and most of many texts. */
static void copy_ascii(struct run *run) {
    const char *at = run->at;
    char *to = run->out->data + run->out->size;
    while (at < run->end && (unsigned char)(*at - 0x21) < 0x7F - 0x21) *to++ = *at++;
    run->at = at;
    run->out->size = (size_t)(to - run->out->data);
    run->boundary = run->out->size - 1;
    run->last_class = STATE_STARTER;
}

static hny_status push_code(struct run *run, uint32_t code) {
    if (hny_grow(&run->space->codes, &run->space->capacity, run->code_count + DECOMPOSITION_LIMIT,
                 sizeof *run->space->codes) != 0)
        return HNY_ERROR_MEMORY;
    utf8proc_ssize_t count =
        utf8proc_decompose_char((utf8proc_int32_t)code, run->space->codes + run->code_count,
                                DECOMPOSITION_LIMIT, decompose_options(run->normaliser->form), NULL);
    if (count < 0 || count > DECOMPOSITION_LIMIT)
        return hny_fail(HNY_ERROR_INPUT, "U+%04X cannot be decomposed", code);
    run->code_count += (size_t)count;
    return HNY_OK;
}

static int combining_class(utf8proc_int32_t code) {
    return utf8proc_get_property(code)->combining_class;
}

/* Sorts COUNT marks by combining class, keeping the order of equal ones, in time O(COUNT log COUNT): a line
 * may be one long pile of marks. SPACE has COUNT elements. */
static void order_marks(utf8proc_int32_t *marks, size_t count, utf8proc_int32_t *space) {
    if (count < 2) return;
    size_t half = count / 2;
    order_marks(marks, half, space);
    order_marks(marks + half, count - half, space);
    memcpy(space, marks, half * sizeof *space);
    size_t left = 0, right = half, to = 0;
    while (left < half)
        marks[to++] = right < count && combining_class(marks[right]) < combining_class(space[left])
                          ? marks[right++]
                          : space[left++];
}

/* Canonical ordering (The Unicode Standard, section 3.11) of the collected codes. */
static hny_status order_codes(struct run *run) {
    if (hny_grow(&run->space->codes, &run->space->capacity, run->code_count * 2, sizeof *run->space->codes) !=
        0)
        return HNY_ERROR_MEMORY;
    for (size_t first = 0; first < run->code_count;) {
        size_t last = first;
        while (last < run->code_count && combining_class(run->space->codes[last]) != 0) last++;
        order_marks(run->space->codes + first, last - first, run->space->codes + run->code_count);
        first = last + 1;
    }
    return HNY_OK;
}

/* Puts the collected codes, composed, at the end of OUT. */
static hny_status compose(struct run *run) {
    HNY_TRY(order_codes(run));
    utf8proc_ssize_t count = utf8proc_normalize_utf32(run->space->codes, (utf8proc_ssize_t)run->code_count,
                                                      decompose_options(run->normaliser->form));
    if (count < 0) return hny_fail(HNY_ERROR_INPUT, "%s", utf8proc_errmsg(count));
    HNY_TRY(hny_buffer_reserve(run->out, (size_t)count * 4));
    for (utf8proc_ssize_t i = 0; i < count; i++) {
        uint32_t code = (uint32_t)run->space->codes[i];
        if (hny_character(code) == HNY_CHARACTER_SPACE) { /* out of a compatibility decomposition */
            put_space(run);
        } else {
            run->boundary = run->out->size;
            run->out->size += (size_t)hny_utf8_encode(code, run->out->data + run->out->size);
        }
    }
    run->last_class = STATE_STARTER;
    run->code_count = 0;
    return HNY_OK;
}

/* Normalises from the last boundary to the next starter that composes with nothing before it: what lies
 * outside cannot be changed by it. */
static hny_status check(struct run *run) {
    struct hny_buffer *out = run->out;
    uint32_t code = 0;
    for (size_t at = run->boundary; at < out->size;) {
        at += (size_t)hny_utf8_decode(out->data + at, out->size - at, &code);
        HNY_TRY(push_code(run, code));
    }
    out->size = run->boundary;
    while (run->at < run->end) {
        int bytes = hny_utf8_decode(run->at, (size_t)(run->end - run->at), &code);
        uint8_t state = state_of(run->normaliser, code);
        if (state == STATE_STARTER || state == STATE_SPACE) break;
        run->at += abs(bytes);
        if (state != STATE_DROP) HNY_TRY(push_code(run, code));
    }
    HNY_TRY(compose(run));
    return reserve_rest(run);
}

/* Reads one code point at run->at into *CODE: its bytes, or minus the bytes of a broken part. */
static int read_code(const struct run *run, uint32_t *code) {
    const unsigned char *at = (const unsigned char *)run->at;
    /* The common letters of two and three bytes; the full decoder knows the rest. */
    if (run->end - run->at >= 3) {
        if (at[0] >= 0xE1 && at[0] <= 0xEC && (at[1] & 0xC0) == 0x80 && (at[2] & 0xC0) == 0x80) {
            *code = (at[0] & 0x0Fu) << 12 | (at[1] & 0x3Fu) << 6 | (at[2] & 0x3Fu);
            return 3;
        }
        if (at[0] >= 0xC2 && at[0] <= 0xDF && (at[1] & 0xC0) == 0x80) {
            *code = (at[0] & 0x1Fu) << 6 | (at[1] & 0x3Fu);
            return 2;
        }
    }
    return hny_utf8_decode(run->at, (size_t)(run->end - run->at), code);
}

static hny_status step(struct run *run) {
    struct hny_buffer *out = run->out;
    unsigned char byte = (unsigned char)*run->at;
    if (byte > 0x20 && byte < 0x7F) {
        copy_ascii(run);
        return HNY_OK;
    }
    uint32_t code = 0;
    int bytes = read_code(run, &code);
    uint8_t state = state_of(run->normaliser, code);
    if (state == STATE_SPACE) put_space(run);
    if (state >= STATE_DROP) {
        run->at += abs(bytes);
        return HNY_OK;
    }
    if (state == STATE_CHECK || (state != STATE_STARTER && run->last_class > state)) return check(run);
    if (state == STATE_STARTER) run->boundary = out->size;
    run->last_class = state;
    if (bytes > 0) {
        memcpy(out->data + out->size, run->at, (size_t)bytes);
        out->size += (size_t)bytes;
        run->at += bytes;
        return HNY_OK;
    }
    out->size += (size_t)hny_utf8_encode(code, out->data + out->size);
    run->at -= bytes;
    return reserve_rest(run);
}

void hny_normal_space_free(struct hny_normal_space *space) {
    free(space->codes);
    *space = (struct hny_normal_space){0};
}

hny_status hny_normaliser_run(const struct hny_normaliser *normaliser, const char *text, size_t size,
                              struct hny_normal_space *space, struct hny_buffer *out) {
    struct hny_normal_space own = {0};
    struct run run = {.normaliser = normaliser,
                      .out = out,
                      .space = space ? space : &own,
                      .at = text,
                      .end = text + size,
                      .start = out->size,
                      .boundary = out->size};
    hny_status status = reserve_rest(&run);
    while (status == HNY_OK && run.at < run.end) status = step(&run);
    hny_normal_space_free(&own);
    if (status != HNY_OK) out->size = run.start;
    if (out->size > run.start && out->data[out->size - 1] == ' ') out->size--;
    if (out->data) out->data[out->size] = '\0';
    return status;
}
