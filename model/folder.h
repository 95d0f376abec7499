/* A trained model as a folder: config.json (kind, version, settings, sizes, SHA-256 of each other file, how
 * it was trained), model.safetensors, and tokenizer.model (source.model and target.model where vocabularies
 * are separate), and where one was made shortlist.bin (model/folder_shortlist.h). A folder that training
 * writes holds many of them and a pointer `best`; both kinds are opened by the same call. */
#ifndef HNY_MODEL_FOLDER_H
#define HNY_MODEL_FOLDER_H

#include "model/model.h"

/* The file names of tokenizers: of both sides, of the source, of the target. */
enum { HNY_FOLDER_TOKENIZERS = 3 };
extern const char *const hny_folder_tokenizers[HNY_FOLDER_TOKENIZERS];

/* The name of the file of tokenizer I of COUNT, 1 or 2. */
const char *hny_folder_tokenizer(size_t count, size_t i);

/* Writes MODEL with the weights VALUES (a block like parameters.values) into the existing FOLDER, each file
 * whole or not at all, config.json last. The tokenizer files TOKENIZERS are copied: paths of one (joint), two
 * (source, target) or none. TRAINING, which may be NULL, is kept as "training" in config.json; its reference
 * stays the caller's. */
hny_status hny_folder_write(const char *folder, const struct hny_model *model, const hny_real *values,
                            const char *const *tokenizers, size_t tokenizer_count, json_t *training);

/* Opens FOLDER, or the one that its pointer `best` names. Files are checked against their digests; the
 * weights are ready for products of PRECISION (not for gradients), and of the values there are those alone
 * that are read besides (hny_tensor_stays): such a model translates and scores. Nothing of the files is read
 * any more, whatever becomes of them. *TRAINING, where not NULL, receives "training" (the caller's to
 * json_decref; NULL where there is none). */
hny_status hny_folder_open(struct hny_model **model, const char *folder, enum hny_precision precision,
                           json_t **training);

/* The same while the digest of the weights may still be computed: nothing that comes of the model may be
 * given to anyone before hny_model_settle has found it right. hny_translator_take sees to that. */
hny_status hny_folder_open_early(struct hny_model **model, const char *folder, enum hny_precision precision);

/* The same as hny_folder_open, its values and packed weights lying in a sealed memory file (nn/image.h) that
 * any number of processes share. *FILE is that file of a process that has opened the same folder in the same
 * precision, which spares reading, checking and packing the weights; or -1: then one is made and becomes the
 * caller's, to close and to hand on (over fork and exec, or a socket). */
hny_status hny_folder_open_shared(struct hny_model **model, const char *folder, enum hny_precision precision,
                                  int *file);

/* The same without packed weights, for training on: PRECISION and hny_parameters_prepare are the caller's. */
hny_status hny_folder_read(struct hny_model **model, const char *folder, json_t **training);

/* Appends the folder that holds the model's files to PATH: FOLDER itself, or where `best` points.
 * HNY_ERROR_INPUT where there is neither. */
hny_status hny_folder_resolve(const char *folder, struct hny_buffer *path);

#endif
