/* A worker as a state machine: between the broker and whatever translates. No socket, clock, thread or
 * randomness inside. A worker holds no promise alone: what it loses the broker hands out again. */
#ifndef HNY_PIPELINE_WORKER_CORE_H
#define HNY_PIPELINE_WORKER_CORE_H

#include "pipeline/message.h"

struct hny_worker_core;

/* UUID: random, new with every process. MODELS: names, one a sentence, the main one first (a reference is
 * taken). CREDIT: bytes of sentences that it takes at a time. BEAT: ms between beats. */
hny_status hny_worker_core_create(struct hny_worker_core **core, const uint8_t *uuid,
                                  struct hny_payload *models, uint32_t credit, uint64_t beat);
void hny_worker_core_destroy(struct hny_worker_core **core); /* nulls; NULL is allowed */

/* MESSAGE, its payload still the caller's, has come from the broker. */
hny_status hny_worker_core_message(struct hny_worker_core *core, uint64_t now,
                                   const struct hny_message *message);

/* Job number JOB, which was started, is done: its translations, or a REFUSAL. One that was cancelled
 * meanwhile is ignored. */
hny_status hny_worker_core_done(struct hny_worker_core *core, uint64_t job, enum hny_refusal refusal,
                                struct hny_payload *payload);

/* Time has passed, to be called a few times in a beat. STEPS: the engine's counter, which moves while it
 * works. */
hny_status hny_worker_core_tick(struct hny_worker_core *core, uint64_t now, uint64_t steps);

bool hny_worker_core_joined(const struct hny_worker_core *core); /* a broker has taken it in */

/* From here on no more work is wanted; _left: the worker may end, since it holds nothing and the broker
 * knows, or there is no broker: it has said that it ends, or has been silent for 3 beats. */
void hny_worker_core_leave(struct hny_worker_core *core);
bool hny_worker_core_left(const struct hny_worker_core *core);

enum hny_worker_act { HNY_WORKER_SEND, HNY_WORKER_START, HNY_WORKER_CANCEL };
struct hny_worker_action {
    enum hny_worker_act act;
    uint64_t job;               /* of START and CANCEL */
    struct hny_message message; /* to the broker; of START its payload alone, what to translate. A reference
                                 * to the payload is the taker's */
};
bool hny_worker_core_take(struct hny_worker_core *core, struct hny_worker_action *action);

#endif
