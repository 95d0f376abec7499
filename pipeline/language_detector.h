/* Which language a text is in, among a few: letters first, then n-grams.
 *
 * A text's letters leave the languages that are written with them (ICU's scripts of a locale); among these
 * libexttextcat compares n-grams of letters (Cavnar & Trenkle 1994). So Japanese is told from English by one
 * character, but languages of one script need words: of single words such as "Hello" about half are taken for
 * another language, of five words and more hardly any. What the letters of no language fit is the first's. */
#ifndef HNY_PIPELINE_LANGUAGE_DETECTOR_H
#define HNY_PIPELINE_LANGUAGE_DETECTOR_H

#include "model/text.h"
#include "pipeline/libretranslate.h"

struct hny_language_detector;

enum { HNY_LANGUAGES_DETECTED = 64 }; /* languages among which one is looked for */

/* CODES [COUNT], at least 1, copied. Languages of which libexttextcat has no n-grams are known by their
 * letters alone. */
hny_status hny_language_detector_create(struct hny_language_detector **detector, const char *const *codes,
                                        size_t count);
void hny_language_detector_destroy(struct hny_language_detector **detector); /* nulls; NULL is allowed */

/* Writes at most LIMIT guesses, the best one first, and returns their number, at least 1. Where there is one
 * language, that is it. */
size_t hny_language_detector_guess(struct hny_language_detector *detector, struct hny_text text,
                                   struct hny_language_guess *guesses, size_t limit);

#endif
