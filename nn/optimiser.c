#include "nn/optimiser.h"

#include "base/memory.h"
#include "base/profile.h"
#include "nn/elementwise.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Elements that one thread takes at a time: fixed, so that sums over parts do not depend on the threads. */
#define PART ((size_t)65536)
#define LANES 16

/* Elements whose weights, gradients and means fit the nearest cache together. */
#define NEAR ((size_t)2048)

static const hny_real nothing[NEAR]; /* a gradient of zeros */

static size_t part_count(const struct hny_parameters *parameters) {
    return (parameters->count + PART - 1) / PART;
}

static hny_status check_options(const struct hny_optimiser_options *options) {
    const struct {
        const char *name;
        double value, largest; /* 0 ≤ value < largest */
    } ranges[] = {
        {"beta1", options->beta1, 1},
        {"beta2", options->beta2, 1},
        {"epsilon", options->epsilon, 1},
        {"momentum", options->momentum, 1},
        {"average", options->average, 1},
        {"clip", options->clip, HUGE_VAL},
        {"weight decay", options->weight_decay, 1},
    };
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
        if (!(ranges[i].value >= 0 && ranges[i].value < ranges[i].largest))
            return hny_fail(HNY_ERROR_USAGE, "the optimiser's %s is %g, not at least 0 and below %g",
                            ranges[i].name, ranges[i].value, ranges[i].largest);
    return HNY_OK;
}

hny_status hny_optimiser_create(struct hny_optimiser **optimiser, const struct hny_parameters *parameters,
                                const struct hny_optimiser_options *options) {
    HNY_TRY(check_options(options));
    struct hny_optimiser *made = hny_allocate(1, sizeof *made);
    if (!made) return HNY_ERROR_MEMORY;
    bool adam = options->kind == HNY_OPTIMISER_ADAM;
    const struct {
        bool needed;
        hny_real **block;
    } blocks[] = {{adam || options->momentum > 0, &made->first},
                  {adam, &made->second},
                  {options->average > 0, &made->average}};
    made->options = *options;
    made->part_sums = hny_allocate(part_count(parameters), sizeof *made->part_sums);
    bool complete = made->part_sums != NULL;
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) {
        if (!blocks[i].needed) continue;
        *blocks[i].block = hny_allocate(parameters->count, sizeof(hny_real));
        complete = complete && *blocks[i].block;
    }
    if (!complete) {
        hny_optimiser_destroy(&made);
        return HNY_ERROR_MEMORY;
    }
    if (made->average && parameters->values)
        memcpy(made->average, parameters->values, parameters->count * sizeof(hny_real));
    *optimiser = made;
    return HNY_OK;
}

void hny_optimiser_destroy(struct hny_optimiser **optimiser) {
    if (!*optimiser) return;
    free((*optimiser)->first);
    free((*optimiser)->second);
    free((*optimiser)->average);
    free((*optimiser)->part_sums);
    free(*optimiser);
    *optimiser = NULL;
}

/* What the parts of a step share. */
struct step {
    struct hny_optimiser *optimiser;
    struct hny_parameters *parameters;
    struct hny_gradients *gradients;
    hny_real scale;   /* of the gradient */
    hny_real factor;  /* that clips the scaled gradient */
    hny_real rate;    /* with Adam's first bias correction in it */
    hny_real unbias;  /* Adam's second bias correction, a factor */
    hny_real shrink;  /* weights are multiplied by it: decay */
    hny_real average; /* decay of the moving average */
};

/* The sum of the squares of g[i] · scale. */
HNY_KERNEL static double squares(const hny_real *restrict g, hny_real scale, size_t count) {
    double lane[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= count; i += LANES)
        for (size_t k = 0; k < LANES; k++) {
            hny_real scaled = g[i + k] * scale;
            lane[k] += (double)scaled * (double)scaled;
        }
    for (size_t k = 0; i + k < count; k++) {
        hny_real scaled = g[i + k] * scale;
        lane[k] += (double)scaled * (double)scaled;
    }
    for (size_t k = 1; k < LANES; k++) lane[0] += lane[k];
    return lane[0];
}

