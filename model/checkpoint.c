#include "model/checkpoint.h"

#include "base/file.h"
#include "base/memory.h"
#include "model/manifest.h"
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FOLDER "checkpoints"
#define STEP_PREFIX "step-"
#define PART_ENDING ".part"
#define POINTER_BYTES ((size_t)256) /* at most */

static const char *const pointer_names[HNY_CHECKPOINT_POINTERS] = {"current", "best"};

struct hny_checkpoint {
    char *out;
    uint64_t step;
    struct hny_buffer part;  /* where it is written */
    struct hny_buffer whole; /* the name it gets */
};

/* --- Names --------------------------------------------------------------------------------------------- */

hny_status hny_checkpoint_path(const char *out, uint64_t step, struct hny_buffer *folder) {
    hny_buffer_clear(folder);
    return hny_buffer_print(folder, "%s/" FOLDER "/" STEP_PREFIX "%" PRIu64, out, step);
}

/* Whether NAME is "step-N" as hny_checkpoint_path writes it. */
static bool parse_step(const char *name, uint64_t *step) {
    char again[64];
    if (strncmp(name, STEP_PREFIX, strlen(STEP_PREFIX)) != 0) return false;
    *step = strtoull(name + strlen(STEP_PREFIX), NULL, 10);
    snprintf(again, sizeof again, STEP_PREFIX "%" PRIu64, *step);
    return strcmp(name, again) == 0;
}

static bool ends_with(const char *name, const char *ending) {
    size_t length = strlen(name), tail = strlen(ending);
    return length >= tail && strcmp(name + length - tail, ending) == 0;
}

/* --- Pointers ------------------------------------------------------------------------------------------ */

hny_status hny_checkpoint_find(const char *out, enum hny_checkpoint_pointer pointer,
                               struct hny_buffer *folder, uint64_t *step, bool *found) {
    struct hny_buffer path = {0}, text = {0};
    hny_status status = hny_path_join(&path, out, pointer_names[pointer]);
    if (status != HNY_OK) goto done;
    *found = hny_path_exists(path.data);
    if (!*found) goto done;
    status = hny_file_read(path.data, POINTER_BYTES, &text);
    if (status != HNY_OK) goto done;
    if (text.size > 0 && text.data[text.size - 1] == '\n') text.data[text.size - 1] = '\0';
    const size_t prefix = strlen(FOLDER "/");
    if (text.size <= prefix || strncmp(text.data, FOLDER "/", prefix) != 0 ||
        !parse_step(text.data + prefix, step)) {
        status = hny_fail(HNY_ERROR_INPUT, "%s: expected a line \"" FOLDER "/" STEP_PREFIX "N\"", path.data);
        goto done;
    }
    status = hny_checkpoint_path(out, *step, folder);
    if (status == HNY_OK && !hny_path_exists(folder->data))
        status = hny_fail(HNY_ERROR_INPUT, "%s: names %s, which is not there", path.data, folder->data);
done:
    hny_buffer_free(&path);
    hny_buffer_free(&text);
    return status;
}

static hny_status write_pointer(const char *out, enum hny_checkpoint_pointer pointer, uint64_t step) {
    struct hny_buffer path = {0}, text = {0};
    hny_status status = hny_path_join(&path, out, pointer_names[pointer]);
    if (status == HNY_OK) status = hny_buffer_print(&text, FOLDER "/" STEP_PREFIX "%" PRIu64 "\n", step);
    if (status == HNY_OK) status = hny_file_write(path.data, text.data, text.size);
    hny_buffer_free(&path);
    hny_buffer_free(&text);
    return status;
}

hny_status hny_checkpoint_point(const char *out, enum hny_checkpoint_pointer pointer, uint64_t step) {
    struct hny_buffer folder = {0};
    hny_status status = hny_checkpoint_path(out, step, &folder);
    if (status == HNY_OK && !hny_path_exists(folder.data))
        status = hny_fail(HNY_ERROR_USAGE, "%s: is not there for %s to name it", folder.data,
                          pointer_names[pointer]);
    hny_buffer_free(&folder);
    return status == HNY_OK ? write_pointer(out, pointer, step) : status;
}

