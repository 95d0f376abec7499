#include "bundle/scores.h"

#include <stdbool.h>
#include <string.h>

enum { SIGNATURE_MOST = 256, BEAM_MOST = 1000000 };
#define LINES_MOST (((uint64_t)1 << 53) - 1)

static json_t *describe_metric(double before, double after, const char *signature) {
    return json_pack("{s:f, s:f, s:s}", "before", before, "after", after, "signature", signature);
}

json_t *hny_scores_describe(const struct hny_bundle_scores *scores) {
    if (scores->lines == 0) return json_null();
    return json_pack("{s:I, s:I, s:s, s:o, s:o}", "lines", (json_int_t)scores->lines, "beam",
                     (json_int_t)scores->beam, "products", hny_precision_name(scores->products), "bleu",
                     describe_metric(scores->before.bleu, scores->after.bleu, scores->bleu_signature), "chrf",
                     describe_metric(scores->before.chrf, scores->after.chrf, scores->chrf_signature));
}

static hny_status fail(const char *source, const char *expected) {
    return hny_fail(HNY_ERROR_INPUT, "%s: bundle.json: scores: expected %s", source, expected);
}

static bool take_count(const json_t *json, uint64_t most, uint64_t *count) {
    json_int_t value = json_integer_value(json);
    *count = (uint64_t)value;
    return json_is_integer(json) && value >= 1 && *count <= most;
}

static bool take_score(const json_t *json, double *score) {
    *score = json_number_value(json);
    return json_is_number(json) && *score >= 0 && *score <= 100;
}

static bool take_products(const json_t *json, enum hny_precision *products) {
    const char *name = json_string_value(json);
    for (*products = HNY_PRECISION_F32; name && *products <= HNY_PRECISION_INT8; (*products)++)
        if (strcmp(name, hny_precision_name(*products)) == 0) return true;
    return false;
}

static bool fits(const char *signature) {
    for (const char *at = signature; *at; at++)
        if (*at <= ' ' || *at > '~') return false;
    return *signature && strlen(signature) <= SIGNATURE_MOST;
}

static hny_status take_metric(const char *source, const json_t *json, struct hny_arena *names, double *before,
                              double *after, const char **signature) {
    const char *text = json_string_value(json_object_get(json, "signature"));
    if (!take_score(json_object_get(json, "before"), before) ||
        !take_score(json_object_get(json, "after"), after))
        return fail(source, "numbers from 0 to 100 before and after");
    if (!text || !fits(text)) return fail(source, "a signature of at most 256 characters");
    *signature = hny_arena_text(names, text, strlen(text));
    return *signature ? HNY_OK : HNY_ERROR_MEMORY;
}

hny_status hny_scores_parse(struct hny_bundle_scores *scores, const char *source, const json_t *json,
                            struct hny_arena *names) {
    *scores = (struct hny_bundle_scores){0};
    if (json_is_null(json)) return HNY_OK;
    if (!json_is_object(json)) return fail(source, "null, or an object");
    if (!take_count(json_object_get(json, "lines"), LINES_MOST, &scores->lines) ||
        !take_count(json_object_get(json, "beam"), BEAM_MOST, &scores->beam))
        return fail(source, "lines and beam, whole numbers from 1 on");
    if (!take_products(json_object_get(json, "products"), &scores->products))
        return fail(source, "products in f32, bf16 or int8");
    HNY_TRY(take_metric(source, json_object_get(json, "bleu"), names, &scores->before.bleu,
                        &scores->after.bleu, &scores->bleu_signature));
    return take_metric(source, json_object_get(json, "chrf"), names, &scores->before.chrf,
                       &scores->after.chrf, &scores->chrf_signature);
}
