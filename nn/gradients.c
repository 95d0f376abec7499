#include "nn/gradients.h"

#include "base/memory.h"
#include "base/profile.h"
#include "nn/elementwise.h"
#include "nn/gradient_table.h"
#include <stdlib.h>
#include <string.h>

/* Rows of a matrix's gradient that one task computes at most: enough for what it reads of x to be spread
 * over. */
#define TASK_ROWS ((size_t)2048)

/* Some rows of a tensor's gradient. */
struct hny_gradient_task {
    const struct hny_tensor *tensor;
    size_t first, count;
    double cost;  /* multiply-adds */
    size_t order; /* in which the tasks were found */
};

/* A tensor whose gradient is neither a product nor rows of a table. */
static bool is_vector(const struct hny_tensor *tensor) {
    return !tensor->product && !tensor->lookup;
}

static hny_status lay_out(struct hny_gradients *gradients) {
    const struct hny_parameters *parameters = gradients->parameters;
    const struct hny_tensor *lookup = NULL;
    for (size_t i = 0; i < parameters->tensor_count; i++) {
        const struct hny_tensor *tensor = parameters->tensors[i];
        if (tensor->lookup) {
            lookup = tensor;
            HNY_TRY(hny_gradient_table_create(&gradients->tables[i], tensor->shape[0], tensor->shape[1]));
            continue;
        }
        if (lookup)
            return hny_fail(HNY_ERROR_USAGE, "tensor %s comes after the table %s", tensor->name,
                            lookup->name);
        gradients->block_count = tensor->offset + tensor->count;
        gradients->vector_at[i] = gradients->vector_count;
        if (is_vector(tensor)) gradients->vector_count += tensor->count;
    }
    return HNY_OK;
}

static hny_status fill(struct hny_gradients *made) {
    size_t tensors = made->parameters->tensor_count;
    made->notes = hny_allocate(made->shards, sizeof *made->notes);
    made->vector_at = hny_allocate(tensors, sizeof *made->vector_at);
    made->filled = hny_allocate(tensors, sizeof *made->filled);
    made->tables = hny_allocate(tensors, sizeof(struct hny_gradient_table *));
    if (!made->notes || !made->vector_at || !made->filled || !made->tables) return HNY_ERROR_MEMORY;
    HNY_TRY(lay_out(made));
    if (!(made->block = hny_allocate(made->block_count, sizeof *made->block))) return HNY_ERROR_MEMORY;
    for (size_t s = 0; s < made->shards; s++) {
        made->notes[s].vector_at = made->vector_at;
        made->notes[s].vectors = hny_allocate(made->vector_count, sizeof *made->notes[s].vectors);
        if (!made->notes[s].vectors) return HNY_ERROR_MEMORY;
    }
    return HNY_OK;
}

hny_status hny_gradients_create(struct hny_gradients **gradients, const struct hny_parameters *parameters,
                                size_t shards) {
    struct hny_gradients *made = hny_allocate(1, sizeof *made);
    if (!made) return HNY_ERROR_MEMORY;
    made->parameters = parameters;
    made->shards = shards;
    hny_status status = fill(made);
    if (status != HNY_OK) hny_gradients_destroy(&made);
    *gradients = made;
    return status;
}

void hny_gradients_destroy(struct hny_gradients **gradients) {
    struct hny_gradients *old = *gradients;
    if (!old) return;
    for (size_t s = 0; old->notes && s < old->shards; s++) {
        free(old->notes[s].list);
        free(old->notes[s].vectors);
    }
    for (size_t i = 0; old->tables && i < old->parameters->tensor_count; i++)
        hny_gradient_table_destroy(&old->tables[i]);
    free(old->notes);
    free(old->block);
    free(old->vector_at);
    free(old->filled);
    free(old->tables);
    free(old->tasks);
    free(old);
    *gradients = NULL;
}

/* --- The tasks -------------------------------------------------------------------------------------- */

static double cost_of(const struct hny_gradients *gradients, const struct hny_tensor *tensor, size_t count) {
    double cost = 0;
    for (size_t s = 0; s < gradients->shards; s++)
        for (size_t n = 0; n < gradients->notes[s].count; n++) {
            const struct hny_note *note = &gradients->notes[s].list[n];
            if (note->tensor == tensor)
                cost += (double)note->rows * (double)tensor->shape[1] * (note->ids ? 1 : (double)count);
        }
    return cost;
}

/* Tables are not cut: any row may be anywhere in a note. */
static hny_status add_tasks(struct hny_gradients *gradients, const struct hny_note *note, size_t *tasks) {
    for (size_t i = 0; i < *tasks; i++)
        if (gradients->tasks[i].tensor == note->tensor) return HNY_OK;
    size_t rows = note->tensor->shape[0], most = note->ids ? rows : TASK_ROWS;
    for (size_t first = 0; first < rows; first += most) {
        if (hny_grow(&gradients->tasks, &gradients->task_capacity, *tasks + 1, sizeof *gradients->tasks))
            return HNY_ERROR_MEMORY;
        size_t count = rows - first < most ? rows - first : most;
        gradients->tasks[*tasks] = (struct hny_gradient_task){.tensor = note->tensor,
                                                              .first = first,
                                                              .count = count,
                                                              .cost = cost_of(gradients, note->tensor, count),
                                                              .order = *tasks};
        ++*tasks;
    }
    return HNY_OK;
}

