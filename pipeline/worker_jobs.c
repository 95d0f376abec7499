#include "pipeline/worker_jobs.h"

#include "base/json.h"
#include "base/memory.h"
#include "model/line_output.h"
#include <stdlib.h>
#include <string.h>

#define MOST_BEAM 64      /* that a request may ask for */
#define NO_TAG UINT64_MAX /* of a line that the translator does not have */

struct job {
    struct job *next;
    uint64_t number;
    struct hny_payload *payload;
    struct hny_buffer *texts; /* [payload->count] */
    uint64_t *tags;           /* [payload->count] of the lines that the translator has */
    struct hny_buffer
        *details; /* [payload->count] a JSON object each, where more than texts is wanted; else NULL */
    size_t detail_bytes;
    size_t left; /* sentences that the translator has */
    enum hny_refusal refusal;
    struct hny_line_wants wants;
    struct hny_line_style style;
    bool cancelled;
};

/* What a line's tag stands for. */
struct place {
    struct job *job;
    size_t sentence;
};

struct hny_worker_jobs {
    const struct hny_model *model;
    struct hny_translator *translator; /* NULL: an echo */
    struct job *jobs;                  /* that are not done */
    struct job *done, **last_done;
    struct place *places; /* a line's tag is its place here */
    size_t place_count, place_capacity;
    size_t *free_places;
    size_t free_count, free_capacity;
    uint64_t echoed, told; /* jobs; lines that were taken */
    bool more;             /* the translator may have further lines, without a notice */
};

hny_status hny_worker_jobs_create(struct hny_worker_jobs **jobs, const struct hny_model *model,
                                  const struct hny_translator_options *options) {
    struct hny_worker_jobs *made = hny_allocate(1, sizeof *made);
    if (!made) return HNY_ERROR_MEMORY;
    struct hny_translator_options chosen = *options;
    chosen.unordered = true;
    made->model = model;
    made->last_done = &made->done;
    hny_status status = model ? hny_translator_create(&made->translator, model, &chosen) : HNY_OK;
    if (status != HNY_OK) hny_worker_jobs_destroy(&made);
    *jobs = made;
    return status;
}

static void free_job(struct job *job) {
    for (size_t i = 0; i < job->payload->count; i++) {
        hny_buffer_free(&job->texts[i]);
        if (job->details) hny_buffer_free(&job->details[i]);
    }
    free(job->texts);
    free(job->details);
    free(job->tags);
    hny_payload_drop(&job->payload);
    free(job);
}

static void free_list(struct job *job) {
    while (job) {
        struct job *next = job->next;
        free_job(job);
        job = next;
    }
}

void hny_worker_jobs_destroy(struct hny_worker_jobs **jobs) {
    struct hny_worker_jobs *old = *jobs;
    if (!old) return;
    hny_translator_destroy(&old->translator);
    free_list(old->jobs);
    free_list(old->done);
    free(old->places);
    free(old->free_places);
    free(old);
    *jobs = NULL;
}

/* --- Wishes ----------------------------------------------------------------------------------------- */

/* Whole number KEY, 1 to MOST, into *NUMBER where it is there; false where it is something else. */
static bool read_count(const json_t *options, const char *key, size_t most, size_t *number) {
    const json_t *value = json_object_get(options, key);
    if (!value) return true;
    if (!json_is_integer(value) || json_integer_value(value) < 1 ||
        json_integer_value(value) > (json_int_t)most)
        return false;
    *number = (size_t)json_integer_value(value);
    return true;
}

static bool read_switch(const json_t *options, const char *key, bool *on) {
    const json_t *value = json_object_get(options, key);
    *on = json_is_true(value);
    return !value || json_is_boolean(value);
}

/* False where the options ask for what there is not. */
static bool read_wishes(struct job *job, const json_t *options) {
    const json_t *words = json_object_get(options, "scores");
    bool scores = false, by_word = json_is_string(words) && strcmp(json_string_value(words), "word") == 0;
    if (!read_count(options, "nbest", MOST_BEAM, &job->wants.best) ||
        !read_count(options, "beam", MOST_BEAM, &job->wants.beam) ||
        !read_switch(options, "alignment", &job->wants.attention) ||
        (!by_word && !read_switch(options, "scores", &scores)))
        return false;
    job->style = (struct hny_line_style){.json = true,
                                         .nbest = job->wants.best > 0,
                                         .scores = scores || by_word,
                                         .words = by_word,
                                         .alignment = job->wants.attention};
    return true;
}

static bool read_options(struct job *job) {
    const struct hny_piece *text = &job->payload->options;
    json_t *options = NULL;
    if (text->size == 0) return true;
    bool fine =
        hny_json_parse("options", text->data, text->size, &options) == HNY_OK && read_wishes(job, options);
    json_decref(options);
    return fine;
}

/* --- Begin and end ---------------------------------------------------------------------------------- */

