/* What a stage does with a record.
 *
 *     copy        nothing
 *     split       a text into its sentences: 2n+1 pieces, n sentences between what is written around them;
 *                 behind 1,024 sentences the rest is one. What is split already stays
 *     translate   each sentence, or the whole text, by a broker; white space alone stays. What is refused
 *                 becomes empty; a busy broker, or one that ends, is asked again
 *     join        the sentences into one text, with what was written around them (HNY_JOIN_TARGET,
 *                 model/paragraph.h) */
#ifndef HNY_PIPELINE_STAGE_WORK_H
#define HNY_PIPELINE_STAGE_WORK_H

#include "pipeline/stream_core.h"

enum hny_work_kind { HNY_WORK_COPY, HNY_WORK_SPLIT, HNY_WORK_TRANSLATE, HNY_WORK_JOIN, HNY_WORK_KINDS };
const char *hny_work_name(enum hny_work_kind kind); /* static */

/* NAME stands for TEXT in messages. HNY_ERROR_USAGE where it is none. */
hny_status hny_work_read(const char *name, const char *text, enum hny_work_kind *kind);

/* Of translating; NULL: none. */
struct hny_work_options {
    const char *model, *broker, *key, *server;
};

struct hny_work;
hny_status hny_work_open(struct hny_work **work, enum hny_work_kind kind,
                         const struct hny_work_options *options);
void hny_work_close(struct hny_work **work); /* nulls; NULL is allowed */

/* RECORD is to be done; the reference to its payload is taken over. */
hny_status hny_work_give(struct hny_work *work, const struct hny_record *record);

/* What is done, in any order: *RECORD has a payload that is the caller's, and says whether a part was
 * refused. *ANY false where nothing is, without waiting. */
hny_status hny_work_take(struct hny_work *work, struct hny_record *record, bool *any);

/* The socket to wait on where nothing is done, and something under way; NULL: none. */
void *hny_work_socket(const struct hny_work *work);

#endif
