#include "pipeline/push.h"

#include "pipeline/depot_link.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATIENCE_MS 30000
#define FULL_MS 5 /* to wait where the connection takes no more */

struct push {
    const struct hny_push_options *options;
    const char *path;
    struct hny_depot_link *link;
    struct hny_depot_message offer;
    int descriptor;
    char *data;        /* HNY_DEPOT_CHUNK_BYTES */
    uint64_t session;  /* the depot's; what was sent in another is not there */
    uint64_t at, may;  /* sent up to there, may be sent up to there */
    uint64_t begun_at; /* where the depot's session began */
    uint64_t said;     /* when OFFER was said last */
    bool full, again, done;
};

/* --- The file ------------------------------------------------------------------------------------------ */

static hny_status read_part(struct push *push, uint64_t at, size_t size) {
    for (size_t done = 0; done < size;) {
        ssize_t got = pread(push->descriptor, push->data + done, size - done, (off_t)(at + done));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return hny_fail_errno("%s: cannot be read", push->path);
        if (got == 0) return hny_fail(HNY_ERROR_INPUT, "%s: has become shorter", push->path);
        done += (size_t)got;
    }
    return HNY_OK;
}

static size_t part_size(uint64_t at, uint64_t end) {
    return end - at < HNY_DEPOT_CHUNK_BYTES ? (size_t)(end - at) : HNY_DEPOT_CHUNK_BYTES;
}

static hny_status digest_file(struct push *push) {
    struct hny_digest *digest = NULL;
    HNY_TRY(hny_digest_open(&digest));
    hny_status status = HNY_OK;
    for (uint64_t at = 0; status == HNY_OK && at < push->offer.end;) {
        size_t size = part_size(at, push->offer.end);
        status = read_part(push, at, size);
        if (status == HNY_OK) status = hny_digest_add(digest, push->data, size);
        at += size;
    }
    hny_status closed = hny_digest_close(&digest, push->offer.file);
    return status == HNY_OK ? closed : status;
}

static hny_status open_file(struct push *push) {
    struct stat about;
    push->data = malloc(HNY_DEPOT_CHUNK_BYTES);
    if (!push->data) return hny_fail(HNY_ERROR_MEMORY, "out of memory for a chunk");
    push->descriptor = open(push->path, O_RDONLY | O_CLOEXEC);
    if (push->descriptor < 0) return hny_fail_errno("%s: cannot be opened", push->path);
    if (fstat(push->descriptor, &about) != 0)
        return hny_fail_errno("%s: cannot be asked for its size", push->path);
    if (!S_ISREG(about.st_mode) || about.st_size == 0)
        return hny_fail(HNY_ERROR_INPUT, "%s: is no plain file with something in it", push->path);
    push->offer.end = (uint64_t)about.st_size;
    return digest_file(push);
}

/* --- The conversation ---------------------------------------------------------------------------------- */

static hny_status offer(struct push *push) {
    push->said = hny_milliseconds();
    return hny_depot_link_send(push->link, &push->offer, NULL);
}

/* Under a new number: what is on its way under another one is not meant. */
static hny_status offer_anew(struct push *push) {
    push->offer.transfer = hny_depot_link_number(push->link);
    push->session = push->at = push->may = 0;
    push->again = false;
    return offer(push);
}

static void take_want(struct push *push, const struct hny_depot_message *want) {
    if (want->end > push->offer.end) return;
    if (push->session != want->session) {
        push->session = want->session;
        push->at = push->begun_at = want->offset;
    }
    push->may = want->end;
}

/* What was there before may have been the damaged part: it is gone now, and the whole goes once more. */
static hny_status take_refusal(struct push *push, const struct hny_depot_message *refused) {
    bool resumed = refused->refusal == HNY_DEPOT_REFUSED_DAMAGED && push->begun_at > 0;
    push->again = true;
    push->begun_at = 0;
    return resumed ? HNY_OK : hny_depot_link_refused(push->link, refused);
}

static hny_status hear(struct push *push, uint64_t milliseconds) {
    struct hny_depot_message message;
    bool any;
    HNY_TRY(hny_depot_link_receive(push->link, push->offer.transfer, milliseconds, &message, &any));
    if (!any) return HNY_OK;
    if (message.verb == HNY_DEPOT_VERB_WANT) take_want(push, &message);
    if (message.verb == HNY_DEPOT_VERB_STORED) push->done = true;
    if (message.verb == HNY_DEPOT_VERB_UNKNOWN) push->again = true;
    return message.verb == HNY_DEPOT_VERB_REFUSED ? take_refusal(push, &message) : HNY_OK;
}

static hny_status send_part(struct push *push) {
    const struct hny_push_options *options = push->options;
    size_t size = part_size(push->at, push->may);
    bool sent;
    HNY_TRY(read_part(push, push->at, size));
    const struct hny_depot_message chunk = {.verb = HNY_DEPOT_VERB_CHUNK,
                                            .transfer = push->offer.transfer,
                                            .offset = push->at,
                                            .end = push->offer.end,
                                            .data = {push->data, size}};
    HNY_TRY(hny_depot_link_send(push->link, &chunk, &sent));
    push->full = !sent;
    if (sent) push->at += size;
    if (sent && options->progress) options->progress(options->context, push->at, push->offer.end);
    return HNY_OK;
}

static hny_status turn(struct push *push) {
    bool may = push->at < push->may;
    HNY_TRY(hear(push, may ? (push->full ? FULL_MS : 0) : HNY_DEPOT_BEAT_MS));
    if (push->done) return HNY_OK;
    if (push->again) return offer_anew(push);
    if (push->at < push->may) return send_part(push);
    return hny_milliseconds() - push->said >= HNY_DEPOT_BEAT_MS ? offer(push) : HNY_OK;
}

static hny_status run(struct push *push) {
    const struct hny_push_options *options = push->options;
    HNY_TRY(open_file(push));
    HNY_TRY(hny_depot_link_open(&push->link, options->endpoint, options->key, options->server, PATIENCE_MS));
    push->offer.verb = HNY_DEPOT_VERB_OFFER;
    push->offer.session = hny_depot_link_session(push->link);
    HNY_TRY(offer_anew(push));
    while (!push->done) {
        hny_status status = turn(push);
        if (status == HNY_OK) continue;
        const struct hny_depot_message cancel = {.verb = HNY_DEPOT_VERB_CANCEL,
                                                 .transfer = push->offer.transfer};
        hny_depot_link_send(push->link, &cancel, NULL);
        return status;
    }
    return HNY_OK;
}

hny_status hny_push(const char *path, const struct hny_push_options *options, char file[HNY_DIGEST_TEXT]) {
    struct push push = {.options = options, .path = path, .descriptor = -1};
    hny_status status = run(&push);
    memcpy(file, push.offer.file, HNY_DIGEST_TEXT);
    hny_depot_link_close(&push.link);
    if (push.descriptor >= 0) close(push.descriptor);
    free(push.data);
    return status;
}
