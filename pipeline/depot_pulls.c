#include "pipeline/depot_pulls.h"

#include "base/memory.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { UNDER_WAY = 64, LEAST_CHUNK = 1 << 12 };
enum { TRIAL = 4 };   /* a transfer of which nothing was confirmed has this part of its credit */
enum { RECORDS = 4 }; /* for each place: also of those that were dropped */

struct chunk {
    uint64_t behind, token; /* where it ends */
    uint64_t number;        /* of all that were sent */
};

struct pull {
    struct hny_peer peer;
    uint64_t transfer, offset, end, received, credit;
    uint64_t heard, moved; /* when the client last said something, and when something of it had come */
    uint64_t until;        /* dropped: when nothing of it is under way any more; else 0 */
    bool proven;           /* something of it has come */
    int file;
    size_t chunk;
    struct chunk under_way[UNDER_WAY]; /* a ring */
    size_t first, count;
};

struct hny_depot_pulls {
    struct pull *pulls; /* [count], RECORDS * MOST at most, in no order that matters */
    size_t count, most;
    size_t turn;        /* whose it is to send */
    uint64_t patience;  /* ms */
    uint64_t under_way; /* bytes of all */
    uint64_t sent;      /* chunks so far */
};

hny_status hny_depot_pulls_create(struct hny_depot_pulls **pulls, size_t most, uint64_t patience) {
    struct hny_depot_pulls *made = hny_allocate(1, sizeof *made);
    if (made) made->pulls = hny_allocate(most, RECORDS * sizeof *made->pulls);
    if (!made || !made->pulls) {
        free(made);
        return HNY_ERROR_MEMORY;
    }
    made->most = most;
    made->patience = patience;
    *pulls = made;
    return HNY_OK;
}

void hny_depot_pulls_destroy(struct hny_depot_pulls **pulls) {
    struct hny_depot_pulls *old = *pulls;
    if (!old) return;
    for (size_t i = 0; i < old->count; i++)
        if (old->pulls[i].file >= 0) close(old->pulls[i].file);
    free(old->pulls);
    free(old);
    *pulls = NULL;
}

static bool is_of(const struct pull *pull, const struct hny_peer *peer) {
    return pull->peer.size == peer->size && memcmp(pull->peer.bytes, peer->bytes, peer->size) == 0;
}

static struct pull *find(const struct hny_depot_pulls *pulls, const struct hny_peer *peer,
                         uint64_t transfer) {
    for (size_t i = 0; i < pulls->count; i++)
        if (pulls->pulls[i].transfer == transfer && is_of(&pulls->pulls[i], peer)) return &pulls->pulls[i];
    return NULL;
}

static void close_file(struct pull *pull) {
    if (pull->file >= 0) close(pull->file);
    pull->file = -1;
}

/* The last one takes its place: who walks the array looks at the same place again. */
static void forget(struct hny_depot_pulls *pulls, struct pull *pull) {
    close_file(pull);
    pulls->under_way -= pull->offset - pull->received;
    *pull = pulls->pulls[--pulls->count];
}

static void drop(struct hny_depot_pulls *pulls, uint64_t now, struct pull *pull) {
    close_file(pull);
    pull->until = now + HNY_DEPOT_STUCK_MS;
    if (pull->count == 0) forget(pulls, pull);
}

/* Drops the transfer that has got nowhere for longest. */
static void make_place(struct hny_depot_pulls *pulls, uint64_t now) {
    struct pull *last = NULL;
    for (size_t i = 0; i < pulls->count; i++) {
        struct pull *pull = &pulls->pulls[i];
        bool stands = !pull->until && pull->count > 0 && now - pull->moved >= pulls->patience;
        if (stands && (!last || pull->moved < last->moved)) last = pull;
    }
    if (last) drop(pulls, now, last);
}

static enum hny_depot_refusal judge(struct hny_depot_pulls *pulls, uint64_t now, const struct hny_peer *peer,
                                    const struct hny_depot_message *message, uint64_t size) {
    size_t same = 0, unread = 0;
    for (size_t i = 0; i < pulls->count; i++) {
        if (!is_of(&pulls->pulls[i], peer)) continue;
        same++;
        if (pulls->pulls[i].until) unread++;
    }
    if (message->end > size || size == 0 || find(pulls, peer, message->transfer))
        return HNY_DEPOT_REFUSED_BAD;
    if (same == HNY_DEPOT_PULLS_OF_ONE || pulls->count == RECORDS * pulls->most)
        return HNY_DEPOT_REFUSED_BUSY;
    /* Who was dropped does not drop others to come back. */
    if (hny_depot_pulls_count(pulls) == pulls->most && unread == 0) make_place(pulls, now);
    return hny_depot_pulls_count(pulls) == pulls->most ? HNY_DEPOT_REFUSED_BUSY : HNY_DEPOT_NOT_REFUSED;
}

void hny_depot_pulls_begin(struct hny_depot_pulls *pulls, uint64_t now, const struct hny_peer *peer,
                           const struct hny_depot_message *message, int file, uint64_t size,
                           enum hny_depot_refusal *refusal) {
    *refusal = judge(pulls, now, peer, message, size);
    if (*refusal != HNY_DEPOT_NOT_REFUSED) return;
    struct pull *pull = &pulls->pulls[pulls->count++];
    *pull = (struct pull){.peer = *peer,
                          .transfer = message->transfer,
                          .offset = message->offset,
                          .received = message->offset,
                          .end = message->verb == HNY_DEPOT_VERB_INDEX ? size : message->end,
                          .credit = message->credit,
                          .heard = now,
                          .moved = now,
                          .file = file};
    if (pull->credit > HNY_DEPOT_CREDIT) pull->credit = HNY_DEPOT_CREDIT;
    /* Several are under way at a time, or each would wait for the one before it to be confirmed. */
    size_t chunk = (size_t)pull->credit / 4;
    if (chunk > HNY_DEPOT_CHUNK_BYTES) chunk = HNY_DEPOT_CHUNK_BYTES;
    if (chunk < LEAST_CHUNK) chunk = pull->credit < LEAST_CHUNK ? (size_t)pull->credit : LEAST_CHUNK;
    pull->chunk = chunk;
}

