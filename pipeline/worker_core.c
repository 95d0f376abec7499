#include "pipeline/worker_core.h"

#include "base/memory.h"
#include <stdlib.h>
#include <string.h>

/* Beats of silence after which the broker is taken for gone. */
#define BEATS 3

struct hny_worker_core {
    uint8_t uuid[16];
    struct hny_payload *models;
    uint32_t credit;
    uint64_t beat;

    uint64_t begun; /* sessions asked for */
    uint64_t session;
    bool joined; /* the broker has opened the session */
    bool parted; /* the broker has ended, and no other has been said READY to */
    bool leaving, told_leaving, left;
    uint64_t heard, told, steps;
    uint64_t received; /* the highest job number of the session */
    uint64_t *held;    /* in rising order */
    size_t held_count, held_capacity;

    struct hny_worker_action *actions; /* [first, last) */
    size_t first, last, capacity;
};

hny_status hny_worker_core_create(struct hny_worker_core **core, const uint8_t *uuid,
                                  struct hny_payload *models, uint32_t credit, uint64_t beat) {
    struct hny_worker_core *made = hny_allocate(1, sizeof *made);
    if (!made) return HNY_ERROR_MEMORY;
    memcpy(made->uuid, uuid, sizeof made->uuid);
    made->models = hny_payload_keep(models);
    made->credit = credit;
    made->beat = beat;
    made->begun = 1;
    *core = made;
    return HNY_OK;
}

void hny_worker_core_destroy(struct hny_worker_core **core) {
    struct hny_worker_core *old = *core;
    if (!old) return;
    for (size_t i = old->first; i < old->last; i++) hny_payload_drop(&old->actions[i].message.payload);
    hny_payload_drop(&old->models);
    free(old->actions);
    free(old->held);
    free(old);
    *core = NULL;
}

/* PAYLOAD gets a reference of its own. */
static hny_status act(struct hny_worker_core *core, const struct hny_worker_action *action) {
    if (core->first == core->last) core->first = core->last = 0;
    if (hny_grow(&core->actions, &core->capacity, core->last + 1, sizeof *core->actions))
        return HNY_ERROR_MEMORY;
    core->actions[core->last++] = *action;
    hny_payload_keep(action->message.payload);
    return HNY_OK;
}

bool hny_worker_core_take(struct hny_worker_core *core, struct hny_worker_action *action) {
    if (core->first == core->last) return false;
    *action = core->actions[core->first++];
    return true;
}

static hny_status tell(struct hny_worker_core *core, struct hny_message message) {
    memcpy(message.id.uuid, core->uuid, sizeof message.id.uuid);
    return act(core, &(struct hny_worker_action){.act = HNY_WORKER_SEND, .message = message});
}

static hny_status say_ready(struct hny_worker_core *core) {
    core->parted = false;
    return tell(core, (struct hny_message){.command = HNY_READY,
                                           .id.sequence = core->begun,
                                           .credit = core->credit,
                                           .payload = core->models});
}

/* COMING: bytes of what is said right behind it. */
static hny_status say_beat(struct hny_worker_core *core, uint32_t coming) {
    struct hny_payload *held = hny_jobs_pack(core->held, core->held_count);
    if (!held) return HNY_ERROR_MEMORY;
    hny_status status = tell(core, (struct hny_message){.command = HNY_BEAT,
                                                        .id.sequence = core->session << HNY_JOB_BITS,
                                                        .steps = core->steps,
                                                        .received = core->received,
                                                        .coming = coming,
                                                        .payload = held});
    hny_payload_drop(&held);
    return status;
}

static bool find(const struct hny_worker_core *core, uint64_t job, size_t *at) {
    for (*at = 0; *at < core->held_count; ++*at)
        if (core->held[*at] == job) return true;
    return false;
}

static void forget(struct hny_worker_core *core, size_t at) {
    memmove(core->held + at, core->held + at + 1, (core->held_count - at - 1) * sizeof *core->held);
    core->held_count--;
}

/* Nothing of before counts any more. */
static hny_status end_session(struct hny_worker_core *core, uint64_t now) {
    for (size_t i = 0; i < core->held_count; i++)
        HNY_TRY(act(core, &(struct hny_worker_action){.act = HNY_WORKER_CANCEL, .job = core->held[i]}));
    core->held_count = 0;
    core->begun++;
    core->joined = false;
    core->heard = core->told = now;
    return HNY_OK;
}

