#include "model/model.h"

#include "base/profile.h"
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

static hny_status create_embeddings(struct hny_model *model) {
    bool shared = strcmp(model->config.tie, "three") == 0;
    if (shared && model->source_vocabulary != model->target_vocabulary)
        return hny_fail(HNY_ERROR_USAGE,
                        "tie=three needs one vocabulary, but the source has %zu ids and the target %zu",
                        model->source_vocabulary, model->target_vocabulary);
    struct hny_tensor *source =
        add_table(model, model->source_vocabulary, shared ? "embedding" : "source_embedding");
    struct hny_tensor *target =
        shared ? source : add_table(model, model->target_vocabulary, "target_embedding");
    if (!source || !target) return HNY_ERROR_MEMORY;
    size_t width = model->config.embedding;
    model->source_embedding = (struct hny_embedding){model->source_vocabulary, width, source, SOURCE_NUMBER};
    model->target_embedding = (struct hny_embedding){model->target_vocabulary, width, target, TARGET_NUMBER};
    if (strcmp(model->config.tie, "none") != 0) target->product = true;
    return HNY_OK;
}

static hny_status create_parts(struct hny_model *model) {
    const struct hny_config *config = &model->config;
    const struct hny_cell *cell;
    struct hny_initialisation initial = initialisation_of(config);
    HNY_TRY(hny_cell_find(config->cell, &cell));
    HNY_TRY(create_embeddings(model));
    struct hny_encoder_config encoder = {.cell = cell,
                                         .layers = config->encoder_layers,
                                         .input = config->embedding,
                                         .hidden = config->hidden,
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
                                         .memory = hny_encoder_output(model->encoder),
                                         .heads = config->heads,
                                         .readout = config->readout,
                                         .start = config->decoder_start,
                                         .layer_norm = config->layer_norm,
                                         .dropout = config->dropout,
                                         .recurrent_dropout = config->recurrent_dropout,
                                         .initial = initial};
    HNY_TRY(hny_decoder_create(&model->decoder, &model->parameters, &decoder));
    struct hny_tensor *tied = strcmp(config->tie, "none") == 0 ? NULL : model->target_embedding.table;
    return hny_softmax_create(&model->head, &model->parameters, hny_decoder_output(model->decoder),
                              model->target_vocabulary, tied, &initial);
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
    hny_encoder_destroy(&(*model)->encoder);
    hny_decoder_destroy(&(*model)->decoder);
    hny_parameters_free(&(*model)->parameters);
    if ((*model)->target_tokenizer != (*model)->source_tokenizer)
        hny_tokenizer_close(&(*model)->target_tokenizer);
    hny_tokenizer_close(&(*model)->source_tokenizer);
    free(*model);
    *model = NULL;
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

/* One side of a batch in the layout of nn/sequences.h. */
struct side {
    struct hny_sequences sequences;
    size_t *order; /* [batch] which sentence stands in place b */
    size_t *place; /* its inverse */
    int32_t *ids;  /* [T][B] */
};

struct sentence {
    const int32_t *ids;
    size_t length; /* of the ids themselves */
};

/* Places by falling length, equal ones in their own order. */
static void sort_places(const size_t *length, size_t *order, size_t count, size_t longest, size_t *starts) {
    memset(starts, 0, (longest + 2) * sizeof *starts);
    for (size_t i = 0; i < count; i++) starts[longest - length[i] + 1]++;
    for (size_t l = 1; l <= longest + 1; l++) starts[l] += starts[l - 1];
    for (size_t i = 0; i < count; i++) order[starts[longest - length[i]]++] = i;
}

/* Lays out COUNT sentences, EXTRA positions longer than their ids. */
static hny_status lay_out(struct side *side, struct hny_arena *arena, const struct sentence *sentences,
                          size_t count, size_t extra) {
    size_t longest = 0;
    for (size_t i = 0; i < count; i++)
        longest = sentences[i].length > longest ? sentences[i].length : longest;
    longest += extra;
    size_t *length = hny_arena_take(arena, count, sizeof *length);
    size_t *sorted = hny_arena_take(arena, count, sizeof *sorted);
    size_t *starts = hny_arena_take(arena, longest + 2, sizeof *starts);
    side->order = hny_arena_take(arena, count, sizeof *side->order);
    side->place = hny_arena_take(arena, count, sizeof *side->place);
    if (!length || !sorted || !starts || !side->order || !side->place) return HNY_ERROR_MEMORY;
    for (size_t i = 0; i < count; i++) length[i] = sentences[i].length + extra;
    sort_places(length, side->order, count, longest, starts);
    for (size_t b = 0; b < count; b++) {
        side->place[side->order[b]] = b;
        sorted[b] = length[side->order[b]];
    }
    HNY_TRY(hny_sequences_make(&side->sequences, arena, sorted, count));
    side->ids = hny_arena_take(arena, side->sequences.rows, sizeof *side->ids);
    return side->ids ? HNY_OK : HNY_ERROR_MEMORY;
}

/* ids[t][b] = FIRST (where it is not negative), the sentence's ids, then LAST, as far as the layout goes. */
static void fill_ids(const struct side *side, const struct sentence *sentences, int32_t first, int32_t last,
                     int32_t *ids) {
    const struct hny_sequences *s = &side->sequences;
    size_t shift = first >= 0;
    for (size_t t = 0; t < s->steps; t++)
        for (size_t b = 0; b < s->alive[t]; b++) {
            const struct sentence *sentence = &sentences[side->order[b]];
            ids[s->offset[t] + b] = t < shift                      ? first
                                    : t - shift < sentence->length ? sentence->ids[t - shift]
                                                                   : last;
        }
}

static hny_status encode_side(const struct hny_model *model, struct hny_compute *compute,
                              const struct side *source, struct hny_encoder_run **run, hny_real **memory) {
    hny_real *x = hny_compute_take(compute, source->sequences.rows, model->config.embedding);
    if (!x) return HNY_ERROR_MEMORY;
    hny_embedding_forward(&model->source_embedding, compute, source->sequences.rows, source->ids,
                          model->config.source_word_dropout, x);
    return hny_encoder_forward(model->encoder, compute, &source->sequences, x, run, memory);
}

/* A batch on its way through the network. */
struct pass {
    struct side source, target;
    int32_t *aims;     /* [T][B] what the decoder should say */
    size_t *source_of; /* [B] target place → source place */
    struct hny_encoder_run *encoder;
    struct hny_decoder_run *decoder;
    hny_real *memory, *output;
};

static hny_status lay_out_pass(const struct hny_model *model, struct hny_compute *compute, struct pass *pass,
                               const struct hny_pair *pairs, size_t count) {
    struct hny_arena *arena = compute->arena;
    struct sentence *sources = hny_arena_take(arena, count, sizeof *sources);
    struct sentence *targets = hny_arena_take(arena, count, sizeof *targets);
    pass->source_of = hny_arena_take(arena, count, sizeof *pass->source_of);
    if (!sources || !targets || !pass->source_of) return HNY_ERROR_MEMORY;
    for (size_t i = 0; i < count; i++) {
        sources[i] = (struct sentence){pairs[i].source, pairs[i].source_length};
        targets[i] = (struct sentence){pairs[i].target, pairs[i].target_length};
    }
    HNY_TRY(lay_out(&pass->source, arena, sources, count, model->config.source_end));
    HNY_TRY(lay_out(&pass->target, arena, targets, count, 1));
    pass->aims = hny_arena_take(arena, pass->target.sequences.rows, sizeof *pass->aims);
    if (!pass->aims) return HNY_ERROR_MEMORY;
    fill_ids(&pass->source, sources, -1, HNY_ID_END, pass->source.ids);
    fill_ids(&pass->target, targets, HNY_ID_BEGIN, HNY_ID_END, pass->target.ids);
    fill_ids(&pass->target, targets, -1, HNY_ID_END, pass->aims);
    for (size_t b = 0; b < count; b++) pass->source_of[b] = pass->source.place[pass->target.order[b]];
    return HNY_OK;
}

static hny_status forward(const struct hny_model *model, struct hny_compute *compute, struct pass *pass) {
    HNY_TRY(encode_side(model, compute, &pass->source, &pass->encoder, &pass->memory));
    size_t rows = pass->target.sequences.rows;
    hny_real *x = hny_compute_take(compute, rows, model->config.embedding);
    if (!x) return HNY_ERROR_MEMORY;
    hny_embedding_forward(&model->target_embedding, compute, rows, pass->target.ids,
                          model->config.target_word_dropout, x);
    return hny_decoder_forward(model->decoder, compute, &pass->target.sequences, x, &pass->source.sequences,
                               pass->source_of, pass->memory, &pass->decoder, &pass->output);
}

static hny_status backward(const struct hny_model *model, struct hny_compute *compute, struct pass *pass,
                           hny_real *d_output) {
    hny_real *d_memory =
        hny_compute_zeroed(compute, pass->source.sequences.rows, hny_encoder_output(model->encoder));
    if (!d_memory) return HNY_ERROR_MEMORY;
    hny_real *d_x;
    HNY_TRY(hny_decoder_backward(model->decoder, compute, pass->decoder, d_output, d_memory, &d_x));
    hny_embedding_backward(&model->target_embedding, compute, pass->target.sequences.rows, pass->target.ids,
                           model->config.target_word_dropout, d_x);
    HNY_TRY(hny_encoder_backward(model->encoder, compute, pass->encoder, d_memory, &d_x));
    hny_embedding_backward(&model->source_embedding, compute, pass->source.sequences.rows, pass->source.ids,
                           model->config.source_word_dropout, d_x);
    return HNY_OK;
}

hny_status hny_model_pass(const struct hny_model *model, struct hny_compute *compute,
                          const struct hny_pair *pairs, size_t count, struct hny_loss *loss,
                          hny_real *const *log_probability) {
    HNY_PROFILE("everything else");
    if (count == 0) return HNY_OK;
    hny_arena_reset(compute->arena);
    struct pass pass;
    HNY_TRY(lay_out_pass(model, compute, &pass, pairs, count));
    HNY_TRY(forward(model, compute, &pass));
    const struct hny_sequences *target = &pass.target.sequences;
    hny_real *d_output = NULL, *said = NULL;
    if (compute->gradients && !(d_output = hny_compute_take(compute, target->rows, model->head.input)))
        return HNY_ERROR_MEMORY;
    if (log_probability && !(said = hny_compute_take(compute, target->rows, 1))) return HNY_ERROR_MEMORY;
    double smoothing = compute->gradients ? model->config.label_smoothing : 0;
    HNY_TRY(hny_softmax_loss(&model->head, compute, target->rows, pass.output, pass.aims, smoothing, loss,
                             d_output, said));
    for (size_t b = 0; said && b < count; b++)
        for (size_t t = 0; t < target->length[b]; t++)
            log_probability[pass.target.order[b]][t] = said[target->offset[t] + b];
    return d_output ? backward(model, compute, &pass, d_output) : HNY_OK;
}

static hny_status take_memory(const struct hny_model *model, const struct side *side, size_t b,
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
    struct side side;
    struct sentence *sentences = hny_arena_take(compute->arena, count, sizeof *sentences);
    if (!sentences) return HNY_ERROR_MEMORY;
    for (size_t i = 0; i < count; i++) sentences[i] = (struct sentence){sources[i], lengths[i]};
    HNY_TRY(lay_out(&side, compute->arena, sentences, count, model->config.source_end));
    fill_ids(&side, sentences, -1, HNY_ID_END, side.ids);
    struct hny_encoder_run *run;
    hny_real *values, *keys = hny_compute_take(compute, side.sequences.rows, model->config.hidden);
    if (!keys) return HNY_ERROR_MEMORY;
    HNY_TRY(encode_side(model, compute, &side, &run, &values));
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
