#include "encoder/encoder.h"

#include "tests/double/laboratory.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { INPUT = 3, HIDDEN = 8, BATCH = 3 };

static const size_t lengths[BATCH] = {4, 2, 1};
static const struct hny_cell *const cells[] = {&hny_cell_lstm, &hny_cell_gru, &hny_cell_rnn};

struct setting {
    struct laboratory lab;
    struct hny_encoder *encoder;
    struct hny_sequences sequences;
    hny_real *x, *dx, *weights;
};

static void make(struct setting *set, const struct hny_encoder_config *config) {
    laboratory_open(&set->lab);
    EXPECT_OK(hny_encoder_create(&set->encoder, &set->lab.parameters, config));
    laboratory_fill(&set->lab);
    set->sequences = laboratory_sequences(&set->lab, lengths, BATCH);
    set->x = laboratory_input(&set->lab, "x", set->sequences.rows * INPUT, &set->dx);
    set->weights = laboratory_numbers(&set->lab, set->sequences.rows * hny_encoder_output(set->encoder));
}

static void unmake(struct setting *set) {
    hny_encoder_destroy(&set->encoder);
    laboratory_close(&set->lab);
}

static hny_status examine(void *context, bool backward, double *loss) {
    struct setting *set = context;
    struct hny_encoder_run *run;
    size_t rows = set->sequences.rows, count = rows * hny_encoder_output(set->encoder);
    hny_real *y, *d_y, *d_x;
    HNY_TRY(hny_encoder_forward(set->encoder, &set->lab.compute, &set->sequences, set->x, &run, &y));
    *loss = laboratory_loss(&set->lab, y, set->weights, count, backward ? &d_y : NULL);
    if (!backward) return HNY_OK;
    HNY_TRY(hny_encoder_backward(set->encoder, &set->lab.compute, run, d_y, &d_x));
    memcpy(set->dx, d_x, rows * INPUT * sizeof *d_x);
    return HNY_OK;
}

static struct hny_encoder_config config_of(size_t cell, size_t layers, unsigned bits) {
    return (struct hny_encoder_config){.cell = cells[cell],
                                       .layers = layers,
                                       .input = INPUT,
                                       .hidden = HIDDEN,
                                       .residual = bits & 8 ? 2 : 3,
                                       .bidirectional = bits & 1,
                                       .layer_norm = bits & 2,
                                       .dropout = bits & 4 ? 0.2 : 0,
                                       .recurrent_dropout = bits & 4 ? 0.2 : 0,
                                       .initial = laboratory_initialisation()};
}

static void check(size_t cell, size_t layers, unsigned bits) {
    struct setting set = {0};
    struct hny_encoder_config config = config_of(cell, layers, bits);
    make(&set, &config);
    char name[96];
    snprintf(name, sizeof name, "%s, %zu layers, residual from %zu%s%s%s", config.cell->name, layers,
             config.residual, config.bidirectional ? ", bidirectional" : "",
             config.layer_norm ? ", layer norm" : "", config.dropout > 0 ? ", dropout" : "");
    laboratory_check(&set.lab, examine, &set, 10, name);
    unmake(&set);
}

Test(encoder, gradients_are_those_of_finite_differences) {
    for (size_t cell = 0; cell < ARRAY_COUNT(cells); cell++)
        for (size_t layers = 1; layers <= 4; layers++)
            for (unsigned bits = 0; bits < 16; bits++) check(cell, layers, bits);
}

Test(encoder, the_output_is_hidden_wide_but_twice_that_of_the_lowest_layer) {
    for (size_t layers = 1; layers <= 3; layers++) {
        struct setting set = {0};
        struct hny_encoder_config config = config_of(0, layers, 0);
        make(&set, &config);
        cr_assert_eq(hny_encoder_output(set.encoder), layers == 1 ? 2 * HIDDEN : HIDDEN);
        unmake(&set);
    }
}

/* The rows of sentence B, one after another. */
static void sentence(const struct hny_sequences *s, size_t b, const hny_real *rows, size_t width,
                     hny_real *out) {
    for (size_t t = 0; t < s->length[b]; t++)
        memcpy(out + t * width, rows + (s->offset[t] + b) * width, width * sizeof *out);
}

Test(encoder, a_sentence_is_read_alone_as_among_others) {
    for (size_t cell = 0; cell < ARRAY_COUNT(cells); cell++)
        for (unsigned bits = 0; bits < 4; bits++) {
            struct setting set = {0};
            struct hny_encoder_config config = config_of(cell, 3, bits);
            struct hny_encoder_run *run;
            make(&set, &config);
            struct hny_compute *compute = &set.lab.compute;
            hny_real *together, *alone;
            EXPECT_OK(hny_encoder_forward(set.encoder, compute, &set.sequences, set.x, &run, &together));
            for (size_t b = 0; b < BATCH; b++) {
                hny_real x[4 * INPUT], y[4 * HIDDEN];
                struct hny_sequences one = laboratory_sequences(&set.lab, &lengths[b], 1);
                sentence(&set.sequences, b, set.x, INPUT, x);
                sentence(&set.sequences, b, together, HIDDEN, y);
                EXPECT_OK(hny_encoder_forward(set.encoder, compute, &one, x, &run, &alone));
                for (size_t k = 0; k < lengths[b] * HIDDEN; k++)
                    cr_assert(fabs(alone[k] - y[k]) < 1e-14, "sentence %zu", b);
            }
            unmake(&set);
        }
}

Test(encoder, the_forget_gates_bias_starts_higher) {
    struct setting set = {0};
    struct hny_encoder_config config = config_of(0, 2, 0);
    make(&set, &config);
    struct hny_parameters *parameters = &set.lab.parameters;
    hny_parameters_initialise(parameters, 5);
    hny_encoder_initialise(set.encoder, parameters);
    static const char *const names[] = {"encoder.1.forward.bias", "encoder.1.backward.bias",
                                        "encoder.2.bias"};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        const struct hny_tensor *bias = hny_parameters_find(parameters, names[i]);
        cr_assert_not_null(bias, "%s", names[i]);
        for (size_t k = 0; k < bias->count; k++) {
            double expected = k / HIDDEN == HNY_LSTM_FORGET ? 1 : 0;
            cr_assert(fabs(parameters->values[bias->offset + k] - expected) <= 0.1, "%s[%zu]", names[i], k);
        }
    }
    unmake(&set);
}

Test(encoder, an_encoder_without_layers_is_refused) {
    struct laboratory lab;
    struct hny_encoder *encoder = NULL;
    struct hny_encoder_config config = config_of(0, 0, 0);
    laboratory_open(&lab);
    cr_assert_eq(hny_encoder_create(&encoder, &lab.parameters, &config), HNY_ERROR_USAGE);
    laboratory_close(&lab);
}
