/* A small decoder with drawn weights, and a search over it. */
#ifndef HNY_TESTS_DECODER_TOY_H
#define HNY_TESTS_DECODER_TOY_H

#include "decoder/search.h"

enum { TOY_BEGIN = 0, TOY_END = 1 };

struct toy {
    struct hny_parameters parameters;
    struct hny_decoder *decoder;
    struct hny_embedding embedding;
    struct hny_softmax head;
    struct hny_compute compute;
    bool *forbidden; /* begin alone */
};

/* VOCABULARY words; SHARPNESS scales the logits. All steps assert. */
void toy_create(struct toy *toy, size_t vocabulary, double sharpness, uint64_t seed);
void toy_free(struct toy *toy);

/* What a search needs; no byte pieces. */
struct hny_search_model toy_model(const struct toy *toy);

/* Sentence number SENTENCE, of LENGTH positions. Free its arrays with toy_memory_free unless a search has
 * them. */
struct hny_memory toy_memory(struct toy *toy, uint64_t sentence, size_t length);
void toy_memory_free(struct hny_memory *memory);

/* Steps until every sentence is done; the translations, in the order of leaving, to TRANSLATIONS [count]. */
void toy_run(struct hny_search *search, struct hny_translation *translations, size_t count);

#endif
