/* Which language a text is in, among a few: letters first, then n-grams.
 *
 * A text's letters leave the languages that are written with them (ICU's scripts of a locale); among these
 * libexttextcat compares n-grams of letters (Cavnar & Trenkle 1994). So Japanese is told from English by one
 * character, but languages of one script need words. Of the first words of 2,000 captions of multi30k, with
 * English, German, French, Spanish, Italian and Dutch to choose from, these are told right:
 *
 *     words        1     3     5     9
 *     English    22 %  80 %  93 %  98 %
 *     German     97 %  98 %  99 % 100 %
 *
 * A text without letters of any language is taken for the first one's. */
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
