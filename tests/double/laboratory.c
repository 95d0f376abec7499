#include "tests/double/laboratory.h"

#include "base/random.h"
#include <math.h>
#include <string.h>

enum { BLOCK_BYTES = 1 << 18, POISON_BYTES = 1 << 12 };

/* What the tensors' gradients hold before a pass, which must add to it. */
static const double held_before = 0.125;

void laboratory_open(struct laboratory *lab) {
    *lab = (struct laboratory){.compute = {.training = true, .seed = 7, .update = 3, .shard = 1}};
    lab->compute.parameters = &lab->parameters;
    lab->compute.arena = hny_arena_create(BLOCK_BYTES);
    lab->lasting = hny_arena_create(BLOCK_BYTES);
    cr_assert(lab->compute.arena && lab->lasting);
    EXPECT_OK(hny_products_create(&lab->compute.products));
}

void laboratory_close(struct laboratory *lab) {
    hny_products_destroy(&lab->compute.products);
    hny_arena_destroy(&lab->compute.arena);
    hny_arena_destroy(&lab->lasting);
    hny_parameters_free(&lab->parameters);
}

struct hny_initialisation laboratory_initialisation(void) {
    return (struct hny_initialisation){
        .matrix = HNY_INITIAL_UNIFORM, .matrix_scale = 0.6, .bias_scale = 0.1, .forget_bias = 1};
}

hny_real *laboratory_numbers(struct laboratory *lab, size_t count) {
    hny_real *numbers = hny_arena_take(lab->lasting, count, sizeof *numbers);
    cr_assert_not_null(numbers);
    struct hny_random stream = hny_random_stream(11, HNY_RANDOM_SAMPLE, 0, 0);
    for (size_t i = 0; i < count; i++) numbers[i] = 2 * hny_random_real(&stream, lab->drawn++) - 1;
    return numbers;
}

static hny_real *add_block(struct laboratory *lab, const char *name, hny_real *values, size_t count,
                           hny_real *gradient) {
    cr_assert(lab->block_count < LABORATORY_BLOCKS);
    lab->block[lab->block_count++] =
        (struct gradient_block){.name = name, .values = values, .gradient = gradient, .count = count};
    return values;
}

void laboratory_fill(struct laboratory *lab) {
    struct hny_parameters *parameters = &lab->parameters;
    EXPECT_OK(hny_parameters_allocate(parameters));
    hny_parameters_initialise(parameters, 5);
    lab->tensor_gradients = laboratory_numbers(lab, parameters->count);
    for (size_t i = 0; i < parameters->tensor_count; i++) {
        const struct hny_tensor *tensor = parameters->tensors[i];
        hny_real *values = parameters->values + tensor->offset;
        const hny_real *more = laboratory_numbers(lab, tensor->count);
        for (size_t k = 0; k < tensor->count; k++) values[k] += 0.3 * more[k];
        add_block(lab, tensor->name, values, tensor->count, lab->tensor_gradients + tensor->offset);
    }
    EXPECT_OK(hny_parameters_prepare(parameters, HNY_PRECISION_F32, true));
    laboratory_refresh(lab);
}

void laboratory_refresh(struct laboratory *lab) {
    EXPECT_OK(hny_parameters_pack(&lab->parameters, NULL));
    struct hny_arena *arena = lab->compute.arena;
    hny_arena_reset(arena);
    for (size_t peak = hny_arena_peak(arena); hny_arena_used(arena) < peak;) {
        void *scratch = hny_arena_take(arena, POISON_BYTES, 1);
        cr_assert_not_null(scratch);
        memset(scratch, 0xff, POISON_BYTES); /* all ones is a not-a-number */
    }
    hny_arena_reset(arena);
}

hny_real *laboratory_input(struct laboratory *lab, const char *name, size_t count, hny_real **gradient) {
    *gradient = laboratory_numbers(lab, count);
    return add_block(lab, name, laboratory_numbers(lab, count), count, *gradient);
}

struct hny_sequences laboratory_sequences(struct laboratory *lab, const size_t *length, size_t count) {
    struct hny_sequences sequences;
    EXPECT_OK(hny_sequences_make(&sequences, lab->lasting, length, count));
    return sequences;
}

void laboratory_constant(struct laboratory *lab, const char *name) {
    for (size_t i = 0; i < lab->block_count; i++)
        if (strcmp(lab->block[i].name, name) == 0) {
            lab->block[i].constant = true;
            return;
        }
    cr_assert_fail("no block is called %s", name);
}

double laboratory_loss(struct laboratory *lab, const hny_real *y, const hny_real *weights, size_t count,
                       hny_real **d_y) {
    double loss = 0;
    for (size_t i = 0; i < count; i++) loss += weights[i] * y[i];
    if (!d_y) return loss;
    *d_y = hny_compute_take(&lab->compute, count, 1);
    cr_assert_not_null(*d_y);
    memcpy(*d_y, weights, count * sizeof **d_y);
    return loss;
}

struct trial {
    struct laboratory *lab;
    experiment *examine;
    void *context;
};

static hny_status run(void *context, bool gradients, double *value) {
    const struct trial *trial = context;
    struct laboratory *lab = trial->lab;
    size_t count = lab->parameters.count;
    laboratory_refresh(lab);
    lab->compute.gradients = gradients ? lab->tensor_gradients : NULL;
    for (size_t k = 0; gradients && k < count; k++) lab->tensor_gradients[k] = held_before;
    HNY_TRY(trial->examine(trial->context, gradients, value));
    for (size_t k = 0; gradients && k < count; k++) lab->tensor_gradients[k] -= held_before;
    return HNY_OK;
}

void laboratory_check(struct laboratory *lab, experiment *examine, void *context, size_t most,
                      const char *name) {
    struct trial trial = {lab, examine, context};
    struct gradient_report report;
    hny_status status = gradient_check(run, &trial, lab->block, lab->block_count, most, &report);
    cr_assert_eq(status, HNY_OK, "%s: %s", name, hny_message());
}
