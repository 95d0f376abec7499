#include "decoder/softmax.h"

#include "nn/embedding.h"
#include "tests/double/laboratory.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { INPUT = 4, VOCABULARY = 7, FEW = 5, MANY = 300 };

struct setting {
    struct laboratory lab;
    struct hny_softmax head;
    struct hny_tensor *table; /* NULL where the head has a weight of its own */
    size_t rows;
    double smoothing;
    hny_real *y, *d_y;
    int32_t target[MANY];
};

static void make(struct setting *set, size_t rows, double smoothing, bool tied) {
    *set = (struct setting){.rows = rows, .smoothing = smoothing};
    struct hny_initialisation initial = laboratory_initialisation();
    laboratory_open(&set->lab);
    if (tied)
        set->table = hny_parameters_add(&set->lab.parameters, VOCABULARY, INPUT, HNY_INITIAL_UNIFORM, 0.6,
                                        true, "table");
    EXPECT_OK(hny_softmax_create(&set->head, &set->lab.parameters, INPUT, VOCABULARY, set->table, &initial));
    laboratory_fill(&set->lab);
    set->y = laboratory_input(&set->lab, "y", rows * INPUT, &set->d_y);
    for (size_t r = 0; r < rows; r++) set->target[r] = (int32_t)(r * r % VOCABULARY);
}

/* Where tied, the rows are first looked up in the same table. */
static hny_status examine(void *context, bool backward, double *loss) {
    struct setting *set = context;
    struct hny_compute *compute = &set->lab.compute;
    struct hny_embedding embedding = {VOCABULARY, INPUT, set->table, 0};
    struct hny_loss sum = {0};
    hny_real *y = hny_compute_zeroed(compute, set->rows, INPUT);
    hny_real *logits = hny_compute_take(compute, set->rows, VOCABULARY);
    cr_assert(y && logits);
    if (set->table) hny_embedding_forward(&embedding, compute, set->rows, set->target, 0, y);
    for (size_t i = 0; i < set->rows * INPUT; i++) y[i] += set->y[i];
    HNY_TRY(hny_softmax_loss(&set->head, compute, set->rows, y, set->target, set->smoothing, &sum, logits,
                             backward ? set->d_y : NULL, NULL));
    if (set->table && backward)
        HNY_TRY(hny_embedding_backward(&embedding, compute, set->rows, set->target, 0, set->d_y));
    *loss = sum.smoothed;
    return HNY_OK;
}

Test(softmax, gradients_are_those_of_finite_differences) {
    for (unsigned bits = 0; bits < 8; bits++) {
        struct setting set;
        make(&set, bits & 1 ? MANY : FEW, bits & 2 ? 0.1 : 0, bits & 4);
        char name[64];
        snprintf(name, sizeof name, "%zu rows, smoothing %g%s", set.rows, set.smoothing,
                 set.table ? ", tied" : "");
        laboratory_check(&set.lab, examine, &set, 200, name);
        laboratory_close(&set.lab);
    }
}

Test(softmax, the_loss_is_that_of_the_equations) {
    struct setting set;
    make(&set, MANY, 0.2, false);
    hny_real said[MANY], *logits = hny_compute_take(&set.lab.compute, MANY, VOCABULARY);
    struct hny_loss loss = {.cross_entropy = 10, .smoothed = 20, .tokens = 30, .correct = 40};
    double cross_entropy = 10, smoothed = 20;
    size_t correct = 40;
    cr_assert_not_null(logits);
    EXPECT_OK(hny_softmax_loss(&set.head, &set.lab.compute, MANY, set.y, set.target, 0.2, &loss, logits, NULL,
                               said));
    EXPECT_OK(hny_softmax_logits(&set.head, &set.lab.compute, MANY, set.y, logits));
    for (size_t r = 0; r < MANY; r++) {
        double sum = 0, largest = -INFINITY;
        const hny_real *w = hny_compute_values(&set.lab.compute, set.head.weight);
        for (size_t v = 0; v < VOCABULARY; v++) {
            double logit = hny_compute_values(&set.lab.compute, set.head.bias)[v];
            for (size_t k = 0; k < INPUT; k++) logit += w[v * INPUT + k] * set.y[r * INPUT + k];
            cr_assert(fabs(logits[r * VOCABULARY + v] - logit) < 1e-14);
            sum += exp(logit);
            largest = fmax(largest, logit);
        }
        for (size_t v = 0; v < VOCABULARY; v++) {
            double p = exp(logits[r * VOCABULARY + v]) / sum, aim = 0.2 / VOCABULARY;
            bool target = (size_t)set.target[r] == v;
            smoothed -= (target ? 0.8 + aim : aim) * log(p);
            if (!target) continue;
            cross_entropy -= log(p);
            correct += logits[r * VOCABULARY + v] >= largest - 1e-12;
            cr_assert(fabs(said[r] - log(p)) < 1e-13, "row %zu", r);
        }
    }
    cr_assert(fabs(loss.cross_entropy - cross_entropy) < 1e-10);
    cr_assert(fabs(loss.smoothed - smoothed) < 1e-10);
    cr_assert_eq(loss.tokens, 30 + MANY);
    cr_assert_eq(loss.correct, correct);
    laboratory_close(&set.lab);
}

