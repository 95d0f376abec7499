#include "pipeline/stage_work.h"

#include "base/memory.h"
#include "model/paragraph.h"
#include "pipeline/stage_translate.h"
#include <stdlib.h>
#include <string.h>

enum { MOST_SENTENCES = 1024 };

struct hny_work {
    enum hny_work_kind kind;
    struct hny_paragraph *paragraph;
    struct hny_stage_translate *translate;
    struct hny_record *done; /* [first, over) */
    size_t first, over, capacity;
    struct hny_piece *pieces;
    size_t piece_capacity;
    struct hny_buffer text;
};

static const char *const names[HNY_WORK_KINDS] = {"copy", "split", "translate", "join"};

const char *hny_work_name(enum hny_work_kind kind) {
    return names[kind];
}

hny_status hny_work_read(const char *name, const char *text, enum hny_work_kind *kind) {
    for (size_t i = 0; i < HNY_WORK_KINDS; i++) {
        if (strcmp(text, names[i]) != 0) continue;
        *kind = (enum hny_work_kind)i;
        return HNY_OK;
    }
    return hny_fail(HNY_ERROR_USAGE, "%s: %s is none of copy, split, translate, join", name, text);
}

hny_status hny_work_open(struct hny_work **work, enum hny_work_kind kind,
                         const struct hny_work_options *options) {
    struct hny_work *made = hny_allocate(1, sizeof *made);
    if (!made) return HNY_ERROR_MEMORY;
    made->kind = kind;
    hny_status status = HNY_OK;
    if (kind == HNY_WORK_SPLIT) status = hny_paragraph_create(&made->paragraph);
    if (kind == HNY_WORK_TRANSLATE) status = hny_stage_translate_open(&made->translate, options);
    if (status != HNY_OK) hny_work_close(&made);
    *work = made;
    return status;
}

void hny_work_close(struct hny_work **work) {
    struct hny_work *old = *work;
    if (!old) return;
    for (size_t i = old->first; i < old->over; i++) hny_payload_drop(&old->done[i].payload);
    hny_paragraph_destroy(&old->paragraph);
    hny_stage_translate_close(&old->translate);
    hny_buffer_free(&old->text);
    free(old->done);
    free(old->pieces);
    free(old);
    *work = NULL;
}

/* The line's sentences and what lies around them. */
static hny_status split(struct hny_work *work, const struct hny_payload *payload, struct hny_payload **made) {
    const struct hny_piece *line = &payload->sentences[0];
    const struct hny_span *spans;
    size_t count, at = 0, pieces = 0;
    HNY_TRY(hny_paragraph_split(work->paragraph, (struct hny_text){line->data, line->size}, &spans, &count));
    if (count == 0) return HNY_OK;
    size_t whole = count;
    if (count > MOST_SENTENCES) count = MOST_SENTENCES;
    if (hny_grow(&work->pieces, &work->piece_capacity, 2 * count + 1, sizeof *work->pieces))
        return HNY_ERROR_MEMORY;
    for (size_t i = 0; i < count; i++) {
        size_t last = i + 1 < count ? i : whole - 1, end = spans[last].start + spans[last].size;
        work->pieces[pieces++] = (struct hny_piece){line->data + at, spans[i].start - at};
        work->pieces[pieces++] = (struct hny_piece){line->data + spans[i].start, end - spans[i].start};
        at = end;
    }
    work->pieces[pieces++] = (struct hny_piece){line->data + at, line->size - at};
    *made = hny_payload_create((struct hny_piece){"", 0}, work->pieces, pieces);
    return *made ? HNY_OK : HNY_ERROR_MEMORY;
}

/* The line that the spacing is taken from consists of spacing alone, its sentences being empty. */
static hny_status join(struct hny_work *work, const struct hny_payload *payload, struct hny_payload **made) {
    size_t count = payload->count / 2;
    struct hny_buffer spacing = {0};
    struct hny_span *spans = hny_allocate(count, sizeof *spans);
    struct hny_text *texts = hny_allocate(count, sizeof *texts);
    hny_status status = spans && texts ? HNY_OK : HNY_ERROR_MEMORY;
    hny_buffer_clear(&work->text);
    for (size_t i = 0; status == HNY_OK && i <= count; i++) {
        const struct hny_piece *around = &payload->sentences[2 * i];
        status = hny_buffer_append(&spacing, around->data, around->size);
        if (i == count) break;
        spans[i] = (struct hny_span){spacing.size, 0};
        texts[i] = (struct hny_text){payload->sentences[2 * i + 1].data, payload->sentences[2 * i + 1].size};
    }
    if (status == HNY_OK)
        status = hny_paragraph_join(&work->text, (struct hny_text){spacing.data, spacing.size}, spans, texts,
                                    count, HNY_JOIN_TARGET);
    if (status == HNY_OK) {
        struct hny_piece piece = {work->text.data, work->text.size};
        *made = hny_payload_create((struct hny_piece){"", 0}, &piece, 1);
        if (!*made) status = HNY_ERROR_MEMORY;
    }
    hny_buffer_free(&spacing);
    free(spans);
    free(texts);
    return status;
}

hny_status hny_work_give(struct hny_work *work, const struct hny_record *record) {
    struct hny_payload *payload = record->payload, *made = NULL;
    hny_status status = HNY_OK;
    if (work->kind == HNY_WORK_TRANSLATE) return hny_stage_translate_give(work->translate, record);
    if (work->kind == HNY_WORK_SPLIT && payload->count == 1) status = split(work, payload, &made);
    if (work->kind == HNY_WORK_JOIN && payload->count > 1) status = join(work, payload, &made);
    if (made) {
        hny_payload_drop(&payload);
        payload = made;
    }
    if (status == HNY_OK && work->first == work->over) work->first = work->over = 0;
    if (status == HNY_OK && hny_grow(&work->done, &work->capacity, work->over + 1, sizeof *work->done))
        status = HNY_ERROR_MEMORY;
    if (status == HNY_OK)
        work->done[work->over++] = (struct hny_record){.number = record->number, .payload = payload};
    else
        hny_payload_drop(&payload);
    return status;
}

hny_status hny_work_take(struct hny_work *work, struct hny_record *record, bool *any) {
    if (work->kind == HNY_WORK_TRANSLATE) return hny_stage_translate_take(work->translate, record, any);
    *any = work->first < work->over;
    if (*any) *record = work->done[work->first++];
    return HNY_OK;
}

void *hny_work_socket(const struct hny_work *work) {
    return work->translate ? hny_stage_translate_socket(work->translate) : NULL;
}
