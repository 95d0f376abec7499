#include "base/random.h"
#include "model/line_best.h"

#include <criterion/criterion.h>
#include <stdlib.h>

enum { PARTS = 4, HYPOTHESES = 3, ALL = 81 };

static int by_score(const void *a, const void *b) {
    const double *x = a, *y = b;
    return (*x < *y) - (*x > *y);
}

Test(line_best, the_best_combinations_are_those_of_trying_all) {
    for (uint64_t seed = 0; seed < 50; seed++) {
        struct hny_hypothesis hypotheses[PARTS][HYPOTHESES];
        struct hny_translation translations[PARTS];
        const struct hny_translation *pointers[PARTS];
        struct hny_random stream = hny_random_stream(seed, HNY_RANDOM_CORPUS, 0, 0);
        double all[ALL] = {0};
        for (size_t p = 0; p < PARTS; p++) {
            for (size_t h = 0; h < HYPOTHESES; h++)
                hypotheses[p][h] =
                    (struct hny_hypothesis){.score = -hny_random_real(&stream, p * HYPOTHESES + h),
                                            .log_probability = -(double)(10 * p + h)};
            translations[p] = (struct hny_translation){.count = HYPOTHESES, .hypotheses = hypotheses[p]};
            pointers[p] = &translations[p];
        }
        for (size_t i = 0; i < ALL; i++)
            for (size_t p = 0, rest = i; p < PARTS; p++, rest /= HYPOTHESES)
                all[i] += hypotheses[p][rest % HYPOTHESES].score;
        qsort(all, ALL, sizeof *all, by_score);
        for (size_t best = 1; best <= 100; best += 11) {
            struct hny_line_choice *choices;
            size_t count;
            cr_assert_eq(hny_line_best(pointers, PARTS, best, &choices, &count), HNY_OK);
            cr_assert_eq(count, best < ALL ? best : ALL);
            for (size_t i = 0; i < count; i++) {
                double score = 0, log_probability = 0;
                for (size_t p = 0; p < PARTS; p++) {
                    score += hypotheses[p][choices[i].hypotheses[p]].score;
                    log_probability += hypotheses[p][choices[i].hypotheses[p]].log_probability;
                }
                cr_assert_eq(score, choices[i].score);
                cr_assert_eq(log_probability, choices[i].log_probability);
                cr_assert_float_eq(score, all[i], 1e-12);
            }
            hny_line_choices_free(&choices, count);
        }
    }
}

Test(line_best, equal_scores_leave_the_lower_hypotheses_in_front) {
    struct hny_hypothesis equal[2] = {{.score = -1}, {.score = -1}};
    struct hny_translation translation = {.count = 2, .hypotheses = equal};
    const struct hny_translation *pointers[] = {&translation, &translation};
    struct hny_line_choice *choices;
    size_t count;
    cr_assert_eq(hny_line_best(pointers, 2, 4, &choices, &count), HNY_OK);
    for (size_t i = 0; i < 4; i++) {
        cr_assert_eq(choices[i].hypotheses[0], i / 2);
        cr_assert_eq(choices[i].hypotheses[1], i % 2);
    }
    hny_line_choices_free(&choices, count);
}

Test(line_best, a_line_without_parts_has_one_empty_choice) {
    struct hny_line_choice *choices;
    size_t count;
    cr_assert_eq(hny_line_best(NULL, 0, 5, &choices, &count), HNY_OK);
    cr_assert_eq(count, 1);
    cr_assert_eq(choices[0].score, 0);
    hny_line_choices_free(&choices, count);
    cr_assert_null(choices);
}