Test(softmax, logits_of_any_size_give_finite_losses) {
    struct setting set;
    make(&set, FEW, 0.1, false);
    hny_real *weight = set.lab.parameters.values + set.head.weight->offset;
    for (size_t k = 0; k < set.head.weight->count; k++) weight[k] *= 1e4;
    laboratory_refresh(&set.lab);
    double loss;
    set.lab.compute.gradients = set.lab.tensor_gradients;
    EXPECT_OK(examine(&set, true, &loss));
    cr_assert(isfinite(loss) && loss > 0, "%g", loss);
    for (size_t k = 0; k < FEW * INPUT; k++) cr_assert(isfinite(set.d_y[k]));
    laboratory_close(&set.lab);
}

/* Weights of zero leave the biases as logits: the minimum can be walked to. */
Test(softmax, label_smoothing_is_least_where_probabilities_are_the_smoothed_ones) {
    const double smoothing = 0.3, target = 1 - smoothing + smoothing / VOCABULARY;
    struct setting set;
    make(&set, 1, smoothing, false);
    memset(set.lab.parameters.values, 0, set.lab.parameters.count * sizeof(hny_real));
    hny_real *bias = set.lab.parameters.values + set.head.bias->offset;
    double loss, entropy = 0;
    for (size_t v = 0; v < VOCABULARY; v++) {
        double p = (int32_t)v == set.target[0] ? target : smoothing / VOCABULARY;
        bias[v] = 5 + log(p);
        entropy -= p * log(p);
    }
    laboratory_refresh(&set.lab);
    memset(set.lab.tensor_gradients, 0, set.lab.parameters.count * sizeof(hny_real));
    set.lab.compute.gradients = set.lab.tensor_gradients;
    EXPECT_OK(examine(&set, true, &loss));
    cr_assert(fabs(loss - entropy) < 1e-13, "the minimum is the smoothed distribution's entropy");
    for (size_t v = 0; v < VOCABULARY; v++) {
        cr_assert(fabs(hny_compute_gradient(&set.lab.compute, set.head.bias)[v]) < 1e-14);
        for (int sign = -1; sign <= 1; sign += 2) {
            double moved;
            bias[v] += sign * 0.01;
            EXPECT_OK(examine(&set, false, &moved));
            cr_assert(moved > loss + 1e-7, "%g is not above %g", moved, loss);
            bias[v] -= sign * 0.01;
        }
    }
    laboratory_close(&set.lab);
}

Test(softmax, a_table_of_another_shape_cannot_be_tied) {
    struct laboratory lab;
    struct hny_softmax head;
    struct hny_initialisation initial = laboratory_initialisation();
    laboratory_open(&lab);
    struct hny_tensor *table =
        hny_parameters_add(&lab.parameters, VOCABULARY, INPUT + 1, HNY_INITIAL_UNIFORM, 1, true, "table");
    cr_assert_not_null(table);
    cr_assert_eq(hny_softmax_create(&head, &lab.parameters, INPUT, VOCABULARY, table, &initial),
                 HNY_ERROR_USAGE);
    laboratory_close(&lab);
}
