#include "pipeline/stage_translate.h"

#include "base/memory.h"
#include "pipeline/client.h"
#include "pipeline/parcel.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unicode/uchar.h>
#include <unicode/utf8.h>
#include <uthash.h>

#define AGAIN_MS 200
#define MOST_BYTES ((size_t)1 << 20) /* of a sentence: brokers do not take more (pipeline/PROTOCOL.md) */
enum { MOST_ASKED = 512 };           /* sentences at the broker at a time */

/* A record whose sentences are asked for. */
struct job {
    UT_hash_handle hh;
    uint64_t number;
    struct hny_record record;
    struct hny_answer *answers; /* [pieces]; without a payload where the piece stays what it is */
    size_t looked_at, open;     /* pieces; those that have no answer */
};

/* A sentence on its way. */
struct request {
    UT_hash_handle hh;
    uint64_t number;
    struct job *job;
    size_t piece;
};

/* A sentence that was refused as busy. */
struct again {
    struct again *next;
    struct job *job;
    size_t piece;
    uint64_t due;
};

struct hny_stage_translate {
    struct hny_client *client;
    struct hny_buffer wish;
    struct job *jobs;         /* in the order of coming */
    struct job *next;         /* the first that has sentences to be asked for */
    struct request *requests; /* by number */
    struct again *first, *last;
    size_t again_count;
    struct hny_record *done; /* [taken, over) */
    size_t taken, over, capacity;
};

static void free_job(struct hny_stage_translate *translate, struct job *job) {
    HASH_DEL(translate->jobs, job);
    for (size_t i = 0; i < job->record.payload->count; i++) hny_answer_free(&job->answers[i]);
    hny_payload_drop(&job->record.payload);
    free(job->answers);
    free(job);
}

hny_status hny_stage_translate_open(struct hny_stage_translate **translate,
                                    const struct hny_work_options *options) {
    struct hny_stage_translate *made = hny_allocate(1, sizeof *made);
    const char *model = options->model, *broker = options->broker ? options->broker : "tcp://127.0.0.1:5555";
    if (!made) return HNY_ERROR_MEMORY;
    hny_status status = HNY_OK;
    if (model && (strlen(model) >= HNY_ROUTE_NAME || strpbrk(model, "\"\\")))
        status = hny_fail(HNY_ERROR_USAGE, "%s is no model's name", model);
    if (status == HNY_OK && model) status = hny_buffer_print(&made->wish, "{\"model\": \"%s\"}", model);
    if (status == HNY_OK)
        status = hny_client_open_keyed(&made->client, broker, options->key, options->server);
    if (status != HNY_OK) hny_stage_translate_close(&made);
    *translate = made;
    return status;
}

void hny_stage_translate_close(struct hny_stage_translate **translate) {
    struct hny_stage_translate *old = *translate;
    if (!old) return;
    struct request *request, *later;
    HASH_ITER(hh, old->requests, request, later) {
        HASH_DEL(old->requests, request);
        free(request);
    }
    for (struct again *next; old->first; old->first = next) {
        next = old->first->next;
        free(old->first);
    }
    while (old->jobs) free_job(old, old->jobs);
    for (size_t i = old->taken; i < old->over; i++) hny_payload_drop(&old->done[i].payload);
    free(old->done);
    hny_buffer_free(&old->wish);
    hny_client_close(&old->client);
    free(old);
    *translate = NULL;
}

/* --- Asking -------------------------------------------------------------------------------------------- */

static bool is_blank(const struct hny_piece *piece) {
    int32_t size = (int32_t)piece->size, at = 0;
    while (at < size) {
        UChar32 code;
        U8_NEXT_OR_FFFD((const uint8_t *)piece->data, at, size, code);
        if (!u_isUWhiteSpace(code)) return false;
    }
    return true;
}

static void refuse(struct job *job, size_t piece, enum hny_refusal refusal) {
    job->answers[piece].refusal = refusal;
    job->record.refused = true;
    fprintf(stderr, "honyaku: stream: record %" PRIu64 ": refused: %s\n", job->number,
            hny_refusal_name(refusal));
}

static hny_status ask(struct hny_stage_translate *translate, struct job *job, size_t piece) {
    const struct hny_piece *sentence = &job->record.payload->sentences[piece];
    struct request *request = hny_allocate(1, sizeof *request);
    if (!request) return HNY_ERROR_MEMORY;
    hny_status status =
        hny_client_translate(translate->client, translate->wish.data ? translate->wish.data : "",
                             sentence->data, sentence->size, &request->number);
    if (status != HNY_OK) {
        free(request);
        return status;
    }
    request->job = job;
    request->piece = piece;
    HASH_ADD(hh, translate->requests, number, sizeof request->number, request);
    return HNY_OK;
}

