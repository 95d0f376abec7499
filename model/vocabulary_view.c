#include "model/vocabulary_view.h"

#include <stdlib.h>

hny_status hny_vocabulary_view_open(struct hny_vocabulary_view *view, const struct hny_model *model) {
    size_t count = model->target_vocabulary;
    *view = (struct hny_vocabulary_view){.bytes = hny_allocate(count, sizeof *view->bytes),
                                         .forbidden = hny_allocate(count, sizeof *view->forbidden)};
    if (!view->bytes || !view->forbidden) {
        hny_vocabulary_view_close(view);
        return HNY_ERROR_MEMORY;
    }
    for (size_t id = 0; id < count; id++)
        view->bytes[id] =
            model->target_tokenizer ? (int16_t)hny_tokenizer_byte(model->target_tokenizer, (int32_t)id) : -1;
    view->forbidden[HNY_ID_PAD] = view->forbidden[HNY_ID_UNKNOWN] = view->forbidden[HNY_ID_BEGIN] = true;
    view->model = (struct hny_search_model){.decoder = model->decoder,
                                            .embedding = &model->target_embedding,
                                            .head = &model->head,
                                            .bytes = view->bytes,
                                            .begin = HNY_ID_BEGIN,
                                            .end = HNY_ID_END,
                                            .forbidden = view->forbidden};
    return HNY_OK;
}

void hny_vocabulary_view_close(struct hny_vocabulary_view *view) {
    free(view->bytes);
    free(view->forbidden);
    *view = (struct hny_vocabulary_view){0};
}
