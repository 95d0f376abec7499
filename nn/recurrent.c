#include "nn/recurrent.h"

#include "base/profile.h"
#include "nn/dropout.h"
#include "nn/elementwise.h"
#include "nn/layernorm.h"

hny_status hny_recurrent_create(struct hny_recurrent *layer, struct hny_parameters *parameters,
                                const struct hny_cell *cell, size_t input, size_t hidden, bool layer_norm,
                                const struct hny_initialisation *initial, const char *name) {
    size_t wide = cell->gates * hidden;
    layer->cell = cell;
    layer->input = input;
    layer->hidden = hidden;
    layer->forget_bias = initial->forget_bias;
    layer->recurrent_bias = layer->input_gain = layer->recurrent_gain = NULL;
    layer->input_weight = hny_parameters_add(parameters, wide, input, initial->matrix, initial->matrix_scale,
                                             true, "%s.input_weight", name);
    layer->recurrent_weight = hny_parameters_add(parameters, wide, hidden, initial->matrix,
                                                 initial->matrix_scale, true, "%s.recurrent_weight", name);
    layer->bias = hny_parameters_add(parameters, wide, 1, HNY_INITIAL_UNIFORM, initial->bias_scale, false,
                                     "%s.bias", name);
    if (!layer->input_weight || !layer->recurrent_weight || !layer->bias) return HNY_ERROR_MEMORY;
    if (!cell->additive) {
        layer->recurrent_bias = hny_parameters_add(parameters, wide, 1, HNY_INITIAL_UNIFORM,
                                                   initial->bias_scale, false, "%s.recurrent_bias", name);
        if (!layer->recurrent_bias) return HNY_ERROR_MEMORY;
    }
    if (layer_norm) {
        layer->input_gain =
            hny_parameters_add(parameters, wide, 1, HNY_INITIAL_ONE, 1, false, "%s.input_gain", name);
        layer->recurrent_gain =
            hny_parameters_add(parameters, wide, 1, HNY_INITIAL_ONE, 1, false, "%s.recurrent_gain", name);
        if (!layer->input_gain || !layer->recurrent_gain) return HNY_ERROR_MEMORY;
    }
    return HNY_OK;
}

void hny_recurrent_initialise(const struct hny_recurrent *layer, struct hny_parameters *parameters) {
    if (layer->cell->forget == layer->cell->gates) return;
    hny_real *bias = parameters->values + layer->bias->offset + layer->cell->forget * layer->hidden;
    for (size_t k = 0; k < layer->hidden; k++) bias[k] += (hny_real)layer->forget_bias;
}

static size_t width_of(const struct hny_recurrent *layer) {
    return layer->cell->gates * layer->hidden;
}

/* gates = the input's product for ROWS rows, normalised where asked for, with the bias. */
static hny_status input_product(const struct hny_recurrent *layer, struct hny_compute *compute, size_t rows,
                                const hny_real *x, size_t x_stride, hny_real *gates, hny_real *normal,
                                hny_real *inverse) {
    size_t wide = width_of(layer);
    hny_real *product = layer->input_gain ? normal : gates;
    HNY_TRY(hny_product(compute->products, layer->input_weight->weights, rows, x, x_stride, product, wide,
                        false));
    if (layer->input_gain)
        hny_layernorm_forward(rows, wide, normal, inverse, hny_compute_values(compute, layer->input_gain),
                              gates, 0);
    hny_add_bias(gates, wide, hny_compute_values(compute, layer->bias), rows, wide);
    return HNY_OK;
}

/* The state's product: added to GATES where the cell is additive, else in RECURRENT. */
static hny_status state_product(const struct hny_recurrent *layer, struct hny_compute *compute, size_t rows,
                                const hny_real *before, size_t before_stride, hny_real *gates,
                                hny_real *recurrent, hny_real *normal, hny_real *inverse) {
    size_t wide = width_of(layer);
    hny_real *sum = recurrent ? recurrent : gates;
    const struct hny_weights *weights = layer->recurrent_weight->weights;
    if (layer->recurrent_gain) {
        HNY_TRY(hny_product(compute->products, weights, rows, before, before_stride, normal, wide, false));
        hny_layernorm_forward(rows, wide, normal, inverse, hny_compute_values(compute, layer->recurrent_gain),
                              sum, recurrent == NULL);
    } else {
        HNY_TRY(hny_product(compute->products, weights, rows, before, before_stride, sum, wide,
                            recurrent == NULL));
    }
    if (recurrent)
        hny_add_bias(recurrent, wide, hny_compute_values(compute, layer->recurrent_bias), rows, wide);
    return HNY_OK;
}

