#include "nn/embedding.h"

#include "tests/double/laboratory.h"
#include <math.h>

enum { VOCABULARY = 6, WIDTH = 3, ROWS = 9 };

/* Ids that come once, twice, never; the last of the table among them. */
static const int32_t ids[ROWS] = {5, 2, 0, 2, 5, 1, 2, 0, 5};

struct setting {
    struct laboratory lab;
    struct hny_embedding embedding;
    double word_dropout;
    hny_real *weights;
};

static void make(struct setting *set, double word_dropout) {
    laboratory_open(&set->lab);
    set->word_dropout = word_dropout;
    set->embedding =
        (struct hny_embedding){.vocabulary = VOCABULARY,
                               .width = WIDTH,
                               .number = 4,
                               .table = hny_parameters_add(&set->lab.parameters, VOCABULARY, WIDTH,
                                                           HNY_INITIAL_UNIFORM, 1, false, "table")};
    cr_assert_not_null(set->embedding.table);
    laboratory_fill(&set->lab);
    set->weights = laboratory_numbers(&set->lab, ROWS * WIDTH);
}

static hny_status examine(void *context, bool backward, double *loss) {
    struct setting *set = context;
    hny_real x[ROWS * WIDTH];
    hny_embedding_forward(&set->embedding, &set->lab.compute, ROWS, ids, set->word_dropout, x);
    *loss = laboratory_loss(&set->lab, x, set->weights, ROWS * WIDTH, NULL);
    return backward ? hny_embedding_backward(&set->embedding, &set->lab.compute, ROWS, ids, set->word_dropout,
                                             set->weights)
                    : HNY_OK;
}

Test(embedding, gradients_are_those_of_finite_differences) {
    for (int dropped = 0; dropped < 2; dropped++) {
        struct setting set;
        make(&set, dropped ? 0.3 : 0);
        laboratory_check(&set.lab, examine, &set, SIZE_MAX, dropped ? "word dropout" : "all words");
        laboratory_close(&set.lab);
    }
}

Test(embedding, a_word_is_its_row_whole_and_scaled_or_nothing) {
    struct setting set;
    make(&set, 0.4);
    hny_real x[ROWS * WIDTH];
    const hny_real *table = hny_compute_values(&set.lab.compute, set.embedding.table);
    hny_embedding_forward(&set.embedding, &set.lab.compute, ROWS, ids, 0.4, x);
    size_t dropped = 0;
    for (size_t r = 0; r < ROWS; r++) {
        hny_real factor = x[r * WIDTH] == 0 ? 0 : 1 / 0.6;
        dropped += factor == 0;
        for (size_t k = 0; k < WIDTH; k++)
            cr_assert(fabs(x[r * WIDTH + k] - factor * table[(size_t)ids[r] * WIDTH + k]) < 1e-14);
    }
    cr_assert(dropped > 0 && dropped < ROWS, "%zu", dropped);
    set.lab.compute.training = false;
    hny_embedding_forward(&set.embedding, &set.lab.compute, ROWS, ids, 0.4, x);
    for (size_t i = 0; i < ROWS * WIDTH; i++)
        cr_assert_eq(x[i], table[(size_t)ids[i / WIDTH] * WIDTH + i % WIDTH]);
    laboratory_close(&set.lab);
}