/* Whether a pointer of OUT names STEP. A broken pointer is a failure: what it named must not be removed. */
static hny_status is_named(const char *out, uint64_t step, bool *named) {
    struct hny_buffer folder = {0};
    hny_status status = HNY_OK;
    *named = false;
    for (size_t i = 0; i < HNY_CHECKPOINT_POINTERS && status == HNY_OK; i++) {
        uint64_t at = 0;
        bool found = false;
        status = hny_checkpoint_find(out, (enum hny_checkpoint_pointer)i, &folder, &at, &found);
        if (status == HNY_OK && found && at == step) *named = true;
    }
    hny_buffer_free(&folder);
    return status;
}

/* --- Writing ------------------------------------------------------------------------------------------- */

/* The name of the folder PATH that is nobody's: the next hny_checkpoint_clean removes it. */
static hny_status part_of(struct hny_buffer *part, const char *path, const char *infix) {
    hny_buffer_clear(part);
    return hny_buffer_print(part, "%s%s" PART_ENDING, path, infix);
}

static hny_status move(const char *from, const char *to) {
    return rename(from, to) == 0 ? HNY_OK : hny_fail_errno("%s: cannot become %s", from, to);
}

/* Removes the folder PATH so that killed at any moment it is there whole or not at all. */
static hny_status remove_whole(const char *path) {
    struct hny_buffer part = {0};
    hny_status status = part_of(&part, path, ".old");
    if (status == HNY_OK) status = hny_directory_remove(part.data);
    if (status == HNY_OK) status = move(path, part.data);
    if (status == HNY_OK) status = hny_directory_remove(part.data);
    hny_buffer_free(&part);
    return status;
}

static hny_status sync_folder(const char *out) {
    struct hny_buffer path = {0};
    hny_status status = hny_path_join(&path, out, FOLDER);
    if (status == HNY_OK) status = hny_directory_sync(path.data);
    hny_buffer_free(&path);
    return status;
}

static void free_checkpoint(struct hny_checkpoint **checkpoint) {
    hny_buffer_free(&(*checkpoint)->part);
    hny_buffer_free(&(*checkpoint)->whole);
    free((*checkpoint)->out);
    free(*checkpoint);
    *checkpoint = NULL;
}

static hny_status begin(struct hny_checkpoint *checkpoint, const char *out) {
    bool named = false;
    checkpoint->out = strdup(out);
    if (!checkpoint->out) return hny_fail(HNY_ERROR_MEMORY, "%s: out of memory", out);
    HNY_TRY(hny_checkpoint_path(out, checkpoint->step, &checkpoint->whole));
    HNY_TRY(part_of(&checkpoint->part, checkpoint->whole.data, ""));
    HNY_TRY(is_named(out, checkpoint->step, &named));
    if (named) return hny_fail(HNY_ERROR_USAGE, "%s: is there already", checkpoint->whole.data);
    HNY_TRY(hny_directory_remove(checkpoint->part.data));
    HNY_TRY(hny_directory_create(checkpoint->part.data));
    return hny_directory_sync(out); /* `checkpoints` itself may be new */
}

hny_status hny_checkpoint_begin(struct hny_checkpoint **checkpoint, const char *out, uint64_t step) {
    struct hny_checkpoint *made = hny_allocate(1, sizeof *made);
    if (!made) return HNY_ERROR_MEMORY;
    made->step = step;
    hny_status status = begin(made, out);
    if (status == HNY_OK)
        *checkpoint = made;
    else
        free_checkpoint(&made);
    return status;
}

const char *hny_checkpoint_folder(const struct hny_checkpoint *checkpoint) {
    return checkpoint->part.data;
}

void hny_checkpoint_abandon(struct hny_checkpoint **checkpoint) {
    if (!*checkpoint) return;
    hny_directory_remove((*checkpoint)->part.data); /* what cannot be removed now, clean will remove */
    free_checkpoint(checkpoint);
}