static int dearest_first(const void *a, const void *b) {
    const struct hny_gradient_task *one = a, *other = b;
    if (one->cost != other->cost) return one->cost > other->cost ? -1 : 1;
    return one->order < other->order ? -1 : 1;
}

static hny_status find_tasks(struct hny_gradients *gradients, size_t *tasks) {
    *tasks = 0;
    for (size_t s = 0; s < gradients->shards; s++)
        for (size_t n = 0; n < gradients->notes[s].count; n++)
            HNY_TRY(add_tasks(gradients, &gradients->notes[s].list[n], tasks));
    if (*tasks > 0) qsort(gradients->tasks, *tasks, sizeof *gradients->tasks, dearest_first);
    return HNY_OK;
}

/* --- Computing -------------------------------------------------------------------------------------- */

struct work {
    struct hny_gradients *gradients;
    struct hny_compute *const *computes;
};

/* One note's part of TASK. *FILLED: whether the block holds something of the task's rows. */
static hny_status add_note(const struct work *work, const struct hny_gradient_task *task,
                           const struct hny_note *note, size_t thread, bool *filled) {
    const struct hny_tensor *tensor = task->tensor;
    size_t width = tensor->shape[1];
    hny_real *to = work->gradients->block + tensor->offset + task->first * width;
    if (!note->ids) {
        const struct hny_compute *compute = work->computes[thread];
        HNY_TRY(hny_product_weight_gradient(compute->products, compute->precision, note->rows, task->count,
                                            width, note->dy + task->first, note->dy_stride, note->x,
                                            note->x_stride, to, *filled));
        *filled = true;
        return HNY_OK;
    }
    HNY_PROFILE("embeddings");
    if (tensor->lookup) return hny_gradient_table_add(work->gradients->tables[tensor->number], note);
    if (!*filled) memset(to, 0, task->count * width * sizeof *to);
    *filled = true;
    hny_note_add_rows(note, to);
    return HNY_OK;
}

static hny_status run_task(void *context, size_t part, size_t thread) {
    const struct work *work = context;
    const struct hny_gradients *gradients = work->gradients;
    const struct hny_gradient_task *task = &gradients->tasks[part];
    bool filled = gradients->filled[task->tensor->number];
    for (size_t s = 0; s < gradients->shards; s++)
        for (size_t n = 0; n < gradients->notes[s].count; n++)
            if (gradients->notes[s].list[n].tensor == task->tensor)
                HNY_TRY(add_note(work, task, &gradients->notes[s].list[n], thread, &filled));
    return HNY_OK;
}

hny_status hny_gradients_compute(struct hny_gradients *gradients, struct hny_compute *const *computes,
                                 struct hny_threads *threads) {
    struct work work = {gradients, computes};
    size_t tasks;
    HNY_TRY(find_tasks(gradients, &tasks));
    HNY_TRY(hny_threads_run(threads, tasks, run_task, &work));
    for (size_t i = 0; i < tasks; i++)
        gradients->filled[gradients->tasks[i].tensor->number] = !gradients->tasks[i].tensor->lookup;
    for (size_t s = 0; s < gradients->shards; s++) gradients->notes[s].count = 0;
    return HNY_OK;
}

void hny_gradients_sum_vectors(struct hny_gradients *gradients) {
    const struct hny_parameters *parameters = gradients->parameters;
    for (size_t i = 0; i < parameters->tensor_count; i++) {
        const struct hny_tensor *tensor = parameters->tensors[i];
        if (!is_vector(tensor)) continue;
        hny_real *to = gradients->block + tensor->offset;
        memcpy(to, hny_notes_vector(&gradients->notes[0], tensor), tensor->count * sizeof *to);
        for (size_t s = 1; s < gradients->shards; s++)
            hny_add(to, hny_notes_vector(&gradients->notes[s], tensor), tensor->count);
        gradients->filled[i] = true;
    }
}

const hny_real *hny_gradients_part(const struct hny_gradients *gradients, const struct hny_tensor *tensor,
                                   size_t first, size_t count, hny_real *scratch) {
    if (tensor->lookup)
        return hny_gradient_table_part(gradients->tables[tensor->number], first, count, scratch) ? scratch
                                                                                                 : NULL;
    return gradients->filled[tensor->number] ? gradients->block + tensor->offset + first : NULL;
}

void hny_gradients_clear(struct hny_gradients *gradients) {
    size_t tensors = gradients->parameters->tensor_count;
    memset(gradients->filled, 0, tensors * sizeof *gradients->filled);
    for (size_t i = 0; i < tensors; i++)
        if (gradients->tables[i]) hny_gradient_table_clear(gradients->tables[i]);
    for (size_t s = 0; s < gradients->shards; s++) {
        gradients->notes[s].count = 0;
        memset(gradients->notes[s].vectors, 0, gradients->vector_count * sizeof(hny_real));
    }
}

size_t hny_gradients_bytes(const struct hny_gradients *gradients) {
    size_t bytes = (gradients->block_count + gradients->shards * gradients->vector_count) * sizeof(hny_real);
    for (size_t i = 0; i < gradients->parameters->tensor_count; i++)
        if (gradients->tables[i]) bytes += hny_gradient_table_bytes(gradients->tables[i]);
    return bytes;
}
