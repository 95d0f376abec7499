#include "decoder/decoder.h"

#include "tests/double/laboratory.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { EMBEDDING = 3, HIDDEN = 4, MEMORY = 6, READOUT = 5, BATCH = 3, SOURCES = 3, LONGEST = 4 };

/* Target sentences, and the source sentences in another order, as sorting each side by length makes it. */
static const size_t target_lengths[BATCH] = {4, 2, 1}, source_lengths[SOURCES] = {4, 2, 1};
static const size_t source_of[BATCH] = {1, 2, 0};

static const struct hny_cell *const cells[] = {&hny_cell_lstm, &hny_cell_gru, &hny_cell_rnn};

struct setting {
    struct laboratory lab;
    struct hny_decoder *decoder;
    struct hny_sequences target, source;
    hny_real *x, *dx, *memory, *d_memory, *weights;
};

/* What is tried of a decoder: one bit each. */
enum { START = 1, WITH_READOUT = 2, DROPOUT = 4, NORM = 8, TWO_HEADS = 16, RESIDUAL = 32, ALL = 64 };

static struct hny_decoder_config config_of(size_t cell, size_t layers, unsigned what) {
    return (struct hny_decoder_config){.cell = cells[cell],
                                       .layers = layers,
                                       .embedding = EMBEDDING,
                                       .hidden = HIDDEN,
                                       .residual = what & RESIDUAL ? 2 : 3,
                                       .memory = MEMORY,
                                       .heads = what & TWO_HEADS ? 2 : 1,
                                       .readout = what & WITH_READOUT ? READOUT : 0,
                                       .start = what & START,
                                       .layer_norm = what & NORM,
                                       .dropout = what & DROPOUT ? 0.2 : 0,
                                       .recurrent_dropout = what & DROPOUT ? 0.2 : 0,
                                       .initial = laboratory_initialisation()};
}

static bool possible(size_t layers, unsigned what) {
    return layers > 1 || what & WITH_READOUT;
}

static void make(struct setting *set, size_t cell, size_t layers, unsigned what) {
    struct hny_decoder_config config = config_of(cell, layers, what);
    laboratory_open(&set->lab);
    EXPECT_OK(hny_decoder_create(&set->decoder, &set->lab.parameters, &config));
    laboratory_fill(&set->lab);
    set->target = laboratory_sequences(&set->lab, target_lengths, BATCH);
    set->source = laboratory_sequences(&set->lab, source_lengths, SOURCES);
    set->x = laboratory_input(&set->lab, "x", set->target.rows * EMBEDDING, &set->dx);
    set->memory = laboratory_input(&set->lab, "memory", set->source.rows * MEMORY, &set->d_memory);
    set->weights = laboratory_numbers(&set->lab, set->target.rows * hny_decoder_output(set->decoder));
}

static void unmake(struct setting *set) {
    hny_decoder_destroy(&set->decoder);
    laboratory_close(&set->lab);
}

static hny_status forward(struct setting *set, struct hny_decoder_run **run, hny_real **y) {
    return hny_decoder_forward(set->decoder, &set->lab.compute, &set->target, set->x, &set->source, source_of,
                               set->memory, run, y);
}

static hny_status examine(void *context, bool backward, double *loss) {
    struct setting *set = context;
    struct hny_decoder_run *run;
    size_t rows = set->target.rows, held = set->source.rows * MEMORY;
    hny_real *y, *d_y, *d_x;
    HNY_TRY(forward(set, &run, &y));
    *loss = laboratory_loss(&set->lab, y, set->weights, rows * hny_decoder_output(set->decoder),
                            backward ? &d_y : NULL);
    if (!backward) return HNY_OK;
    for (size_t i = 0; i < held; i++) set->d_memory[i] = 0.5;
    HNY_TRY(hny_decoder_backward(set->decoder, &set->lab.compute, run, d_y, set->d_memory, &d_x));
    for (size_t i = 0; i < held; i++) set->d_memory[i] -= 0.5;
    memcpy(set->dx, d_x, rows * EMBEDDING * sizeof *d_x);
    return HNY_OK;
}

static void check(size_t cell, size_t layers, unsigned what) {
    struct setting set = {0};
    make(&set, cell, layers, what);
    char name[96];
    snprintf(name, sizeof name, "%s, %zu layers%s%s%s%s%s", cells[cell]->name, layers,
             what & START ? ", start" : "", what & WITH_READOUT ? ", readout" : "",
             what & DROPOUT ? ", dropout" : "", what & NORM ? ", layer norm" : "",
             what & TWO_HEADS ? ", two heads" : "");
    laboratory_check(&set.lab, examine, &set, 10, name);
    unmake(&set);
}

Test(decoder, gradients_are_those_of_finite_differences) {
    for (size_t cell = 0; cell < ARRAY_COUNT(cells); cell++)
        for (size_t layers = 1; layers <= 3; layers++)
            for (unsigned what = 0; what < ALL; what++)
                if (possible(layers, what)) check(cell, layers, what);
}

/* Source sentences as the search holds them. */
struct memories {
    struct hny_memory of[SOURCES];
    hny_real values[SOURCES][LONGEST * MEMORY], keys[SOURCES][LONGEST * HIDDEN];
};

