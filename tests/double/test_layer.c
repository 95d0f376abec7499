#include "nn/layer.h"

#include "nn/layernorm.h"
#include "tests/double/laboratory.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { WIDTH = 6, NARROW = 4, BESIDE = 3, BATCH = 3 };

static const size_t lengths[BATCH] = {4, 2, 1};
static const struct hny_cell *const cells[] = {&hny_cell_lstm, &hny_cell_gru, &hny_cell_rnn};

struct setting {
    struct laboratory lab;
    struct hny_layer layer;
    struct hny_sequences sequences;
    bool initial;
    hny_real *below, *d_below, *beside, *d_beside, *weights;
    hny_real *state[HNY_CELL_STATES], *d_state[HNY_CELL_STATES];
};

static hny_status examine(void *context, bool backward, double *loss) {
    struct setting *set = context;
    struct hny_layer_run run;
    struct hny_compute *compute = &set->lab.compute;
    size_t rows = set->sequences.rows;
    hny_real *y, *d_y, *d_below;
    HNY_TRY(hny_layer_forward(&set->layer, compute, &set->sequences, set->below, set->beside,
                              set->initial ? set->state : NULL, &run, &y));
    *loss = laboratory_loss(&set->lab, y, set->weights, rows * WIDTH, backward ? &d_y : NULL);
    if (!backward) return HNY_OK;
    for (size_t i = 0; i < rows * set->layer.beside; i++) set->d_beside[i] = 0.5;
    HNY_TRY(hny_layer_backward(&set->layer, compute, &run, d_y, &d_below, set->d_beside,
                               set->initial ? set->d_state : NULL));
    for (size_t i = 0; i < rows * set->layer.beside; i++) set->d_beside[i] -= 0.5;
    memcpy(set->d_below, d_below, rows * set->layer.below * sizeof *d_below);
    return HNY_OK;
}

static void make(struct setting *set, const struct hny_layer_options *options, bool initial) {
    static const char *const names[HNY_CELL_STATES] = {"hidden state", "second state"};
    laboratory_open(&set->lab);
    EXPECT_OK(hny_layer_create(&set->layer, &set->lab.parameters, options, "layer"));
    laboratory_fill(&set->lab);
    set->sequences = laboratory_sequences(&set->lab, lengths, BATCH);
    size_t rows = set->sequences.rows;
    set->weights = laboratory_numbers(&set->lab, rows * WIDTH);
    set->below = laboratory_input(&set->lab, "below", rows * options->below, &set->d_below);
    if (options->beside)
        set->beside = laboratory_input(&set->lab, "beside", rows * options->beside, &set->d_beside);
    set->initial = initial;
    for (size_t i = 0; initial && i < options->cell->states; i++)
        set->state[i] = laboratory_input(&set->lab, names[i], BATCH * WIDTH, &set->d_state[i]);
}

/* What is tried of a layer: one bit each. */
enum {
    TWO_DIRECTIONS = 1,
    WITH_BESIDE = 2,
    RESIDUAL = 4,
    DROPOUT = 8,
    NORM = 16,
    INITIAL = 32,
    WIDER = 64,
    ALL = 128
};

static void check(const struct hny_cell *cell, unsigned what) {
    struct setting set = {0};
    struct hny_layer_options options = {.cell = cell,
                                        .below = what & WIDER      ? 2 * WIDTH
                                                 : what & RESIDUAL ? WIDTH
                                                                   : NARROW,
                                        .beside = what & WITH_BESIDE ? BESIDE : 0,
                                        .width = WIDTH,
                                        .directions = what & TWO_DIRECTIONS ? 2 : 1,
                                        .residual = what & RESIDUAL,
                                        .layer_norm = what & NORM,
                                        .dropout = what & DROPOUT ? 0.3 : 0,
                                        .recurrent_dropout = what & DROPOUT ? 0.2 : 0,
                                        .number = 8,
                                        .initial = laboratory_initialisation()};
    make(&set, &options, what & INITIAL);
    char name[96];
    snprintf(name, sizeof name, "%s%s%s%s%s%s%s%s", cell->name,
             what & TWO_DIRECTIONS ? ", two directions" : "", what & WITH_BESIDE ? ", beside" : "",
             what & RESIDUAL ? ", residual" : "", what & WIDER ? ", wider below" : "",
             what & DROPOUT ? ", dropout" : "", what & NORM ? ", layer norm" : "",
             what & INITIAL ? ", initial states" : "");
    laboratory_check(&set.lab, examine, &set, 40, name);
    laboratory_close(&set.lab);
}

Test(layer, gradients_are_those_of_finite_differences) {
    for (size_t i = 0; i < ARRAY_COUNT(cells); i++)
        for (unsigned what = 0; what < ALL; what++)
            if (!(what & INITIAL && what & TWO_DIRECTIONS)) check(cells[i], what);
}

Test(layer, what_is_added_is_as_wide_or_a_multiple_of_it) {
    for (size_t below = WIDTH - 1; below <= 2 * WIDTH; below++) {
        struct laboratory lab;
        struct hny_layer layer;
        struct hny_layer_options options = {.cell = &hny_cell_lstm,
                                            .below = below,
                                            .width = WIDTH,
                                            .directions = 1,
                                            .residual = true,
                                            .initial = laboratory_initialisation()};
        laboratory_open(&lab);
        cr_assert_eq(hny_layer_create(&layer, &lab.parameters, &options, "layer"),
                     below % WIDTH == 0 ? HNY_OK : HNY_ERROR_USAGE);
        laboratory_close(&lab);
    }
}

