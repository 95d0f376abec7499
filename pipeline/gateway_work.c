#include "pipeline/gateway_work.h"

#include "base/memory.h"
#include "pipeline/gateway_job.h"
#include "pipeline/parcel.h"
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

enum {
    ANSWERS = 64,          /* that are taken in a turn */
    WINDOW = 64,           /* sentences of a request at the broker at a time */
    SHORT_CHARACTERS = 40, /* of a text whose language is told by the texts around it */
    SURE = 50,             /* a guess that such a text's own letters allow */
    GRACE = 2000,          /* ms that the broker has to say itself that a deadline has passed */
};

/* A sentence at the broker. */
struct pending {
    UT_hash_handle hh;
    uint64_t number;
    struct hny_gateway_job *job;
    size_t sentence;
};

struct hny_gateway_work {
    struct hny_client *client;
    size_t most, deadline;
    struct hny_gateway_counts *counts;
    struct hny_paragraph *paragraph;
    struct hny_gateway_job *jobs;
    struct pending *pending;
    size_t sentences; /* of all jobs */
};

hny_status hny_gateway_work_create(struct hny_gateway_work **work, struct hny_client *client,
                                   size_t sentences, size_t deadline, struct hny_gateway_counts *counts) {
    struct hny_gateway_work *made = hny_allocate(1, sizeof *made);
    if (!made) return HNY_ERROR_MEMORY;
    made->client = client;
    made->most = sentences;
    made->deadline = deadline;
    made->counts = counts;
    hny_status status = hny_paragraph_create(&made->paragraph);
    if (status != HNY_OK) hny_gateway_work_destroy(&made);
    *work = made;
    return status;
}

static void drop_pending(struct hny_gateway_work *work, uint64_t number) {
    struct pending *pending = NULL;
    HASH_FIND(hh, work->pending, &number, sizeof number, pending);
    if (!pending) return;
    HASH_DEL(work->pending, pending);
    free(pending);
    work->counts->under_way--;
}

/* Out of the list, if it is there, and freed. */
static void free_job(struct hny_gateway_work *work, struct hny_gateway_job *job) {
    if (job->next) job->next->before = job->before;
    if (job->before)
        job->before->next = job->next;
    else if (work->jobs == job)
        work->jobs = job->next;
    for (size_t i = 0; job->sentences && i < job->count; i++) {
        hny_answer_free(&job->sentences[i].answer);
        json_decref(job->sentences[i].line);
        if (job->sentences[i].number && !job->sentences[i].answered)
            drop_pending(work, job->sentences[i].number);
    }
    for (size_t i = 0; job->texts && i < job->request.count; i++) {
        hny_text_pieces_destroy(&job->texts[i].pieces);
        hny_buffer_free(&job->texts[i].options);
        hny_buffer_free(&job->texts[i].attentive);
    }
    free(job->sentences);
    free(job->texts);
    hny_text_request_free(&job->request);
    free(job);
}

void hny_gateway_work_destroy(struct hny_gateway_work **work) {
    struct hny_gateway_work *old = *work;
    if (!old) return;
    while (old->jobs) free_job(old, old->jobs);
    hny_paragraph_destroy(&old->paragraph);
    free(old);
    *work = NULL;
}

/* --- Languages -------------------------------------------------------------------------------------- */

static size_t count_characters(struct hny_text text) {
    size_t count = 0;
    for (size_t i = 0; i < text.size; i++) count += ((unsigned char)text.data[i] & 0xc0) != 0x80;
    return count;
}

hny_status hny_gateway_guess(const struct hny_text_request *request, struct hny_language_detector *detector,
                             struct hny_language_guess *guesses) {
    struct hny_buffer all = {0};
    struct hny_language_guess overall;
    hny_status status = HNY_OK;
    for (size_t i = 0; i < request->count && status == HNY_OK; i++) {
        status = hny_buffer_append(&all, request->texts[i].data, request->texts[i].size);
        if (status == HNY_OK) status = hny_buffer_append(&all, "\n", 1);
    }
    if (status == HNY_OK)
        hny_language_detector_guess(detector, (struct hny_text){all.data, all.size}, &overall, 1);
    for (size_t i = 0; i < request->count && status == HNY_OK; i++) {
        hny_language_detector_guess(detector, request->texts[i], &guesses[i], 1);
        bool is_short = count_characters(request->texts[i]) <= SHORT_CHARACTERS;
        if (is_short && guesses[i].confidence < SURE) guesses[i] = overall;
    }
    hny_buffer_free(&all);
    return status;
}

static hny_status fail_language(const char *code) {
    return hny_fail(HNY_ERROR_INPUT, "%s is not supported", code);
}