/* Sentences do not know of each other, so they go through all steps in blocks: what a step of a block writes
 * is still in the cache when the next one reads it, however many sentences the batch has. */
enum { BLOCK = 128 };

/* Sentences FIRST to END of a batch. */
struct block {
    size_t first, end;
};

static size_t block_count(const struct hny_sequences *s) {
    return (s->batch + BLOCK - 1) / BLOCK;
}

static struct block block_of(const struct hny_sequences *s, size_t number) {
    size_t count = block_count(s);
    return (struct block){number * s->batch / count, (number + 1) * s->batch / count};
}

/* Those of BLOCK that have a step t; none where END is not above FIRST. */
static struct block alive_of(const struct block *block, const struct hny_sequences *s, size_t t) {
    return (struct block){block->first, s->alive[t] < block->end ? s->alive[t] : block->end};
}

/* Where step t finds the states before it: FROM rows at the neighbour's offset, the rest of alive[t] at the
 * initial states. */
struct neighbour {
    size_t from;
    size_t offset;
};

static struct neighbour neighbour_of(const struct hny_recurrent *layer, const struct hny_sequences *s,
                                     size_t t) {
    if (layer->reverse) {
        if (t + 1 == s->steps) return (struct neighbour){0, 0};
        return (struct neighbour){s->alive[t + 1], s->offset[t + 1]};
    }
    if (t == 0) return (struct neighbour){0, 0};
    return (struct neighbour){s->alive[t], s->offset[t - 1]};
}

/* Gathers the hidden states of BLOCK before step t into run->before, under the recurrent mask. */
static void gather_before(const struct hny_recurrent *layer, const struct hny_recurrent_run *run, size_t t,
                          const struct block *block) {
    const struct hny_sequences *s = run->sequences;
    struct neighbour n = neighbour_of(layer, s, t);
    size_t hidden = layer->hidden;
    hny_real *before = run->before + s->offset[t] * hidden;
    for (size_t b = block->first; b < block->end; b++) {
        const hny_real *from =
            b < n.from ? run->state[0] + (n.offset + b) * run->state_stride[0] : run->initial[0] + b * hidden;
        if (run->mask)
            hny_multiply(before + b * hidden, from, run->mask + b * hidden, hidden);
        else
            memcpy(before + b * hidden, from, hidden * sizeof *before);
    }
}

/* The cell's view of rows FIRST… of step t, whose previous states all lie in one place. */
static struct hny_cell_step cell_step(const struct hny_recurrent *layer, const struct hny_recurrent_run *run,
                                      size_t t, size_t first, size_t count, const struct neighbour *n) {
    size_t row = run->sequences->offset[t] + first, wide = width_of(layer);
    struct hny_cell_step step = {.rows = count,
                                 .hidden = layer->hidden,
                                 .gates = run->gates + row * wide,
                                 .recurrent = run->recurrent ? run->recurrent + row * wide : NULL};
    for (size_t i = 0; i < layer->cell->states; i++) {
        bool inside = first < n->from;
        step.previous[i] = inside ? run->state[i] + (n->offset + first) * run->state_stride[i]
                                  : run->initial[i] + first * layer->hidden;
        step.previous_stride[i] = inside ? run->state_stride[i] : layer->hidden;
        step.next[i] = run->state[i] + row * run->state_stride[i];
        step.next_stride[i] = run->state_stride[i];
    }
    return step;
}

/* BLOCK at step t, in the part whose states before are the neighbour's and the one whose are the initial. */
struct halves {
    struct neighbour from;
    struct block part[2];
};

static struct halves halve(const struct hny_recurrent *layer, const struct hny_recurrent_run *run, size_t t,
                           const struct block *block) {
    struct neighbour from = neighbour_of(layer, run->sequences, t);
    size_t middle = from.from < block->first ? block->first : from.from < block->end ? from.from : block->end;
    return (struct halves){from, {{block->first, middle}, {middle, block->end}}};
}

