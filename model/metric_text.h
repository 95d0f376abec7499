/* Text as the metrics read it: Python's idea of white space and lower case, and BLEU's four tokenisers.
 *
 * Scores can be held against published ones only when every byte is counted as sacreBLEU counts it (Post, "A
 * Call for Clarity in Reporting BLEU Scores", WMT 2018), and sacreBLEU is Python: these are its rules, not
 * ours. Counting is the neighbour's work: model/ngrams.h. */
#ifndef HNY_MODEL_METRIC_TEXT_H
#define HNY_MODEL_METRIC_TEXT_H

#include "base/buffer.h"
#include "model/text.h"
#include <stdbool.h>
#include <stdint.h>

enum hny_metric_tokenizer {
    HNY_METRIC_13A, /* mteval-v13a: entities resolved, ASCII punctuation apart, . and , kept inside numbers */
    HNY_METRIC_CHAR, /* every character a word, for scripts written without spaces */
    HNY_METRIC_INTL, /* mteval-v14: punctuation and symbols of all scripts apart, by Unicode category */
    HNY_METRIC_NONE, /* the text is tokenised already */
};

/* The name of TOKENIZER in signatures and options: "13a", "char", "intl" or "none". */
const char *hny_metric_tokenizer_name(enum hny_metric_tokenizer tokenizer);

/* The tokeniser called NAME; for any other HNY_ERROR_USAGE with the names there are, and *TOKENIZER as it
 * was. */
hny_status hny_metric_tokenizer_named(const char *name, enum hny_metric_tokenizer *tokenizer);

/* True for what Python's str.isspace() calls white space: bidirectional class WS, B or S, or category Zs. */
bool hny_metric_space(uint32_t code);

/* TEXT without the white space at its end: Python's str.rstrip(). */
struct hny_text hny_metric_trim_end(struct hny_text text);

/* Appends TEXT in lower case to OUT, as Python's str.lower(): full mappings (İ becomes two characters) and
 * the final sigma rule of The Unicode Standard, section 3.13, without regard to language. Broken bytes
 * stay as they are. */
hny_status hny_metric_lower(struct hny_buffer *out, struct hny_text text);

/* Appends TEXT to OUT with white space put between the words that TOKENIZER tells apart; take them with
 * hny_metric_word. White space of TEXT itself stays, in runs of any length. */
hny_status hny_metric_tokenize(struct hny_buffer *out, enum hny_metric_tokenizer tokenizer,
                               struct hny_text text);

/* Takes the first word (a run without white space) off *REST into *WORD; false when none is left. */
bool hny_metric_word(struct hny_text *rest, struct hny_text *word);

#endif
