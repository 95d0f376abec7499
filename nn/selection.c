#include "nn/selection.h"

#include "base/memory.h"
#include <stdlib.h>

/* Widths are multiples of this. */
#define STEP ((size_t)128)

/* Weights of one width, which lie in this selection or that. */
struct form {
    struct hny_weights *weights; /* NULL: not met yet */
    size_t bytes;
};

struct hny_selector {
    size_t in;
    enum hny_precision precision;
    struct form *forms; /* [form_count]: of STEP columns, twice STEP, three times STEP, … */
    size_t form_count;
};

hny_status hny_selector_create(struct hny_selector **selector, size_t most, size_t in,
                               enum hny_precision precision) {
    struct hny_selector *made = hny_allocate(1, sizeof *made);
    if (!made) return HNY_ERROR_MEMORY;
    made->in = in;
    made->precision = precision;
    made->form_count = hny_selection_width(most) / STEP;
    made->forms = hny_allocate(made->form_count, sizeof *made->forms);
    *selector = made;
    if (made->forms) return HNY_OK;
    hny_selector_destroy(selector);
    return HNY_ERROR_MEMORY;
}

void hny_selector_destroy(struct hny_selector **selector) {
    struct hny_selector *old = *selector;
    if (!old) return;
    for (size_t i = 0; old->forms && i < old->form_count; i++) hny_weights_destroy(&old->forms[i].weights);
    free(old->forms);
    free(old);
    *selector = NULL;
}

void hny_selection_free(struct hny_selection *selection) {
    free(selection->storage);
    *selection = (struct hny_selection){0};
}

size_t hny_selection_width(size_t count) {
    return (count + STEP - 1) / STEP * STEP;
}

static hny_status find_form(struct hny_selector *selector, size_t count, struct form **found) {
    size_t width = hny_selection_width(count);
    if (count == 0 || width / STEP > selector->form_count)
        return hny_fail(HNY_ERROR_USAGE, "%zu rows cannot be selected: 1 to %zu can", count,
                        selector->form_count * STEP);
    struct form *form = *found = &selector->forms[width / STEP - 1];
    if (form->weights) return HNY_OK;
    return hny_weights_create_apart(&form->weights, width, selector->in, selector->precision, &form->bytes);
}

hny_status hny_selection_pack(struct hny_selector *selector, struct hny_products *products,
                              struct hny_selection *selection, const hny_real *values, const int32_t *rows,
                              size_t count) {
    struct form *form = NULL;
    HNY_TRY(find_form(selector, count, &form));
    if (selection->bytes < form->bytes) {
        hny_selection_free(selection);
        selection->storage = hny_allocate(form->bytes, 1);
        if (!selection->storage) return HNY_ERROR_MEMORY;
        selection->bytes = form->bytes;
    }
    selection->count = count;
    HNY_TRY(hny_weights_move(form->weights, selection->storage));
    return hny_weights_pack_rows(products, form->weights, values, rows, count);
}

hny_status hny_selection_product(struct hny_selector *selector, struct hny_products *products,
                                 const struct hny_selection *selection, size_t rows, const hny_real *x,
                                 hny_real *y) {
    struct form *form = NULL;
    HNY_TRY(find_form(selector, selection->count, &form));
    HNY_TRY(hny_weights_move(form->weights, selection->storage));
    return hny_product(products, form->weights, rows, x, selector->in, y,
                       hny_selection_width(selection->count), false);
}
