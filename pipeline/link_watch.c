#include "pipeline/link_watch.h"

#include "base/memory.h"
#include "base/progress.h"
#include "pipeline/connection.h"
#include <stdlib.h>

struct hny_link_watch {
    struct hny_connection *connection;
    struct hny_edge edge;
    size_t failures; /* that were known of at the last look */
    uint64_t begun;  /* when it was first looked at */
    uint64_t said;   /* when what is wrong was last said; 0: not yet */
    bool told;       /* that keys are what is wrong */
};

hny_status hny_link_watch_open(struct hny_link_watch **watch, void *context, void *socket,
                               const struct hny_edge *edge, bool keyed) {
    struct hny_link_watch *made = hny_allocate(1, sizeof *made);
    *watch = made;
    if (!made) return HNY_ERROR_MEMORY;
    made->edge = *edge;
    hny_status status =
        hny_connection_open(&made->connection, context, socket, edge->bind ? NULL : edge->place, keyed);
    if (status != HNY_OK) hny_link_watch_close(watch);
    return status;
}

void hny_link_watch_close(struct hny_link_watch **watch) {
    struct hny_link_watch *old = *watch;
    if (!old) return;
    hny_connection_close(&old->connection);
    free(old);
    *watch = NULL;
}

static const char *reason(bool bind, enum hny_connection_fault fault) {
    switch (fault) {
    case HNY_CONNECTION_REFUSED:
        return bind ? "its key is not among those that are let in (--allow)"
                    : "the stage there does not let this one's key in (its --allow)";
    case HNY_CONNECTION_UNLIKE:
        return "one of the two stages has keys for it and the other has none, or what is there is no stage";
    default:
        return bind ? "it has not this stage's public key (its --link-key), or is no stage"
                    : "the stage there has not the key that was told (--link-key), or has no keys";
    }
}

/* Of those that knock at a link that binds. */
static void note_strangers(struct hny_link_watch *watch, uint64_t now, enum hny_connection_fault fault) {
    size_t failures = hny_connection_failures(watch->connection);
    bool failed = failures != watch->failures && fault != HNY_CONNECTION_FINE;
    watch->failures = failures;
    if (!failed || (watch->said && now - watch->said < HNY_LINK_SILENCE)) return;
    watch->said = now;
    hny_progress_note("stream: link:%s: somebody was turned away: %s", watch->edge.place,
                      reason(true, fault));
}

hny_status hny_link_watch_turn(struct hny_link_watch *watch, uint64_t now, uint64_t heard) {
    const char *place = watch->edge.place;
    uint64_t failing;
    HNY_TRY(hny_connection_turn(watch->connection, now));
    enum hny_connection_fault fault = hny_connection_fault(watch->connection, &failing);
    if (!watch->begun) watch->begun = now;
    if (watch->edge.bind) {
        note_strangers(watch, now, fault);
        return HNY_OK;
    }
    if (heard >= watch->said) {
        watch->said = 0;
        watch->told = false;
    }
    uint64_t since = heard > watch->begun ? heard : watch->begun;
    bool refused = fault != HNY_CONNECTION_FINE && fault != HNY_CONNECTION_ABSENT;
    if (!watch->told && refused && now - failing >= HNY_CONNECTION_REFUSED_FOR) {
        watch->said = now;
        watch->told = true;
        hny_progress_note("stream: link:%s: no connection comes about: %s", place, reason(false, fault));
    } else if (!watch->said && now - since >= HNY_LINK_SILENCE) {
        watch->said = now;
        hny_progress_note("stream: link:%s: no word for %d seconds: is a stage there?", place,
                          HNY_LINK_SILENCE / 1000);
    }
    return HNY_OK;
}
