#include "tools/about_bundle.h"

#include <stdio.h>

static size_t count_tensors(const struct hny_bundle *bundle) {
    size_t count = 0;
    for (size_t i = 0; i < bundle->file_count; i++) count += bundle->files[i].tensor_count;
    return count;
}

json_t *hny_about_bundle(const struct hny_bundle *bundle) {
    json_t *object = json_pack(
        "{s:s, s:o, s:s?, s:s, s:o, s:s?, s:I, s:I, s:I, s:I, s:s, s:s?, s:s}", "name", bundle->name,
        "release", bundle->release ? json_integer((json_int_t)bundle->release) : json_null(), "languages",
        bundle->languages, "precision", hny_precision_name(bundle->precision), "scores",
        hny_scores_describe(&bundle->scores), "signer", *bundle->signer ? bundle->signer : NULL, "files",
        (json_int_t)bundle->file_count, "tensors", (json_int_t)count_tensors(bundle), "bytes",
        (json_int_t)bundle->bytes, "packed", (json_int_t)bundle->packed, "sha256", bundle->digest, "parent",
        bundle->parent, "full", bundle->full);
    if (!object) hny_fail(HNY_ERROR_MEMORY, "out of memory for the description");
    return object;
}

static void print_scores(const struct hny_bundle_scores *scores) {
    printf("bleu       %.2f before, %.2f after (%s)\nchrf       %.2f before, %.2f after (%s)\n",
           scores->before.bleu, scores->after.bleu, scores->bleu_signature, scores->before.chrf,
           scores->after.chrf, scores->chrf_signature);
    printf("tested     %llu lines, beam %llu, afterwards in %s\n", (unsigned long long)scores->lines,
           (unsigned long long)scores->beam, hny_precision_name(scores->products));
}

void hny_about_bundle_print(const struct hny_bundle *bundle) {
    printf("name       %s\n", bundle->name);
    if (bundle->release) printf("release    %llu\n", (unsigned long long)bundle->release);
    if (bundle->languages) printf("languages  %s\n", bundle->languages);
    printf("precision  %s\n", hny_precision_name(bundle->precision));
    if (bundle->scores.lines) print_scores(&bundle->scores);
    printf("files      %zu\ntensors    %zu\nbytes      %llu\npacked     %llu\nsha256     %s\n",
           bundle->file_count, count_tensors(bundle), (unsigned long long)bundle->bytes,
           (unsigned long long)bundle->packed, bundle->digest);
    if (bundle->parent) printf("parent     %s\nfull       %s\n", bundle->parent, bundle->full);
    if (*bundle->signer) printf("signer     %s\n", bundle->signer);
}
