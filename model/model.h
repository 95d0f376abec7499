/* The translator's network as a whole: embeddings, encoder, decoder and head over one block of parameters,
 * and what is done with a batch of sentence pairs. How a model lies in a folder is model/folder.h's. */
#ifndef HNY_MODEL_MODEL_H
#define HNY_MODEL_MODEL_H

#include "decoder/decoder.h"
#include "decoder/shortlist.h"
#include "decoder/softmax.h"
#include "encoder/encoder.h"
#include "model/config.h"
#include "model/layout.h"
#include "nn/embedding.h"
#include "tokenizer/tokenizer.h"

struct hny_model {
    struct hny_config config;
    size_t source_vocabulary, target_vocabulary;
    struct hny_tokenizer *source_tokenizer; /* owned; NULL in a model of bare ids */
    struct hny_tokenizer *target_tokenizer; /* the same pointer where the vocabulary is joint */
    struct hny_shortlist *shortlist;        /* owned; NULL where its folder has none, or for training */
    struct hny_file_checking
        *checking; /* owned; of the weights' file: hny_model_settle; NULL where none is */
    struct hny_parameters parameters;
    struct hny_embedding source_embedding, target_embedding;
    struct hny_encoder *encoder;
    struct hny_decoder *decoder;
    struct hny_softmax head;
};

/* A model of CONFIG's shape with all values zero; hny_model_initialise draws them. */
hny_status hny_model_create(struct hny_model **model, const struct hny_config *config,
                            size_t source_vocabulary, size_t target_vocabulary);
void hny_model_initialise(struct hny_model *model, uint64_t seed);

/* The same shape without values yet: hny_parameters_allocate and hny_image_map (nn/image.h) give them. */
hny_status hny_model_create_empty(struct hny_model **model, const struct hny_config *config,
                                  size_t source_vocabulary, size_t target_vocabulary);
void hny_model_destroy(struct hny_model **model); /* nulls; NULL is allowed */

/* Waits for the digest of the file that MODEL's weights are out of, where it is still being computed
 * (hny_folder_open_early): HNY_ERROR_INPUT where the file is damaged. Any thread may ask, and again; NULL is
 * allowed. */
hny_status hny_model_settle(const struct hny_model *model);

/* What one thread computes with, over this model. PRECISION is that of the weight gradients' products. */
hny_status hny_model_compute_create(struct hny_compute **compute, const struct hny_model *model,
                                    enum hny_precision precision);
void hny_compute_destroy(struct hny_compute **compute); /* nulls; NULL is allowed */

/* Reads COUNT sentences (ids without end, none empty) into memories for the search; the arrays become the
 * caller's (free). A sentence's memory is the same bytes whatever else is in the call. Resets the compute's
 * arena. */
hny_status hny_model_encode(const struct hny_model *model, struct hny_compute *compute,
                            const int32_t *const *sources, const size_t *lengths, size_t count,
                            struct hny_memory *memories);

/* Reads a batch's sources: *RUN for the encoder's backward pass, *MEMORY [T][B][hny_encoder_output]; all in
 * the compute's arena. */
hny_status hny_model_read(const struct hny_model *model, struct hny_compute *compute,
                          const struct hny_layout *source, struct hny_encoder_run **run, hny_real **memory);

/* Positions of a sentence of LENGTH ids in the encoder: the end counts where the model reads one. */
size_t hny_model_source_positions(const struct hny_model *model, size_t length);

#endif
