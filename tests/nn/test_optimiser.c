#include "nn/optimiser.h"

#include "base/memory.h"
#include "base/random.h"
#include "base/threads.h"
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SHARDS 3
#define STEPS 5

static void check(hny_status status) {
    cr_assert_eq(status, HNY_OK, "%s", hny_message());
}

static double number(uint32_t seed, size_t index) {
    struct hny_random stream = hny_random_stream(seed, HNY_RANDOM_INITIAL, 0, 0);
    return 2 * hny_random_real(&stream, index) - 1;
}

/* Tensors around and across the parts that threads take. */
static struct hny_parameters make_parameters(void) {
    struct hny_parameters parameters = {0};
    cr_assert_not_null(hny_parameters_add(&parameters, 13, 1, HNY_INITIAL_NORMAL, 0.5, false, "small"));
    cr_assert_not_null(hny_parameters_add(&parameters, 300, 500, HNY_INITIAL_GLOROT, 1, false, "large"));
    cr_assert_not_null(hny_parameters_add(&parameters, 200, 401, HNY_INITIAL_UNIFORM, 0.1, false, "frozen"));
    cr_assert_not_null(hny_parameters_add(&parameters, 7, 3, HNY_INITIAL_VALUE, 2, false, "last"));
    check(hny_parameters_allocate(&parameters));
    hny_parameters_initialise(&parameters, 11);
    cr_assert_eq(hny_parameters_freeze(&parameters, "fro*"), 1);
    return parameters;
}

static void make_gradients(const struct hny_parameters *parameters, size_t update, hny_real *shards[SHARDS]) {
    for (size_t shard = 0; shard < SHARDS; shard++) {
        if (!shards[shard]) shards[shard] = hny_allocate(parameters->count, sizeof(hny_real));
        cr_assert_not_null(shards[shard]);
        for (size_t t = 0; t < parameters->tensor_count; t++)
            for (size_t i = 0; i < parameters->tensors[t]->count; i++)
                shards[shard][parameters->tensors[t]->offset + i] =
                    (hny_real)number((uint32_t)(100 + update * SHARDS + shard), t * 1000003 + i);
    }
}

/* The whole run in double, element by element, as the papers write it. */
struct reference {
    double *w, *m, *v, *average;
};

/* The shards' gradients as their notes hold them: all tensors here are vectors to it. */
static void hand_over(const struct hny_parameters *parameters, hny_real *const shards[SHARDS],
                      struct hny_gradients *gradients) {
    hny_gradients_clear(gradients);
    for (size_t shard = 0; shard < SHARDS; shard++)
        for (size_t t = 0; t < parameters->tensor_count; t++) {
            const struct hny_tensor *tensor = parameters->tensors[t];
            memcpy(hny_notes_vector(&gradients->notes[shard], tensor), shards[shard] + tensor->offset,
                   tensor->count * sizeof(hny_real));
        }
}

static double reference_norm(const struct hny_parameters *parameters, hny_real *const shards[SHARDS],
                             double scale) {
    double squares = 0;
    for (size_t t = 0; t < parameters->tensor_count; t++) {
        const struct hny_tensor *tensor = parameters->tensors[t];
        for (size_t i = tensor->offset; !tensor->frozen && i < tensor->offset + tensor->count; i++) {
            double g = scale * ((double)shards[0][i] + shards[1][i] + shards[2][i]);
            squares += g * g;
        }
    }
    return sqrt(squares);
}

static void reference_step(const struct hny_parameters *parameters, hny_real *const shards[SHARDS],
                           double scale, double rate, size_t step, const struct hny_optimiser_options *o,
                           struct reference *r) {
    double norm = reference_norm(parameters, shards, scale), n = (double)step;
    double clip = o->clip > 0 && norm > o->clip ? o->clip / norm : 1;
    double decay = fmin(o->average, n / (n + 9));
    for (size_t t = 0; t < parameters->tensor_count; t++) {
        const struct hny_tensor *tensor = parameters->tensors[t];
        for (size_t i = tensor->offset; i < tensor->offset + tensor->count; i++) {
            double g = clip * scale * ((double)shards[0][i] + shards[1][i] + shards[2][i]);
            double before = r->w[i];
            if (tensor->frozen) continue;
            r->w[i] *= 1 - rate * o->weight_decay;
            if (o->kind == HNY_OPTIMISER_ADAM) {
                r->m[i] = o->beta1 * r->m[i] + (1 - o->beta1) * g;
                r->v[i] = o->beta2 * r->v[i] + (1 - o->beta2) * g * g;
                double m = r->m[i] / (1 - pow(o->beta1, n)), v = r->v[i] / (1 - pow(o->beta2, n));
                r->w[i] -= rate * m / (sqrt(v) + o->epsilon);
            } else {
                r->m[i] = o->momentum * r->m[i] + g;
                r->w[i] -= rate * r->m[i];
            }
            if (step == 1) r->average[i] = before;
            r->average[i] = decay * r->average[i] + (1 - decay) * r->w[i];
        }
    }
}

