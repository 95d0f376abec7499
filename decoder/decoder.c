#include "decoder/decoder.h"

#include "nn/dropout.h"
#include "nn/elementwise.h"

#include <stdio.h>
#include <stdlib.h>

/* Numbers that key the decoder's masks: its layers have 4 each from here; then the readout's and the
 * output's. */
enum { FIRST_NUMBER = 0x2000, READOUT_NUMBER = 0x3000, OUTPUT_NUMBER = 0x3004 };

struct hny_decoder {
    struct hny_decoder_config config;
    struct hny_attention attention;
    struct hny_tensor *start_bias;     /* [layers·states·hidden]; NULL without a learned start */
    struct hny_tensor *start_weight;   /* [layers·states·hidden][memory] */
    struct hny_tensor *readout_weight; /* [readout][hidden + memory]; NULL without a readout */
    struct hny_tensor *readout_bias;   /* [readout] */
    struct hny_layer layer[];
};

struct hny_decoder_run {
    const struct hny_sequences *target, *source;
    const size_t *source_of;
    const hny_real *memory;
    hny_real *context; /* [T][B][memory] */
    struct hny_attention_run attention;
    hny_real *mean;   /* [B][memory] of the target's sentences: what the learned start reads */
    hny_real *start;  /* [B][layers·states·hidden], after tanh */
    hny_real *joined; /* [T][B][hidden + memory]: what the readout read, after dropout */
    uint8_t *joined_keep;
    hny_real *readout; /* [T][B][readout], after tanh */
    uint8_t *output_keep;
    struct hny_layer_run layer[];
};

static size_t start_width(const struct hny_decoder *decoder) {
    return decoder->config.layers * decoder->config.cell->states * decoder->config.hidden;
}

size_t hny_decoder_output(const struct hny_decoder *decoder) {
    return decoder->config.readout ? decoder->config.readout : decoder->config.hidden;
}

size_t hny_decoder_state(const struct hny_decoder *decoder) {
    return start_width(decoder);
}

static hny_status create_layers(struct hny_decoder *made, struct hny_parameters *parameters) {
    const struct hny_decoder_config *config = &made->config;
    for (size_t l = 0; l < config->layers; l++) {
        char name[32];
        snprintf(name, sizeof name, "decoder.%zu", l + 1);
        struct hny_layer_options options = {.cell = config->cell,
                                            .below = l == 0 ? config->embedding : config->hidden,
                                            .beside = l == 0 ? 0 : config->memory,
                                            .width = config->hidden,
                                            .directions = 1,
                                            .residual = l + 1 >= config->residual,
                                            .layer_norm = config->layer_norm,
                                            .dropout = config->dropout,
                                            .recurrent_dropout = config->recurrent_dropout,
                                            .number = FIRST_NUMBER + 4 * (uint32_t)l,
                                            .initial = config->initial};
        HNY_TRY(hny_layer_create(&made->layer[l], parameters, &options, name));
    }
    return HNY_OK;
}

static hny_status create_ends(struct hny_decoder *made, struct hny_parameters *parameters) {
    const struct hny_decoder_config *config = &made->config;
    const struct hny_initialisation *initial = &config->initial;
    if (config->start) {
        made->start_weight =
            hny_parameters_add(parameters, start_width(made), config->memory, initial->matrix,
                               initial->matrix_scale, true, "decoder.start.weight");
        made->start_bias = hny_parameters_add(parameters, start_width(made), 1, HNY_INITIAL_ZERO, 0, false,
                                              "decoder.start.bias");
        if (!made->start_weight || !made->start_bias) return HNY_ERROR_MEMORY;
    }
    if (config->readout) {
        made->readout_weight =
            hny_parameters_add(parameters, config->readout, config->hidden + config->memory, initial->matrix,
                               initial->matrix_scale, true, "decoder.readout.weight");
        made->readout_bias = hny_parameters_add(parameters, config->readout, 1, HNY_INITIAL_ZERO, 0, false,
                                                "decoder.readout.bias");
        if (!made->readout_weight || !made->readout_bias) return HNY_ERROR_MEMORY;
    }
    return HNY_OK;
}

