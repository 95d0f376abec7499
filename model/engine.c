#include "model/engine.h"

#include <stdlib.h>
#include <string.h>

/* Newcomers are read this many at a time: the encoder's products of a single sentence would be thin. */
enum { READ_TOGETHER = 16 };

/* A sentence before the search. */
struct newcomer {
    uint64_t tag;
    int32_t *ids;
    size_t count;
    struct hny_search_options options;
    struct hny_memory memory; /* length 0: not read yet */
};

struct hny_engine {
    const struct hny_model *model;
    struct hny_compute *compute;
    struct hny_search *search;
    const struct hny_search_model *view;
    struct hny_shortlist_reader *shortlist; /* NULL: not used */
    size_t rows;
    struct newcomer *queue; /* [first, last) */
    size_t first, last, capacity;
};

hny_status hny_engine_create(struct hny_engine **engine, const struct hny_model *model,
                             const struct hny_search_model *view, size_t rows) {
    struct hny_engine *made = hny_allocate(1, sizeof *made);
    if (!made) return HNY_ERROR_MEMORY;
    made->model = model;
    made->view = view;
    made->rows = rows;
    hny_status status = hny_model_compute_create(&made->compute, model, HNY_PRECISION_F32);
    if (status == HNY_OK) status = hny_search_create(&made->search, view, made->compute);
    if (status != HNY_OK) hny_engine_destroy(&made);
    *engine = made;
    return status;
}

hny_status hny_engine_use_shortlist(struct hny_engine *engine) {
    return hny_shortlist_reader_create(&engine->shortlist, engine->model->shortlist, engine->view->bytes);
}

static void free_newcomer(struct newcomer *newcomer) {
    free(newcomer->ids);
    free(newcomer->memory.values);
    free(newcomer->memory.keys);
}

void hny_engine_destroy(struct hny_engine **engine) {
    if (!*engine) return;
    for (size_t i = (*engine)->first; i < (*engine)->last; i++) free_newcomer(&(*engine)->queue[i]);
    free((*engine)->queue);
    hny_search_destroy(&(*engine)->search);
    hny_shortlist_reader_destroy(&(*engine)->shortlist);
    hny_compute_destroy(&(*engine)->compute);
    free(*engine);
    *engine = NULL;
}

hny_status hny_engine_add(struct hny_engine *engine, uint64_t tag, const int32_t *ids, size_t count,
                          const struct hny_search_options *options) {
    if (engine->last == engine->capacity && engine->first > 0) {
        memmove(engine->queue, engine->queue + engine->first,
                (engine->last - engine->first) * sizeof *engine->queue);
        engine->last -= engine->first;
        engine->first = 0;
    }
    if (hny_grow(&engine->queue, &engine->capacity, engine->last + 1, sizeof *engine->queue))
        return HNY_ERROR_MEMORY;
    int32_t *copy = hny_allocate(count, sizeof *copy);
    if (!copy) return HNY_ERROR_MEMORY;
    memcpy(copy, ids, count * sizeof *copy);
    engine->queue[engine->last++] =
        (struct newcomer){.tag = tag, .ids = copy, .count = count, .options = *options};
    return HNY_OK;
}

/* Runs the encoder over the first sentences of the queue, none of which was read before. */
static hny_status read_newcomers(struct hny_engine *engine) {
    const int32_t *sources[READ_TOGETHER] = {NULL};
    size_t lengths[READ_TOGETHER] = {0}, count = engine->last - engine->first;
    struct hny_memory memories[READ_TOGETHER];
    struct newcomer *newcomers = engine->queue + engine->first;
    if (count > READ_TOGETHER) count = READ_TOGETHER;
    for (size_t i = 0; i < count; i++) {
        sources[i] = newcomers[i].ids;
        lengths[i] = newcomers[i].count;
    }
    HNY_TRY(hny_model_encode(engine->model, engine->compute, sources, lengths, count, memories));
    for (size_t i = 0; i < count; i++) newcomers[i].memory = memories[i];
    return HNY_OK;
}

static bool has_room(const struct hny_engine *engine, size_t beam) {
    size_t taken = hny_search_widest(engine->search);
    return taken == 0 || (taken < engine->rows && beam <= engine->rows - taken);
}

static hny_status enter(struct hny_engine *engine, const struct newcomer *newcomer) {
    const int32_t *candidates = NULL;
    size_t count = 0;
    if (engine->shortlist)
        hny_shortlist_candidates(engine->shortlist, newcomer->ids, newcomer->count, &candidates, &count);
    return hny_search_add_among(engine->search, newcomer->tag, &newcomer->memory, &newcomer->options,
                                candidates, count);
}

hny_status hny_engine_step(struct hny_engine *engine) {
    while (engine->first < engine->last) {
        struct newcomer *next = &engine->queue[engine->first];
        if (!has_room(engine, next->options.beam)) break;
        if (next->memory.length == 0) HNY_TRY(read_newcomers(engine));
        HNY_TRY(enter(engine, next));
        free(next->ids);
        engine->first++;
    }
    return hny_search_step(engine->search);
}

hny_status hny_engine_take(struct hny_engine *engine, struct hny_translation *translation, bool *taken) {
    return hny_search_take(engine->search, translation, taken);
}

void hny_engine_cancel(struct hny_engine *engine, uint64_t tag) {
    for (size_t i = engine->first; i < engine->last; i++) {
        if (engine->queue[i].tag != tag) continue;
        free_newcomer(&engine->queue[i]);
        memmove(engine->queue + i, engine->queue + i + 1, (engine->last - i - 1) * sizeof *engine->queue);
        engine->last--;
        return;
    }
    hny_search_cancel(engine->search, tag);
}

size_t hny_engine_sentences(const struct hny_engine *engine) {
    return engine->last - engine->first + hny_search_sentences(engine->search);
}

size_t hny_engine_wants(const struct hny_engine *engine, size_t beam) {
    size_t taken = hny_search_widest(engine->search), waiting = engine->last - engine->first;
    size_t room = taken < engine->rows ? (engine->rows - taken) / beam : 0;
    if (room == 0 && taken == 0) room = 1;
    return waiting > 0 || room == 0 ? 0 : room > READ_TOGETHER ? room : READ_TOGETHER;
}
