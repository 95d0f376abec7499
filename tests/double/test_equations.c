/* The cells held against their equations, written out one sentence, one step, one unit at a time. */
#include "nn/dropout.h"
#include "nn/recurrent.h"
#include "tests/double/laboratory.h"
#include <math.h>

enum { INPUT = 3, HIDDEN = 4, BATCH = 4, LONGEST = 5, MOST_GATES = 4 };

static const size_t lengths[BATCH] = {5, 3, 3, 1};

/* A layer's tensors as plain arrays, [gate·HIDDEN + unit] outermost. */
struct weights {
    size_t gates;
    const double *w, *u, *bias, *state_bias, *input_gain, *state_gain; /* NULL where there is none */
};

static double sigmoid(double x) {
    return 1 / (1 + exp(-x));
}

/* sum[j] = Σ m[j][k] v[k], then normalised to mean 0 and deviation 1 and multiplied by GAIN. */
static void product(size_t rows, size_t columns, const double *m, const double *v, const double *gain,
                    double *sum) {
    double mean = 0, variance = 0;
    for (size_t j = 0; j < rows; j++) {
        sum[j] = 0;
        for (size_t k = 0; k < columns; k++) sum[j] += m[j * columns + k] * v[k];
        mean += sum[j] / (double)rows;
    }
    if (!gain) return;
    for (size_t j = 0; j < rows; j++) variance += (sum[j] - mean) * (sum[j] - mean) / (double)rows;
    for (size_t j = 0; j < rows; j++) sum[j] = gain[j] * (sum[j] - mean) / sqrt(variance + 1e-5);
}

/* Products of one step: from_x = W x + b, from_h = U (mask · h) (+ its own bias). */
struct products {
    double from_x[MOST_GATES * HIDDEN], from_h[MOST_GATES * HIDDEN];
};

static struct products step_products(const struct weights *weights, const double *x, const double *h,
                                     const double *mask) {
    struct products p;
    double masked[HIDDEN];
    size_t wide = weights->gates * HIDDEN;
    for (size_t k = 0; k < HIDDEN; k++) masked[k] = mask ? h[k] * mask[k] : h[k];
    product(wide, INPUT, weights->w, x, weights->input_gain, p.from_x);
    product(wide, HIDDEN, weights->u, masked, weights->state_gain, p.from_h);
    for (size_t j = 0; j < wide; j++) {
        p.from_x[j] += weights->bias[j];
        if (weights->state_bias) p.from_h[j] += weights->state_bias[j];
    }
    return p;
}

static void lstm(const struct products *p, double *h, double *c) {
    for (size_t k = 0; k < HIDDEN; k++) {
        double i = sigmoid(p->from_x[0 * HIDDEN + k] + p->from_h[0 * HIDDEN + k]);
        double f = sigmoid(p->from_x[1 * HIDDEN + k] + p->from_h[1 * HIDDEN + k]);
        double g = tanh(p->from_x[2 * HIDDEN + k] + p->from_h[2 * HIDDEN + k]);
        double o = sigmoid(p->from_x[3 * HIDDEN + k] + p->from_h[3 * HIDDEN + k]);
        c[k] = f * c[k] + i * g;
        h[k] = o * tanh(c[k]);
    }
}

static void gru(const struct products *p, double *h, double *unused) {
    (void)unused;
    for (size_t k = 0; k < HIDDEN; k++) {
        double r = sigmoid(p->from_x[0 * HIDDEN + k] + p->from_h[0 * HIDDEN + k]);
        double u = sigmoid(p->from_x[1 * HIDDEN + k] + p->from_h[1 * HIDDEN + k]);
        double n = tanh(p->from_x[2 * HIDDEN + k] + r * p->from_h[2 * HIDDEN + k]);
        h[k] = (1 - u) * n + u * h[k];
    }
}

static void rnn(const struct products *p, double *h, double *unused) {
    (void)unused;
    for (size_t k = 0; k < HIDDEN; k++) h[k] = tanh(p->from_x[k] + p->from_h[k]);
}

struct equations {
    const struct hny_cell *cell;
    void (*step)(const struct products *products, double *h, double *c);
};

static const struct equations cells[] = {{&hny_cell_lstm, lstm}, {&hny_cell_gru, gru}, {&hny_cell_rnn, rnn}};

static const double *values_of(const struct laboratory *lab, const struct hny_tensor *tensor) {
    return tensor ? hny_compute_values(&lab->compute, tensor) : NULL;
}

static struct weights weights_of(const struct laboratory *lab, const struct hny_recurrent *layer) {
    return (struct weights){.gates = layer->cell->gates,
                            .w = values_of(lab, layer->input_weight),
                            .u = values_of(lab, layer->recurrent_weight),
                            .bias = values_of(lab, layer->bias),
                            .state_bias = values_of(lab, layer->recurrent_bias),
                            .input_gain = values_of(lab, layer->input_gain),
                            .state_gain = values_of(lab, layer->recurrent_gain)};
}

/* One layer over the batch beside the equations over each sentence. */
struct comparison {
    struct laboratory lab;
    struct hny_recurrent layer;
    struct hny_sequences sequences;
    hny_real *x, *y, *initial[HNY_CELL_STATES], *mask;
    struct hny_recurrent_run run;
};

