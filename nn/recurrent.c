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

/* Gathers the hidden states before step t into run->before, under the recurrent mask. */
static void gather_before(const struct hny_recurrent *layer, const struct hny_recurrent_run *run, size_t t) {
    const struct hny_sequences *s = run->sequences;
    struct neighbour n = neighbour_of(layer, s, t);
    size_t hidden = layer->hidden;
    hny_real *before = run->before + s->offset[t] * hidden;
    for (size_t b = 0; b < s->alive[t]; b++) {
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

static void cell_forward(const struct hny_recurrent *layer, const struct hny_recurrent_run *run, size_t t) {
    HNY_PROFILE("gates");
    struct neighbour from = neighbour_of(layer, run->sequences, t);
    size_t alive = run->sequences->alive[t];
    struct hny_cell_step step = cell_step(layer, run, t, 0, from.from, &from);
    if (from.from > 0) layer->cell->step(&step);
    step = cell_step(layer, run, t, from.from, alive - from.from, &from);
    if (from.from < alive) layer->cell->step(&step);
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

hny_status hny_recurrent_forward(const struct hny_recurrent *layer, struct hny_compute *compute,
                                 const struct hny_sequences *sequences, const hny_real *x, size_t x_stride,
                                 hny_real *const *initial, hny_real *y, size_t y_stride,
                                 struct hny_recurrent_run *run) {
    HNY_TRY(take_run(layer, compute, sequences, initial, y, y_stride, run));
    run->x = x;
    run->x_stride = x_stride;
    HNY_TRY(input_product(layer, compute, sequences->rows, x, x_stride, run->gates, run->input_normal,
                          run->input_inverse));
    size_t wide = width_of(layer);
    for (size_t n = 0; n < sequences->steps; n++) {
        size_t t = layer->reverse ? sequences->steps - 1 - n : n;
        size_t at = sequences->offset[t], alive = sequences->alive[t];
        gather_before(layer, run, t);
        HNY_TRY(state_product(layer, compute, alive, run->before + at * layer->hidden, layer->hidden,
                              run->gates + at * wide, run->recurrent ? run->recurrent + at * wide : NULL,
                              run->recurrent_normal ? run->recurrent_normal + at * wide : NULL,
                              run->recurrent_normal ? run->recurrent_inverse + at : NULL));
        cell_forward(layer, run, t);
    }
    return HNY_OK;
}

/* Step t backward through the cell: gates become the gradient of the summed products, d_state that of the
 * states before. */
static void cell_backward(const struct hny_recurrent *layer, const struct hny_recurrent_run *run, size_t t,
                          hny_real *const *d_state, hny_real *d_recurrent) {
    HNY_PROFILE("gates");
    struct neighbour from = neighbour_of(layer, run->sequences, t);
    size_t alive = run->sequences->alive[t], wide = width_of(layer);
    for (int part = 0; part < 2; part++) {
        size_t first = part == 0 ? 0 : from.from;
        size_t count = part == 0 ? from.from : alive - from.from;
        if (count == 0) continue;
        struct hny_cell_backward backward = {.step = cell_step(layer, run, t, first, count, &from),
                                             .d_recurrent = d_recurrent ? d_recurrent + first * wide : NULL};
        for (size_t i = 0; i < layer->cell->states; i++)
            backward.d_state[i] = d_state[i] + first * layer->hidden;
        layer->cell->backward(&backward);
    }
}

/* Adds the part of the gradient that reaches the hidden state before step t through the state's product. */
static hny_status product_backward(const struct hny_recurrent *layer, struct hny_compute *compute,
                                   const struct hny_recurrent_run *run, size_t t, const hny_real *d_product,
                                   hny_real *scratch, hny_real *d_hidden) {
    size_t alive = run->sequences->alive[t], hidden = layer->hidden;
    const struct hny_weights *weights = layer->recurrent_weight->weights;
    if (!run->mask)
        return hny_product_input_gradient(compute->products, weights, alive, d_product, width_of(layer),
                                          d_hidden, hidden, true);
    HNY_TRY(hny_product_input_gradient(compute->products, weights, alive, d_product, width_of(layer), scratch,
                                       hidden, false));
    hny_add_product(d_hidden, scratch, run->mask, alive * hidden);
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

hny_status hny_recurrent_backward(const struct hny_recurrent *layer, struct hny_compute *compute,
                                  struct hny_recurrent_run *run, const hny_real *dy, size_t dy_stride,
                                  hny_real *dx, size_t dx_stride, bool accumulate,
                                  hny_real *const *d_initial) {
    const struct hny_sequences *s = run->sequences;
    size_t wide = width_of(layer), hidden = layer->hidden;
    bool apart =
        run->recurrent != NULL || layer->recurrent_gain; /* the state's product has its own gradient */
    hny_real *d_state[HNY_CELL_STATES] = {NULL};
    for (size_t i = 0; i < layer->cell->states; i++)
        if (!(d_state[i] = hny_compute_zeroed(compute, s->batch, hidden))) return HNY_ERROR_MEMORY;
    hny_real *scratch = hny_compute_take(compute, s->batch, hidden);
    hny_real *d_recurrent = apart ? hny_compute_take(compute, s->rows, wide) : run->gates;
    if (!scratch || !d_recurrent) return HNY_ERROR_MEMORY;
    for (size_t n = 0; n < s->steps; n++) {
        size_t t = layer->reverse ? n : s->steps - 1 - n;
        size_t at = s->offset[t], alive = s->alive[t];
        for (size_t b = 0; b < alive; b++)
            hny_add(d_state[0] + b * hidden, dy + (at + b) * dy_stride, hidden);
        hny_real *d_product = d_recurrent + at * wide;
        cell_backward(layer, run, t, d_state, run->recurrent ? d_product : NULL);
        if (run->recurrent)
            hny_bias_gradient(hny_compute_gradient(compute, layer->recurrent_bias), d_product, wide, alive,
                              wide);
        if (layer->recurrent_gain)
            hny_layernorm_backward(alive, wide, run->recurrent_normal + at * wide,
                                   run->recurrent_inverse + at,
                                   hny_compute_values(compute, layer->recurrent_gain),
                                   run->recurrent ? d_product : run->gates + at * wide, d_product,
                                   hny_compute_gradient(compute, layer->recurrent_gain));
        HNY_TRY(product_backward(layer, compute, run, t, d_product, scratch, d_state[0]));
    }
    if (d_initial)
        for (size_t i = 0; i < layer->cell->states; i++)
            memcpy(d_initial[i], d_state[i], s->batch * hidden * sizeof *d_state[i]);
    return tensors_backward(layer, compute, run, d_recurrent, dx, dx_stride, accumulate);
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
