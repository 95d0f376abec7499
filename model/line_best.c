#include "model/line_best.h"

#include <stdlib.h>
#include <string.h>

/* A combination of the parts so far: an earlier one and a hypothesis more. */
struct link {
    double score, log_probability;
    size_t before, hypothesis;
};

/* The best combinations of the first p parts are LINKS[p - 1]; they depend on those of the first p - 1 alone,
 * since scores are added. */
struct chain {
    struct link *links; /* [parts][best] */
    size_t *counts;     /* [parts] */
    size_t best;
};

/* Puts LINK among the best of a part, behind equals: links come in the order that decides among these. */
static void offer(struct link *links, size_t *count, size_t best, struct link link) {
    if (*count == best && !(link.score > links[best - 1].score)) return;
    size_t place = *count < best ? (*count)++ : best - 1;
    for (; place > 0 && link.score > links[place - 1].score; place--) links[place] = links[place - 1];
    links[place] = link;
}

static void extend(struct chain *chain, size_t part, const struct hny_translation *translation) {
    static const struct link nothing = {0, 0, 0, 0};
    const struct link *before = part == 0 ? &nothing : chain->links + (part - 1) * chain->best;
    size_t before_count = part == 0 ? 1 : chain->counts[part - 1];
    for (size_t i = 0; i < before_count; i++)
        for (size_t h = 0; h < translation->count; h++) {
            const struct hny_hypothesis *hypothesis = &translation->hypotheses[h];
            struct link link = {before[i].score + hypothesis->score,
                                before[i].log_probability + hypothesis->log_probability, i, h};
            offer(chain->links + part * chain->best, &chain->counts[part], chain->best, link);
        }
}

static hny_status read_choices(const struct chain *chain, size_t parts, struct hny_line_choice **choices,
                               size_t *choice_count) {
    size_t count = parts ? chain->counts[parts - 1] : 1;
    struct hny_line_choice *made = hny_allocate(count, sizeof *made);
    if (!made) return HNY_ERROR_MEMORY;
    for (size_t i = 0; i < count; i++) {
        if (!(made[i].hypotheses = hny_allocate(parts, sizeof *made[i].hypotheses))) {
            hny_line_choices_free(&made, i);
            return HNY_ERROR_MEMORY;
        }
        for (size_t p = parts, at = i; p-- > 0;) {
            const struct link *link = &chain->links[p * chain->best + at];
            if (p == parts - 1) {
                made[i].score = link->score;
                made[i].log_probability = link->log_probability;
            }
            made[i].hypotheses[p] = link->hypothesis;
            at = link->before;
        }
    }
    *choices = made;
    *choice_count = count;
    return HNY_OK;
}

hny_status hny_line_best(const struct hny_translation *const *translations, size_t count, size_t best,
                         struct hny_line_choice **choices, size_t *choice_count) {
    size_t link_count;
    if (__builtin_mul_overflow(count, best, &link_count))
        return hny_fail(HNY_ERROR_USAGE, "%zu translations of a line are too many", best);
    struct chain chain = {.links = hny_allocate(link_count, sizeof *chain.links),
                          .counts = hny_allocate(count, sizeof *chain.counts),
                          .best = best};
    hny_status status = chain.links && chain.counts ? HNY_OK : HNY_ERROR_MEMORY;
    for (size_t p = 0; p < count && status == HNY_OK; p++) extend(&chain, p, translations[p]);
    if (status == HNY_OK) status = read_choices(&chain, count, choices, choice_count);
    free(chain.links);
    free(chain.counts);
    return status;
}

void hny_line_choices_free(struct hny_line_choice **choices, size_t count) {
    for (size_t i = 0; *choices && i < count; i++) free((*choices)[i].hypotheses);
    free(*choices);
    *choices = NULL;
}