Test(layer, an_odd_width_does_not_fit_two_directions) {
    struct laboratory lab;
    struct hny_layer layer;
    struct hny_layer_options options = {.cell = &hny_cell_lstm,
                                        .below = 2,
                                        .width = 5,
                                        .directions = 2,
                                        .initial = laboratory_initialisation()};
    laboratory_open(&lab);
    cr_assert_eq(hny_layer_create(&layer, &lab.parameters, &options, "layer"), HNY_ERROR_USAGE);
    laboratory_close(&lab);
}

Test(layer, a_step_for_search_is_a_step_of_the_sequence_without_its_dropout) {
    for (unsigned what = 0; what < 8; what++) {
        struct setting set = {0};
        struct hny_layer_options options = {.cell = &hny_cell_lstm,
                                            .below = what & 4   ? 2 * WIDTH
                                                     : what & 1 ? WIDTH
                                                                : NARROW,
                                            .beside = what & 2 ? BESIDE : 0,
                                            .width = WIDTH,
                                            .directions = 1,
                                            .residual = what & 1,
                                            .dropout = 0.5,
                                            .recurrent_dropout = 0.5,
                                            .initial = laboratory_initialisation()};
        make(&set, &options, true);
        set.lab.compute.training = false;
        struct hny_layer_run run;
        hny_real *y, next[2][BATCH * WIDTH], output[BATCH * WIDTH];
        EXPECT_OK(hny_layer_forward(&set.layer, &set.lab.compute, &set.sequences, set.below, set.beside,
                                    set.state, &run, &y));
        const hny_real *previous[] = {set.state[0], set.state[1]};
        hny_real *to[] = {next[0], next[1]};
        EXPECT_OK(hny_layer_step(&set.layer, &set.lab.compute, BATCH, set.below, set.beside, previous, to,
                                 WIDTH, output));
        for (size_t k = 0; k < BATCH * WIDTH; k++) cr_assert(fabs(output[k] - y[k]) < 1e-13, "%u", what);
        laboratory_close(&set.lab);
    }
}

/* Layer normalisation by itself, as wide as the sums' lanes ask for. */
struct normalisation {
    struct laboratory lab;
    struct hny_tensor *gain;
    size_t rows, width;
    bool added, in_place;
    hny_real *x, *dx, *weights;
};

static hny_status examine_normalisation(void *context, bool backward, double *loss) {
    struct normalisation *n = context;
    struct hny_compute *compute = &n->lab.compute;
    size_t count = n->rows * n->width;
    hny_real *normal = hny_compute_take(compute, count, 1), *inverse = hny_compute_take(compute, n->rows, 1);
    hny_real *y = hny_compute_take(compute, count, 1), *d_y;
    cr_assert(normal && inverse && y);
    memcpy(normal, n->x, count * sizeof *normal);
    if (n->added) memcpy(y, n->x, count * sizeof *y);
    hny_layernorm_forward(n->rows, n->width, normal, inverse, hny_compute_values(compute, n->gain), y,
                          n->added);
    *loss = laboratory_loss(&n->lab, y, n->weights, count, &d_y);
    if (!backward) return HNY_OK;
    hny_real *dx = n->in_place ? d_y : n->dx;
    hny_layernorm_backward(n->rows, n->width, normal, inverse, hny_compute_values(compute, n->gain), d_y, dx,
                           hny_compute_gradient(compute, n->gain));
    for (size_t i = 0; i < count; i++) n->dx[i] = dx[i] + (n->added ? n->weights[i] : 0);
    return HNY_OK;
}

Test(layernorm, gradients_are_those_of_finite_differences) {
    static const size_t widths[] = {2, 16, 37, 64};
    for (size_t i = 0; i < ARRAY_COUNT(widths); i++)
        for (int added = 0; added < 2; added++) {
            struct normalisation n = {.rows = 3, .width = widths[i], .added = added, .in_place = i % 2};
            laboratory_open(&n.lab);
            n.gain = hny_parameters_add(&n.lab.parameters, n.width, 1, HNY_INITIAL_ONE, 1, false, "gain");
            cr_assert_not_null(n.gain);
            laboratory_fill(&n.lab);
            n.x = laboratory_input(&n.lab, "x", n.rows * n.width, &n.dx);
            n.weights = laboratory_numbers(&n.lab, n.rows * n.width);
            char name[32];
            snprintf(name, sizeof name, "width %zu%s", n.width, added ? ", added" : "");
            laboratory_check(&n.lab, examine_normalisation, &n, SIZE_MAX, name);
            laboratory_close(&n.lab);
        }
}

Test(layernorm, rows_have_mean_zero_and_deviation_one_before_the_gain) {
    enum { ROWS = 2, COLUMNS = 37 };
    struct laboratory lab;
    laboratory_open(&lab);
    hny_real *x = laboratory_numbers(&lab, ROWS * COLUMNS), *gain = laboratory_numbers(&lab, COLUMNS);
    hny_real inverse[ROWS], y[ROWS * COLUMNS];
    for (size_t k = 0; k < COLUMNS; k++) x[COLUMNS + k] = 3 + 1e3 * x[k];
    hny_layernorm_forward(ROWS, COLUMNS, x, inverse, gain, y, false);
    for (size_t r = 0; r < ROWS; r++) {
        double sum = 0, squares = 0;
        for (size_t k = 0; k < COLUMNS; k++) {
            double normal = x[r * COLUMNS + k];
            sum += normal;
            squares += normal * normal;
            cr_assert(fabs(y[r * COLUMNS + k] - gain[k] * normal) < 1e-14);
        }
        cr_assert(fabs(sum / COLUMNS) < 1e-13);
        cr_assert(fabs(squares / COLUMNS - 1) < 1e-4, "%g", squares / COLUMNS);
    }
    laboratory_close(&lab);
}