/* The broker is another one, or has given this worker up. */
static hny_status begin_session(struct hny_worker_core *core, uint64_t now) {
    HNY_TRY(end_session(core, now));
    return say_ready(core);
}

/* The broker ends: whoever takes its place hears READY with the next beat, when the connection to the old one
 * has gone. Until then nobody expects anything of this worker. */
static hny_status part(struct hny_worker_core *core, uint64_t now) {
    core->parted = true;
    core->left = core->leaving;
    return end_session(core, now);
}

static hny_status work(struct hny_worker_core *core, const struct hny_message *message) {
    uint64_t job = message->id.sequence;
    if (hny_job_session(job) != core->session || job <= core->received || !message->payload) return HNY_OK;
    if (hny_grow(&core->held, &core->held_capacity, core->held_count + 1, sizeof *core->held))
        return HNY_ERROR_MEMORY;
    core->received = job;
    core->held[core->held_count++] = job;
    return act(core, &(struct hny_worker_action){
                         .act = HNY_WORKER_START, .job = job, .message.payload = message->payload});
}

hny_status hny_worker_core_message(struct hny_worker_core *core, uint64_t now,
                                   const struct hny_message *message) {
    uint64_t number = message->id.sequence;
    size_t at;
    if (!hny_uuid_equal(message->id.uuid, core->uuid)) return HNY_OK;
    switch (message->command) {
    case HNY_UNKNOWN:
        if (!core->joined || hny_job_session(number) != core->session) return HNY_OK;
        core->left = core->leaving; /* dismissed; or given up, and what it holds is another's */
        return core->left ? HNY_OK : begin_session(core, now);
    case HNY_WORK:
    case HNY_ABANDON:
    case HNY_BEAT:
    case HNY_LEAVE:
        break;
    default:
        return HNY_OK;
    }
    if (!core->joined && message->command == HNY_BEAT && message->received == core->begun) {
        core->joined = true;
        core->session = hny_job_session(number);
        core->received = number;
    }
    if (!core->joined || hny_job_session(number) != core->session) return HNY_OK;
    core->heard = now + hny_coming_patience(message->coming);
    if (message->command == HNY_WORK) return work(core, message);
    if (message->command == HNY_LEAVE) return part(core, now);
    if (message->command != HNY_ABANDON || !find(core, number, &at)) return HNY_OK;
    forget(core, at);
    return act(core, &(struct hny_worker_action){.act = HNY_WORKER_CANCEL, .job = number});
}

hny_status hny_worker_core_done(struct hny_worker_core *core, uint64_t job, enum hny_refusal refusal,
                                struct hny_payload *payload) {
    size_t at;
    uint32_t coming = hny_payload_coming(payload);
    if (!find(core, job, &at)) return HNY_OK;
    if (coming)
        HNY_TRY(say_beat(core, coming)); /* while it is held: else its result would be taken for lost */
    forget(core, at);
    return tell(core, (struct hny_message){.command = HNY_DONE,
                                           .id.sequence = job,
                                           .refusal = refusal,
                                           .together = true,
                                           .payload = payload});
}

hny_status hny_worker_core_tick(struct hny_worker_core *core, uint64_t now, uint64_t steps) {
    bool first = core->heard == 0;
    core->steps = steps;
    if (first) core->heard = now;
    bool silent = !first && hny_since(core->heard, now) >= BEATS * core->beat;
    if (silent && core->leaving) core->left = true; /* also where it has waited in vain to be welcomed */
    if (silent && core->joined && !core->leaving) return begin_session(core, now);
    if (!first && now - core->told < core->beat && core->leaving == core->told_leaving) return HNY_OK;
    core->told = now;
    if (!core->joined) return say_ready(core);
    core->told_leaving = core->leaving;
    if (core->leaving)
        HNY_TRY(tell(
            core, (struct hny_message){.command = HNY_LEAVE, .id.sequence = core->session << HNY_JOB_BITS}));
    return say_beat(core, 0);
}

void hny_worker_core_leave(struct hny_worker_core *core) {
    core->leaving = true;
    if (core->parted) core->left = true;
}

bool hny_worker_core_joined(const struct hny_worker_core *core) {
    return core->joined;
}

bool hny_worker_core_left(const struct hny_worker_core *core) {
    return core->left;
}