static void cell_forward(const struct hny_recurrent *layer, const struct hny_recurrent_run *run, size_t t,
                         const struct block *block) {
    HNY_PROFILE("gates");
    struct halves halves = halve(layer, run, t, block);
    for (int i = 0; i < 2; i++) {
        const struct block *part = &halves.part[i];
        struct hny_cell_step step =
            cell_step(layer, run, t, part->first, part->end - part->first, &halves.from);
        if (step.rows > 0) layer->cell->step(&step);
    }
}

static hny_status take_run(const struct hny_recurrent *layer, struct hny_compute *compute,
                           const struct hny_sequences *sequences, hny_real *const *initial, hny_real *y,
                           size_t y_stride, struct hny_recurrent_run *run) {
    size_t rows = sequences->rows, wide = width_of(layer), hidden = layer->hidden;
    *run = (struct hny_recurrent_run){.sequences = sequences,
                                      .gates = hny_compute_take(compute, rows, wide),
                                      .before = hny_compute_take(compute, rows, hidden)};
    if (!run->gates || !run->before) return HNY_ERROR_MEMORY;
    if (!layer->cell->additive && !(run->recurrent = hny_compute_take(compute, rows, wide)))
        return HNY_ERROR_MEMORY;
    if (layer->input_gain) {
        run->input_normal = hny_compute_take(compute, rows, wide);
        run->recurrent_normal = hny_compute_take(compute, rows, wide);
        run->input_inverse = hny_compute_take(compute, rows, 1);
        run->recurrent_inverse = hny_compute_take(compute, rows, 1);
        if (!run->input_normal || !run->recurrent_normal || !run->input_inverse || !run->recurrent_inverse)
            return HNY_ERROR_MEMORY;
    }
    hny_real *zeros = NULL;
    for (size_t i = 0; i < layer->cell->states; i++) {
        run->state[i] = i == 0 ? y : hny_compute_take(compute, rows, hidden);
        run->state_stride[i] = i == 0 ? y_stride : hidden;
        if (!initial && !zeros) zeros = hny_compute_zeroed(compute, sequences->batch, hidden);
        run->initial[i] = initial ? initial[i] : zeros;
        if (!run->state[i] || !run->initial[i]) return HNY_ERROR_MEMORY;
    }
    return hny_dropout_factors(compute, layer->number, layer->recurrent_dropout, sequences->batch, hidden,
                               &run->mask);
}

static hny_status block_forward(const struct hny_recurrent *layer, struct hny_compute *compute,
                                const struct hny_recurrent_run *run, const struct block *block) {
    const struct hny_sequences *s = run->sequences;
    size_t wide = width_of(layer);
    for (size_t n = 0; n < s->steps; n++) {
        size_t t = layer->reverse ? s->steps - 1 - n : n, at = s->offset[t] + block->first;
        struct block alive = alive_of(block, s, t);
        if (alive.end <= alive.first) continue;
        gather_before(layer, run, t, &alive);
        HNY_TRY(state_product(layer, compute, alive.end - alive.first, run->before + at * layer->hidden,
                              layer->hidden, run->gates + at * wide,
                              run->recurrent ? run->recurrent + at * wide : NULL,
                              run->recurrent_normal ? run->recurrent_normal + at * wide : NULL,
                              run->recurrent_normal ? run->recurrent_inverse + at : NULL));
        cell_forward(layer, run, t, &alive);
    }
    return HNY_OK;
}

hny_status hny_recurrent_forward(const struct hny_recurrent *layer, struct hny_compute *compute,
                                 const struct hny_sequences *sequences, const hny_real *x, size_t x_stride,
                                 hny_real *const *initial, hny_real *y, size_t y_stride,
                                 struct hny_recurrent_run *run) {
    HNY_TRY(take_run(layer, compute, sequences, initial, y, y_stride, run));
    run->x = x;
    run->x_stride = x_stride;
    HNY_TRY(input_product(layer, compute, sequences->rows, x, x_stride, run->gates, run->input_normal,
                          run->input_inverse));
    for (size_t number = 0; number < block_count(sequences); number++) {
        struct block block = block_of(sequences, number);
        HNY_TRY(block_forward(layer, compute, run, &block));
    }
    return HNY_OK;
}