static hny_status fail_pair(const char *source, const char *target) {
    char source_name[128], target_name[128];
    hny_language_name(source, source_name, sizeof source_name);
    hny_language_name(target, target_name, sizeof target_name);
    return hny_fail(HNY_ERROR_INPUT, "%s (%s) is not available as a target language from %s (%s)",
                    target_name, target, source_name, source);
}

static hny_status choose_sources(struct hny_gateway_job *job, const struct hny_languages *languages,
                                 struct hny_language_detector *detector) {
    const struct hny_text_request *request = &job->request;
    bool automatic = strcmp(request->source, "auto") == 0;
    if (!hny_languages_has(languages, request->target)) return fail_language(request->target);
    if (!automatic && !hny_languages_has(languages, request->source)) return fail_language(request->source);
    struct hny_language_guess *guesses = hny_allocate(request->count, sizeof *guesses);
    if (!guesses) return HNY_ERROR_MEMORY;
    hny_status status = automatic && detector ? hny_gateway_guess(request, detector, guesses) : HNY_OK;
    for (size_t i = 0; i < request->count; i++) {
        job->texts[i].guess = guesses[i];
        if (!automatic) memcpy(job->texts[i].guess.language, request->source, HNY_LANGUAGE_CODE);
    }
    free(guesses);
    return status;
}

/* --- Beginning -------------------------------------------------------------------------------------- */

static hny_status write_options(const struct hny_gateway_work *work, const struct hny_text_request *request,
                                const struct hny_pair *pair, bool attention, struct hny_buffer *out) {
    json_t *options = json_pack("{s:I}", "deadline", (json_int_t)work->deadline);
    bool fine = options != NULL;
    if (*pair->model) fine = json_object_set_new(options, "model", json_string(pair->model)) == 0 && fine;
    if (request->alternatives > 0)
        fine =
            json_object_set_new(options, "nbest", json_integer((json_int_t)request->alternatives + 1)) == 0 &&
            fine;
    if (attention) fine = json_object_set_new(options, "alignment", json_true()) == 0 && fine;
    hny_status status =
        fine ? hny_json_print(out, options, false) : hny_fail(HNY_ERROR_MEMORY, "out of memory for JSON");
    json_decref(options);
    return status;
}

static hny_status cut_texts(struct hny_gateway_work *work, struct hny_gateway_job *job,
                            const struct hny_languages *languages) {
    const struct hny_text_request *request = &job->request;
    for (size_t i = 0; i < request->count; i++) {
        struct hny_gateway_text *text = &job->texts[i];
        text->first = job->count;
        if (strcmp(text->guess.language, request->target) == 0) continue;
        const struct hny_pair *pair = hny_languages_find(languages, text->guess.language, request->target);
        if (!pair) return fail_pair(text->guess.language, request->target);
        HNY_TRY(write_options(work, request, pair, request->attention, &text->options));
        HNY_TRY(write_options(work, request, pair, true, &text->attentive));
        HNY_TRY(hny_text_pieces_create(&text->pieces, work->paragraph, request->texts[i], request->html));
        text->count = hny_text_pieces_count(text->pieces);
        job->count += text->count;
    }
    job->sentences = hny_allocate(job->count, sizeof *job->sentences);
    return job->sentences ? HNY_OK : HNY_ERROR_MEMORY;
}

/* Gives the broker further sentences of JOB, as far as its window reaches. */
static hny_status ask(struct hny_gateway_work *work, struct hny_gateway_job *job) {
    while (!job->refusal && job->asked < job->count && job->asked - job->answered < WINDOW) {
        struct hny_gateway_text *text = &job->texts[job->asked_text];
        if (job->asked == text->first + text->count) {
            job->asked_text++;
            continue;
        }
        struct pending *pending = hny_allocate(1, sizeof *pending);
        if (!pending) return HNY_ERROR_MEMORY;
        *pending = (struct pending){.job = job, .sentence = job->asked};
        size_t index = job->asked - text->first;
        struct hny_text sentence = hny_text_pieces_sentence(text->pieces, index);
        bool attentive = hny_text_pieces_wants_attention(text->pieces, index);
        hny_status status =
            hny_client_translate(work->client, (attentive ? &text->attentive : &text->options)->data,
                                 sentence.data, sentence.size, &pending->number);
        if (status != HNY_OK) {
            free(pending);
            return status;
        }
        job->sentences[job->asked++].number = pending->number;
        HASH_ADD(hh, work->pending, number, sizeof pending->number, pending);
        work->counts->under_way++;
        work->counts->sentences++;
    }
    return HNY_OK;
}

