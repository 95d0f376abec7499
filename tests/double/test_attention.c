#include "decoder/attention.h"

#include "tests/double/laboratory.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { QUERY = 3, MEMORY = 8, HIDDEN = 12, BATCH = 4, LONGEST = 5 };

/* Target sentences, and the source sentences in another order, as sorting each side by length makes it. */
static const size_t target_lengths[BATCH] = {4, 3, 1, 1}, source_lengths[BATCH] = {5, 4, 4, 1};
static const size_t source_of[BATCH] = {2, 3, 0, 1};

struct setting {
    struct laboratory lab;
    struct hny_attention attention;
    struct hny_sequences target, source;
    hny_real *questions, *d_questions, *values, *d_values, *weights;
};

static void make(struct setting *set, size_t heads) {
    *set =
        (struct setting){.attention = {.query = QUERY, .memory = MEMORY, .hidden = HIDDEN, .heads = heads}};
    struct hny_initialisation initial = laboratory_initialisation();
    laboratory_open(&set->lab);
    EXPECT_OK(hny_attention_create(&set->attention, &set->lab.parameters, &initial));
    laboratory_fill(&set->lab);
    set->target = laboratory_sequences(&set->lab, target_lengths, BATCH);
    set->source = laboratory_sequences(&set->lab, source_lengths, BATCH);
    set->questions = laboratory_input(&set->lab, "questions", set->target.rows * QUERY, &set->d_questions);
    set->values = laboratory_input(&set->lab, "values", set->source.rows * MEMORY, &set->d_values);
    set->weights = laboratory_numbers(&set->lab, set->target.rows * MEMORY);
}

static hny_status forward(struct setting *set, hny_real **context, struct hny_attention_run *run) {
    *context = hny_compute_take(&set->lab.compute, set->target.rows, MEMORY);
    cr_assert_not_null(*context);
    return hny_attention_forward(&set->attention, &set->lab.compute, &set->target, set->questions,
                                 &set->source, source_of, set->values, *context, run);
}

/* Adds HELD to COUNT numbers: what a gradient holds before it is added to. */
static void hold(hny_real *numbers, size_t count, double held) {
    for (size_t i = 0; i < count; i++) numbers[i] += held;
}

static hny_status examine(void *context, bool backward, double *loss) {
    struct setting *set = context;
    struct hny_attention_run run;
    size_t asked = set->target.rows * QUERY, held = set->source.rows * MEMORY;
    hny_real *y, *d_y;
    HNY_TRY(forward(set, &y, &run));
    *loss = laboratory_loss(&set->lab, y, set->weights, set->target.rows * MEMORY, backward ? &d_y : NULL);
    if (!backward) return HNY_OK;
    memset(set->d_questions, 0, asked * sizeof *set->d_questions);
    memset(set->d_values, 0, held * sizeof *set->d_values);
    hold(set->d_questions, asked, 0.5);
    hold(set->d_values, held, 0.25);
    HNY_TRY(hny_attention_backward(&set->attention, &set->lab.compute, &run, d_y, set->d_questions,
                                   set->d_values));
    hold(set->d_questions, asked, -0.5);
    hold(set->d_values, held, -0.25);
    return HNY_OK;
}

static const size_t head_counts[] = {1, 2, 4};

Test(attention, gradients_are_those_of_finite_differences) {
    for (size_t i = 0; i < ARRAY_COUNT(head_counts); i++) {
        struct setting set;
        make(&set, head_counts[i]);
        char name[32];
        snprintf(name, sizeof name, "%zu heads", head_counts[i]);
        laboratory_check(&set.lab, examine, &set, SIZE_MAX, name);
        laboratory_close(&set.lab);
    }
}

/* W x of a tensor [rows][columns]. */
static void product(const struct setting *set, const struct hny_tensor *tensor, const hny_real *x,
                    double *sum) {
    const hny_real *w = hny_compute_values(&set->lab.compute, tensor);
    for (size_t j = 0; j < tensor->shape[0]; j++) {
        sum[j] = 0;
        for (size_t k = 0; k < tensor->shape[1]; k++) sum[j] += w[j * tensor->shape[1] + k] * x[k];
    }
}