static void finish(struct hny_worker_jobs *jobs, struct job *job) {
    struct job **link = &jobs->jobs;
    while (*link != job) link = &(*link)->next;
    *link = job->next;
    job->next = NULL;
    *jobs->last_done = job;
    jobs->last_done = &job->next;
}

/* A number for sentence I of JOB, which comes back as a line's tag. */
static hny_status take_place(struct hny_worker_jobs *jobs, struct job *job, size_t i, uint64_t *tag) {
    if (jobs->free_count > 0) {
        *tag = jobs->free_places[--jobs->free_count];
    } else {
        if (hny_grow(&jobs->places, &jobs->place_capacity, jobs->place_count + 1, sizeof *jobs->places) ||
            hny_grow(&jobs->free_places, &jobs->free_capacity, jobs->place_count + 1,
                     sizeof *jobs->free_places))
            return HNY_ERROR_MEMORY;
        *tag = jobs->place_count++;
    }
    jobs->places[*tag] = (struct place){job, i};
    return HNY_OK;
}

static hny_status echo(struct hny_worker_jobs *jobs, struct job *job) {
    for (size_t i = 0; i < job->payload->count; i++)
        HNY_TRY(hny_buffer_append(&job->texts[i], job->payload->sentences[i].data,
                                  job->payload->sentences[i].size));
    jobs->echoed++;
    return HNY_OK;
}

/* Gives the translator the sentences of JOB, until one is refused. */
static hny_status give(struct hny_worker_jobs *jobs, struct job *job) {
    const struct hny_line_style *style = &job->style;
    if (style->nbest || style->scores || style->alignment) {
        job->details = hny_allocate(job->payload->count, sizeof *job->details);
        if (!job->details) return HNY_ERROR_MEMORY;
    }
    for (size_t i = 0; i < job->payload->count; i++) {
        uint64_t tag;
        HNY_TRY(take_place(jobs, job, i, &tag));
        const struct hny_piece *sentence = &job->payload->sentences[i];
        hny_status status =
            hny_translator_add_wanting(jobs->translator, tag, sentence->data, sentence->size, &job->wants);
        if (status == HNY_OK) {
            job->tags[i] = tag;
            job->left++;
            continue;
        }
        jobs->free_places[jobs->free_count++] = tag;
        if (status != HNY_ERROR_INPUT && status != HNY_ERROR_USAGE) return status;
        job->refusal = HNY_REFUSED_BAD;
        return HNY_OK;
    }
    return HNY_OK;
}

hny_status hny_worker_jobs_start(struct hny_worker_jobs *jobs, uint64_t number, struct hny_payload *payload) {
    struct job *job = hny_allocate(1, sizeof *job);
    struct hny_buffer *texts = hny_allocate(payload->count, sizeof *texts);
    uint64_t *tags = hny_allocate(payload->count, sizeof *tags);
    if (!job || !texts || !tags) {
        free(job);
        free(texts);
        free(tags);
        hny_payload_drop(&payload);
        return HNY_ERROR_MEMORY;
    }
    *job =
        (struct job){.next = jobs->jobs, .number = number, .payload = payload, .texts = texts, .tags = tags};
    for (size_t i = 0; i < payload->count; i++) tags[i] = NO_TAG;
    jobs->jobs = job;
    hny_status status = HNY_OK;
    if (!jobs->translator)
        status = echo(jobs, job);
    else if (read_options(job))
        status = give(jobs, job);
    else
        job->refusal = HNY_REFUSED_BAD;
    if (status == HNY_OK && job->left == 0) finish(jobs, job);
    return status;
}

/* What the translator has of JOB it need not translate. */
static void take_back(struct hny_worker_jobs *jobs, struct job *job) {
    for (size_t i = 0; i < job->payload->count; i++) {
        if (job->tags[i] == NO_TAG) continue;
        hny_translator_cancel(jobs->translator, job->tags[i]);
        jobs->free_places[jobs->free_count++] = (size_t)job->tags[i];
        job->tags[i] = NO_TAG;
    }
}

void hny_worker_jobs_cancel(struct hny_worker_jobs *jobs, uint64_t number) {
    for (struct job **link = &jobs->jobs; *link; link = &(*link)->next) {
        struct job *job = *link;
        if (job->number != number) continue;
        take_back(jobs, job);
        *link = job->next;
        free_job(job);
        return;
    }
    for (struct job *job = jobs->done; job; job = job->next)
        if (job->number == number) job->cancelled = true;
}

/* --- Lines ------------------------------------------------------------------------------------------ */

/* Of JOB's answer more is there than the broker takes, which would hang up on it, and have it made again and
 * again. */
static void give_up(struct hny_worker_jobs *jobs, struct job *job) {
    take_back(jobs, job);
    job->left = 0;
    job->refusal = HNY_REFUSED_TOO_LONG;
}