static void compare_sentence(const struct comparison *c, const struct equations *equations, size_t b) {
    const struct hny_sequences *s = &c->sequences;
    struct weights weights = weights_of(&c->lab, &c->layer);
    double h[HIDDEN] = {0}, second[HIDDEN] = {0};
    for (size_t k = 0; k < HIDDEN && c->initial[0]; k++) {
        h[k] = c->initial[0][b * HIDDEN + k];
        if (c->initial[1]) second[k] = c->initial[1][b * HIDDEN + k];
    }
    for (size_t n = 0; n < lengths[b]; n++) {
        size_t t = c->layer.reverse ? lengths[b] - 1 - n : n, row = s->offset[t] + b;
        struct products products =
            step_products(&weights, c->x + row * INPUT, h, c->mask ? c->mask + b * HIDDEN : NULL);
        equations->step(&products, h, second);
        for (size_t k = 0; k < HIDDEN; k++) {
            double found = c->y[row * HIDDEN + k];
            cr_assert(fabs(found - h[k]) < 1e-13, "%s, sentence %zu, step %zu, unit %zu: %.15g, not %.15g",
                      equations->cell->name, b, t, k, found, h[k]);
            if (equations->cell->states == 2)
                cr_assert(fabs(c->run.state[1][row * HIDDEN + k] - second[k]) < 1e-13);
        }
    }
}

static void compare(const struct equations *equations, bool reverse, bool norm, bool dropout, bool initial) {
    struct comparison c = {
        .layer = {.reverse = reverse, .recurrent_dropout = dropout ? 0.3 : 0, .number = 9}};
    struct hny_initialisation drawn = laboratory_initialisation();
    laboratory_open(&c.lab);
    EXPECT_OK(hny_recurrent_create(&c.layer, &c.lab.parameters, equations->cell, INPUT, HIDDEN, norm, &drawn,
                                   "layer"));
    laboratory_fill(&c.lab);
    c.sequences = laboratory_sequences(&c.lab, lengths, BATCH);
    c.x = laboratory_numbers(&c.lab, c.sequences.rows * INPUT);
    c.y = laboratory_numbers(&c.lab, c.sequences.rows * HIDDEN);
    for (size_t i = 0; initial && i < equations->cell->states; i++)
        c.initial[i] = laboratory_numbers(&c.lab, BATCH * HIDDEN);
    EXPECT_OK(hny_recurrent_forward(&c.layer, &c.lab.compute, &c.sequences, c.x, INPUT,
                                    initial ? c.initial : NULL, c.y, HIDDEN, &c.run));
    EXPECT_OK(hny_dropout_factors(&c.lab.compute, c.layer.number, c.layer.recurrent_dropout, BATCH, HIDDEN,
                                  &c.mask));
    cr_assert_eq(c.mask != NULL, dropout);
    for (size_t b = 0; b < BATCH; b++) compare_sentence(&c, equations, b);
    laboratory_close(&c.lab);
}

static void compare_variants(const struct equations *equations) {
    for (unsigned bits = 0; bits < 16; bits++)
        compare(equations, bits & 1, bits >> 1 & 1, bits >> 2 & 1, bits >> 3 & 1);
}

Test(equations, the_lstm_is_its_equations) {
    compare_variants(&cells[0]);
}

Test(equations, the_gru_is_its_equations) {
    compare_variants(&cells[1]);
}

Test(equations, the_rnn_is_its_equations) {
    compare_variants(&cells[2]);
}

enum { ROWS = 5, STRIDE = HNY_CELL_STATES * HIDDEN };

static void compare_step(const struct equations *equations, bool norm) {
    struct laboratory lab;
    struct hny_recurrent layer = {0};
    struct hny_initialisation drawn = laboratory_initialisation();
    laboratory_open(&lab);
    EXPECT_OK(
        hny_recurrent_create(&layer, &lab.parameters, equations->cell, INPUT, HIDDEN, norm, &drawn, "layer"));
    laboratory_fill(&lab);
    struct weights weights = weights_of(&lab, &layer);
    const double *x = laboratory_numbers(&lab, ROWS * INPUT);
    double *from = laboratory_numbers(&lab, ROWS * STRIDE), *to = laboratory_numbers(&lab, ROWS * STRIDE);
    const hny_real *previous[] = {from, from + HIDDEN};
    hny_real *next[] = {to, to + HIDDEN};
    EXPECT_OK(hny_recurrent_step(&layer, &lab.compute, ROWS, x, INPUT, previous, next, STRIDE));
    for (size_t r = 0; r < ROWS; r++) {
        double *h = from + r * STRIDE;
        struct products products = step_products(&weights, x + r * INPUT, h, NULL);
        equations->step(&products, h, h + HIDDEN);
        for (size_t k = 0; k < equations->cell->states * HIDDEN; k++)
            cr_assert(fabs(to[r * STRIDE + k] - h[k]) < 1e-13, "%s, row %zu", equations->cell->name, r);
    }
    laboratory_close(&lab);
}

Test(equations, a_step_for_search_is_a_step_of_the_sequence) {
    for (size_t i = 0; i < ARRAY_COUNT(cells); i++) {
        compare_step(&cells[i], false);
        compare_step(&cells[i], true);
    }
}