/* Step t of BLOCK backward through the cell: gates become the gradient of the summed products, d_state that
 * of the states before. D_RECURRENT: the block's, [rows][gates·hidden], or NULL. */
static void cell_backward(const struct hny_recurrent *layer, const struct hny_recurrent_run *run, size_t t,
                          const struct block *block, hny_real *const *d_state, hny_real *d_recurrent) {
    HNY_PROFILE("gates");
    struct halves halves = halve(layer, run, t, block);
    size_t wide = width_of(layer);
    for (int half = 0; half < 2; half++) {
        const struct block *part = &halves.part[half];
        if (part->first == part->end) continue;
        struct hny_cell_backward backward = {
            .step = cell_step(layer, run, t, part->first, part->end - part->first, &halves.from),
            .d_recurrent = d_recurrent ? d_recurrent + (part->first - block->first) * wide : NULL};
        for (size_t i = 0; i < layer->cell->states; i++)
            backward.d_state[i] = d_state[i] + part->first * layer->hidden;
        layer->cell->backward(&backward);
    }
}

/* Adds the part of the gradient that reaches the hidden states of ROWS sentences through the state's product.
 * MASK: theirs, or NULL. */
static hny_status product_backward(const struct hny_recurrent *layer, struct hny_compute *compute,
                                   size_t rows, const hny_real *mask, const hny_real *d_product,
                                   hny_real *scratch, hny_real *d_hidden) {
    size_t hidden = layer->hidden;
    const struct hny_weights *weights = layer->recurrent_weight->weights;
    if (!mask)
        return hny_product_input_gradient(compute->products, weights, rows, d_product, width_of(layer),
                                          d_hidden, hidden, true);
    HNY_TRY(hny_product_input_gradient(compute->products, weights, rows, d_product, width_of(layer), scratch,
                                       hidden, false));
    hny_add_product(d_hidden, scratch, mask, rows * hidden);
    return HNY_OK;
}

/* Gradients of weights, gains and biases, and dx, once all steps' gates hold their gradients. D_RECURRENT is
 * that of the state's raw product, [T][B][gates·hidden]. */
static hny_status tensors_backward(const struct hny_recurrent *layer, struct hny_compute *compute,
                                   const struct hny_recurrent_run *run, const hny_real *d_recurrent,
                                   hny_real *dx, size_t dx_stride, bool accumulate) {
    size_t rows = run->sequences->rows, wide = width_of(layer);
    hny_bias_gradient(hny_compute_gradient(compute, layer->bias), run->gates, wide, rows, wide);
    HNY_TRY(hny_compute_weight_gradient(compute, layer->recurrent_weight, rows, d_recurrent, wide,
                                        run->before, layer->hidden));
    if (layer->input_gain)
        hny_layernorm_backward(rows, wide, run->input_normal, run->input_inverse,
                               hny_compute_values(compute, layer->input_gain), run->gates, run->gates,
                               hny_compute_gradient(compute, layer->input_gain));
    HNY_TRY(hny_compute_weight_gradient(compute, layer->input_weight, rows, run->gates, wide, run->x,
                                        run->x_stride));
    return hny_product_input_gradient(compute->products, layer->input_weight->weights, rows, run->gates, wide,
                                      dx, dx_stride, accumulate);
}

/* What the steps backward share. */
struct backward {
    const hny_real *dy;
    size_t dy_stride;
    hny_real *d_recurrent; /* of the state's product, [T][B][gates·hidden] */
    hny_real *d_state[HNY_CELL_STATES];
    hny_real *scratch; /* [B][hidden] */
};

/* Step t of BLOCK, all of which has one. */
static hny_status step_backward(const struct hny_recurrent *layer, struct hny_compute *compute,
                                const struct hny_recurrent_run *run, const struct backward *backward,
                                size_t t, const struct block *block) {
    size_t wide = width_of(layer), hidden = layer->hidden, first = block->first;
    size_t at = run->sequences->offset[t] + first, rows = block->end - first;
    hny_real *d_product = backward->d_recurrent + at * wide,
             *d_hidden = backward->d_state[0] + first * hidden;
    for (size_t b = 0; b < rows; b++)
        hny_add(d_hidden + b * hidden, backward->dy + (at + b) * backward->dy_stride, hidden);
    cell_backward(layer, run, t, block, backward->d_state, run->recurrent ? d_product : NULL);
    if (run->recurrent)
        hny_bias_gradient(hny_compute_gradient(compute, layer->recurrent_bias), d_product, wide, rows, wide);
    if (layer->recurrent_gain)
        hny_layernorm_backward(rows, wide, run->recurrent_normal + at * wide, run->recurrent_inverse + at,
                               hny_compute_values(compute, layer->recurrent_gain),
                               run->recurrent ? d_product : run->gates + at * wide, d_product,
                               hny_compute_gradient(compute, layer->recurrent_gain));
    return product_backward(layer, compute, rows, run->mask ? run->mask + first * hidden : NULL, d_product,
                            backward->scratch, d_hidden);
}

