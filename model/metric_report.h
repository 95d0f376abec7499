/* A score as sacreBLEU prints it: a line of text, or its JSON object, key by key and byte by byte, so that
 * programs that read its output read honyaku's. */
#ifndef HNY_MODEL_METRIC_REPORT_H
#define HNY_MODEL_METRIC_REPORT_H

#include "base/buffer.h"

/* The release whose numbers, signatures and output these are. It ends every signature: a score is comparable
 * with the scores of that version, which is what a signature is read for. */
#define HNY_METRIC_VERSION "2.6.0"

/* Decimals beyond this say nothing about a percentage held in 53 bits. */
#define HNY_METRIC_WIDTH_LIMIT 12

struct hny_metric_report {
    const char *name;      /* "BLEU", "chrF2", "chrF2++" */
    double score;          /* 0 to 100 */
    const char *signature; /* "nrefs:1|case:mixed|…" */
    const char *verbose;   /* what stands behind the score; "" for nothing */
};

/* Appends "BLEU|nrefs:1|… = 34.56 67.1/… (BP = …)" without LF; WIDTH decimals, 0 to
 * HNY_METRIC_WIDTH_LIMIT. */
hny_status hny_metric_print_text(struct hny_buffer *out, const struct hny_metric_report *report, int width);

/* Appends the JSON object, its keys name, score, signature, verbose_score (where there is one) and then each
 * of the signature's, indented by one space as sacreBLEU does, without a last LF. */
hny_status hny_metric_print_json(struct hny_buffer *out, const struct hny_metric_report *report, int width);

/* Appends "KEY:VALUE" to the signature in OUT, with "|" before it where OUT is not empty. */
hny_status hny_metric_sign(struct hny_buffer *out, const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