HNY_INLINE hny_real root(hny_real x) {
#ifdef HNY_DOUBLE
    return sqrt(x);
#else
    return sqrtf(x);
#endif
}

/* w = w·shrink - rate·m / (√(v·unbias) + ε), with the means m and v of the clipped gradient brought up to
 * date. */
HNY_KERNEL static void adam(const struct step *step, hny_real *restrict w, const hny_real *restrict g,
                            hny_real *restrict m, hny_real *restrict v, size_t count) {
    const hny_real beta1 = (hny_real)step->optimiser->options.beta1, one1 = 1 - beta1;
    const hny_real beta2 = (hny_real)step->optimiser->options.beta2, one2 = 1 - beta2;
    const hny_real epsilon = (hny_real)step->optimiser->options.epsilon;
    const hny_real scale = step->scale, factor = step->factor, rate = step->rate, unbias = step->unbias;
    const hny_real shrink = step->shrink;
    for (size_t i = 0; i < count; i++) {
        hny_real gradient = g[i] * scale * factor;
        m[i] = beta1 * m[i] + one1 * gradient;
        v[i] = beta2 * v[i] + one2 * gradient * gradient;
        w[i] = w[i] * shrink - rate * m[i] / (root(v[i] * unbias) + epsilon);
    }
}

/* w = w·shrink - rate·m, where m = momentum·m + the clipped gradient; without momentum M is NULL. */
HNY_KERNEL static void sgd(const struct step *step, hny_real *restrict w, const hny_real *restrict g,
                           hny_real *restrict m, size_t count) {
    const hny_real momentum = (hny_real)step->optimiser->options.momentum;
    const hny_real scale = step->scale, factor = step->factor, rate = step->rate, shrink = step->shrink;
    if (m)
        for (size_t i = 0; i < count; i++) {
            m[i] = momentum * m[i] + factor * (g[i] * scale);
            w[i] = w[i] * shrink - rate * m[i];
        }
    else
        for (size_t i = 0; i < count; i++) w[i] = w[i] * shrink - rate * (factor * (g[i] * scale));
}

HNY_KERNEL static void follow(hny_real *restrict average, const hny_real *restrict w, hny_real decay,
                              size_t count) {
    for (size_t i = 0; i < count; i++) average[i] += (1 - decay) * (w[i] - average[i]);
}