static void gather(const struct setting *set, struct memories *memories) {
    for (size_t b = 0; b < SOURCES; b++) {
        for (size_t s = 0; s < source_lengths[b]; s++)
            memcpy(memories->values[b] + s * MEMORY, set->memory + (set->source.offset[s] + b) * MEMORY,
                   MEMORY * sizeof(hny_real));
        struct hny_compute *compute = (struct hny_compute *)&set->lab.compute;
        EXPECT_OK(hny_decoder_keys(set->decoder, compute, source_lengths[b], memories->values[b],
                                   memories->keys[b]));
        memories->of[b] = (struct hny_memory){source_lengths[b], memories->values[b], memories->keys[b]};
    }
}

/* Rows of one step, of hypotheses in any order. */
struct step {
    size_t rows;
    size_t sentence[BATCH];
    hny_real x[BATCH * EMBEDDING], *state, *next, *output;
    const struct hny_memory *memory[BATCH];
    hny_real weights[BATCH][LONGEST], *weight[BATCH];
};

/* The sentences alive at step T, the last first. */
static void line_up(const struct setting *set, const struct memories *memories, size_t t,
                    const hny_real *states, struct step *step) {
    size_t width = hny_decoder_state(set->decoder);
    step->rows = set->target.alive[t];
    for (size_t r = 0; r < step->rows; r++) {
        size_t b = step->sentence[r] = step->rows - 1 - r;
        memcpy(step->x + r * EMBEDDING, set->x + (set->target.offset[t] + b) * EMBEDDING,
               EMBEDDING * sizeof *step->x);
        memcpy(step->state + r * width, states + b * width, width * sizeof *states);
        step->memory[r] = &memories->of[source_of[b]];
        step->weight[r] = r == 1 ? NULL : step->weights[r]; /* one asks for none */
    }
}

static void compare_step(const struct setting *set, const struct step *step, const hny_real *y, size_t t) {
    size_t width = hny_decoder_output(set->decoder);
    for (size_t r = 0; r < step->rows; r++) {
        const hny_real *row = y + (set->target.offset[t] + step->sentence[r]) * width;
        for (size_t k = 0; k < width; k++)
            cr_assert(fabs(step->output[r * width + k] - row[k]) < 1e-13,
                      "sentence %zu, step %zu: %g, not %g", step->sentence[r], t, step->output[r * width + k],
                      row[k]);
        double sum = 0;
        for (size_t s = 0; step->weight[r] && s < step->memory[r]->length; s++) sum += step->weight[r][s];
        cr_assert(!step->weight[r] || fabs(sum - 1) < 1e-14, "%g", sum);
    }
}

static void compare_with_search(size_t cell, size_t layers, unsigned what) {
    struct setting set = {0};
    struct memories memories;
    struct hny_decoder_run *run;
    hny_real *y;
    make(&set, cell, layers, what);
    set.lab.compute.training = false; /* DROPOUT must change nothing now */
    EXPECT_OK(forward(&set, &run, &y));
    gather(&set, &memories);
    size_t width = hny_decoder_state(set.decoder);
    hny_real *states = laboratory_numbers(&set.lab, BATCH * width);
    struct step step = {.state = laboratory_numbers(&set.lab, BATCH * width),
                        .next = laboratory_numbers(&set.lab, BATCH * width),
                        .output = laboratory_numbers(&set.lab, BATCH * (HIDDEN + READOUT))};
    for (size_t b = 0; b < BATCH; b++)
        EXPECT_OK(
            hny_decoder_begin(set.decoder, &set.lab.compute, &memories.of[source_of[b]], states + b * width));
    for (size_t t = 0; t < set.target.steps; t++) {
        line_up(&set, &memories, t, states, &step);
        EXPECT_OK(hny_decoder_step(set.decoder, &set.lab.compute, step.rows, step.x, step.state, step.memory,
                                   step.next, step.output, step.weight));
        compare_step(&set, &step, y, t);
        for (size_t r = 0; r < step.rows; r++)
            memcpy(states + step.sentence[r] * width, step.next + r * width, width * sizeof *states);
    }
    unmake(&set);
}

Test(decoder, steps_of_the_search_are_those_of_teacher_forcing) {
    for (size_t cell = 0; cell < ARRAY_COUNT(cells); cell++)
        for (size_t layers = 1; layers <= 4; layers++)
            for (unsigned what = 0; what < ALL; what++)
                if (possible(layers, what)) compare_with_search(cell, layers, what);
}

Test(decoder, without_a_learned_start_states_are_zero) {
    struct setting set = {0};
    struct memories memories;
    make(&set, 0, 2, 0);
    gather(&set, &memories);
    size_t width = hny_decoder_state(set.decoder);
    cr_assert_eq(width, 2 * 2 * HIDDEN);
    hny_real *state = laboratory_numbers(&set.lab, width);
    EXPECT_OK(hny_decoder_begin(set.decoder, &set.lab.compute, &memories.of[0], state));
    for (size_t k = 0; k < width; k++) cr_assert_eq(state[k], 0);
    unmake(&set);
}

Test(decoder, a_decoder_that_could_not_use_the_context_is_refused) {
    for (size_t layers = 0; layers < 2; layers++) {
        struct laboratory lab;
        struct hny_decoder *decoder = NULL;
        struct hny_decoder_config config = config_of(0, layers, layers == 0 ? WITH_READOUT : 0);
        laboratory_open(&lab);
        cr_assert_eq(hny_decoder_create(&decoder, &lab.parameters, &config), HNY_ERROR_USAGE);
        laboratory_close(&lab);
    }
}
