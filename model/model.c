#include "model/model.h"

#include "base/profile.h"
#include "model/file_check.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Numbers that key word dropout's masks. */
enum { SOURCE_NUMBER = 0x100, TARGET_NUMBER = 0x101 };

/* Blocks of a compute's arena: large, so that a warm loop has few. */
#define ARENA_BLOCK_BYTES ((size_t)16 << 20)

static struct hny_initialisation initialisation_of(const struct hny_config *config) {
    bool glorot = strcmp(config->initial, "glorot") == 0;
    return (struct hny_initialisation){.matrix = glorot ? HNY_INITIAL_GLOROT : HNY_INITIAL_UNIFORM,
                                       .matrix_scale = config->initial_scale,
                                       .bias_scale = config->bias_scale,
                                       .forget_bias = config->forget_bias};
}

/* Glorot's bound means little for a table: its rows are looked up. They start with length about 1. */
static struct hny_tensor *add_table(struct hny_model *model, size_t vocabulary, const char *name) {
    const struct hny_config *config = &model->config;
    bool uniform = strcmp(config->initial, "uniform") == 0;
    double scale = uniform ? config->initial_scale : 1 / sqrt((double)config->embedding);
    return hny_parameters_add(&model->parameters, vocabulary, config->embedding,
                              uniform ? HNY_INITIAL_UNIFORM : HNY_INITIAL_NORMAL, scale, false, "%s", name);
}

static bool shares_tables(const struct hny_model *model) {
    return strcmp(model->config.tie, "three") == 0;
}

static bool ties_output(const struct hny_model *model) {
    return strcmp(model->config.tie, "none") != 0;
}

/* The table that products read too: the target's, where it is tied to the output. */
static hny_status create_tied_table(struct hny_model *model) {
    bool shared = shares_tables(model);
    if (shared && model->source_vocabulary != model->target_vocabulary)
        return hny_fail(HNY_ERROR_USAGE,
                        "tie=three needs one vocabulary, but the source has %zu ids and the target %zu",
                        model->source_vocabulary, model->target_vocabulary);
    if (!ties_output(model)) return HNY_OK;
    struct hny_tensor *table =
        add_table(model, model->target_vocabulary, shared ? "embedding" : "target_embedding");
    if (!table) return HNY_ERROR_MEMORY;
    table->product = table->gathered = true;
    model->target_embedding.table = table;
    if (shared) model->source_embedding.table = table;
    return HNY_OK;
}

/* The other tables, behind all tensors (nn/gradients.h). */
static hny_status create_lookups(struct hny_model *model) {
    struct hny_embedding *source = &model->source_embedding, *target = &model->target_embedding;
    if (!source->table) {
        if (!(source->table = add_table(model, model->source_vocabulary, "source_embedding")))
            return HNY_ERROR_MEMORY;
        source->table->lookup = true;
    }
    if (!target->table) {
        if (!(target->table = add_table(model, model->target_vocabulary, "target_embedding")))
            return HNY_ERROR_MEMORY;
        target->table->lookup = true;
    }
    size_t width = model->config.embedding;
    *source = (struct hny_embedding){model->source_vocabulary, width, source->table, SOURCE_NUMBER};
    *target = (struct hny_embedding){model->target_vocabulary, width, target->table, TARGET_NUMBER};
    return HNY_OK;
}

static hny_status create_parts(struct hny_model *model) {
    const struct hny_config *config = &model->config;
    const struct hny_cell *cell;
    struct hny_initialisation initial = initialisation_of(config);
    HNY_TRY(hny_cell_find(config->cell, &cell));
    HNY_TRY(create_tied_table(model));
    struct hny_encoder_config encoder = {.cell = cell,
                                         .layers = config->encoder_layers,
                                         .input = config->embedding,
                                         .hidden = config->hidden,
                                         .residual = config->residual,
                                         .bidirectional = config->bidirectional,
                                         .layer_norm = config->layer_norm,
                                         .dropout = config->dropout,
                                         .recurrent_dropout = config->recurrent_dropout,
                                         .initial = initial};
    HNY_TRY(hny_encoder_create(&model->encoder, &model->parameters, &encoder));
    struct hny_decoder_config decoder = {.cell = cell,
                                         .layers = config->decoder_layers,
                                         .embedding = config->embedding,
                                         .hidden = config->hidden,
                                         .residual = config->residual,
                                         .memory = hny_encoder_output(model->encoder),
                                         .heads = config->heads,
                                         .readout = config->readout,
                                         .start = config->decoder_start,
                                         .layer_norm = config->layer_norm,
                                         .dropout = config->dropout,
                                         .recurrent_dropout = config->recurrent_dropout,
                                         .initial = initial};
    HNY_TRY(hny_decoder_create(&model->decoder, &model->parameters, &decoder));
    HNY_TRY(hny_softmax_create(&model->head, &model->parameters, hny_decoder_output(model->decoder),
                               model->target_vocabulary, model->target_embedding.table, &initial));
    return create_lookups(model);
}

hny_status hny_model_create_empty(struct hny_model **model, const struct hny_config *config,
                                  size_t source_vocabulary, size_t target_vocabulary) {
    struct hny_model *made = hny_allocate(1, sizeof *made);
    if (!made) return HNY_ERROR_MEMORY;
    made->config = *config;
    made->source_vocabulary = source_vocabulary;
    made->target_vocabulary = target_vocabulary;
    hny_status status = hny_config_check(&made->config);
    if (status == HNY_OK) status = create_parts(made);
    if (status != HNY_OK) hny_model_destroy(&made);
    *model = made;
    return status;
}