static void check_against_reference(const struct hny_optimiser_options *options) {
    struct hny_parameters parameters = make_parameters();
    struct hny_optimiser *optimiser = NULL;
    hny_real *shards[SHARDS] = {NULL};
    struct hny_gradients *gradients = NULL;
    struct reference r;
    double **blocks[] = {&r.w, &r.m, &r.v, &r.average};
    for (size_t i = 0; i < 4; i++)
        cr_assert_not_null(*blocks[i] = hny_allocate(parameters.count, sizeof(double)));
    for (size_t i = 0; i < parameters.count; i++) r.w[i] = r.average[i] = parameters.values[i];
    check(hny_optimiser_create(&optimiser, &parameters, options));
    check(hny_gradients_create(&gradients, &parameters, SHARDS));
    for (size_t step = 1; step <= STEPS; step++) {
        double norm = 0, rate = 0.01 / (double)step;
        make_gradients(&parameters, step, shards);
        double expected = reference_norm(&parameters, shards, 0.25);
        reference_step(&parameters, shards, 0.25, rate, step, options, &r);
        hand_over(&parameters, shards, gradients);
        check(hny_optimiser_step(optimiser, &parameters, gradients, 0.25, rate, NULL, &norm));
        cr_assert_float_eq(norm, expected, 1e-5 * expected);
        for (size_t i = 0; i < parameters.count; i++)
            cr_assert_float_eq(parameters.values[i], r.w[i], 3e-6, "w[%zu] after %zu: %.9g, not %.9g", i,
                               step, (double)parameters.values[i], r.w[i]);
        for (size_t i = 0; options->average > 0 && i < parameters.count; i++)
            cr_assert_float_eq(optimiser->average[i], r.average[i], 3e-6);
    }
    cr_assert_eq(optimiser->step, STEPS);
    for (size_t i = 0; i < 4; i++) free(*blocks[i]);
    for (size_t shard = 0; shard < SHARDS; shard++) free(shards[shard]);
    hny_gradients_destroy(&gradients);
    hny_optimiser_destroy(&optimiser);
    hny_parameters_free(&parameters);
}

static const struct hny_optimiser_options adam = {.kind = HNY_OPTIMISER_ADAM,
                                                  .beta1 = 0.9,
                                                  .beta2 = 0.98,
                                                  .epsilon = 1e-9,
                                                  .clip = 1,
                                                  .average = 0.999,
                                                  .weight_decay = 0.1};

Test(optimiser, adam_follows_the_paper_with_clipping_decay_averaging_and_frozen_tensors) {
    check_against_reference(&adam);
}

Test(optimiser, adam_without_clipping_decay_or_averaging_follows_the_paper) {
    check_against_reference(&(struct hny_optimiser_options){
        .kind = HNY_OPTIMISER_ADAM, .beta1 = 0.8, .beta2 = 0.9, .epsilon = 1e-3});
}

Test(optimiser, gradient_descent_follows_its_equations_with_and_without_momentum) {
    check_against_reference(
        &(struct hny_optimiser_options){.kind = HNY_OPTIMISER_SGD, .clip = 5, .average = 0.2});
    check_against_reference(
        &(struct hny_optimiser_options){.kind = HNY_OPTIMISER_SGD, .momentum = 0.9, .weight_decay = 0.01});
}

/* Runs updates FIRST…LAST and leaves the blocks where they are. */
static void run(struct hny_optimiser *optimiser, struct hny_parameters *parameters, size_t first, size_t last,
                size_t thread_count) {
    struct hny_threads *threads = NULL;
    hny_real *shards[SHARDS] = {NULL};
    struct hny_gradients *gradients = NULL;
    check(hny_threads_create(&threads, thread_count));
    check(hny_gradients_create(&gradients, parameters, SHARDS));
    for (size_t step = first; step <= last; step++) {
        double norm = 0;
        make_gradients(parameters, step, shards);
        hand_over(parameters, shards, gradients);
        check(hny_optimiser_step(optimiser, parameters, gradients, 0.25, 0.01, threads, &norm));
    }
    for (size_t shard = 0; shard < SHARDS; shard++) free(shards[shard]);
    hny_gradients_destroy(&gradients);
    hny_threads_destroy(&threads);
}

