#include "nn/recurrent.h"

#include "tests/double/laboratory.h"
#include <math.h>
#include <stdio.h>

enum { INPUT = 2, HIDDEN = 5, MARGIN = 2 }; /* MARGIN: columns between rows that are others' */
enum { MANY = 261, SOME = 8 }; /* sentences of more than two blocks, of whose numbers some are checked */

struct batch {
    size_t count;
    size_t length[MANY];
};

static const struct batch batches[] = {
    {4, {5, 3, 3, 1}}, /* sentences that end at different steps */
    {1, {4}},          /* alone */
    {2, {1, 1}},       /* one step */
    {1, {1}},          {MANY, {[0 ... 1] = 4, [2 ... 99] = 3, [100 ... 199] = 2, [200 ... MANY - 1] = 1}},
};

static const struct hny_cell *const cells[] = {&hny_cell_lstm, &hny_cell_gru, &hny_cell_rnn};

struct variant {
    bool reverse, norm, dropout, initial;
};

struct setting {
    struct laboratory lab;
    struct hny_recurrent layer;
    struct hny_sequences sequences;
    bool initial;
    hny_real *x, *dx, *state[HNY_CELL_STATES], *d_state[HNY_CELL_STATES], *weights;
};

static void make_layer(struct setting *set, const struct hny_cell *cell, struct variant variant) {
    set->layer = (struct hny_recurrent){
        .reverse = variant.reverse, .recurrent_dropout = variant.dropout ? 0.4 : 0, .number = 9};
    struct hny_initialisation initial = laboratory_initialisation();
    laboratory_open(&set->lab);
    EXPECT_OK(hny_recurrent_create(&set->layer, &set->lab.parameters, cell, INPUT, HIDDEN, variant.norm,
                                   &initial, "layer"));
    laboratory_fill(&set->lab);
    set->initial = variant.initial;
}

static void make_inputs(struct setting *set, const struct batch *batch) {
    static const char *const names[HNY_CELL_STATES] = {"hidden state", "second state"};
    set->sequences = laboratory_sequences(&set->lab, batch->length, batch->count);
    size_t rows = set->sequences.rows;
    set->x = laboratory_input(&set->lab, "x", rows * INPUT, &set->dx);
    set->weights = laboratory_numbers(&set->lab, rows * HIDDEN);
    for (size_t i = 0; set->initial && i < set->layer.cell->states; i++)
        set->state[i] = laboratory_input(&set->lab, names[i], batch->count * HIDDEN, &set->d_state[i]);
}

/* Rows of WIDTH spread out to WIDTH + MARGIN, what lies between them not a number. */
static hny_real *spread(struct hny_compute *compute, const hny_real *rows, size_t count, size_t width) {
    hny_real *apart = hny_compute_take(compute, count, width + MARGIN);
    cr_assert_not_null(apart);
    for (size_t i = 0; i < count * (width + MARGIN); i++) {
        size_t r = i / (width + MARGIN), k = i % (width + MARGIN);
        apart[i] = k < width && rows ? rows[r * width + k] : NAN;
    }
    return apart;
}

/* Back together; asserts that nothing was written between the rows. */
static void gather(const hny_real *apart, hny_real *rows, size_t count, size_t width) {
    for (size_t i = 0; i < count * (width + MARGIN); i++) {
        size_t r = i / (width + MARGIN), k = i % (width + MARGIN);
        if (k < width)
            rows[r * width + k] = apart[i];
        else
            cr_assert(isnan(apart[i]), "row %zu is written beyond its end", r);
    }
}

static hny_status examine(void *context, bool backward, double *loss) {
    struct setting *set = context;
    struct hny_compute *compute = &set->lab.compute;
    size_t rows = set->sequences.rows;
    struct hny_recurrent_run run;
    hny_real *x = spread(compute, set->x, rows, INPUT), *y = spread(compute, NULL, rows, HIDDEN);
    hny_real *tight = hny_compute_take(compute, rows, HIDDEN), *d_tight;
    cr_assert_not_null(tight);
    HNY_TRY(hny_recurrent_forward(&set->layer, compute, &set->sequences, x, INPUT + MARGIN,
                                  set->initial ? set->state : NULL, y, HIDDEN + MARGIN, &run));
    gather(y, tight, rows, HIDDEN);
    *loss = laboratory_loss(&set->lab, tight, set->weights, rows * HIDDEN, &d_tight);
    if (!backward) return HNY_OK;
    bool accumulate = set->layer.reverse; /* as the second direction of a layer does */
    const hny_real *held = laboratory_numbers(&set->lab, rows * INPUT);
    hny_real *dy = spread(compute, d_tight, rows, HIDDEN);
    hny_real *dx = spread(compute, accumulate ? held : NULL, rows, INPUT);
    HNY_TRY(hny_recurrent_backward(&set->layer, compute, &run, dy, HIDDEN + MARGIN, dx, INPUT + MARGIN,
                                   accumulate, set->initial ? set->d_state : NULL));
    gather(dx, set->dx, rows, INPUT);
    for (size_t i = 0; accumulate && i < rows * INPUT; i++) set->dx[i] -= held[i];
    return HNY_OK;
}

static void check(const struct hny_cell *cell, struct variant variant, const struct batch *batch) {
    struct setting set = {0};
    make_layer(&set, cell, variant);
    make_inputs(&set, batch);
    if (batch->length[0] == 1 && !variant.initial) { /* the state's product reads zeros alone */
        laboratory_constant(&set.lab, "layer.recurrent_weight");
        if (variant.norm) laboratory_constant(&set.lab, "layer.recurrent_gain");
    }
    char name[96];
    snprintf(name, sizeof name, "%s%s%s%s%s, %zu sentences of up to %zu", cell->name,
             variant.reverse ? ", reverse" : "", variant.norm ? ", layer norm" : "",
             variant.dropout ? ", dropout" : "", variant.initial ? ", initial states" : "", batch->count,
             batch->length[0]);
    laboratory_check(&set.lab, examine, &set, batch->count == MANY ? SOME : SIZE_MAX, name);
    laboratory_close(&set.lab);
}

static void check_variants(const struct hny_cell *cell) {
    for (unsigned bits = 0; bits < 16; bits++)
        for (size_t b = 0; b < ARRAY_COUNT(batches); b++)
            check(cell, (struct variant){bits & 1, bits >> 1 & 1, bits >> 2 & 1, bits >> 3 & 1}, &batches[b]);
}

Test(recurrent, gradients_of_the_lstm_are_those_of_finite_differences) {
    check_variants(cells[0]);
}

Test(recurrent, gradients_of_the_gru_are_those_of_finite_differences) {
    check_variants(cells[1]);
}

Test(recurrent, gradients_of_the_rnn_are_those_of_finite_differences) {
    check_variants(cells[2]);
}
