/* The best translations of a line out of those of its parts. */
#ifndef HNY_MODEL_LINE_BEST_H
#define HNY_MODEL_LINE_BEST_H

#include "decoder/search.h"

/* A hypothesis for each part. */
struct hny_line_choice {
    double score;           /* sum over the parts; so is… */
    double log_probability; /* …this */
    size_t *hypotheses;     /* [parts] index among each part's */
};

/* The BEST combinations (at least 1, fewer where there are not so many) of one hypothesis of each of COUNT
 * TRANSLATIONS by falling score; equal ones with the lower hypotheses in front. Without parts there is one
 * choice, of nothing. *CHOICES [*CHOICE_COUNT] is the caller's: hny_line_choices_free. */
hny_status hny_line_best(const struct hny_translation *const *translations, size_t count, size_t best,
                         struct hny_line_choice **choices, size_t *choice_count);
void hny_line_choices_free(struct hny_line_choice **choices, size_t count); /* nulls; NULL is allowed */

#endif
