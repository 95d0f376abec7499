#include "encoder/encoder.h"

#include <stdio.h>
#include <stdlib.h>

/* Numbers that key the encoder's masks: its layers have 4 each from here. */
enum { FIRST_NUMBER = 0x1000 };

struct hny_encoder {
    size_t layers;
    struct hny_layer layer[];
};

struct hny_encoder_run {
    struct hny_layer_run layer[1]; /* as many as the encoder has */
};

hny_status hny_encoder_create(struct hny_encoder **encoder, struct hny_parameters *parameters,
                              const struct hny_encoder_config *config) {
    if (config->layers == 0) return hny_fail(HNY_ERROR_USAGE, "an encoder needs at least one layer");
    struct hny_encoder *made = hny_allocate(1, sizeof *made + config->layers * sizeof *made->layer);
    if (!made) return HNY_ERROR_MEMORY;
    made->layers = config->layers;
    size_t below = config->input;
    for (size_t l = 0; l < config->layers; l++) {
        char name[32];
        snprintf(name, sizeof name, "encoder.%zu", l + 1);
        struct hny_layer_options options = {.cell = config->cell,
                                            .below = below,
                                            .width = l == 0 ? 2 * config->hidden : config->hidden,
                                            .directions = l == 0 || config->bidirectional ? 2 : 1,
                                            .residual = l + 1 >= config->residual,
                                            .layer_norm = config->layer_norm,
                                            .dropout = config->dropout,
                                            .recurrent_dropout = config->recurrent_dropout,
                                            .number = FIRST_NUMBER + 4 * (uint32_t)l,
                                            .initial = config->initial};
        hny_status status = hny_layer_create(&made->layer[l], parameters, &options, name);
        if (status != HNY_OK) {
            hny_encoder_destroy(&made);
            return status;
        }
        below = options.width;
    }
    *encoder = made;
    return HNY_OK;
}

void hny_encoder_destroy(struct hny_encoder **encoder) {
    free(*encoder);
    *encoder = NULL;
}

void hny_encoder_initialise(const struct hny_encoder *encoder, struct hny_parameters *parameters) {
    for (size_t l = 0; l < encoder->layers; l++) hny_layer_initialise(&encoder->layer[l], parameters);
}

size_t hny_encoder_output(const struct hny_encoder *encoder) {
    return encoder->layer[encoder->layers - 1].width;
}

hny_status hny_encoder_forward(const struct hny_encoder *encoder, struct hny_compute *compute,
                               const struct hny_sequences *sequences, const hny_real *x,
                               struct hny_encoder_run **run, hny_real **output) {
    struct hny_encoder_run *made = hny_arena_take(compute->arena, encoder->layers, sizeof *made->layer);
    if (!made) return HNY_ERROR_MEMORY;
    const hny_real *below = x;
    for (size_t l = 0; l < encoder->layers; l++) {
        HNY_TRY(hny_layer_forward(&encoder->layer[l], compute, sequences, below, NULL, NULL, &made->layer[l],
                                  output));
        below = *output;
    }
    *run = made;
    return HNY_OK;
}

hny_status hny_encoder_backward(const struct hny_encoder *encoder, struct hny_compute *compute,
                                struct hny_encoder_run *run, hny_real *d_output, hny_real **d_x) {
    const hny_real *above = d_output;
    for (size_t l = encoder->layers; l-- > 0;) {
        HNY_TRY(hny_layer_backward(&encoder->layer[l], compute, &run->layer[l], above, d_x, NULL, NULL));
        above = *d_x;
    }
    return HNY_OK;
}
