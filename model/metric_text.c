#include "model/metric_text.h"
#include "base/utf8.h"
#include <string.h>
#include <unicode/ucasemap.h>
#include <utf8proc.h>

static const char *const tokenizer_names[] = {
    [HNY_METRIC_13A] = "13a",
    [HNY_METRIC_CHAR] = "char",
    [HNY_METRIC_INTL] = "intl",
    [HNY_METRIC_NONE] = "none",
};
enum { TOKENIZER_COUNT = sizeof tokenizer_names / sizeof *tokenizer_names };

const char *hny_metric_tokenizer_name(enum hny_metric_tokenizer tokenizer) {
    return tokenizer_names[tokenizer];
}

hny_status hny_metric_tokenizer_named(const char *name, enum hny_metric_tokenizer *tokenizer) {
    for (int i = 0; i < TOKENIZER_COUNT; i++) {
        if (strcmp(name, tokenizer_names[i]) == 0) {
            *tokenizer = (enum hny_metric_tokenizer)i;
            return HNY_OK;
        }
    }
    return hny_fail(HNY_ERROR_USAGE, "no BLEU tokeniser '%s': 13a, char, intl and none are there", name);
}

bool hny_metric_space(uint32_t code) {
    if (code < 0x80) return code == ' ' || (code >= 0x09 && code <= 0x0d) || (code >= 0x1c && code <= 0x1f);
    return code == 0x85 || code == 0xa0 || code == 0x1680 || (code >= 0x2000 && code <= 0x200a) ||
           code == 0x2028 || code == 0x2029 || code == 0x202f || code == 0x205f || code == 0x3000;
}

/* The code point at the start of TEXT, which is not empty, and its bytes. */
static size_t first_code(struct hny_text text, uint32_t *code) {
    int bytes = hny_utf8_decode(text.data, text.size, code);
    return (size_t)(bytes < 0 ? -bytes : bytes);
}

static struct hny_text skip(struct hny_text text, size_t bytes) {
    return (struct hny_text){text.data + bytes, text.size - bytes};
}

struct hny_text hny_metric_trim_end(struct hny_text text) {
    size_t end = 0;
    struct hny_text rest = text;
    while (rest.size > 0) {
        uint32_t code;
        rest = skip(rest, first_code(rest, &code));
        if (!hny_metric_space(code)) end = text.size - rest.size;
    }
    return (struct hny_text){text.data, end};
}

bool hny_metric_word(struct hny_text *rest, struct hny_text *word) {
    uint32_t code = 0;
    size_t bytes = 0;
    while (rest->size > 0 && (bytes = first_code(*rest, &code), hny_metric_space(code))) {
        *rest = skip(*rest, bytes);
    }
    if (rest->size == 0) return false;
    *word = (struct hny_text){rest->data, 0};
    while (rest->size > 0 && (bytes = first_code(*rest, &code), !hny_metric_space(code))) {
        *rest = skip(*rest, bytes);
        word->size += bytes;
    }
    return true;
}

hny_status hny_metric_lower(struct hny_buffer *out, struct hny_text text) {
    /* No text grows more than threefold; ICU knows what room there is and would say if it were short. */
    enum { GROWTH_LIMIT = 3 };
    if (text.size > INT32_MAX / GROWTH_LIMIT) {
        return hny_fail(HNY_ERROR_INPUT, "a text of %zu bytes is too long to be put in lower case",
                        text.size);
    }
    if (text.size == 0) return HNY_OK;
    size_t room = text.size * GROWTH_LIMIT;
    HNY_TRY(hny_buffer_reserve(out, room));
    UErrorCode error = U_ZERO_ERROR;
    UCaseMap *map = ucasemap_open("", 0, &error);
    int32_t bytes = ucasemap_utf8ToLower(map, out->data + out->size, (int32_t)room, text.data,
                                         (int32_t)text.size, &error);
    ucasemap_close(map);
    if (U_FAILURE(error)) return hny_fail(HNY_ERROR_MEMORY, "lower case: %s", u_errorName(error));
    out->size += (size_t)bytes;
    out->data[out->size] = '\0';
    return HNY_OK;
}

/* Appends TEXT to OUT with every FROM replaced by TO, from left to right: Python's str.replace(). */
static hny_status replace_all(struct hny_buffer *out, struct hny_text text, const char *from,
                              const char *to) {
    size_t from_size = strlen(from);
    const char *hit;
    while ((hit = text.size ? memmem(text.data, text.size, from, from_size) : NULL)) {
        HNY_TRY(hny_buffer_append(out, text.data, (size_t)(hit - text.data)));
        HNY_TRY(hny_buffer_append(out, to, strlen(to)));
        text = skip(text, (size_t)(hit - text.data) + from_size);
    }
    return hny_buffer_append(out, text.data, text.size);
}

/* A rule of mteval as sacreBLEU has it: one or two neighbouring characters that match are written with
 * spaces, the search goes on behind them, and the next rule reads what this one wrote. FIRST and SECOND say
 * which characters match; SECOND is NULL where one character does. Spaces go before the first, between the
 * two, and behind the last. */
struct rule {
    bool (*first)(uint32_t code);
    bool (*second)(uint32_t code);
    bool before, between, behind;
};

static hny_status append_space(struct hny_buffer *out, bool wanted) {
    return wanted ? hny_buffer_append(out, " ", 1) : HNY_OK;
}

