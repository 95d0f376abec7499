#include "pipeline/depot_uploads.h"

#include "base/file.h"
#include "base/memory.h"
#include "bundle/depot_abandoned.h"
#include "pipeline/depot_pulls.h"
#include "pipeline/parcel.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { TELL = HNY_DEPOT_CREDIT / 8 }; /* so much more may be sent before it is worth a message */

struct entry {
    struct hny_depot_upload *upload;
    struct hny_peer peer;
    uint8_t key[HNY_KEY_SIZE];
    char file[HNY_DIGEST_TEXT];
    uint64_t transfer, session, taking, bytes;
    uint64_t told; /* up to where it may send, as it was told */
    uint64_t heard;
    bool asked; /* has said OFFER, and is to be answered */
    bool left;  /* nobody is to be told anything any more; the thread ends */
};

struct hny_depot_uploads {
    struct hny_depot_uploads_options options;
    struct entry *entries; /* [count] */
    size_t count;
    uint64_t taking; /* of the last one */
    int signal;
    char reason[HNY_DEPOT_REASON_BYTES]; /* of what was told last */
};

hny_status hny_depot_uploads_create(struct hny_depot_uploads **uploads,
                                    const struct hny_depot_uploads_options *options) {
    struct hny_depot_uploads *made = hny_allocate(1, sizeof *made);
    uint8_t uuid[16];
    hny_status status = hny_uuid_make(uuid);
    if (!made) return HNY_ERROR_MEMORY;
    made->options = *options;
    made->entries = hny_allocate(options->most, sizeof *made->entries);
    made->signal = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    memcpy(&made->taking, uuid, sizeof made->taking);
    if (!made->entries) status = HNY_ERROR_MEMORY;
    if (status == HNY_OK && made->signal < 0) status = hny_fail_errno("an eventfd cannot be made");
    if (status != HNY_OK) hny_depot_uploads_destroy(&made);
    *uploads = made;
    return status;
}

void hny_depot_uploads_destroy(struct hny_depot_uploads **uploads) {
    struct hny_depot_uploads *old = *uploads;
    if (!old) return;
    for (size_t i = 0; i < old->count; i++) hny_depot_upload_leave(old->entries[i].upload);
    for (size_t i = 0; i < old->count; i++) hny_depot_upload_close(&old->entries[i].upload);
    if (old->signal >= 0) close(old->signal);
    free(old->entries);
    free(old);
    *uploads = NULL;
}

int hny_depot_uploads_signal(const struct hny_depot_uploads *uploads) {
    return uploads->signal;
}

size_t hny_depot_uploads_count(const struct hny_depot_uploads *uploads) {
    return uploads->count;
}

static struct entry *find(struct hny_depot_uploads *uploads, const struct hny_peer *peer, uint64_t transfer) {
    for (size_t i = 0; i < uploads->count; i++) {
        struct entry *entry = &uploads->entries[i];
        if (!entry->left && entry->transfer == transfer && entry->peer.size == peer->size &&
            memcmp(entry->peer.bytes, peer->bytes, peer->size) == 0)
            return entry;
    }
    return NULL;
}

static void leave(struct entry *entry) {
    hny_depot_upload_leave(entry->upload);
    entry->left = true;
}

/* --- What clients say ---------------------------------------------------------------------------------- */

/* Whoever sends it has been heard again, perhaps by another connection: then what was under way is lost. */
static enum hny_depot_refusal go_on(struct hny_depot_uploads *uploads, struct entry *entry,
                                    const struct hny_peer *peer, const uint8_t *key,
                                    const struct hny_depot_message *message) {
    bool same = entry->session == message->session && entry->bytes == message->end &&
                memcmp(entry->key, key, HNY_KEY_SIZE) == 0;
    /* Whoever sent it before may be no more: what he is told next shows it. */
    if (!same) entry->asked = true;
    if (!same || entry->left) return HNY_DEPOT_REFUSED_BUSY;
    if (find(uploads, peer, message->transfer) != entry) {
        entry->peer = *peer;
        entry->transfer = message->transfer;
        entry->taking = ++uploads->taking;
        entry->told = 0;
    }
    return HNY_DEPOT_NOT_REFUSED;
}

static enum hny_depot_refusal begin(struct hny_depot_uploads *uploads, const struct hny_peer *peer,
                                    const uint8_t *key, const struct hny_depot_message *message) {
    struct hny_buffer path = {0};
    struct entry entry = {.peer = *peer,
                          .transfer = message->transfer,
                          .session = message->session,
                          .taking = ++uploads->taking,
                          .bytes = message->end};
    if (message->end > uploads->options.largest) return HNY_DEPOT_REFUSED_TOO_LONG;
    if (uploads->count == uploads->options.most) return HNY_DEPOT_REFUSED_BUSY;
    memcpy(entry.key, key, sizeof entry.key);
    memcpy(entry.file, message->file, sizeof entry.file);
    hny_status status =
        hny_buffer_print(&path, "%s/%s" HNY_DEPOT_PARTIAL, uploads->options.folder, message->file);
    if (status == HNY_OK)
        status = hny_depot_upload_open(&entry.upload, path.data, message->file, message->end,
                                       &uploads->options.publisher, uploads->signal);
    hny_buffer_free(&path);
    if (status != HNY_OK) return HNY_DEPOT_REFUSED_FAILED;
    uploads->entries[uploads->count++] = entry;
    return HNY_DEPOT_NOT_REFUSED;
}

