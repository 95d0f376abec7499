/* Translating ids on one thread: encoder and search behind one face, with a queue before them. Sentences
 * enter and leave at any step; which others are inside changes neither a translation nor its scores. */
#ifndef HNY_MODEL_ENGINE_H
#define HNY_MODEL_ENGINE_H

#include "decoder/search.h"
#include "model/model.h"

struct hny_engine;

/* VIEW is the model as the search sees it (model/vocabulary_view.h); it and MODEL, with its weights packed,
 * must outlive the engine. ROWS, at least 1: hypotheses that a step computes together, which decides speed
 * and memory alone. A sentence with a wider beam is searched by itself. */
hny_status hny_engine_create(struct hny_engine **engine, const struct hny_model *model,
                             const struct hny_search_model *view, size_t rows);

/* From now on sentences are searched among the candidates of the model's shortlist alone. */
hny_status hny_engine_use_shortlist(struct hny_engine *engine);

void hny_engine_destroy(struct hny_engine **engine); /* nulls; NULL is allowed */

/* A sentence of COUNT ids (at least 1, without end, all inside the source vocabulary; copied) gets into the
 * queue. TAG comes back with its translation; no two inside have the same. OPTIONS are judged when the search
 * takes it. */
hny_status hny_engine_add(struct hny_engine *engine, uint64_t tag, const int32_t *ids, size_t count,
                          const struct hny_search_options *options);

/* Fills the search from the queue, reading newcomers a few at a time, and goes one word further in every
 * sentence inside. After a failure the engine can only be destroyed. */
hny_status hny_engine_step(struct hny_engine *engine);

/* As hny_search_take and hny_search_cancel; a sentence in the queue can be cancelled too. */
hny_status hny_engine_take(struct hny_engine *engine, struct hny_translation *translation, bool *taken);
void hny_engine_cancel(struct hny_engine *engine, uint64_t tag);

size_t hny_engine_sentences(const struct hny_engine *engine); /* in queue and search */

/* How many sentences with beams of BEAM the engine could use now, so that it neither starves nor hoards what
 * others could work on. */
size_t hny_engine_wants(const struct hny_engine *engine, size_t beam);

#endif
