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

/* What a folder's name says. */
struct name {
    uint64_t step;
    uint64_t revision; /* from 1; 0: none */
};

struct hny_checkpoint {
    char *out;
    struct name name;
    struct hny_buffer part;  /* where it is written */
    struct hny_buffer whole; /* the name it gets */
};

/* --- Names --------------------------------------------------------------------------------------------- */

/* Appends "step-N", or "step-N.R" from the second revision on. */
static hny_status print_name(struct hny_buffer *text, struct name name) {
    HNY_TRY(hny_buffer_print(text, STEP_PREFIX "%" PRIu64, name.step));
    return name.revision > 1 ? hny_buffer_print(text, ".%" PRIu64, name.revision) : HNY_OK;
}

/* Whether TEXT is a name as print_name writes it. */
static bool parse_name(const char *text, struct name *name) {
    char again[64];
    char *end;
    if (strncmp(text, STEP_PREFIX, strlen(STEP_PREFIX)) != 0) return false;
    *name = (struct name){.step = strtoull(text + strlen(STEP_PREFIX), &end, 10), .revision = 1};
    if (*end == '\0') {
        snprintf(again, sizeof again, STEP_PREFIX "%" PRIu64, name->step);
    } else {
        name->revision = strtoull(end + 1, NULL, 10);
        if (name->revision < 2) return false;
        snprintf(again, sizeof again, STEP_PREFIX "%" PRIu64 ".%" PRIu64, name->step, name->revision);
    }
    return strcmp(text, again) == 0;
}

/* By step, then revision. */
static int compare_names(const void *left, const void *right) {
    const struct name *a = left, *b = right;
    if (a->step != b->step) return a->step < b->step ? -1 : 1;
    return a->revision < b->revision ? -1 : a->revision > b->revision;
}

static bool same_name(struct name a, struct name b) {
    return compare_names(&a, &b) == 0;
}

/* The path of the checkpoint NAME in FOLDER, which is cleared first. */
static hny_status path_of(const char *out, struct name name, struct hny_buffer *folder) {
    hny_buffer_clear(folder);
    HNY_TRY(hny_buffer_print(folder, "%s/" FOLDER "/", out));
    return print_name(folder, name);
}

static bool ends_with(const char *name, const char *ending) {
    size_t length = strlen(name), tail = strlen(ending);
    return length >= tail && strcmp(name + length - tail, ending) == 0;
}

/* --- Pointers ------------------------------------------------------------------------------------------ */

/* *NAME is what POINTER says; revision 0 where there is no such pointer. FOLDER, which is cleared first, is
 * its path. */
static hny_status read_pointer(const char *out, enum hny_checkpoint_pointer pointer,
                               struct hny_buffer *folder, struct name *name) {
    struct hny_buffer path = {0}, text = {0};
    const size_t prefix = strlen(FOLDER "/");
    *name = (struct name){0};
    hny_status status = hny_path_join(&path, out, pointer_names[pointer]);
    if (status != HNY_OK || !hny_path_exists(path.data)) goto done;
    status = hny_file_read(path.data, POINTER_BYTES, &text);
    if (status != HNY_OK) goto done;
    if (text.size > 0 && text.data[text.size - 1] == '\n') text.data[text.size - 1] = '\0';
    if (text.size <= prefix || strncmp(text.data, FOLDER "/", prefix) != 0 ||
        !parse_name(text.data + prefix, name)) {
        status = hny_fail(HNY_ERROR_INPUT, "%s: expected a line \"" FOLDER "/" STEP_PREFIX "N\"", path.data);
        goto done;
    }
    status = path_of(out, *name, folder);
    if (status == HNY_OK && !hny_path_exists(folder->data))
        status = hny_fail(HNY_ERROR_INPUT, "%s: names %s, which is not there", path.data, folder->data);
done:
    hny_buffer_free(&path);
    hny_buffer_free(&text);
    return status;
}