/* The first tensor that ends behind element START. */
static size_t first_tensor(const struct hny_parameters *parameters, size_t start) {
    size_t low = 0, high = parameters->tensor_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct hny_tensor *tensor = parameters->tensors[middle];
        if (tensor->offset + tensor->count > start)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

typedef void visitor(struct step *step, size_t part, const struct hny_tensor *tensor, size_t from,
                     size_t count);

/* Calls VISIT for what PART has of each tensor that learns, at most NEAR elements from its element FROM on.
 */
static void visit_part(struct step *step, size_t part, visitor *visit) {
    const struct hny_parameters *parameters = step->parameters;
    size_t start = part * PART, end = start + PART;
    for (size_t i = first_tensor(parameters, start); i < parameters->tensor_count; i++) {
        const struct hny_tensor *tensor = parameters->tensors[i];
        if (tensor->offset >= end) break;
        if (tensor->frozen) continue;
        size_t at = tensor->offset > start ? tensor->offset : start;
        size_t to = tensor->offset + tensor->count < end ? tensor->offset + tensor->count : end;
        for (; at < to; at += NEAR)
            visit(step, part, tensor, at - tensor->offset, to - at < NEAR ? to - at : NEAR);
    }
}

static void add_squares(struct step *step, size_t part, const struct hny_tensor *tensor, size_t from,
                        size_t count) {
    hny_real scratch[NEAR];
    const hny_real *g = hny_gradients_part(step->gradients, tensor, from, count, scratch);
    if (g) step->optimiser->part_sums[part] += squares(g, step->scale, count);
}

static hny_status sum_part(void *context, size_t part, size_t thread) {
    (void)thread;
    HNY_PROFILE("optimiser: gradient's norm");
    struct step *step = context;
    step->optimiser->part_sums[part] = 0;
    visit_part(step, part, add_squares);
    return HNY_OK;
}

/* So little at a time that the average finds the new weights in the cache. */
static void apply(struct step *step, size_t part, const struct hny_tensor *tensor, size_t from,
                  size_t count) {
    (void)part;
    struct hny_optimiser *optimiser = step->optimiser;
    size_t at = tensor->offset + from;
    hny_real scratch[NEAR], *w = step->parameters->values + at;
    const hny_real *g = hny_gradients_part(step->gradients, tensor, from, count, scratch);
    if (!g) g = nothing;
    if (optimiser->options.kind == HNY_OPTIMISER_ADAM)
        adam(step, w, g, optimiser->first + at, optimiser->second + at, count);
    else
        sgd(step, w, g, optimiser->first ? optimiser->first + at : NULL, count);
    if (optimiser->average) follow(optimiser->average + at, w, step->average, count);
}

static hny_status apply_part(void *context, size_t part, size_t thread) {
    (void)thread;
    HNY_PROFILE("optimiser: weights");
    visit_part(context, part, apply);
    return HNY_OK;
}

static hny_status run(struct hny_threads *threads, size_t parts, hny_task *task, struct step *step) {
    if (threads) return hny_threads_run(threads, parts, task, step);
    for (size_t part = 0; part < parts; part++) HNY_TRY(task(step, part, 0));
    return HNY_OK;
}

/* From the parts' sums, in order. */
static double gradient_norm(const struct hny_optimiser *optimiser, size_t parts) {
    double sum = 0;
    for (size_t part = 0; part < parts; part++) sum += optimiser->part_sums[part];
    return sqrt(sum);
}

static void set_factors(struct step *step, double rate, double norm) {
    const struct hny_optimiser_options *options = &step->optimiser->options;
    double updates = (double)step->optimiser->step + 1;
    bool adam_kind = options->kind == HNY_OPTIMISER_ADAM;
    double start = updates / (updates + 9);
    step->factor = (hny_real)(options->clip > 0 && norm > options->clip ? options->clip / norm : 1);
    step->rate = (hny_real)(adam_kind ? rate / (1 - pow(options->beta1, updates)) : rate);
    step->unbias = (hny_real)(adam_kind ? 1 / (1 - pow(options->beta2, updates)) : 1);
    step->shrink = (hny_real)(1 - rate * options->weight_decay);
    step->average = (hny_real)(options->average < start ? options->average : start);
}

hny_status hny_optimiser_step(struct hny_optimiser *optimiser, struct hny_parameters *parameters,
                              struct hny_gradients *gradients, double scale, double rate,
                              struct hny_threads *threads, double *norm) {
    struct step step = {
        .optimiser = optimiser, .parameters = parameters, .gradients = gradients, .scale = (hny_real)scale};
    size_t parts = part_count(parameters);
    hny_gradients_sum_vectors(gradients);
    HNY_TRY(run(threads, parts, sum_part, &step));
    *norm = gradient_norm(optimiser, parts);
    if (!isfinite(*norm))
        return hny_fail(HNY_ERROR_NUMERIC, "the gradient's norm is %g at update %llu", *norm,
                        (unsigned long long)optimiser->step + 1);
    set_factors(&step, rate, *norm);
    if (optimiser->average && optimiser->step == 0)
        memcpy(optimiser->average, parameters->values, parameters->count * sizeof(hny_real));
    HNY_TRY(run(threads, parts, apply_part, &step));
    optimiser->step++;
    return HNY_OK;
}
