#include "model/pass.h"

#include "base/profile.h"
#include <string.h>

/* Logits are made for this many words at a time: enough for a good product, little enough to hold. */
#define WORDS_AT_A_TIME ((size_t)256)

struct hny_pass {
    const struct hny_model *model;
    struct hny_compute *compute;
    struct hny_layout source, target;
    int32_t *aims;     /* [T][B] what the decoder should say */
    size_t *source_of; /* [B] target place → source place */
    struct hny_encoder_run *encoder;
    struct hny_decoder_run *decoder;
    hny_real *memory, *output;
    size_t said;               /* words whose loss is summed up */
    hny_real *logits;          /* [WORDS_AT_A_TIME][vocabulary] */
    hny_real *d_output;        /* [T][B][head's input]; NULL where no gradients are wanted */
    hny_real *log_probability; /* [T][B]; NULL where nobody asks */
};

static hny_status lay_out(struct hny_pass *pass, const struct hny_pair *pairs, size_t count) {
    struct hny_arena *arena = pass->compute->arena;
    struct hny_layout_sentence *sources = hny_arena_take(arena, count, sizeof *sources);
    struct hny_layout_sentence *targets = hny_arena_take(arena, count, sizeof *targets);
    pass->source_of = hny_arena_take(arena, count, sizeof *pass->source_of);
    if (!sources || !targets || !pass->source_of) return HNY_ERROR_MEMORY;
    for (size_t i = 0; i < count; i++) {
        sources[i] = (struct hny_layout_sentence){pairs[i].source, pairs[i].source_length};
        targets[i] = (struct hny_layout_sentence){pairs[i].target, pairs[i].target_length};
    }
    HNY_TRY(hny_layout_make(&pass->source, arena, sources, count, pass->model->config.source_end));
    HNY_TRY(hny_layout_make(&pass->target, arena, targets, count, 1));
    pass->aims = hny_arena_take(arena, pass->target.sequences.rows, sizeof *pass->aims);
    if (!pass->aims) return HNY_ERROR_MEMORY;
    hny_layout_ids(&pass->source, sources, -1, HNY_ID_END, pass->source.ids);
    hny_layout_ids(&pass->target, targets, HNY_ID_BEGIN, HNY_ID_END, pass->target.ids);
    hny_layout_ids(&pass->target, targets, -1, HNY_ID_END, pass->aims);
    for (size_t b = 0; b < count; b++) pass->source_of[b] = pass->source.place[pass->target.order[b]];
    return HNY_OK;
}

static hny_status forward(struct hny_pass *pass) {
    const struct hny_model *model = pass->model;
    struct hny_compute *compute = pass->compute;
    HNY_TRY(hny_model_read(model, compute, &pass->source, &pass->encoder, &pass->memory));
    size_t rows = pass->target.sequences.rows;
    hny_real *x = hny_compute_take(compute, rows, model->config.embedding);
    if (!x) return HNY_ERROR_MEMORY;
    hny_embedding_forward(&model->target_embedding, compute, rows, pass->target.ids,
                          model->config.target_word_dropout, x);
    return hny_decoder_forward(model->decoder, compute, &pass->target.sequences, x, &pass->source.sequences,
                               pass->source_of, pass->memory, &pass->decoder, &pass->output);
}

static hny_status begin(struct hny_pass *pass, const struct hny_pair *pairs, size_t count) {
    struct hny_compute *compute = pass->compute;
    HNY_TRY(lay_out(pass, pairs, count));
    HNY_TRY(forward(pass));
    size_t rows = pass->target.sequences.rows, most = rows < WORDS_AT_A_TIME ? rows : WORDS_AT_A_TIME;
    pass->logits = hny_compute_take(compute, most, pass->model->target_vocabulary);
    if (!pass->logits) return HNY_ERROR_MEMORY;
    if (!hny_compute_wants_gradients(compute)) return HNY_OK;
    pass->d_output = hny_compute_take(compute, rows, pass->model->head.input);
    return pass->d_output ? HNY_OK : HNY_ERROR_MEMORY;
}

