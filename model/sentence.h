/* Whether a sentence really ends where ICU says so: rules of language for model/paragraph.h, which has no
 * language to go by, so each holds for all languages at once.
 *
 * ICU's own list of exceptions (the locale keyword ss=standard) is not used: it is kept per language, splits
 * "Dr. Jones", and joins "All. Up.". */
#ifndef HNY_MODEL_SENTENCE_H
#define HNY_MODEL_SENTENCE_H

#include <stdint.h>

/* TEXT [SIZE] is UTF-8, its current sentence begins at START and ICU would begin the next one at PROPOSED,
 * START < PROPOSED < SIZE. Returns where the next one does begin: at PROPOSED, before it (ICU leaves an
 * opening bracket with the sentence before: 。「), behind it (« Oui. »), or at START, which says that the
 * sentence goes on. */
int32_t hny_sentence_next(const char *text, int32_t size, int32_t start, int32_t proposed);

/* The first place in [FROM, TO) where a sentence begins behind an ellipsis "…", which ICU does not count
 * among the marks that end one; TO when there is none. */
int32_t hny_sentence_ellipsis(const char *text, int32_t from, int32_t to);

#endif
