/* Making the index of a parallel corpus: one pass over both texts. */
#ifndef HNY_MODEL_INDEXING_H
#define HNY_MODEL_INDEXING_H

#include "model/corpus.h"

/* Makes the index NAME in FOLDER, and unpacked copies of packed texts, as hny_corpus_open describes. Memory
 * does not grow with the texts. THREADS may be NULL. */
hny_status hny_index_make(const char *folder, const char *name, const struct hny_corpus_options *options,
                          struct hny_threads *threads);

/* How ABOUT names what makes tokens of SIDE's lines. */
hny_status hny_index_name_tokens(const struct hny_corpus_options *options, enum hny_side side,
                                 struct hny_index_about *about);

#endif
