#include "pipeline/bare.h"

#include "base/memory.h"
#include "base/utf8.h"
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

/* A request is given up before the broker's core takes its client, which says nothing more, for gone. */
#define DEADLINE 55000
#define SILENCE 120000
#define SHORT_SILENCE 1000 /* where there are too many */

struct talker {
    UT_hash_handle by_peer, by_number;
    struct hny_peer peer;
    bool keyed;
    uint8_t key[HNY_KEY_SIZE];
    uint64_t number; /* the second half of its uuid */
    uint64_t sequence;
    uint64_t heard;
    bool open;
};

struct hny_bare {
    uint8_t nonce[8]; /* the first half of their uuids */
    size_t most;
    uint64_t last, swept;
    struct talker *peers, *numbers;
};

hny_status hny_bare_create(struct hny_bare **bare, uint64_t nonce, size_t most) {
    struct hny_bare *made = hny_allocate(1, sizeof *made);
    if (!made) return HNY_ERROR_MEMORY;
    memcpy(made->nonce, &nonce, sizeof nonce);
    made->most = most;
    *bare = made;
    return HNY_OK;
}

static void forget(struct hny_bare *bare, struct talker *talker) {
    HASH_DELETE(by_peer, bare->peers, talker);
    HASH_DELETE(by_number, bare->numbers, talker);
    free(talker);
}

void hny_bare_destroy(struct hny_bare **bare) {
    if (!*bare) return;
    while ((*bare)->peers) forget(*bare, (*bare)->peers);
    free(*bare);
    *bare = NULL;
}

bool hny_bare_is(const struct hny_bare *bare, const uint8_t *uuid) {
    return memcmp(uuid, bare->nonce, sizeof bare->nonce) == 0;
}

static struct talker *find(const struct hny_bare *bare, const uint8_t *uuid) {
    struct talker *talker = NULL;
    uint64_t number;
    if (!hny_bare_is(bare, uuid)) return NULL;
    memcpy(&number, uuid + sizeof bare->nonce, sizeof number);
    HASH_FIND(by_number, bare->numbers, &number, sizeof number, talker);
    return talker;
}

static void name(const struct hny_bare *bare, const struct talker *talker, struct hny_request_id *id) {
    memcpy(id->uuid, bare->nonce, sizeof bare->nonce);
    memcpy(id->uuid + sizeof bare->nonce, &talker->number, sizeof talker->number);
    id->sequence = talker->sequence;
}

static void sweep(struct hny_bare *bare, uint64_t now) {
    struct talker *talker = NULL, *next = NULL;
    if (now - bare->swept < SHORT_SILENCE) return;
    bare->swept = now;
    HASH_ITER(by_peer, bare->peers, talker, next) {
        if (!talker->open && now - talker->heard >= SHORT_SILENCE) forget(bare, talker);
    }
}

static bool has_key(const struct talker *talker, const uint8_t *key) {
    if (!talker->keyed || !key) return !talker->keyed && !key;
    return memcmp(talker->key, key, sizeof talker->key) == 0;
}

/* *TALKER stays NULL where there are too many. A routing id may be another's now: nothing of before is his.
 */
static hny_status enter(struct hny_bare *bare, uint64_t now, const struct hny_peer *peer, const uint8_t *key,
                        struct talker **talker) {
    struct hny_peer place = {0};
    place.size = peer->size;
    memcpy(place.bytes, peer->bytes, peer->size);
    HASH_FIND(by_peer, bare->peers, &place, sizeof place, *talker);
    if (*talker && has_key(*talker, key)) return HNY_OK;
    if (*talker) forget(bare, *talker);
    *talker = NULL;
    if (HASH_CNT(by_peer, bare->peers) >= bare->most) sweep(bare, now);
    if (HASH_CNT(by_peer, bare->peers) >= bare->most) return HNY_OK;
    struct talker *made = hny_allocate(1, sizeof *made);
    if (!made) return HNY_ERROR_MEMORY;
    made->peer = place;
    if ((made->keyed = key != NULL)) memcpy(made->key, key, sizeof made->key);
    made->number = ++bare->last;
    HASH_ADD(by_peer, bare->peers, peer, sizeof made->peer, made);
    HASH_ADD(by_number, bare->numbers, number, sizeof made->number, made);
    *talker = made;
    return HNY_OK;
}

const uint8_t *hny_bare_key(const struct hny_bare *bare, const uint8_t *uuid) {
    const struct talker *talker = find(bare, uuid);
    return talker && talker->keyed ? talker->key : NULL;
}

hny_status hny_bare_ask(struct hny_bare *bare, uint64_t now, const struct hny_peer *peer, const uint8_t *key,
                        struct hny_piece text, struct hny_message *message) {
    struct talker *talker = NULL;
    *message = (struct hny_message){.command = HNY_PING};
    if (!hny_utf8_valid(text.data, text.size) || memchr(text.data, '\0', text.size))
        return hny_fail(HNY_ERROR_INPUT, "the text is no UTF-8, or holds NUL");
    HNY_TRY(enter(bare, now, peer, key, &talker));
    if (!talker) {
        *message = (struct hny_message){.command = HNY_REFUSED, .refusal = HNY_REFUSED_BUSY};
        return HNY_OK;
    }
    talker->heard = now;
    if (!talker->open) {
        message->payload = hny_payload_create((struct hny_piece){"", 0}, &text, 1);
        if (!message->payload) return HNY_ERROR_MEMORY;
        message->payload->wants.deadline = DEADLINE;
        message->command = HNY_TRANSLATE;
        talker->open = true;
        talker->sequence++;
    }
    name(bare, talker, &message->id);
    return HNY_OK;
}

hny_status hny_bare_answer(struct hny_bare *bare, const struct hny_message *message, struct hny_buffer *text,
                           bool *answered, struct hny_message *received) {
    const struct hny_payload *payload = message->payload;
    struct talker *talker = find(bare, message->id.uuid);
    *answered = false;
    hny_buffer_clear(text);
    bool answer = message->command == HNY_TRANSLATED || message->command == HNY_REFUSED;
    if (!talker || !answer || !talker->open || message->id.sequence != talker->sequence) return HNY_OK;
    if (message->command == HNY_TRANSLATED && payload && payload->count == 1)
        HNY_TRY(hny_buffer_append(text, payload->sentences[0].data, payload->sentences[0].size));
    else
        HNY_TRY(hny_buffer_print(text, "%c%s", '\0', hny_refusal_name(message->refusal)));
    talker->open = false;
    *answered = true;
    *received = (struct hny_message){.command = HNY_RECEIVED};
    name(bare, talker, &received->id);
    return HNY_OK;
}

void hny_bare_tick(struct hny_bare *bare, uint64_t now) {
    struct talker *talker = NULL, *next = NULL;
    HASH_ITER(by_peer, bare->peers, talker, next) {
        if (now - talker->heard >= SILENCE) forget(bare, talker);
    }
}