static hny_status apply_rule(struct hny_buffer *out, struct hny_text text, const struct rule *rule) {
    while (text.size > 0) {
        uint32_t first, second = 0;
        size_t bytes = first_code(text, &first), more = 0;
        bool hit = rule->first(first);
        if (hit && rule->second) {
            struct hny_text next = skip(text, bytes);
            hit = next.size > 0 && (more = first_code(next, &second), rule->second(second));
        }
        HNY_TRY(append_space(out, hit && rule->before));
        HNY_TRY(hny_buffer_append(out, text.data, bytes));
        if (hit) {
            HNY_TRY(append_space(out, rule->between));
            HNY_TRY(hny_buffer_append(out, text.data + bytes, more));
            HNY_TRY(append_space(out, rule->behind));
            bytes += more;
        }
        text = skip(text, bytes);
    }
    return HNY_OK;
}

/* Applies RULES in order to TEXT; the last one writes to OUT. */
static hny_status apply_rules(struct hny_buffer *out, struct hny_text text, const struct rule *rules,
                              size_t count) {
    struct hny_buffer stages[2] = {{0}, {0}};
    hny_status status = HNY_OK;
    for (size_t i = 0; i < count && status == HNY_OK; i++) {
        struct hny_buffer *stage = i + 1 < count ? &stages[i % 2] : out;
        if (stage != out) hny_buffer_clear(stage);
        status = apply_rule(stage, text, &rules[i]);
        text = (struct hny_text){stage->data, stage->size};
    }
    hny_buffer_free(&stages[0]);
    hny_buffer_free(&stages[1]);
    return status;
}

static bool is_digit(uint32_t code) {
    return code >= '0' && code <= '9';
}

static bool is_not_digit(uint32_t code) {
    return !is_digit(code);
}

static bool is_dash(uint32_t code) {
    return code == '-';
}

static bool is_period_or_comma(uint32_t code) {
    return code == '.' || code == ',';
}

/* mteval's class [\{-\~\[-\` -\&\(-\+\:-\@\/]: ASCII punctuation but for ' , - and . */
static bool is_mteval_punctuation(uint32_t code) {
    return (code >= '{' && code <= '~') || (code >= '[' && code <= '`') || (code >= ' ' && code <= '&') ||
           (code >= '(' && code <= '+') || (code >= ':' && code <= '@') || code == '/';
}

static const struct rule rules_13a[] = {
    {is_mteval_punctuation, NULL, true, false, true},
    {is_not_digit, is_period_or_comma, false, true, true},
    {is_period_or_comma, is_not_digit, true, true, false},
    {is_digit, is_dash, false, true, true},
};

static hny_status tokenize_13a(struct hny_buffer *out, struct hny_text text) {
    /* In this order: "&amp;lt;" becomes "<", as in mteval. */
    static const char *const replacements[][2] = {
        {"<skipped>", ""}, {"-\n", ""},   {"\n", " "},   {"&quot;", "\""},
        {"&amp;", "&"},    {"&lt;", "<"}, {"&gt;", ">"},
    };
    enum { STEPS = sizeof replacements / sizeof *replacements };
    struct hny_buffer stages[2] = {{0}, {0}};
    hny_status status = HNY_OK;
    for (int i = 0; i < STEPS && status == HNY_OK; i++) {
        struct hny_buffer *stage = &stages[i % 2];
        hny_buffer_clear(stage);
        status = replace_all(stage, text, replacements[i][0], replacements[i][1]);
        text = (struct hny_text){stage->data, stage->size};
    }
    /* The rules look at neighbours: a space at either end gives the first and the last character one. */
    struct hny_buffer *padded = &stages[STEPS % 2];
    hny_buffer_clear(padded);
    if (status == HNY_OK) status = hny_buffer_append(padded, " ", 1);
    if (status == HNY_OK) status = hny_buffer_append(padded, text.data, text.size);
    if (status == HNY_OK) status = hny_buffer_append(padded, " ", 1);
    if (status == HNY_OK) {
        status = apply_rules(out, (struct hny_text){padded->data, padded->size}, rules_13a,
                             sizeof rules_13a / sizeof *rules_13a);
    }
    hny_buffer_free(&stages[0]);
    hny_buffer_free(&stages[1]);
    return status;
}

/* The first letter of the general category of CODE: 'L', 'N', 'P', 'S', … */
static char major_category(uint32_t code) {
    return utf8proc_category_string((utf8proc_int32_t)code)[0];
}

static bool is_punctuation(uint32_t code) {
    return major_category(code) == 'P';
}

static bool is_not_number(uint32_t code) {
    return major_category(code) != 'N';
}

static bool is_symbol(uint32_t code) {
    return major_category(code) == 'S';
}

static const struct rule rules_intl[] = {
    {is_not_number, is_punctuation, false, true, true},
    {is_punctuation, is_not_number, true, true, false},
    {is_symbol, NULL, true, false, true},
};

static bool is_any(uint32_t code) {
    (void)code;
    return true;
}

static const struct rule rules_char[] = {{is_any, NULL, false, false, true}};

hny_status hny_metric_tokenize(struct hny_buffer *out, enum hny_metric_tokenizer tokenizer,
                               struct hny_text text) {
    switch (tokenizer) {
    case HNY_METRIC_13A:
        return tokenize_13a(out, text);
    case HNY_METRIC_CHAR:
        return apply_rules(out, text, rules_char, 1);
    case HNY_METRIC_INTL:
        return apply_rules(out, text, rules_intl, sizeof rules_intl / sizeof *rules_intl);
    case HNY_METRIC_NONE:
        break;
    }
    return hny_buffer_append(out, text.data, text.size);
}
