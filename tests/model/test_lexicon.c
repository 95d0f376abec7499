#include "model/lexicon.h"

#include <criterion/criterion.h>
#include <math.h>

enum { DAS, HAUS, BUCH, EIN, SOURCES };
enum { THE, HOUSE, BOOK, A, TARGETS };

static struct hny_lexicon *train(size_t rounds, size_t most) {
    static const int32_t pairs[3][2][2] = {
        {{DAS, HAUS}, {THE, HOUSE}}, {{DAS, BUCH}, {THE, BOOK}}, {{EIN, BUCH}, {A, BOOK}}};
    struct hny_lexicon *lexicon = NULL;
    cr_assert_eq(hny_lexicon_create(&lexicon, SOURCES + 1, TARGETS, most), HNY_OK, "%s", hny_message());
    for (size_t i = 0; i < 3; i++)
        cr_assert_eq(hny_lexicon_add(lexicon, pairs[i][0], 2, pairs[i][1], 2), HNY_OK);
    cr_assert_eq(hny_lexicon_add(lexicon, NULL, 0, pairs[0][1], 1), HNY_OK);
    cr_assert_eq(hny_lexicon_pairs(lexicon), 3);
    cr_assert_eq(hny_lexicon_train(lexicon, rounds), HNY_OK, "%s", hny_message());
    return lexicon;
}

static double probability(const struct hny_lexicon *lexicon, size_t source, int32_t target) {
    struct hny_lexicon_entry best[TARGETS];
    size_t count = hny_lexicon_best(lexicon, source, best, TARGETS);
    for (size_t i = 0; i < count; i++)
        if (best[i].target == target) return (double)best[i].probability;
    return 0;
}

/* Koehn, Statistical Machine Translation (2010), figure 4.4. */
Test(lexicon, three_short_pairs_give_the_textbook_s_probabilities) {
    static const struct {
        size_t source;
        int32_t target;
        double rounds[3];
    } known[] = {{DAS, THE, {0.5, 0.6364, 0.7479}},    {DAS, BOOK, {0.25, 0.1818, 0.1208}},
                 {DAS, HOUSE, {0.25, 0.1818, 0.1313}}, {BUCH, THE, {0.25, 0.1818, 0.1208}},
                 {BUCH, BOOK, {0.5, 0.6364, 0.7479}},  {BUCH, A, {0.25, 0.1818, 0.1313}},
                 {EIN, BOOK, {0.5, 0.4286, 0.3466}},   {EIN, A, {0.5, 0.5714, 0.6534}},
                 {HAUS, THE, {0.5, 0.4286, 0.3466}},   {HAUS, HOUSE, {0.5, 0.5714, 0.6534}}};
    for (size_t rounds = 1; rounds <= 3; rounds++) {
        struct hny_lexicon *lexicon = train(rounds, 100);
        for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
            double found = probability(lexicon, known[i].source, known[i].target);
            cr_assert(fabs(found - known[i].rounds[rounds - 1]) < 6e-5, "round %zu, %zu: %.5f", rounds, i,
                      found);
        }
        hny_lexicon_destroy(&lexicon);
    }
}

Test(lexicon, the_likeliest_come_first_and_equal_ones_by_rising_id) {
    struct hny_lexicon *lexicon = train(1, 100);
    struct hny_lexicon_entry best[3];
    cr_assert_eq(hny_lexicon_best(lexicon, DAS, best, 3), 3);
    cr_assert(best[0].target == THE && best[1].target == HOUSE && best[2].target == BOOK);
    cr_assert_eq(hny_lexicon_best(lexicon, DAS, best, 1), 1);
    cr_assert_eq(best[0].target, THE);
    cr_assert_eq(hny_lexicon_best(lexicon, SOURCES, best, 3), 0); /* never met */
    cr_assert_eq(hny_lexicon_frequency(lexicon, THE), 3);
    hny_lexicon_destroy(&lexicon);
}

Test(lexicon, where_not_all_targets_are_considered_those_seen_together_most_are) {
    struct hny_lexicon *lexicon = train(5, 1);
    cr_assert_eq(probability(lexicon, DAS, THE), 1);
    cr_assert_eq(probability(lexicon, DAS, HOUSE), 0);
    cr_assert_eq(probability(lexicon, BUCH, BOOK), 1);
    hny_lexicon_destroy(&lexicon);
}
