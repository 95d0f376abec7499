/* Which target subwords a source subword translates to, by IBM Model 1 (Brown et al. 1993): t(target|source),
 * by rounds of expectation and maximisation over pairs of sentences, from equal values on. The empty word is
 * left out.
 *
 * Pairs lie in a temporary file without a name (below $TMPDIR, else /tmp): 4 bytes a subword. In memory there
 * are 16 bytes for each of at most `most` targets of a source subword, and 256 MiB while these are chosen.
 * Where a source subword stands beside more, those stay whose n² / n_target is largest, n being how often
 * both stand in a pair. The result is a function of the pairs in their order. */
#ifndef HNY_MODEL_LEXICON_H
#define HNY_MODEL_LEXICON_H

#include "base/status.h"
#include <stddef.h>
#include <stdint.h>

/* Pairs with a side of more subwords than this, or of none, say nothing. */
#define HNY_LEXICON_LONGEST ((size_t)500)

struct hny_lexicon;

/* SOURCE and TARGET: the vocabularies; MOST: targets that are considered for a source subword. */
hny_status hny_lexicon_create(struct hny_lexicon **lexicon, size_t source, size_t target, size_t most);
void hny_lexicon_destroy(struct hny_lexicon **lexicon); /* nulls; NULL is allowed */

/* A pair of sentences, ids inside the vocabularies. */
hny_status hny_lexicon_add(struct hny_lexicon *lexicon, const int32_t *source, size_t source_count,
                           const int32_t *target, size_t target_count);
uint64_t hny_lexicon_pairs(const struct hny_lexicon *lexicon); /* that say something */

/* ROUNDS of training, once, behind the last pair. HNY_INTERRUPTED where a stop was requested. */
hny_status hny_lexicon_train(struct hny_lexicon *lexicon, size_t rounds);

/* How often the target subword ID was met. */
uint64_t hny_lexicon_frequency(const struct hny_lexicon *lexicon, size_t id);

struct hny_lexicon_entry {
    int32_t target;
    float probability;
};

/* The likeliest targets of SOURCE, at most COUNT, by falling probability, equal ones by rising id; how many.
 */
size_t hny_lexicon_best(const struct hny_lexicon *lexicon, size_t source, struct hny_lexicon_entry *best,
                        size_t count);

#endif