hny_status hny_pass_begin(const struct hny_model *model, struct hny_compute *compute,
                          const struct hny_pair *pairs, size_t count, struct hny_pass **pass) {
    HNY_PROFILE("everything else");
    *pass = NULL;
    hny_arena_reset(compute->arena);
    if (count == 0) return HNY_OK;
    struct hny_pass *made = hny_arena_take(compute->arena, 1, sizeof *made);
    if (!made) return HNY_ERROR_MEMORY;
    *made = (struct hny_pass){.model = model, .compute = compute};
    HNY_TRY(begin(made, pairs, count));
    *pass = made;
    return HNY_OK;
}

hny_status hny_pass_words(struct hny_pass *pass, struct hny_loss *loss, bool *more) {
    *more = false;
    if (!pass) return HNY_OK;
    const struct hny_softmax *head = &pass->model->head;
    size_t first = pass->said, left = pass->target.sequences.rows - first;
    size_t count = left < WORDS_AT_A_TIME ? left : WORDS_AT_A_TIME;
    if (count == 0) return HNY_OK;
    *more = left > count;
    pass->said += count;
    return hny_softmax_loss(head, pass->compute, count, pass->output + first * head->input,
                            pass->aims + first, pass->d_output ? pass->model->config.label_smoothing : 0,
                            loss, pass->logits, pass->d_output ? pass->d_output + first * head->input : NULL,
                            pass->log_probability ? pass->log_probability + first : NULL);
}

hny_status hny_pass_end(struct hny_pass *pass) {
    HNY_PROFILE("everything else");
    if (!pass || !pass->d_output) return HNY_OK;
    const struct hny_model *model = pass->model;
    struct hny_compute *compute = pass->compute;
    const struct hny_layout *source = &pass->source, *target = &pass->target;
    size_t source_rows = source->sequences.rows, target_rows = target->sequences.rows;
    hny_real *d_memory = hny_compute_zeroed(compute, source_rows, hny_encoder_output(model->encoder)), *d_x;
    if (!d_memory) return HNY_ERROR_MEMORY;
    HNY_TRY(hny_decoder_backward(model->decoder, compute, pass->decoder, pass->d_output, d_memory, &d_x));
    HNY_TRY(hny_embedding_backward(&model->target_embedding, compute, target_rows, target->ids,
                                   model->config.target_word_dropout, d_x));
    HNY_TRY(hny_encoder_backward(model->encoder, compute, pass->encoder, d_memory, &d_x));
    return hny_embedding_backward(&model->source_embedding, compute, source_rows, source->ids,
                                  model->config.source_word_dropout, d_x);
}

static void tell_words(const struct hny_pass *pass, hny_real *const *log_probability) {
    const struct hny_sequences *target = &pass->target.sequences;
    for (size_t b = 0; b < target->batch; b++)
        for (size_t t = 0; t < target->length[b]; t++)
            log_probability[pass->target.order[b]][t] = pass->log_probability[target->offset[t] + b];
}

hny_status hny_model_pass(const struct hny_model *model, struct hny_compute *compute,
                          const struct hny_pair *pairs, size_t count, struct hny_loss *loss,
                          hny_real *const *log_probability) {
    struct hny_pass *pass;
    HNY_TRY(hny_pass_begin(model, compute, pairs, count, &pass));
    if (!pass) return HNY_OK;
    if (log_probability) {
        pass->log_probability = hny_compute_take(compute, pass->target.sequences.rows, 1);
        if (!pass->log_probability) return HNY_ERROR_MEMORY;
    }
    for (bool more = true; more;) HNY_TRY(hny_pass_words(pass, loss, &more));
    if (log_probability) tell_words(pass, log_probability);
    return hny_pass_end(pass);
}