/* --- What clients say --------------------------------------------------------------------------------- */

/* All up to the chunk with this end and token has come, since a connection keeps the order. That one's
 * number; 0: there is none. */
static uint64_t confirm(struct hny_depot_pulls *pulls, struct pull *pull, uint64_t now, uint64_t behind,
                        uint64_t token) {
    for (size_t i = 0; i < pull->count; i++) {
        const struct chunk *chunk = &pull->under_way[(pull->first + i) % UNDER_WAY];
        if (chunk->behind != behind || chunk->token != token) continue;
        pull->first = (pull->first + i + 1) % UNDER_WAY;
        pull->count -= i + 1;
        pulls->under_way -= behind - pull->received;
        pull->received = behind;
        pull->moved = now;
        pull->proven = true;
        return chunk->number;
    }
    return 0;
}

/* What PEER was sent before the chunk NUMBER has come too, whichever transfer it was of. */
static void forget_read(struct hny_depot_pulls *pulls, const struct hny_peer *peer, uint64_t number) {
    for (size_t i = 0; i < pulls->count;) {
        struct pull *pull = &pulls->pulls[i];
        const struct chunk *last = &pull->under_way[(pull->first + pull->count - 1) % UNDER_WAY];
        if (pull->until && is_of(pull, peer) && last->number < number)
            forget(pulls, pull);
        else
            i++;
    }
}

bool hny_depot_pulls_have(struct hny_depot_pulls *pulls, uint64_t now, const struct hny_peer *peer,
                          const struct hny_depot_message *message) {
    struct pull *pull = find(pulls, peer, message->transfer);
    if (!pull) return false;
    pull->heard = now;
    uint64_t number = confirm(pulls, pull, now, message->offset, message->token);
    bool dropped = pull->until != 0;
    if (pull->received == pull->end || (dropped && pull->count == 0)) forget(pulls, pull);
    if (number > 0) forget_read(pulls, peer, number);
    return !dropped;
}

bool hny_depot_pulls_cancel(struct hny_depot_pulls *pulls, uint64_t now, const struct hny_peer *peer,
                            const struct hny_depot_message *message) {
    struct pull *pull = find(pulls, peer, message->transfer);
    if (!pull) return false;
    if (!pull->until) drop(pulls, now, pull);
    return true;
}

/* --- What goes out ------------------------------------------------------------------------------------ */

/* Bytes of the next chunk; 0 where the credit does not reach for it, or what all have together. */
static size_t fits(const struct hny_depot_pulls *pulls, const struct pull *pull) {
    uint64_t left = pull->end - pull->offset, under_way = pull->offset - pull->received;
    size_t size = left < pull->chunk ? (size_t)left : pull->chunk;
    if (pull->until || pull->count == UNDER_WAY) return 0;
    if (under_way == 0) return size;
    bool room = pulls->under_way + size <= pulls->most * (uint64_t)HNY_DEPOT_CREDIT;
    bool credit = under_way + size <= pull->credit && (pull->proven || under_way * TRIAL < pull->credit);
    return room && credit ? size : 0;
}

bool hny_depot_pulls_next(struct hny_depot_pulls *pulls, uint64_t token, struct hny_depot_part *part) {
    for (size_t i = 0; i < pulls->count; i++) {
        size_t at = (pulls->turn + i) % pulls->count;
        struct pull *pull = &pulls->pulls[at];
        size_t size = fits(pulls, pull);
        if (size == 0) continue;
        pulls->turn = at + 1;
        *part = (struct hny_depot_part){.peer = pull->peer,
                                        .transfer = pull->transfer,
                                        .offset = pull->offset,
                                        .end = pull->end,
                                        .token = token,
                                        .file = pull->file,
                                        .size = size};
        pull->offset += size;
        pulls->under_way += size;
        pull->under_way[(pull->first + pull->count++) % UNDER_WAY] =
            (struct chunk){pull->offset, token, ++pulls->sent};
        return true;
    }
    return false;
}

void hny_depot_pulls_gone(struct hny_depot_pulls *pulls, const struct hny_peer *peer, uint64_t transfer) {
    struct pull *pull = find(pulls, peer, transfer);
    if (pull) forget(pulls, pull);
}

bool hny_depot_pulls_drop(struct hny_depot_pulls *pulls, uint64_t now, struct hny_peer *peer,
                          uint64_t *transfer) {
    for (size_t i = 0; i < pulls->count;) {
        struct pull *pull = &pulls->pulls[i];
        bool silent = now - pull->heard >= HNY_DEPOT_SILENCE_MS;
        bool stuck = pull->count > 0 && now - pull->moved >= HNY_DEPOT_STUCK_MS;
        if (pull->until && now >= pull->until) {
            forget(pulls, pull);
            continue;
        }
        i++;
        if (pull->until || (!silent && !stuck)) continue;
        *peer = pull->peer;
        *transfer = pull->transfer;
        drop(pulls, now, pull);
        return true;
    }
    return false;
}

size_t hny_depot_pulls_count(const struct hny_depot_pulls *pulls) {
    size_t count = 0;
    for (size_t i = 0; i < pulls->count; i++)
        if (!pulls->pulls[i].until) count++;
    return count;
}