static hny_status steps_backward(const struct hny_recurrent *layer, struct hny_compute *compute,
                                 const struct hny_recurrent_run *run, const struct backward *backward) {
    const struct hny_sequences *s = run->sequences;
    for (size_t number = 0; number < block_count(s); number++) {
        struct block block = block_of(s, number);
        for (size_t n = 0; n < s->steps; n++) {
            size_t t = layer->reverse ? n : s->steps - 1 - n;
            struct block alive = alive_of(&block, s, t);
            if (alive.end > alive.first) HNY_TRY(step_backward(layer, compute, run, backward, t, &alive));
        }
    }
    return HNY_OK;
}

hny_status hny_recurrent_backward(const struct hny_recurrent *layer, struct hny_compute *compute,
                                  struct hny_recurrent_run *run, const hny_real *dy, size_t dy_stride,
                                  hny_real *dx, size_t dx_stride, bool accumulate,
                                  hny_real *const *d_initial) {
    const struct hny_sequences *s = run->sequences;
    struct backward backward = {.dy = dy, .dy_stride = dy_stride};
    bool apart =
        run->recurrent != NULL || layer->recurrent_gain; /* the state's product has its own gradient */
    for (size_t i = 0; i < layer->cell->states; i++)
        if (!(backward.d_state[i] = hny_compute_zeroed(compute, s->batch, layer->hidden)))
            return HNY_ERROR_MEMORY;
    backward.scratch = hny_compute_take(compute, s->batch, layer->hidden);
    backward.d_recurrent = apart ? hny_compute_take(compute, s->rows, width_of(layer)) : run->gates;
    if (!backward.scratch || !backward.d_recurrent) return HNY_ERROR_MEMORY;
    HNY_TRY(steps_backward(layer, compute, run, &backward));
    if (d_initial)
        for (size_t i = 0; i < layer->cell->states; i++)
            memcpy(d_initial[i], backward.d_state[i], s->batch * layer->hidden * sizeof *d_initial[i]);
    return tensors_backward(layer, compute, run, backward.d_recurrent, dx, dx_stride, accumulate);
}

hny_status hny_recurrent_step(const struct hny_recurrent *layer, struct hny_compute *compute, size_t rows,
                              const hny_real *x, size_t x_stride, const hny_real *const *previous,
                              hny_real *const *next, size_t stride) {
    size_t wide = width_of(layer);
    bool norm = layer->input_gain != NULL;
    hny_real *gates = hny_compute_take(compute, rows, wide);
    hny_real *recurrent = layer->cell->additive ? NULL : hny_compute_take(compute, rows, wide);
    hny_real *normal = norm ? hny_compute_take(compute, rows, wide) : NULL;
    hny_real *inverse = norm ? hny_compute_take(compute, rows, 1) : NULL;
    if (!gates || (!recurrent && !layer->cell->additive) || (norm && (!normal || !inverse)))
        return HNY_ERROR_MEMORY;
    HNY_TRY(input_product(layer, compute, rows, x, x_stride, gates, normal, inverse));
    HNY_TRY(state_product(layer, compute, rows, previous[0], stride, gates, recurrent, normal, inverse));
    struct hny_cell_step step = {
        .rows = rows, .hidden = layer->hidden, .gates = gates, .recurrent = recurrent};
    for (size_t i = 0; i < layer->cell->states; i++) {
        step.previous[i] = previous[i];
        step.next[i] = next[i];
        step.previous_stride[i] = step.next_stride[i] = stride;
    }
    HNY_PROFILE("gates");
    layer->cell->step(&step);
    return HNY_OK;
}