void hny_depot_uploads_offer(struct hny_depot_uploads *uploads, uint64_t now, const struct hny_peer *peer,
                             const uint8_t key[HNY_KEY_SIZE], const struct hny_depot_message *message,
                             enum hny_depot_refusal *refusal) {
    struct entry *entry = NULL, *other = find(uploads, peer, message->transfer);
    for (size_t i = 0; i < uploads->count; i++)
        if (strcmp(uploads->entries[i].file, message->file) == 0) entry = &uploads->entries[i];
    *refusal = HNY_DEPOT_REFUSED_BAD;
    if (other && other != entry) return;
    *refusal = entry ? go_on(uploads, entry, peer, key, message) : begin(uploads, peer, key, message);
    if (*refusal != HNY_DEPOT_NOT_REFUSED) return;
    if (!entry) entry = &uploads->entries[uploads->count - 1];
    entry->heard = now;
    entry->asked = true;
}

bool hny_depot_uploads_has(const struct hny_depot_uploads *uploads, const char *file) {
    for (size_t i = 0; i < uploads->count; i++)
        if (strcmp(uploads->entries[i].file, file) == 0) return true;
    return false;
}

bool hny_depot_uploads_chunk(struct hny_depot_uploads *uploads, uint64_t now, const struct hny_peer *peer,
                             const struct hny_depot_message *message) {
    struct entry *entry = find(uploads, peer, message->transfer);
    if (!entry) return false;
    if (message->end != entry->bytes || message->offset != hny_depot_upload_held(entry->upload) ||
        message->offset + message->data.size > entry->told ||
        hny_depot_upload_give(entry->upload, message->data.data, message->data.size) != HNY_OK) {
        leave(entry);
        return false;
    }
    entry->heard = now;
    return true;
}

void hny_depot_uploads_cancel(struct hny_depot_uploads *uploads, const struct hny_peer *peer,
                              uint64_t transfer) {
    struct entry *entry = find(uploads, peer, transfer);
    if (entry) leave(entry);
}

/* --- What clients are told ----------------------------------------------------------------------------- */

/* Where the thread of ENTRY has ended: the entry goes. *TOLD false: nobody waits for the news. */
static bool end(struct hny_depot_uploads *uploads, struct entry *entry, struct hny_depot_message *message,
                bool *told) {
    const char *reason;
    enum hny_depot_refusal refusal;
    if (!hny_depot_upload_done(entry->upload, &refusal, &reason)) return false;
    *told = !entry->left;
    message->verb = refusal == HNY_DEPOT_NOT_REFUSED ? HNY_DEPOT_VERB_STORED : HNY_DEPOT_VERB_REFUSED;
    message->refusal = refusal;
    snprintf(uploads->reason, sizeof uploads->reason, "%s", reason);
    message->data = (struct hny_piece){uploads->reason, strlen(uploads->reason)};
    hny_depot_upload_close(&entry->upload);
    *entry = uploads->entries[--uploads->count];
    return true;
}

/* Whether there is something to say to the sender of ENTRY. */
static bool say(struct entry *entry, uint64_t now, struct hny_depot_message *message) {
    uint64_t held = hny_depot_upload_held(entry->upload);
    uint64_t may = hny_depot_upload_written(entry->upload) + HNY_DEPOT_CREDIT;
    if (may > entry->bytes) may = entry->bytes;
    if (entry->left) return false;
    /* What is whole is worked on, and needs nobody. */
    if (held < entry->bytes && now - entry->heard >= HNY_DEPOT_SILENCE_MS) {
        leave(entry);
        message->verb = HNY_DEPOT_VERB_UNKNOWN;
        return true;
    }
    bool more = may > entry->told && (may - entry->told >= TELL || may == entry->bytes);
    if (!entry->asked && !more) return false;
    entry->asked = false;
    entry->told = may;
    message->verb = HNY_DEPOT_VERB_WANT;
    message->session = entry->taking;
    message->offset = held;
    message->end = may;
    return true;
}

bool hny_depot_uploads_tell(struct hny_depot_uploads *uploads, uint64_t now, struct hny_peer *peer,
                            struct hny_depot_message *message) {
    uint64_t rung;
    /* Before looking: what is rung from here on is looked at the next time. */
    if (read(uploads->signal, &rung, sizeof rung) < 0) rung = 0;
    for (size_t i = 0; i < uploads->count;) {
        struct entry *entry = &uploads->entries[i];
        bool told = false;
        *message = (struct hny_depot_message){.transfer = entry->transfer};
        memcpy(message->file, entry->file, sizeof message->file);
        *peer = entry->peer;
        if (end(uploads, entry, message, &told)) {
            if (told) return true;
            continue;
        }
        if (say(entry, now, message)) return true;
        i++;
    }
    return false;
}