static hny_status prepare(struct hny_gateway_work *work, struct hny_gateway_job *job,
                          const struct hny_languages *languages, struct hny_language_detector *detector,
                          bool *busy) {
    job->texts = hny_allocate(job->request.count, sizeof *job->texts);
    if (!job->texts) return HNY_ERROR_MEMORY;
    HNY_TRY(choose_sources(job, languages, detector));
    HNY_TRY(cut_texts(work, job, languages));
    *busy = work->sentences > 0 && work->sentences + job->count > work->most;
    return *busy ? hny_fail(HNY_ERROR_MEMORY, "%zu sentences are under way", work->sentences) : HNY_OK;
}

hny_status hny_gateway_work_begin(struct hny_gateway_work *work, struct hny_text_request *request,
                                  const struct hny_languages *languages,
                                  struct hny_language_detector *detector, void *owner,
                                  struct hny_gateway_job **job, bool *busy) {
    struct hny_gateway_job *made = hny_allocate(1, sizeof *made);
    *busy = false;
    if (!made) {
        hny_text_request_free(request);
        return HNY_ERROR_MEMORY;
    }
    *made = (struct hny_gateway_job){
        .request = *request, .owner = owner, .end = hny_milliseconds() + work->deadline + GRACE};
    *request = (struct hny_text_request){0};
    hny_status status = prepare(work, made, languages, detector, busy);
    if (status != HNY_OK) {
        free_job(work, made);
        return status;
    }
    made->next = work->jobs;
    if (made->next) made->next->before = made;
    work->jobs = *job = made;
    work->sentences += made->count;
    work->counts->characters += made->request.characters;
    return ask(work, made);
}

/* --- Answers ---------------------------------------------------------------------------------------- */

/* What the broker has of JOB is not wanted any more. */
static hny_status cancel(struct hny_gateway_work *work, struct hny_gateway_job *job) {
    hny_status status = HNY_OK;
    for (size_t i = 0; i < job->asked && status == HNY_OK; i++)
        if (!job->sentences[i].answered) status = hny_client_cancel(work->client, job->sentences[i].number);
    return status;
}

static void remove_job(struct hny_gateway_work *work, struct hny_gateway_job *job) {
    work->sentences -= job->count;
    free_job(work, job);
}

hny_status hny_gateway_work_forget(struct hny_gateway_work *work, struct hny_gateway_job *job) {
    hny_status status = cancel(work, job);
    remove_job(work, job);
    return status;
}

static hny_status take_answer(struct hny_gateway_work *work, struct hny_answer *answer) {
    struct pending *pending = NULL;
    HASH_FIND(hh, work->pending, &answer->number, sizeof answer->number, pending);
    if (!pending) { /* of a job that was forgotten */
        hny_answer_free(answer);
        return HNY_OK;
    }
    struct hny_gateway_job *job = pending->job;
    struct hny_gateway_sentence *sentence = &job->sentences[pending->sentence];
    drop_pending(work, answer->number);
    sentence->answer = *answer;
    sentence->answered = true;
    job->answered++;
    if (answer->refusal) {
        work->counts->refused[answer->refusal]++;
        if (!job->refusal) job->refusal = answer->refusal;
    }
    return ask(work, job);
}

hny_status hny_gateway_work_turn(struct hny_gateway_work *work, bool *more) {
    uint64_t now = hny_milliseconds();
    *more = true;
    for (size_t i = 0; *more && i < ANSWERS; i++) {
        struct hny_answer answer;
        HNY_TRY(hny_client_take(work->client, 0, &answer, more));
        if (*more) HNY_TRY(take_answer(work, &answer));
    }
    for (struct hny_gateway_job *job = work->jobs; job; job = job->next)
        if (now >= job->end && job->answered < job->count && !job->refusal)
            job->refusal = HNY_REFUSED_DEADLINE;
    return HNY_OK;
}

static void end_job(struct hny_gateway_work *work, struct hny_gateway_job *job,
                    struct hny_gateway_done *done) {
    enum hny_refusal refusal = job->refusal;
    *done = (struct hny_gateway_done){.owner = job->owner, .status = 200};
    if (!refusal && hny_gateway_compose(job, &done->body) != HNY_OK) refusal = HNY_REFUSED_FAILED;
    if (!refusal) return;
    const struct hny_http_refusal *meaning = hny_http_refusal(refusal);
    done->status = meaning->status;
    done->message = meaning->message;
    hny_buffer_free(&done->body);
    (void)cancel(work, job); /* where memory is out the broker finds out by itself, at the deadline */
}

bool hny_gateway_work_take(struct hny_gateway_work *work, struct hny_gateway_done *done) {
    for (struct hny_gateway_job *job = work->jobs; job; job = job->next) {
        if (job->answered < job->count && !job->refusal) continue;
        end_job(work, job, done);
        remove_job(work, job);
        return true;
    }
    return false;
}