hny_status hny_model_create(struct hny_model **model, const struct hny_config *config,
                            size_t source_vocabulary, size_t target_vocabulary) {
    HNY_TRY(hny_model_create_empty(model, config, source_vocabulary, target_vocabulary));
    hny_status status = hny_parameters_allocate(&(*model)->parameters);
    if (status != HNY_OK) hny_model_destroy(model);
    return status;
}

void hny_model_initialise(struct hny_model *model, uint64_t seed) {
    hny_parameters_initialise(&model->parameters, seed);
    hny_encoder_initialise(model->encoder, &model->parameters);
    hny_decoder_initialise(model->decoder, &model->parameters);
}

void hny_model_destroy(struct hny_model **model) {
    if (!*model) return;
    hny_file_check_destroy(&(*model)->checking);
    hny_encoder_destroy(&(*model)->encoder);
    hny_decoder_destroy(&(*model)->decoder);
    hny_shortlist_destroy(&(*model)->shortlist);
    hny_parameters_free(&(*model)->parameters);
    if ((*model)->target_tokenizer != (*model)->source_tokenizer)
        hny_tokenizer_close(&(*model)->target_tokenizer);
    hny_tokenizer_close(&(*model)->source_tokenizer);
    free(*model);
    *model = NULL;
}

hny_status hny_model_settle(const struct hny_model *model) {
    return model && model->checking ? hny_file_check_result(model->checking) : HNY_OK;
}

hny_status hny_model_compute_create(struct hny_compute **compute, const struct hny_model *model,
                                    enum hny_precision precision) {
    struct hny_compute *made = hny_allocate(1, sizeof *made);
    if (!made) return HNY_ERROR_MEMORY;
    made->parameters = &model->parameters;
    made->precision = precision;
    made->arena = hny_arena_create(ARENA_BLOCK_BYTES);
    hny_status status = made->arena ? hny_products_create(&made->products) : HNY_ERROR_MEMORY;
    if (status != HNY_OK) hny_compute_destroy(&made);
    *compute = made;
    return status;
}

void hny_compute_destroy(struct hny_compute **compute) {
    if (!*compute) return;
    hny_products_destroy(&(*compute)->products);
    hny_arena_destroy(&(*compute)->arena);
    free(*compute);
    *compute = NULL;
}

size_t hny_model_source_positions(const struct hny_model *model, size_t length) {
    return length + (model->config.source_end ? 1 : 0);
}

hny_status hny_model_read(const struct hny_model *model, struct hny_compute *compute,
                          const struct hny_layout *source, struct hny_encoder_run **run, hny_real **memory) {
    hny_real *x = hny_compute_take(compute, source->sequences.rows, model->config.embedding);
    if (!x) return HNY_ERROR_MEMORY;
    hny_embedding_forward(&model->source_embedding, compute, source->sequences.rows, source->ids,
                          model->config.source_word_dropout, x);
    return hny_encoder_forward(model->encoder, compute, &source->sequences, x, run, memory);
}

static hny_status take_memory(const struct hny_model *model, const struct hny_layout *side, size_t b,
                              const hny_real *values, const hny_real *keys, struct hny_memory *memory) {
    size_t width = hny_encoder_output(model->encoder), hidden = model->config.hidden;
    memory->length = side->sequences.length[b];
    memory->values = hny_allocate(memory->length, width * sizeof *values);
    memory->keys = hny_allocate(memory->length, hidden * sizeof *keys);
    if (!memory->values || !memory->keys) return HNY_ERROR_MEMORY;
    for (size_t s = 0; s < memory->length; s++) {
        size_t row = side->sequences.offset[s] + b;
        memcpy(memory->values + s * width, values + row * width, width * sizeof *values);
        memcpy(memory->keys + s * hidden, keys + row * hidden, hidden * sizeof *keys);
    }
    return HNY_OK;
}

hny_status hny_model_encode(const struct hny_model *model, struct hny_compute *compute,
                            const int32_t *const *sources, const size_t *lengths, size_t count,
                            struct hny_memory *memories) {
    HNY_PROFILE("everything else");
    if (count == 0) return HNY_OK;
    hny_arena_reset(compute->arena);
    struct hny_layout side;
    struct hny_layout_sentence *sentences = hny_arena_take(compute->arena, count, sizeof *sentences);
    if (!sentences) return HNY_ERROR_MEMORY;
    for (size_t i = 0; i < count; i++) sentences[i] = (struct hny_layout_sentence){sources[i], lengths[i]};
    HNY_TRY(hny_layout_make(&side, compute->arena, sentences, count, model->config.source_end));
    hny_layout_ids(&side, sentences, -1, HNY_ID_END, side.ids);
    struct hny_encoder_run *run;
    hny_real *values, *keys = hny_compute_take(compute, side.sequences.rows, model->config.hidden);
    if (!keys) return HNY_ERROR_MEMORY;
    HNY_TRY(hny_model_read(model, compute, &side, &run, &values));
    HNY_TRY(hny_decoder_keys(model->decoder, compute, side.sequences.rows, values, keys));
    memset(memories, 0, count * sizeof *memories);
    hny_status status = HNY_OK;
    for (size_t b = 0; b < count && status == HNY_OK; b++)
        status = take_memory(model, &side, b, values, keys, &memories[side.order[b]]);
    for (size_t i = 0; i < count && status != HNY_OK; i++) {
        free(memories[i].values);
        free(memories[i].keys);
        memories[i] = (struct hny_memory){0};
    }
    return status;
}
