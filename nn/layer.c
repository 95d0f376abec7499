#include "nn/layer.h"

#include "nn/dropout.h"
#include "nn/elementwise.h"

#include <stdio.h>

hny_status hny_layer_create(struct hny_layer *layer, struct hny_parameters *parameters,
                            const struct hny_layer_options *options, const char *name) {
    static const char *const directions[] = {"forward", "backward"};
    if (options->width % options->directions != 0)
        return hny_fail(HNY_ERROR_USAGE, "a layer of two directions needs an even width, not %zu",
                        options->width);
    if (options->residual && options->below % options->width != 0)
        return hny_fail(HNY_ERROR_USAGE, "what is %zu wide cannot be added to a layer of %zu", options->below,
                        options->width);
    *layer = (struct hny_layer){.below = options->below,
                                .beside = options->beside,
                                .width = options->width,
                                .directions = options->directions,
                                .residual = options->residual,
                                .dropout = options->dropout,
                                .number = options->number};
    for (size_t d = 0; d < options->directions; d++) {
        char part[80];
        snprintf(part, sizeof part, options->directions == 1 ? "%s" : "%s.%s", name, directions[d]);
        struct hny_recurrent *recurrent = &layer->direction[d];
        recurrent->reverse = d == 1;
        recurrent->recurrent_dropout = options->recurrent_dropout;
        recurrent->number = options->number + 1 + (uint32_t)d;
        HNY_TRY(hny_recurrent_create(recurrent, parameters, options->cell, options->below + options->beside,
                                     options->width / options->directions, options->layer_norm,
                                     &options->initial, part));
    }
    return HNY_OK;
}

void hny_layer_initialise(const struct hny_layer *layer, struct hny_parameters *parameters) {
    for (size_t d = 0; d < layer->directions; d++) hny_recurrent_initialise(&layer->direction[d], parameters);
}

/* A copy in the arena of below and beside next to each other. */
static hny_real *join(const struct hny_layer *layer, struct hny_compute *compute, size_t rows,
                      const hny_real *below, const hny_real *beside) {
    size_t width = layer->below + layer->beside;
    hny_real *input = hny_compute_take(compute, rows, width);
    if (!input) return NULL;
    for (size_t r = 0; r < rows; r++) {
        memcpy(input + r * width, below + r * layer->below, layer->below * sizeof *input);
        if (layer->beside)
            memcpy(input + r * width + layer->below, beside + r * layer->beside,
                   layer->beside * sizeof *input);
    }
    return input;
}

/* Adds to each row of OUTPUT the row of BELOW, or the sum of the parts of it that are as wide. */
static void add_below(const struct hny_layer *layer, size_t rows, const hny_real *below, hny_real *output) {
    for (size_t r = 0; r < rows; r++)
        for (size_t part = 0; part < layer->below; part += layer->width)
            hny_add(output + r * layer->width, below + r * layer->below + part, layer->width);
}

static void add_below_gradient(const struct hny_layer *layer, size_t rows, const hny_real *d_output,
                               hny_real *d_below) {
    for (size_t r = 0; r < rows; r++)
        for (size_t part = 0; part < layer->below; part += layer->width)
            hny_add(d_below + r * layer->below + part, d_output + r * layer->width, layer->width);
}

hny_status hny_layer_forward(const struct hny_layer *layer, struct hny_compute *compute,
                             const struct hny_sequences *sequences, const hny_real *below,
                             const hny_real *beside, hny_real *const *initial, struct hny_layer_run *run,
                             hny_real **output) {
    size_t rows = sequences->rows, read = layer->below + layer->beside,
           hidden = layer->width / layer->directions;
    run->input = join(layer, compute, rows, below, beside);
    hny_real *y = hny_compute_take(compute, rows, layer->width);
    if (!run->input || !y) return HNY_ERROR_MEMORY;
    HNY_TRY(hny_dropout_forward(compute, layer->number, layer->dropout, rows, read, run->input, read,
                                run->input, read, &run->keep));
    for (size_t d = 0; d < layer->directions; d++)
        HNY_TRY(hny_recurrent_forward(&layer->direction[d], compute, sequences, run->input, read, initial,
                                      y + d * hidden, layer->width, &run->direction[d]));
    *output = y;
    if (!layer->residual) return HNY_OK;
    hny_real *sum = hny_compute_take(compute, rows, layer->width); /* y stays: it is the cells' state */
    if (!sum) return HNY_ERROR_MEMORY;
    memcpy(sum, y, rows * layer->width * sizeof *sum);
    add_below(layer, rows, below, sum);
    *output = sum;
    return HNY_OK;
}

hny_status hny_layer_backward(const struct hny_layer *layer, struct hny_compute *compute,
                              struct hny_layer_run *run, const hny_real *d_output, hny_real **d_below,
                              hny_real *d_beside, hny_real *const *d_initial) {
    size_t rows = run->direction[0].sequences->rows, read = layer->below + layer->beside;
    size_t hidden = layer->width / layer->directions;
    hny_real *d_input = hny_compute_take(compute, rows, read),
             *d = hny_compute_take(compute, rows, layer->below);
    if (!d_input || !d) return HNY_ERROR_MEMORY;
    for (size_t i = 0; i < layer->directions; i++)
        HNY_TRY(hny_recurrent_backward(&layer->direction[i], compute, &run->direction[i],
                                       d_output + i * hidden, layer->width, d_input, read, i > 0, d_initial));
    hny_dropout_backward(layer->dropout, rows, read, run->keep, d_input, read);
    for (size_t r = 0; r < rows; r++) {
        memcpy(d + r * layer->below, d_input + r * read, layer->below * sizeof *d);
        if (layer->beside)
            hny_add(d_beside + r * layer->beside, d_input + r * read + layer->below, layer->beside);
    }
    if (layer->residual) add_below_gradient(layer, rows, d_output, d);
    *d_below = d;
    return HNY_OK;
}

hny_status hny_layer_step(const struct hny_layer *layer, struct hny_compute *compute, size_t rows,
                          const hny_real *below, const hny_real *beside, const hny_real *const *previous,
                          hny_real *const *next, size_t stride, hny_real *output) {
    size_t read = layer->below + layer->beside;
    const hny_real *input = layer->beside ? join(layer, compute, rows, below, beside) : below;
    if (!input) return HNY_ERROR_MEMORY;
    HNY_TRY(hny_recurrent_step(&layer->direction[0], compute, rows, input, read, previous, next, stride));
    for (size_t r = 0; r < rows; r++) {
        memcpy(output + r * layer->width, next[0] + r * stride, layer->width * sizeof *output);
    }
    if (layer->residual) add_below(layer, rows, below, output);
    return HNY_OK;
}