hny_status hny_decoder_create(struct hny_decoder **decoder, struct hny_parameters *parameters,
                              const struct hny_decoder_config *config) {
    if (config->layers == 0) return hny_fail(HNY_ERROR_USAGE, "a decoder needs at least one layer");
    if (config->layers == 1 && config->readout == 0)
        return hny_fail(HNY_ERROR_USAGE,
                        "a decoder of one layer needs a readout: the context reaches nothing else");
    struct hny_decoder *made = hny_allocate(1, sizeof *made + config->layers * sizeof *made->layer);
    if (!made) return HNY_ERROR_MEMORY;
    made->config = *config;
    made->attention = (struct hny_attention){
        .query = config->hidden, .memory = config->memory, .hidden = config->hidden, .heads = config->heads};
    hny_status status = create_layers(made, parameters);
    if (status == HNY_OK) status = hny_attention_create(&made->attention, parameters, &config->initial);
    if (status == HNY_OK) status = create_ends(made, parameters);
    if (status != HNY_OK) {
        hny_decoder_destroy(&made);
        return status;
    }
    *decoder = made;
    return HNY_OK;
}

void hny_decoder_destroy(struct hny_decoder **decoder) {
    free(*decoder);
    *decoder = NULL;
}

void hny_decoder_initialise(const struct hny_decoder *decoder, struct hny_parameters *parameters) {
    for (size_t l = 0; l < decoder->config.layers; l++) hny_layer_initialise(&decoder->layer[l], parameters);
}

HNY_KERNEL static void bend(hny_real *x, size_t count) {
    for (size_t k = 0; k < count; k++) x[k] = hny_tanh(x[k]);
}

/* d *= 1 - y² where y = tanh(x). */
HNY_KERNEL static void bend_backward(hny_real *d, const hny_real *y, size_t count) {
    for (size_t k = 0; k < count; k++) d[k] *= 1 - y[k] * y[k];
}

/* y [rows][out] = tanh(x · Wᵀ + b). */
static hny_status bent_product(struct hny_compute *compute, const struct hny_tensor *weight,
                               const struct hny_tensor *bias, size_t rows, const hny_real *x, hny_real *y) {
    size_t out = weight->shape[0], in = weight->shape[1];
    HNY_TRY(hny_product(compute->products, weight->weights, rows, x, in, y, out, false));
    hny_add_bias(y, out, hny_compute_values(compute, bias), rows, out);
    bend(y, rows * out);
    return HNY_OK;
}

/* Adds to the gradients of weight and bias; d (changed) is that of y; dx [rows][in] is overwritten. */
static hny_status bent_product_backward(struct hny_compute *compute, const struct hny_tensor *weight,
                                        const struct hny_tensor *bias, size_t rows, const hny_real *x,
                                        const hny_real *y, hny_real *d, hny_real *dx) {
    size_t out = weight->shape[0], in = weight->shape[1];
    bend_backward(d, y, rows * out);
    hny_bias_gradient(hny_compute_gradient(compute, bias), d, out, rows, out);
    HNY_TRY(hny_compute_weight_gradient(compute, weight, rows, d, out, x, in));
    return hny_product_input_gradient(compute->products, weight->weights, rows, d, out, dx, in, false);
}

static void mean_of(const struct hny_decoder *decoder, const struct hny_sequences *source, size_t b,
                    const hny_real *memory, hny_real *mean) {
    size_t width = decoder->config.memory;
    memset(mean, 0, width * sizeof *mean);
    for (size_t s = 0; s < source->length[b]; s++)
        hny_add(mean, memory + (source->offset[s] + b) * width, width);
    hny_scale(mean, 1 / (hny_real)source->length[b], width);
}

/* The part of a [layers·states·hidden] row that is state I of layer L. */
static size_t state_at(const struct hny_decoder *decoder, size_t l, size_t i) {
    return (l * decoder->config.cell->states + i) * decoder->config.hidden;
}