hny_status hny_checkpoint_find(const char *out, enum hny_checkpoint_pointer pointer,
                               struct hny_buffer *folder, uint64_t *step, bool *found) {
    struct name name;
    HNY_TRY(read_pointer(out, pointer, folder, &name));
    *found = name.revision > 0;
    if (*found) *step = name.step;
    return HNY_OK;
}

static hny_status write_pointer(const char *out, enum hny_checkpoint_pointer pointer, struct name name) {
    struct hny_buffer path = {0}, text = {0};
    hny_status status = hny_path_join(&path, out, pointer_names[pointer]);
    if (status == HNY_OK) status = hny_buffer_print(&text, FOLDER "/");
    if (status == HNY_OK) status = print_name(&text, name);
    if (status == HNY_OK) status = hny_buffer_append(&text, "\n", 1);
    if (status == HNY_OK) status = hny_file_write(path.data, text.data, text.size);
    hny_buffer_free(&path);
    hny_buffer_free(&text);
    return status;
}

/* What the pointers of OUT name. A broken pointer is a failure: what it named must not be removed. */
static hny_status read_pointers(const char *out, struct name named[HNY_CHECKPOINT_POINTERS]) {
    struct hny_buffer folder = {0};
    hny_status status = HNY_OK;
    for (size_t i = 0; i < HNY_CHECKPOINT_POINTERS && status == HNY_OK; i++)
        status = read_pointer(out, (enum hny_checkpoint_pointer)i, &folder, &named[i]);
    hny_buffer_free(&folder);
    return status;
}

static hny_status is_named(const char *out, struct name name, bool *named) {
    struct name names[HNY_CHECKPOINT_POINTERS];
    HNY_TRY(read_pointers(out, names));
    *named = false;
    for (size_t i = 0; i < HNY_CHECKPOINT_POINTERS; i++)
        if (same_name(names[i], name)) *named = true;
    return HNY_OK;
}

