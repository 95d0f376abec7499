/* Corpora scored by sacreBLEU 2.6.0 itself, one case a line: the file named by the environment's GOLDEN, or
 * the one that is committed, whose texts were made up. */
#ifndef HNY_TESTS_MODEL_GOLDEN_H
#define HNY_TESTS_MODEL_GOLDEN_H

#include "model/metric_text.h"
#include <jansson.h>
#include <stdbool.h>

/* One scoring of one case. */
struct golden {
    const char *name;                  /* of the case */
    size_t sentences;                  /* at most GOLDEN_SENTENCES */
    size_t reference_count;            /* at most GOLDEN_REFERENCES */
    const struct hny_text *hypotheses; /* [sentences] */
    const struct hny_text *references; /* [sentences][reference_count] */
    const char *signature;             /* sacreBLEU's */
    const json_t *expected;            /* "score" and more */
};

/* Whether it is the committed file, whose size is known. */
bool golden_is_ours(void);

/* Calls CHECK for each scoring whose signature has a TOKEN in it ("|tok:" and the like); returns how many
 * there were. A file that cannot be read fails the test. */
size_t golden_each(const char *token, void (*check)(const struct golden *golden));

#endif