static hny_status forward_start(const struct hny_decoder *decoder, struct hny_compute *compute,
                                struct hny_decoder_run *run) {
    size_t batch = run->target->batch, width = start_width(decoder);
    run->mean = hny_compute_take(compute, batch, decoder->config.memory);
    run->start = hny_compute_take(compute, batch, width);
    if (!run->mean || !run->start) return HNY_ERROR_MEMORY;
    for (size_t b = 0; b < batch; b++)
        mean_of(decoder, run->source, run->source_of[b], run->memory, run->mean + b * decoder->config.memory);
    return bent_product(compute, decoder->start_weight, decoder->start_bias, batch, run->mean, run->start);
}

/* The initial states [B][hidden] of layer L out of (or, BACK, into) the rows [B][layers·states·hidden] of
 * STARTS. */
static hny_status layer_states(const struct hny_decoder *decoder, struct hny_compute *compute, size_t batch,
                               size_t l, hny_real *starts, bool back, hny_real *states[HNY_CELL_STATES]) {
    size_t hidden = decoder->config.hidden, width = start_width(decoder);
    for (size_t i = 0; i < decoder->config.cell->states; i++) {
        if (!back && !(states[i] = hny_compute_take(compute, batch, hidden))) return HNY_ERROR_MEMORY;
        for (size_t b = 0; b < batch; b++) {
            hny_real *row = starts + b * width + state_at(decoder, l, i), *state = states[i] + b * hidden;
            if (back)
                memcpy(row, state, hidden * sizeof *row);
            else
                memcpy(state, row, hidden * sizeof *row);
        }
    }
    return HNY_OK;
}

static hny_status forward_layer(const struct hny_decoder *decoder, struct hny_compute *compute,
                                struct hny_decoder_run *run, size_t l, const hny_real *below,
                                hny_real **output) {
    hny_real *states[HNY_CELL_STATES];
    if (run->start) HNY_TRY(layer_states(decoder, compute, run->target->batch, l, run->start, false, states));
    return hny_layer_forward(&decoder->layer[l], compute, run->target, below, l == 0 ? NULL : run->context,
                             run->start ? states : NULL, &run->layer[l], output);
}

static hny_real *beside(struct hny_compute *compute, size_t rows, const hny_real *x, size_t x_width,
                        const hny_real *y, size_t y_width) {
    size_t width = x_width + y_width;
    hny_real *joined = hny_compute_take(compute, rows, width);
    if (!joined) return NULL;
    for (size_t r = 0; r < rows; r++) {
        memcpy(joined + r * width, x + r * x_width, x_width * sizeof *joined);
        memcpy(joined + r * width + x_width, y + r * y_width, y_width * sizeof *joined);
    }
    return joined;
}

static hny_status forward_output(const struct hny_decoder *decoder, struct hny_compute *compute,
                                 struct hny_decoder_run *run, const hny_real *top, hny_real **output) {
    const struct hny_decoder_config *config = &decoder->config;
    size_t rows = run->target->rows, width = hny_decoder_output(decoder);
    if (config->readout) {
        size_t joined = config->hidden + config->memory;
        run->joined = beside(compute, rows, top, config->hidden, run->context, config->memory);
        run->readout = hny_compute_take(compute, rows, width);
        if (!run->joined || !run->readout) return HNY_ERROR_MEMORY;
        HNY_TRY(hny_dropout_forward(compute, READOUT_NUMBER, config->dropout, rows, joined, run->joined,
                                    joined, run->joined, joined, &run->joined_keep));
        HNY_TRY(bent_product(compute, decoder->readout_weight, decoder->readout_bias, rows, run->joined,
                             run->readout));
        top = run->readout;
    }
    *output = hny_compute_take(compute, rows, width);
    if (!*output) return HNY_ERROR_MEMORY;
    return hny_dropout_forward(compute, OUTPUT_NUMBER, config->dropout, rows, width, top, width, *output,
                               width, &run->output_keep);
}

