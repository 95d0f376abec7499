#include "pipeline/carrier_zmq.h"

#include "base/memory.h"
#include "pipeline/depot_link.h"
#include <stdio.h>
#include <stdlib.h>

enum { CREDIT = 4 << 20, CONFIRM = CREDIT / 16 }; /* what has come is confirmed so often */

struct carrier {
    struct hny_depot_link *link;
};

/* A transfer as far as it has come. */
struct pull {
    struct hny_depot_link *link;
    struct hny_depot_message ask; /* INDEX or FETCH; its OFFSET is what comes next */
    uint64_t confirmed, token;
    uint64_t moved; /* when it last got further */
    hny_status (*take)(void *taker, const void *data, size_t size);
    hny_status (*anew)(void *taker); /* before it comes from its beginning again; NULL: it goes on */
    void *taker;
    bool done;
};

/* Asks for all that is missing, under a new number: whatever else is still on its way is not meant. */
static hny_status ask(struct pull *pull) {
    pull->ask.transfer = hny_depot_link_number(pull->link);
    pull->token = 0;
    if (pull->anew) {
        pull->ask.offset = 0;
        HNY_TRY(pull->anew(pull->taker));
    }
    pull->confirmed = pull->ask.offset;
    return hny_depot_link_send(pull->link, &pull->ask, NULL);
}

static hny_status ask_again(struct pull *pull) {
    HNY_TRY(hny_depot_link_stuck(pull->link, pull->moved));
    return ask(pull);
}

static hny_status say(struct pull *pull, enum hny_depot_verb verb) {
    const struct hny_depot_message message = {
        .verb = verb, .transfer = pull->ask.transfer, .offset = pull->ask.offset, .token = pull->token};
    pull->confirmed = pull->ask.offset;
    return hny_depot_link_send(pull->link, &message, NULL);
}

static hny_status take_chunk(struct pull *pull, const struct hny_depot_message *chunk) {
    bool fetch = pull->ask.verb == HNY_DEPOT_VERB_FETCH;
    if (chunk->offset != pull->ask.offset || (fetch && chunk->end != pull->ask.end)) return ask_again(pull);
    HNY_TRY(pull->take(pull->taker, chunk->data.data, chunk->data.size));
    pull->ask.offset += chunk->data.size;
    if (chunk->data.size > 0) pull->moved = hny_milliseconds();
    pull->token = chunk->token;
    pull->done = pull->ask.offset == chunk->end;
    return pull->done || pull->ask.offset - pull->confirmed >= CONFIRM ? say(pull, HNY_DEPOT_VERB_HAVE)
                                                                       : HNY_OK;
}

static hny_status turn(struct pull *pull) {
    struct hny_depot_message message;
    bool any;
    HNY_TRY(hny_depot_link_receive(pull->link, pull->ask.transfer, HNY_DEPOT_BEAT_MS, &message, &any));
    if (!any) return say(pull, HNY_DEPOT_VERB_HAVE);
    if (message.verb == HNY_DEPOT_VERB_CHUNK) return take_chunk(pull, &message);
    if (message.verb == HNY_DEPOT_VERB_REFUSED) HNY_TRY(hny_depot_link_refused(pull->link, &message));
    bool again = message.verb == HNY_DEPOT_VERB_REFUSED || message.verb == HNY_DEPOT_VERB_UNKNOWN;
    return again ? ask_again(pull) : HNY_OK;
}

static hny_status run(struct pull *pull) {
    pull->moved = hny_milliseconds();
    hny_status status = ask(pull);
    while (status == HNY_OK && !pull->done) status = turn(pull);
    if (status != HNY_OK) say(pull, HNY_DEPOT_VERB_CANCEL);
    return status;
}

/* --- The carrier -------------------------------------------------------------------------------------- */

static hny_status take_text(void *taker, const void *data, size_t size) {
    struct hny_buffer *text = taker;
    if (size > HNY_CARRIER_INDEX_MOST - text->size)
        return hny_fail(HNY_ERROR_INPUT, "a depot's index is longer than %zu bytes", HNY_CARRIER_INDEX_MOST);
    return hny_buffer_append(text, data, size);
}

/* Another index may have taken its place meanwhile: parts of both would be none. */
static hny_status forget_text(void *taker) {
    hny_buffer_clear(taker);
    return HNY_OK;
}

static hny_status fetch_index(void *context, struct hny_buffer *text) {
    struct carrier *carrier = context;
    struct hny_buffer come = {0};
    struct pull pull = {.link = carrier->link,
                        .ask = {.verb = HNY_DEPOT_VERB_INDEX, .credit = CREDIT},
                        .take = take_text,
                        .anew = forget_text,
                        .taker = &come};
    hny_status status = run(&pull);
    if (status == HNY_OK) status = hny_buffer_append(text, come.data, come.size);
    hny_buffer_free(&come);
    return status;
}

static hny_status fetch(void *context, const char *file, uint64_t offset, uint64_t end,
                        hny_status (*take)(void *taker, const void *data, size_t size), void *taker) {
    struct carrier *carrier = context;
    struct pull pull = {.link = carrier->link,
                        .ask = {.verb = HNY_DEPOT_VERB_FETCH, .credit = CREDIT, .offset = offset, .end = end},
                        .take = take,
                        .taker = taker};
    if (offset >= end) return HNY_OK;
    snprintf(pull.ask.file, sizeof pull.ask.file, "%s", file);
    return run(&pull);
}

static void close_carrier(void *context) {
    struct carrier *carrier = context;
    hny_depot_link_close(&carrier->link);
    free(carrier);
}

hny_status hny_carrier_zmq_open(struct hny_carrier *carrier, const char *endpoint, const char *key,
                                const char *server, uint64_t patience) {
    struct carrier *made = hny_allocate(1, sizeof *made);
    if (!made) return HNY_ERROR_MEMORY;
    hny_status status = hny_depot_link_open(&made->link, endpoint, key, server, patience);
    if (status != HNY_OK) {
        close_carrier(made);
        return status;
    }
    *carrier =
        (struct hny_carrier){.index = fetch_index, .fetch = fetch, .close = close_carrier, .context = made};
    return HNY_OK;
}
