/* Requests for translation between HTTP and the broker: each sentence goes to the broker by itself, and what
 * comes back becomes one answer. A request has only so many sentences at the broker at a time, so that a long
 * one does not hold up the short ones behind it. */
#ifndef HNY_PIPELINE_GATEWAY_WORK_H
#define HNY_PIPELINE_GATEWAY_WORK_H

#include "pipeline/client.h"
#include "pipeline/language_detector.h"
#include "pipeline/libretranslate.h"
#include "pipeline/metrics.h"

struct hny_gateway_work;
struct hny_gateway_job; /* a request under way */

/* What was there at the end of a request. */
struct hny_gateway_done {
    void *owner;
    unsigned status;        /* HTTP's; 200: BODY is the answer */
    const char *message;    /* of another status; lives until the next call of anything here */
    struct hny_buffer body; /* the taker's */
};

/* SENTENCES at the broker at a time; DEADLINE in ms. CLIENT and COUNTS have to live as long. */
hny_status hny_gateway_work_create(struct hny_gateway_work **work, struct hny_client *client,
                                   size_t sentences, size_t deadline, struct hny_gateway_counts *counts);
void hny_gateway_work_destroy(struct hny_gateway_work **work); /* nulls; NULL is allowed */

/* Begins REQUEST, which is taken over, for OWNER. DETECTOR: of the languages that are served as sources, for
 * "auto"; NULL where there are none. HNY_ERROR_INPUT: the languages are not served, and hny_message() says
 * so. HNY_ERROR_MEMORY also where too much is under way: *BUSY says that. */
hny_status hny_gateway_work_begin(struct hny_gateway_work *work, struct hny_text_request *request,
                                  const struct hny_languages *languages,
                                  struct hny_language_detector *detector, void *owner,
                                  struct hny_gateway_job **job, bool *busy);

/* Nobody waits for JOB any more. */
hny_status hny_gateway_work_forget(struct hny_gateway_work *work, struct hny_gateway_job *job);

/* Takes what the client has, and gives it more; *MORE where it may have some left, so that others get a turn.
 */
hny_status hny_gateway_work_turn(struct hny_gateway_work *work, bool *more);

/* A request that came to its end; false where there is none. */
bool hny_gateway_work_take(struct hny_gateway_work *work, struct hny_gateway_done *done);

/* The languages of REQUEST's texts, one for each, as "auto" takes them: texts of up to 40 characters,
 * unless their script tells enough, are taken to be in what all texts together are in. */
hny_status hny_gateway_guess(const struct hny_text_request *request, struct hny_language_detector *detector,
                             struct hny_language_guess *guesses);

#endif