/* The weights of one head over the LENGTH positions of source sentence B, from the equations. */
static void expected_weights(const struct setting *set, size_t head, const hny_real *question, size_t b,
                             double *weight) {
    const hny_real *v = hny_compute_values(&set->lab.compute, set->attention.vector);
    const hny_real *bias = hny_compute_values(&set->lab.compute, set->attention.bias);
    double gain = hny_compute_values(&set->lab.compute, set->attention.gain)[head];
    size_t share = HIDDEN / set->attention.heads, first = head * share;
    double query[HIDDEN], key[HIDDEN], size = 0, all = 0;
    for (size_t d = first; d < first + share; d++) size += v[d] * v[d];
    product(set, set->attention.query_weight, question, query);
    for (size_t s = 0; s < source_lengths[b]; s++) {
        product(set, set->attention.key_weight, set->values + (set->source.offset[s] + b) * MEMORY, key);
        double score = 0;
        for (size_t d = first; d < first + share; d++)
            score += gain * v[d] / sqrt(size) * tanh(query[d] + key[d] + bias[d]);
        all += weight[s] = exp(score);
    }
    for (size_t s = 0; s < source_lengths[b]; s++) weight[s] /= all;
}

Test(attention, the_context_is_that_of_the_equations) {
    for (size_t i = 0; i < ARRAY_COUNT(head_counts); i++) {
        struct setting set;
        struct hny_attention_run run;
        hny_real *context;
        make(&set, head_counts[i]);
        EXPECT_OK(forward(&set, &context, &run));
        for (size_t b = 0; b < BATCH; b++)
            for (size_t t = 0; t < target_lengths[b]; t++)
                for (size_t k = 0; k < MEMORY; k++) {
                    size_t row = set.target.offset[t] + b, head = k * head_counts[i] / MEMORY;
                    double weight[LONGEST], mean = 0;
                    expected_weights(&set, head, set.questions + row * QUERY, source_of[b], weight);
                    for (size_t s = 0; s < source_lengths[source_of[b]]; s++)
                        mean += weight[s] * set.values[(set.source.offset[s] + source_of[b]) * MEMORY + k];
                    cr_assert(fabs(context[row * MEMORY + k] - mean) < 1e-14, "%zu heads, %zu at %zu",
                              head_counts[i], b, t);
                }
        laboratory_close(&set.lab);
    }
}

Test(attention, a_step_gives_the_heads_mean_weights_and_the_context) {
    for (size_t i = 0; i < ARRAY_COUNT(head_counts); i++) {
        struct setting set;
        make(&set, head_counts[i]);
        size_t of = 1, length = source_lengths[of];
        hny_real values[LONGEST * MEMORY], keys[LONGEST * HIDDEN], context[MEMORY], weights[LONGEST];
        for (size_t s = 0; s < length; s++)
            memcpy(values + s * MEMORY, set.values + (set.source.offset[s] + of) * MEMORY,
                   MEMORY * sizeof *values);
        EXPECT_OK(hny_attention_keys(&set.attention, &set.lab.compute, length, values, keys));
        struct hny_memory memory = {.length = length, .values = values, .keys = keys};
        const struct hny_memory *memories[] = {&memory};
        hny_real *wanted[] = {weights};
        EXPECT_OK(hny_attention_step(&set.attention, &set.lab.compute, 1, set.questions, memories, context,
                                     wanted));
        double mean[LONGEST] = {0};
        for (size_t h = 0; h < head_counts[i]; h++) {
            double weight[LONGEST], part = MEMORY / (double)head_counts[i];
            expected_weights(&set, h, set.questions, of, weight);
            double sum = 0;
            for (size_t s = 0; s < length; s++) {
                mean[s] += weight[s] / (double)head_counts[i];
                sum += weight[s] * values[s * MEMORY + h * (size_t)part];
            }
            cr_assert(fabs(context[h * (size_t)part] - sum) < 1e-14);
        }
        for (size_t s = 0; s < length; s++) cr_assert(fabs(weights[s] - mean[s]) < 1e-14);
        laboratory_close(&set.lab);
    }
}

Test(attention, heads_that_do_not_divide_the_widths_are_refused) {
    static const size_t refused[] = {0, 3, 5, 24}; /* 3 divides one width alone */
    for (size_t i = 0; i < ARRAY_COUNT(refused); i++) {
        struct laboratory lab;
        struct hny_initialisation initial = laboratory_initialisation();
        struct hny_attention attention = {
            .query = QUERY, .memory = MEMORY, .hidden = HIDDEN, .heads = refused[i]};
        laboratory_open(&lab);
        cr_assert_eq(hny_attention_create(&attention, &lab.parameters, &initial), HNY_ERROR_USAGE);
        laboratory_close(&lab);
    }
}