/* Gives the checkpoint its name. One of the same step that no pointer names makes way. */
static hny_status take_name(const struct hny_checkpoint *checkpoint) {
    HNY_TRY(hny_manifest_write(checkpoint->part.data));
    if (hny_path_exists(checkpoint->whole.data)) HNY_TRY(remove_whole(checkpoint->whole.data));
    HNY_TRY(move(checkpoint->part.data, checkpoint->whole.data));
    return sync_folder(checkpoint->out);
}

hny_status hny_checkpoint_commit(struct hny_checkpoint **checkpoint) {
    hny_status status = take_name(*checkpoint);
    if (status == HNY_OK)
        status = write_pointer((*checkpoint)->out, HNY_CHECKPOINT_CURRENT, (*checkpoint)->step);
    if (status == HNY_OK)
        free_checkpoint(checkpoint);
    else
        hny_checkpoint_abandon(checkpoint);
    return status;
}

hny_status hny_checkpoint_verify(const char *folder) {
    return hny_manifest_check(folder);
}

/* --- Listing and removing ------------------------------------------------------------------------------ */

struct steps {
    uint64_t *steps;
    size_t count, capacity;
};

/* Does with one entry of FOLDER what the walk is for. */
typedef hny_status visit(void *context, const char *folder, const char *name);

static hny_status walk(const char *out, visit *call, void *context) {
    struct hny_buffer folder = {0};
    HNY_TRY(hny_path_join(&folder, out, FOLDER));
    hny_status status = HNY_OK;
    DIR *entries = opendir(folder.data);
    if (!entries && errno != ENOENT) status = hny_fail_errno("%s: cannot be listed", folder.data);
    while (entries && status == HNY_OK) {
        errno = 0;
        const struct dirent *entry = readdir(entries);
        if (!entry && errno) status = hny_fail_errno("%s: cannot be listed", folder.data);
        if (!entry) break;
        status = call(context, folder.data, entry->d_name);
    }
    if (entries) closedir(entries);
    hny_buffer_free(&folder);
    return status;
}

static hny_status remove_part(void *context, const char *folder, const char *name) {
    (void)context;
    struct hny_buffer path = {0};
    if (strncmp(name, STEP_PREFIX, strlen(STEP_PREFIX)) != 0 || !ends_with(name, PART_ENDING)) return HNY_OK;
    hny_status status = hny_path_join(&path, folder, name);
    if (status == HNY_OK) status = hny_directory_remove(path.data);
    hny_buffer_free(&path);
    return status;
}

hny_status hny_checkpoint_clean(const char *out) {
    return walk(out, remove_part, NULL);
}

static hny_status add_step(void *context, const char *folder, const char *name) {
    (void)folder;
    struct steps *list = context;
    uint64_t step = 0;
    if (!parse_step(name, &step)) return HNY_OK;
    if (hny_grow(&list->steps, &list->capacity, list->count + 1, sizeof *list->steps) != 0)
        return HNY_ERROR_MEMORY;
    list->steps[list->count++] = step;
    return HNY_OK;
}

static int compare_steps(const void *left, const void *right) {
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return a < b ? -1 : a > b;
}

hny_status hny_checkpoint_list(const char *out, uint64_t **steps, size_t *count) {
    struct steps list = {0};
    hny_status status = walk(out, add_step, &list);
    if (status != HNY_OK) {
        free(list.steps);
        return status;
    }
    if (list.count) qsort(list.steps, list.count, sizeof *list.steps, compare_steps);
    *steps = list.steps;
    *count = list.count;
    return HNY_OK;
}

static hny_status remove_unnamed(const char *out, uint64_t step) {
    bool named = false;
    HNY_TRY(is_named(out, step, &named));
    if (named) return HNY_OK;
    struct hny_buffer path = {0};
    hny_status status = hny_checkpoint_path(out, step, &path);
    if (status == HNY_OK) status = remove_whole(path.data);
    hny_buffer_free(&path);
    return status;
}

hny_status hny_checkpoint_keep(const char *out, size_t keep) {
    uint64_t *steps = NULL;
    size_t count = 0;
    HNY_TRY(hny_checkpoint_list(out, &steps, &count));
    hny_status status = HNY_OK;
    for (size_t i = 0; i + keep < count && status == HNY_OK; i++) status = remove_unnamed(out, steps[i]);
    free(steps);
    return status;
}