static hny_status keep_details(struct hny_worker_jobs *jobs, struct job *job, size_t sentence,
                               const struct hny_line_translation *line) {
    struct hny_buffer *text = &job->details[sentence];
    if (job->detail_bytes + hny_line_least(&job->style, line) <= HNY_FRAME_BYTES) {
        HNY_TRY(hny_line_write(&job->style, jobs->model, sentence + 1, line, text));
        job->detail_bytes += text->size;
        if (job->detail_bytes <= HNY_FRAME_BYTES) return HNY_OK;
    }
    give_up(jobs, job);
    return HNY_OK;
}

static hny_status take_line(struct hny_worker_jobs *jobs, struct hny_line_translation *line) {
    struct place place = jobs->places[line->tag];
    place.job->tags[place.sentence] = NO_TAG;
    place.job->left--;
    jobs->free_places[jobs->free_count++] = line->tag;
    hny_status status =
        hny_buffer_append(&place.job->texts[place.sentence], line->texts[0].data, line->texts[0].size);
    if (status == HNY_OK && place.job->details) status = keep_details(jobs, place.job, place.sentence, line);
    hny_line_translation_free(line);
    jobs->told++;
    if (status == HNY_OK && place.job->left == 0) finish(jobs, place.job);
    return status;
}

/* As many as there are; of those of which much is told only one, so that a beat can go out between them. */
static hny_status take_lines(struct hny_worker_jobs *jobs) {
    struct hny_line_translation line;
    jobs->more = false;
    for (bool taken = true; taken && !jobs->more;) {
        HNY_TRY(hny_translator_take(jobs->translator, false, &line, &taken));
        if (!taken) return HNY_OK;
        jobs->more = jobs->places[line.tag].job->details != NULL;
        HNY_TRY(take_line(jobs, &line));
    }
    return HNY_OK;
}

/* The options of JOB's answer: {"lines": [...]}, or nothing. */
static hny_status write_details(const struct job *job, struct hny_buffer *text) {
    if (!job->details) return hny_buffer_append(text, "", 0);
    HNY_TRY(hny_buffer_append(text, "{\"lines\":[", 10));
    for (size_t i = 0; i < job->payload->count; i++) {
        if (i > 0) HNY_TRY(hny_buffer_append(text, ",", 1));
        HNY_TRY(hny_buffer_append(text, job->details[i].data, job->details[i].size - 1)); /* without its LF */
    }
    return hny_buffer_append(text, "]}", 2);
}

static hny_status make_answer(const struct job *job, struct hny_payload **answer) {
    size_t count = job->payload->count;
    struct hny_buffer details = {0};
    struct hny_piece *texts = hny_allocate(count, sizeof *texts);
    hny_status status = texts ? write_details(job, &details) : HNY_ERROR_MEMORY;
    for (size_t i = 0; texts && i < count; i++)
        texts[i] = (struct hny_piece){job->texts[i].data ? job->texts[i].data : "", job->texts[i].size};
    if (status == HNY_OK) {
        *answer = hny_payload_create((struct hny_piece){details.data, details.size}, texts, count);
        if (!*answer) status = HNY_ERROR_MEMORY;
    }
    free(texts);
    hny_buffer_free(&details);
    return status;
}

/* Whether the broker would hang up on ANSWER. */
static bool is_too_large(const struct hny_payload *answer) {
    bool large = answer->options.size > HNY_FRAME_BYTES;
    for (size_t i = 0; i < answer->count; i++) large = large || answer->sentences[i].size > HNY_FRAME_BYTES;
    return large;
}

hny_status hny_worker_jobs_take(struct hny_worker_jobs *jobs, struct hny_worker_done *done, bool *taken) {
    *taken = false;
    if (jobs->translator) HNY_TRY(take_lines(jobs));
    while (jobs->done) {
        struct job *job = jobs->done;
        *done = (struct hny_worker_done){.number = job->number, .refusal = job->refusal};
        bool wanted = !job->cancelled;
        hny_status status = wanted && !job->refusal ? make_answer(job, &done->payload) : HNY_OK;
        if (done->payload && is_too_large(done->payload)) {
            hny_payload_drop(&done->payload);
            done->refusal = HNY_REFUSED_TOO_LONG;
        }
        jobs->done = job->next;
        if (!jobs->done) jobs->last_done = &jobs->done;
        free_job(job);
        HNY_TRY(status);
        if (!wanted) continue;
        *taken = true;
        return HNY_OK;
    }
    return HNY_OK;
}

int hny_worker_jobs_notice(const struct hny_worker_jobs *jobs) {
    return jobs->translator ? hny_translator_notice(jobs->translator) : -1;
}

uint64_t hny_worker_jobs_steps(const struct hny_worker_jobs *jobs) {
    return jobs->translator ? hny_translator_steps(jobs->translator) + jobs->told : jobs->echoed;
}

bool hny_worker_jobs_more(const struct hny_worker_jobs *jobs) {
    return jobs->more || jobs->done;
}
