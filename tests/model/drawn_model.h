/* A small model with drawn weights and a tokenizer of its own: it says nonsense, but always the same. */
#ifndef HNY_TESTS_MODEL_DRAWN_MODEL_H
#define HNY_TESTS_MODEL_DRAWN_MODEL_H

#include "model/model.h"

/* A tokenizer for English and Japanese with the 256 bytes and a few hundred pieces. Needs an open scratch
 * folder. */
struct hny_tokenizer *drawn_tokenizer(void);

/* Ready for products; BARE: without tokenizers, of 300 ids. Needs an open scratch folder. All steps assert.
 */
struct hny_model *drawn_model(uint64_t seed, bool bare);

/* Line NUMBER of a text without end: words, Japanese, characters without pieces; never without ids. */
const char *drawn_line(uint64_t number);

#endif
