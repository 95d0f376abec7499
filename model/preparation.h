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

/* Begins JOB's folder, or checks that it was begun alike. HNY_ERROR_USAGE: begun and no --resume, other
 * settings, or files there that training would make and that no training made. */
hny_status hny_preparation_open(struct hny_preparation *preparation, const struct hny_train_job *job,
                                struct hny_threads *threads);

/* Whether a training that ends so can be put right by other texts or settings. */
bool hny_preparation_refusal(hny_status status);

/* Leaves no training begun where no checkpoint was saved: removes what was made, by name and nothing else, so
 * that the command put right can be given, and the tokenizer of wrong texts never serves others. The message
 * of the failure that led here stays. */
void hny_preparation_forget(const struct hny_preparation *preparation, const struct hny_train_job *job);
void hny_preparation_close(struct hny_preparation *preparation); /* back to the zero state; allowed on it */

#endif