/* The job's pieces with the translations in their places. */
static hny_status finish(struct hny_stage_translate *translate, struct job *job) {
    const struct hny_payload *payload = job->record.payload;
    struct hny_piece *pieces = hny_allocate(payload->count, sizeof *pieces);
    struct hny_record made = {.number = job->number, .refused = job->record.refused};
    hny_status status = pieces ? HNY_OK : HNY_ERROR_MEMORY;
    for (size_t i = 0; status == HNY_OK && i < payload->count; i++) {
        const struct hny_answer *answer = &job->answers[i];
        pieces[i] = payload->sentences[i];
        if (answer->refusal) pieces[i] = (struct hny_piece){"", 0};
        /* A line's end in a translation, of whatever worker, would make two lines of one. */
        else if (answer->payload && !memchr(answer->text, '\n', answer->size))
            pieces[i] = (struct hny_piece){answer->text, answer->size};
        else if (answer->payload)
            pieces[i] = (struct hny_piece){answer->text, strcspn(answer->text, "\n")};
    }
    if (status == HNY_OK) {
        made.payload = hny_payload_create((struct hny_piece){"", 0}, pieces, payload->count);
        if (!made.payload) status = HNY_ERROR_MEMORY;
    }
    free(pieces);
    if (translate->taken == translate->over) translate->taken = translate->over = 0;
    if (status == HNY_OK &&
        hny_grow(&translate->done, &translate->capacity, translate->over + 1, sizeof *translate->done)) {
        hny_payload_drop(&made.payload);
        status = HNY_ERROR_MEMORY;
    }
    HNY_TRY(status);
    translate->done[translate->over++] = made;
    free_job(translate, job);
    return HNY_OK;
}

/* Asks for a job's sentences as far as there is room. */
static hny_status ask_job(struct hny_stage_translate *translate, struct job *job) {
    const struct hny_payload *payload = job->record.payload;
    size_t step = payload->count > 1 ? 2 : 1;
    while (job->looked_at < payload->count) {
        if (HASH_COUNT(translate->requests) + translate->again_count >= MOST_ASKED) return HNY_OK;
        size_t piece = job->looked_at;
        job->looked_at += step;
        if (is_blank(&payload->sentences[piece])) continue;
        if (payload->sentences[piece].size > MOST_BYTES) {
            refuse(job, piece, HNY_REFUSED_TOO_LONG);
            continue;
        }
        HNY_TRY(ask(translate, job, piece));
        job->open++;
    }
    translate->next = job->hh.next;
    return job->open == 0 ? finish(translate, job) : HNY_OK;
}

static hny_status ask_more(struct hny_stage_translate *translate) {
    uint64_t now = hny_milliseconds();
    while (translate->first && translate->first->due <= now) {
        struct again *again = translate->first;
        HNY_TRY(ask(translate, again->job, again->piece));
        translate->first = again->next;
        translate->again_count--;
        free(again);
    }
    for (struct job *job = translate->next, *before = NULL; job && job != before; job = translate->next) {
        before = job;
        HNY_TRY(ask_job(translate, job));
        if (translate->next == before) return HNY_OK;
    }
    return HNY_OK;
}

hny_status hny_stage_translate_give(struct hny_stage_translate *translate, const struct hny_record *record) {
    struct job *job = hny_allocate(1, sizeof *job);
    struct hny_payload *payload = record->payload;
    if (job) job->answers = hny_allocate(payload->count, sizeof *job->answers);
    if (!job || !job->answers) {
        free(job);
        hny_payload_drop(&payload);
        return HNY_ERROR_MEMORY;
    }
    job->number = record->number;
    job->record = (struct hny_record){.payload = payload};
    job->looked_at = payload->count > 1 ? 1 : 0;
    HASH_ADD(hh, translate->jobs, number, sizeof job->number, job);
    if (!translate->next) translate->next = job;
    return ask_more(translate);
}

/* --- Answers ------------------------------------------------------------------------------------------- */

static hny_status ask_later(struct hny_stage_translate *translate, struct job *job, size_t piece) {
    struct again *again = hny_allocate(1, sizeof *again);
    if (!again) return HNY_ERROR_MEMORY;
    *again = (struct again){.job = job, .piece = piece, .due = hny_milliseconds() + AGAIN_MS};
    if (translate->first)
        translate->last->next = again;
    else
        translate->first = again;
    translate->last = again;
    translate->again_count++;
    return HNY_OK;
}

static hny_status hear(struct hny_stage_translate *translate, struct hny_answer *answer) {
    struct request *request = NULL;
    HASH_FIND(hh, translate->requests, &answer->number, sizeof answer->number, request);
    if (!request) {
        hny_answer_free(answer);
        return HNY_OK;
    }
    struct job *job = request->job;
    size_t piece = request->piece;
    HASH_DEL(translate->requests, request);
    free(request);
    if (answer->refusal == HNY_REFUSED_BUSY || answer->refusal == HNY_REFUSED_LEAVING) {
        hny_answer_free(answer);
        return ask_later(translate, job, piece);
    }
    job->answers[piece] = *answer;
    if (answer->refusal) refuse(job, piece, answer->refusal);
    job->open--;
    bool whole = job->open == 0 && job->looked_at >= job->record.payload->count;
    return whole ? finish(translate, job) : HNY_OK;
}

hny_status hny_stage_translate_take(struct hny_stage_translate *translate, struct hny_record *record,
                                    bool *any) {
    for (bool taken = true; taken;) {
        struct hny_answer answer;
        HNY_TRY(hny_client_take(translate->client, 0, &answer, &taken));
        if (taken) HNY_TRY(hear(translate, &answer));
    }
    hny_client_note(translate->client, "stream");
    HNY_TRY(ask_more(translate));
    *any = translate->taken < translate->over;
    if (*any) *record = translate->done[translate->taken++];
    return HNY_OK;
}

void *hny_stage_translate_socket(const struct hny_stage_translate *translate) {
    return hny_client_socket(translate->client);
}