/* The name of a new checkpoint of STEP: its first revision behind all that pointers name. */
static hny_status next_name(const char *out, uint64_t step, struct name *name) {
    struct name names[HNY_CHECKPOINT_POINTERS];
    HNY_TRY(read_pointers(out, names));
    *name = (struct name){.step = step, .revision = 1};
    for (size_t i = 0; i < HNY_CHECKPOINT_POINTERS; i++)
        if (names[i].step == step && names[i].revision >= name->revision)
            name->revision = names[i].revision + 1;
    return HNY_OK;
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

static hny_status begin(struct hny_checkpoint *checkpoint, const char *out, uint64_t step) {
    checkpoint->out = strdup(out);
    if (!checkpoint->out) return hny_fail(HNY_ERROR_MEMORY, "%s: out of memory", out);
    HNY_TRY(next_name(out, step, &checkpoint->name));
    HNY_TRY(path_of(out, checkpoint->name, &checkpoint->whole));
    HNY_TRY(part_of(&checkpoint->part, checkpoint->whole.data, ""));
    HNY_TRY(hny_directory_remove(checkpoint->part.data));
    HNY_TRY(hny_directory_create(checkpoint->part.data));
    return hny_directory_sync(out); /* `checkpoints` itself may be new */
}

hny_status hny_checkpoint_begin(struct hny_checkpoint **checkpoint, const char *out, uint64_t step) {
    struct hny_checkpoint *made = hny_allocate(1, sizeof *made);
    if (!made) return HNY_ERROR_MEMORY;
    hny_status status = begin(made, out, step);
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

/* Gives the checkpoint its name. One of the same name, which no pointer names, makes way. */
static hny_status take_name(const struct hny_checkpoint *checkpoint) {
    HNY_TRY(hny_manifest_write(checkpoint->part.data));
    if (hny_path_exists(checkpoint->whole.data)) HNY_TRY(remove_whole(checkpoint->whole.data));
    HNY_TRY(move(checkpoint->part.data, checkpoint->whole.data));
    return sync_folder(checkpoint->out);
}

hny_status hny_checkpoint_commit(struct hny_checkpoint **checkpoint) {
    hny_status status = take_name(*checkpoint);
    if (status == HNY_OK)
        status = write_pointer((*checkpoint)->out, HNY_CHECKPOINT_CURRENT, (*checkpoint)->name);
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

struct names {
    struct name *names;
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

static hny_status add_name(void *context, const char *folder, const char *entry) {
    (void)folder;
    struct names *list = context;
    struct name name;
    if (!parse_name(entry, &name)) return HNY_OK;
    if (hny_grow(&list->names, &list->capacity, list->count + 1, sizeof *list->names) != 0)
        return HNY_ERROR_MEMORY;
    list->names[list->count++] = name;
    return HNY_OK;
}

/* All whole checkpoints by step and revision; on failure there is nothing to free. */
static hny_status list_names(const char *out, struct names *list) {
    *list = (struct names){0};
    hny_status status = walk(out, add_name, list);
    if (status != HNY_OK) {
        free(list->names);
        *list = (struct names){0};
    }
    if (list->count) qsort(list->names, list->count, sizeof *list->names, compare_names);
    return status;
}

/* Whether a later revision of the same step follows in the list. */
static bool is_superseded(const struct names *list, size_t i) {
    return i + 1 < list->count && list->names[i + 1].step == list->names[i].step;
}

hny_status hny_checkpoint_list(const char *out, uint64_t **steps, size_t *count) {
    struct names list;
    HNY_TRY(list_names(out, &list));
    *count = 0;
    *steps = NULL;
    if (list.count) *steps = hny_allocate(list.count, sizeof **steps);
    hny_status status = list.count && !*steps ? HNY_ERROR_MEMORY : HNY_OK;
    for (size_t i = 0; status == HNY_OK && i < list.count; i++)
        if (!is_superseded(&list, i)) (*steps)[(*count)++] = list.names[i].step;
    free(list.names);
    return status;
}

static hny_status remove_unnamed(const char *out, struct name name) {
    bool named = false;
    HNY_TRY(is_named(out, name, &named));
    if (named) return HNY_OK;
    struct hny_buffer path = {0};
    hny_status status = path_of(out, name, &path);
    if (status == HNY_OK) status = remove_whole(path.data);
    hny_buffer_free(&path);
    return status;
}

hny_status hny_checkpoint_keep(const char *out, size_t keep) {
    struct names list;
    HNY_TRY(list_names(out, &list));
    hny_status status = HNY_OK;
    size_t kept = 0;
    for (size_t i = list.count; i-- > 0 && status == HNY_OK;) {
        if (!is_superseded(&list, i) && kept < keep)
            kept++;
        else
            status = remove_unnamed(out, list.names[i]);
    }
    free(list.names);
    return status;
}

/* --- Pointing ------------------------------------------------------------------------------------------ */

/* The checkpoint of STEP that counts: the current one where it is of that step, or else the last revision;
 * revision 0 where there is none. */
static hny_status latest_name(const char *out, uint64_t step, struct name *name) {
    struct name names[HNY_CHECKPOINT_POINTERS];
    struct names list;
    HNY_TRY(read_pointers(out, names));
    *name = names[HNY_CHECKPOINT_CURRENT];
    if (name->revision > 0 && name->step == step) return HNY_OK;
    HNY_TRY(list_names(out, &list));
    *name = (struct name){.step = step};
    for (size_t i = 0; i < list.count; i++)
        if (list.names[i].step == step) *name = list.names[i];
    free(list.names);
    return HNY_OK;
}

hny_status hny_checkpoint_point(const char *out, enum hny_checkpoint_pointer pointer, uint64_t step) {
    struct name name;
    HNY_TRY(latest_name(out, step, &name));
    if (name.revision == 0)
        return hny_fail(HNY_ERROR_USAGE, "%s: there is no checkpoint of step %" PRIu64 " for %s to name", out,
                        step, pointer_names[pointer]);
    return write_pointer(out, pointer, name);
}