hny_status hny_decoder_forward(const struct hny_decoder *decoder, struct hny_compute *compute,
                               const struct hny_sequences *target, const hny_real *x,
                               const struct hny_sequences *source, const size_t *source_of,
                               const hny_real *memory, struct hny_decoder_run **run, hny_real **output) {
    size_t layers = decoder->config.layers;
    struct hny_decoder_run *made =
        hny_arena_take(compute->arena, 1, sizeof *made + layers * sizeof *made->layer);
    if (!made) return HNY_ERROR_MEMORY;
    *made = (struct hny_decoder_run){
        .target = target, .source = source, .source_of = source_of, .memory = memory};
    made->context = hny_compute_take(compute, target->rows, decoder->config.memory);
    if (!made->context) return HNY_ERROR_MEMORY;
    if (decoder->config.start) HNY_TRY(forward_start(decoder, compute, made));
    hny_real *top;
    HNY_TRY(forward_layer(decoder, compute, made, 0, x, &top));
    HNY_TRY(hny_attention_forward(&decoder->attention, compute, target, top, source, source_of, memory,
                                  made->context, &made->attention));
    for (size_t l = 1; l < layers; l++) HNY_TRY(forward_layer(decoder, compute, made, l, top, &top));
    HNY_TRY(forward_output(decoder, compute, made, top, output));
    *run = made;
    return HNY_OK;
}

static hny_status backward_start(const struct hny_decoder *decoder, struct hny_compute *compute,
                                 const struct hny_decoder_run *run, hny_real *d_start, hny_real *d_memory) {
    size_t batch = run->target->batch, width = decoder->config.memory;
    hny_real *d_mean = hny_compute_take(compute, batch, width);
    if (!d_mean) return HNY_ERROR_MEMORY;
    HNY_TRY(bent_product_backward(compute, decoder->start_weight, decoder->start_bias, batch, run->mean,
                                  run->start, d_start, d_mean));
    for (size_t b = 0; b < batch; b++) {
        size_t of = run->source_of[b];
        for (size_t s = 0; s < run->source->length[of]; s++)
            hny_add_scaled(d_memory + (run->source->offset[s] + of) * width,
                           1 / (hny_real)run->source->length[of], d_mean + b * width, width);
    }
    return HNY_OK;
}

/* Through output dropout and readout: *D_TOP is the gradient of the stack's output; D_CONTEXT is added to. */
static hny_status backward_output(const struct hny_decoder *decoder, struct hny_compute *compute,
                                  const struct hny_decoder_run *run, hny_real *d_output, hny_real *d_context,
                                  hny_real **d_top) {
    const struct hny_decoder_config *config = &decoder->config;
    size_t rows = run->target->rows, width = hny_decoder_output(decoder);
    hny_dropout_backward(config->dropout, rows, width, run->output_keep, d_output, width);
    *d_top = d_output;
    if (!config->readout) return HNY_OK;
    size_t joined = config->hidden + config->memory;
    hny_real *d_joined = hny_compute_take(compute, rows, joined);
    *d_top = hny_compute_take(compute, rows, config->hidden);
    if (!d_joined || !*d_top) return HNY_ERROR_MEMORY;
    HNY_TRY(bent_product_backward(compute, decoder->readout_weight, decoder->readout_bias, rows, run->joined,
                                  run->readout, d_output, d_joined));
    hny_dropout_backward(config->dropout, rows, joined, run->joined_keep, d_joined, joined);
    for (size_t r = 0; r < rows; r++) {
        memcpy(*d_top + r * config->hidden, d_joined + r * joined, config->hidden * sizeof **d_top);
        hny_add(d_context + r * config->memory, d_joined + r * joined + config->hidden, config->memory);
    }
    return HNY_OK;
}

static hny_status backward_layer(const struct hny_decoder *decoder, struct hny_compute *compute,
                                 struct hny_decoder_run *run, size_t l, const hny_real *d_above,
                                 hny_real *d_context, hny_real *d_start, hny_real **d_below) {
    size_t batch = run->target->batch;
    hny_real *d_states[HNY_CELL_STATES];
    if (d_start)
        for (size_t i = 0; i < decoder->config.cell->states; i++)
            if (!(d_states[i] = hny_compute_take(compute, batch, decoder->config.hidden)))
                return HNY_ERROR_MEMORY;
    HNY_TRY(hny_layer_backward(&decoder->layer[l], compute, &run->layer[l], d_above, d_below,
                               l == 0 ? NULL : d_context, d_start ? d_states : NULL));
    return d_start ? layer_states(decoder, compute, batch, l, d_start, true, d_states) : HNY_OK;
}

