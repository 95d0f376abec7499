/* A request for translation under way, for pipeline/gateway_work.c, which sees it through, and
 * pipeline/gateway_answer.c, which makes its answer. */
#ifndef HNY_PIPELINE_GATEWAY_JOB_H
#define HNY_PIPELINE_GATEWAY_JOB_H

#include "pipeline/client.h"
#include "pipeline/libretranslate.h"
#include "pipeline/text_pieces.h"

struct hny_gateway_sentence {
    struct hny_answer answer;
    json_t *line; /* what the answer tells more of it; NULL: nothing */
    uint64_t number;
    bool answered;
};

struct hny_gateway_text {
    struct hny_text_pieces *pieces; /* NULL: it is in the target language already */
    struct hny_language_guess guess;
    struct hny_buffer options;   /* of its sentences' requests */
    struct hny_buffer attentive; /* of those whose attention is wanted */
    size_t first, count;         /* its sentences among the job's */
};

struct hny_gateway_job {
    struct hny_gateway_job *before, *next;
    struct hny_text_request request;
    void *owner;
    struct hny_gateway_text *texts; /* [request.count] */
    struct hny_gateway_sentence *sentences;
    size_t count, asked, answered;
    size_t asked_text; /* the text of the sentence that is asked for next */
    uint64_t end;      /* ms: the latest that it may last */
    enum hny_refusal refusal;
};

/* Appends the answer of JOB, all of whose sentences are translated. */
hny_status hny_gateway_compose(struct hny_gateway_job *job, struct hny_buffer *body);

#endif