static void check_same(const struct hny_parameters *a, const struct hny_optimiser *oa,
                       const struct hny_parameters *b, const struct hny_optimiser *ob) {
    size_t bytes = a->count * sizeof(hny_real);
    cr_assert_arr_eq(a->values, b->values, bytes);
    cr_assert_arr_eq(oa->first, ob->first, bytes);
    cr_assert_arr_eq(oa->second, ob->second, bytes);
    cr_assert_arr_eq(oa->average, ob->average, bytes);
}

Test(optimiser, any_number_of_threads_gives_the_same_bytes) {
    struct hny_parameters one = make_parameters(), three = make_parameters();
    struct hny_optimiser *first = NULL, *second = NULL;
    check(hny_optimiser_create(&first, &one, &adam));
    check(hny_optimiser_create(&second, &three, &adam));
    run(first, &one, 1, STEPS, 1);
    run(second, &three, 1, STEPS, 3);
    check_same(&one, first, &three, second);
    hny_optimiser_destroy(&first);
    hny_optimiser_destroy(&second);
    hny_parameters_free(&one);
    hny_parameters_free(&three);
}

Test(optimiser, a_run_taken_up_from_its_saved_state_gives_the_same_bytes) {
    struct hny_parameters whole = make_parameters(), begun = make_parameters(), resumed = make_parameters();
    struct hny_optimiser *through = NULL, *begin = NULL, *resume = NULL;
    size_t bytes = whole.count * sizeof(hny_real);
    check(hny_optimiser_create(&through, &whole, &adam));
    check(hny_optimiser_create(&begin, &begun, &adam));
    check(hny_optimiser_create(&resume, &resumed, &adam));
    run(through, &whole, 1, STEPS, 1);
    run(begin, &begun, 1, 2, 1);
    memcpy(resumed.values, begun.values, bytes);
    memcpy(resume->first, begin->first, bytes);
    memcpy(resume->second, begin->second, bytes);
    memcpy(resume->average, begin->average, bytes);
    resume->step = begin->step;
    run(resume, &resumed, 3, STEPS, 2);
    check_same(&whole, through, &resumed, resume);
    struct hny_optimiser **optimisers[] = {&through, &begin, &resume};
    struct hny_parameters *parameters[] = {&whole, &begun, &resumed};
    for (size_t i = 0; i < 3; i++) {
        hny_optimiser_destroy(optimisers[i]);
        hny_parameters_free(parameters[i]);
    }
}

Test(optimiser, a_gradient_that_is_not_finite_changes_nothing) {
    struct hny_parameters parameters = make_parameters(), untouched = make_parameters();
    struct hny_optimiser *optimiser = NULL, *fresh = NULL;
    hny_real *shards[SHARDS] = {NULL};
    struct hny_gradients *gradients = NULL;
    double norm = 0;
    check(hny_optimiser_create(&optimiser, &parameters, &adam));
    check(hny_optimiser_create(&fresh, &untouched, &adam));
    check(hny_gradients_create(&gradients, &parameters, SHARDS));
    static const hny_real bad[] = {NAN, INFINITY, -INFINITY};
    for (size_t i = 0; i < 3; i++) {
        make_gradients(&parameters, 1, shards);
        shards[i][parameters.tensors[1]->offset + 70000] = bad[i];
        hand_over(&parameters, shards, gradients);
        cr_assert_eq(hny_optimiser_step(optimiser, &parameters, gradients, 1, 0.1, NULL, &norm),
                     HNY_ERROR_NUMERIC);
        cr_assert(!isfinite(norm));
        cr_assert_eq(optimiser->step, 0);
        check_same(&parameters, optimiser, &untouched, fresh);
    }
    for (size_t shard = 0; shard < SHARDS; shard++) free(shards[shard]);
    hny_gradients_destroy(&gradients);
    hny_optimiser_destroy(&optimiser);
    hny_optimiser_destroy(&fresh);
    hny_parameters_free(&parameters);
    hny_parameters_free(&untouched);
}

Test(optimiser, options_out_of_range_are_refused_by_name) {
    struct hny_parameters parameters = make_parameters();
    struct hny_optimiser *optimiser = NULL;
    struct hny_optimiser_options options = adam;
    options.beta2 = 1;
    cr_assert_eq(hny_optimiser_create(&optimiser, &parameters, &options), HNY_ERROR_USAGE);
    cr_assert(strstr(hny_message(), "beta2"), "%s", hny_message());
    options = adam;
    options.clip = NAN;
    cr_assert_eq(hny_optimiser_create(&optimiser, &parameters, &options), HNY_ERROR_USAGE);
    cr_assert(strstr(hny_message(), "clip"), "%s", hny_message());
    cr_assert_null(optimiser);
    hny_parameters_free(&parameters);
}