hny_status hny_decoder_backward(const struct hny_decoder *decoder, struct hny_compute *compute,
                                struct hny_decoder_run *run, hny_real *d_output, hny_real *d_memory,
                                hny_real **d_x) {
    hny_real *d_context = hny_compute_zeroed(compute, run->target->rows, decoder->config.memory);
    hny_real *d_start = NULL;
    if (run->start && !(d_start = hny_compute_take(compute, run->target->batch, start_width(decoder))))
        return HNY_ERROR_MEMORY;
    if (!d_context) return HNY_ERROR_MEMORY;
    hny_real *d_above;
    HNY_TRY(backward_output(decoder, compute, run, d_output, d_context, &d_above));
    for (size_t l = decoder->config.layers; l-- > 1;)
        HNY_TRY(backward_layer(decoder, compute, run, l, d_above, d_context, d_start, &d_above));
    HNY_TRY(
        hny_attention_backward(&decoder->attention, compute, &run->attention, d_context, d_above, d_memory));
    HNY_TRY(backward_layer(decoder, compute, run, 0, d_above, NULL, d_start, d_x));
    return d_start ? backward_start(decoder, compute, run, d_start, d_memory) : HNY_OK;
}

hny_status hny_decoder_keys(const struct hny_decoder *decoder, struct hny_compute *compute, size_t rows,
                            const hny_real *values, hny_real *keys) {
    return hny_attention_keys(&decoder->attention, compute, rows, values, keys);
}

hny_status hny_decoder_begin(const struct hny_decoder *decoder, struct hny_compute *compute,
                             const struct hny_memory *memory, hny_real *state) {
    size_t width = decoder->config.memory;
    if (!decoder->config.start) {
        memset(state, 0, start_width(decoder) * sizeof *state);
        return HNY_OK;
    }
    hny_real *mean = hny_compute_zeroed(compute, 1, width);
    if (!mean) return HNY_ERROR_MEMORY;
    for (size_t s = 0; s < memory->length; s++) hny_add(mean, memory->values + s * width, width);
    hny_scale(mean, 1 / (hny_real)memory->length, width);
    return bent_product(compute, decoder->start_weight, decoder->start_bias, 1, mean, state);
}

static hny_status step_layer(const struct hny_decoder *decoder, struct hny_compute *compute, size_t rows,
                             size_t l, const hny_real *below, const hny_real *context,
                             const hny_real *previous, hny_real *next, hny_real *top) {
    const hny_real *from[HNY_CELL_STATES] = {NULL};
    hny_real *to[HNY_CELL_STATES] = {NULL};
    for (size_t i = 0; i < decoder->config.cell->states; i++) {
        from[i] = previous + state_at(decoder, l, i);
        to[i] = next + state_at(decoder, l, i);
    }
    return hny_layer_step(&decoder->layer[l], compute, rows, below, context, from, to, start_width(decoder),
                          top);
}

hny_status hny_decoder_step(const struct hny_decoder *decoder, struct hny_compute *compute, size_t rows,
                            const hny_real *x, const hny_real *previous,
                            const struct hny_memory *const *memories, hny_real *next, hny_real *output,
                            hny_real *const *attention) {
    const struct hny_decoder_config *config = &decoder->config;
    hny_real *context = hny_compute_take(compute, rows, config->memory);
    hny_real *top = hny_compute_take(compute, rows, config->hidden);
    hny_real *above = hny_compute_take(compute, rows, config->hidden);
    if (!context || !top || !above) return HNY_ERROR_MEMORY;
    HNY_TRY(step_layer(decoder, compute, rows, 0, x, NULL, previous, next, top));
    HNY_TRY(hny_attention_step(&decoder->attention, compute, rows, top, memories, context, attention));
    for (size_t l = 1; l < config->layers; l++) {
        HNY_TRY(step_layer(decoder, compute, rows, l, top, context, previous, next, above));
        hny_real *swap = top;
        top = above;
        above = swap;
    }
    if (config->readout) {
        hny_real *joined = beside(compute, rows, top, config->hidden, context, config->memory);
        if (!joined) return HNY_ERROR_MEMORY;
        return bent_product(compute, decoder->readout_weight, decoder->readout_bias, rows, joined, output);
    }
    memcpy(output, top, rows * config->hidden * sizeof *output);
    return HNY_OK;
}
