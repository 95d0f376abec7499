/* What stands before the first update: the folder, begun or taken up again; tokenizers, trained or taken
 * over; the corpus, indexed. */
#ifndef HNY_MODEL_PREPARATION_H
#define HNY_MODEL_PREPARATION_H

#include "model/corpus.h"
#include "model/train.h"

struct hny_preparation {
    int lock;               /* descriptor that keeps others out of the folder */
    bool begun;             /* the folder was there before */
    size_t tokenizer_count; /* 0 ids, 1 joint, 2 separate */
    char *tokenizer_paths[HNY_SIDES];
    char tokenizer_digests[HNY_SIDES][HNY_DIGEST_TEXT];
    struct hny_tokenizer *tokenizers[HNY_SIDES]; /* both sides' the same where joint; NULL with ids */
    size_t vocabulary[HNY_SIDES];
    struct hny_corpus *corpus;
};

/* Begins JOB's folder, or checks that it was begun alike. HNY_ERROR_USAGE: begun and no --resume, or other
 * settings. */
hny_status hny_preparation_open(struct hny_preparation *preparation, const struct hny_train_job *job,
                                struct hny_threads *threads);
void hny_preparation_close(struct hny_preparation *preparation); /* back to the zero state; allowed on it */

#endif
