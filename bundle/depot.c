#include "bundle/depot.h"

#include "base/descriptor.h"
#include "base/file.h"
#include "base/json.h"
#include "base/progress.h"
#include "bundle/bundle.h"
#include "bundle/depot_chain.h"
#include "bundle/depot_edit.h"
#include "bundle/peek.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define COPY_BYTES ((size_t)1 << 18)

hny_status hny_depot_read(const char *folder, struct hny_depot_index *index) {
    struct hny_buffer path = {0}, text = {0};
    *index = (struct hny_depot_index){0};
    hny_status status = hny_path_join(&path, folder, HNY_DEPOT_INDEX);
    if (status == HNY_OK) status = hny_file_read(path.data, HNY_DEPOT_INDEX_MOST, &text);
    if (status == HNY_OK) status = hny_depot_index_parse(index, path.data, text.data, text.size);
    hny_buffer_free(&path);
    hny_buffer_free(&text);
    return status;
}

hny_status hny_depot_path(struct hny_buffer *path, const char *folder, const char *file) {
    HNY_TRY(hny_path_join(path, folder, HNY_DEPOT_FILES));
    return hny_buffer_print(path, "/%s%s", file, HNY_DEPOT_SUFFIX);
}

void hny_depot_published_free(struct hny_depot_published *published) {
    hny_bundle_free(&published->contents);
    *published = (struct hny_depot_published){0};
}

/* --- The copy ------------------------------------------------------------------------------------------ */

struct copy {
    const char *from, *path;
    int in, out;
    char *room;
    struct hny_digest *digest;
};

static hny_status copy_bytes(struct copy *copy, uint64_t *bytes) {
    for (*bytes = 0;;) {
        ssize_t got = read(copy->in, copy->room, COPY_BYTES);
        if (hny_stop_requested()) return hny_fail(HNY_INTERRUPTED, "%s: interrupted", copy->from);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return hny_fail_errno("%s: cannot be read", copy->from);
        if (got == 0) return HNY_OK;
        HNY_TRY(hny_digest_add(copy->digest, copy->room, (size_t)got));
        HNY_TRY(hny_descriptor_write(copy->out, copy->path, copy->room, (size_t)got));
        *bytes += (uint64_t)got;
    }
}

static hny_status open_copy(struct copy *copy) {
    copy->in = open(copy->from, O_RDONLY | O_CLOEXEC);
    if (copy->in < 0) return hny_fail_errno("%s: cannot be opened", copy->from);
    copy->out = open(copy->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (copy->out < 0) return hny_fail_errno("%s: cannot be created", copy->path);
    copy->room = malloc(COPY_BYTES);
    if (!copy->room) return hny_fail(HNY_ERROR_MEMORY, "%s: out of memory", copy->from);
    return hny_digest_open(&copy->digest);
}

/* FROM goes to PATH and to disk; FILE receives its SHA-256. */
static hny_status copy_file(const char *from, const char *path, char file[HNY_DIGEST_TEXT], uint64_t *bytes) {
    struct copy copy = {.from = from, .path = path, .in = -1, .out = -1};
    hny_status status = open_copy(&copy);
    if (status == HNY_OK) status = copy_bytes(&copy, bytes);
    if (status == HNY_OK) status = hny_digest_close(&copy.digest, file);
    if (status == HNY_OK && fsync(copy.out) != 0)
        status = hny_fail_errno("%s: cannot be brought to disk", path);
    hny_digest_close(&copy.digest, NULL);
    free(copy.room);
    if (copy.in >= 0) close(copy.in);
    if (copy.out >= 0 && close(copy.out) != 0 && status == HNY_OK)
        status = hny_fail_errno("%s: cannot be closed", path);
    return status;
}

/* The upload as COPY, by the same or another file; its digest is the one that was computed when it came. */
static hny_status take_upload(const struct hny_depot_upload_file *upload, const char *copy,
                              struct hny_depot_bundle *bundle) {
    struct stat about;
    if (link(upload->path, copy) != 0) {
        HNY_TRY(copy_file(upload->path, copy, bundle->file, &bundle->bytes));
        return strcmp(bundle->file, upload->file) == 0
                   ? HNY_OK
                   : hny_fail(HNY_ERROR_INPUT, "%s: has changed since it came", upload->path);
    }
    if (stat(copy, &about) != 0) return hny_fail_errno("%s: cannot be asked for its size", copy);
    snprintf(bundle->file, sizeof bundle->file, "%s", upload->file);
    bundle->bytes = (uint64_t)about.st_size;
    return HNY_OK;
}

/* --- Publishing ---------------------------------------------------------------------------------------- */

/* What is published: a file that stays another's, of which a copy is made, or an upload. */
struct source {
    const char *path;
    const struct hny_depot_upload_file *upload; /* NULL: none */
};

/* As one line of JSON, which belongs to CONTENTS. */
static hny_status describe_scores(const struct hny_bundle *contents, const char **text) {
    struct hny_buffer line = {0};
    json_t *scores = hny_scores_describe(&contents->scores);
    hny_status status = scores ? HNY_OK : hny_fail(HNY_ERROR_MEMORY, "out of memory for scores");
    if (status == HNY_OK && !json_is_null(scores)) {
        status = hny_json_print(&line, scores, false);
        if (status == HNY_OK && !(*text = hny_arena_text(contents->names, line.data, line.size)))
            status = HNY_ERROR_MEMORY;
    }
    json_decref(scores);
    hny_buffer_free(&line);
    return status;
}

static hny_status describe(const struct hny_bundle *contents, struct hny_depot_bundle *bundle) {
    time_t now = time(NULL);
    struct tm date;
    bundle->name = contents->name;
    bundle->release = contents->release;
    bundle->precision = contents->precision;
    bundle->languages = contents->languages;
    if (*contents->signer) {
        bundle->key = hny_arena_text(contents->names, contents->signer, strlen(contents->signer));
        if (!bundle->key) return HNY_ERROR_MEMORY;
    }
    memcpy(bundle->digest, contents->digest, sizeof bundle->digest);
    memcpy(bundle->restores, contents->full, sizeof bundle->restores);
    if (contents->parent) snprintf(bundle->parent, sizeof bundle->parent, "%s", contents->parent);
    strftime(bundle->published, sizeof bundle->published, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &date));
    return describe_scores(contents, &bundle->scores);
}

/* The copy gets its name, and its entry is on disk before the index says that it is there. */
static hny_status name_copy(const char *folder, const char *copy, const char *file) {
    struct hny_buffer path = {0};
    hny_status status = hny_depot_path(&path, folder, file);
    if (status == HNY_OK && rename(copy, path.data) != 0)
        status = hny_fail_errno("%s: cannot be given its name", path.data);
    if (status == HNY_OK) status = hny_path_join(&path, folder, HNY_DEPOT_FILES);
    if (status == HNY_OK) status = hny_directory_sync(path.data);
    hny_buffer_free(&path);
    return status;
}

/* Checks all of COPY, a delta of PARENT, on what the depot has of that. */
static hny_status verify_delta(const struct hny_depot_edit *edit, const char *copy, const char *parent,
                               const struct hny_read_options *options, struct hny_bundle *contents) {
    struct hny_depot_chain chain;
    struct hny_buffer paths[HNY_CHAIN_MOST] = {{0}};
    const char *bases[HNY_CHAIN_MOST];
    struct hny_read_options reading = *options;
    bool found;
    HNY_TRY(hny_depot_chain_find(&edit->index, parent, NULL, 0, NULL, &chain, &found));
    if (!found)
        return hny_fail(HNY_ERROR_INPUT, "a delta of the bundle %s, which %s cannot make", parent,
                        edit->folder);
    hny_status status = HNY_OK;
    for (size_t i = 0; status == HNY_OK && i < chain.count; i++) {
        status = hny_depot_path(&paths[i], edit->folder, chain.bundles[i]->file);
        bases[i] = paths[i].data;
    }
    reading.bases = bases;
    reading.base_count = chain.count;
    if (status == HNY_OK) status = hny_bundle_verify(copy, &reading, contents);
    for (size_t i = 0; i < chain.count; i++) hny_buffer_free(&paths[i]);
    return status;
}

static hny_status verify(const struct hny_depot_edit *edit, const char *copy,
                         const struct hny_read_options *options, struct hny_bundle *contents) {
    struct hny_bundle stated;
    HNY_TRY(hny_bundle_peek(copy, &stated));
    hny_status status = stated.parent ? verify_delta(edit, copy, stated.parent, options, contents)
                                      : hny_bundle_verify(copy, options, contents);
    hny_bundle_free(&stated);
    return status;
}

/* What verifying says of the copy, or has said of the upload. */
static hny_status read_contents(const struct hny_depot_edit *edit, const struct source *source,
                                const char *copy, const struct hny_read_options *options,
                                struct hny_bundle *contents) {
    struct hny_bundle *known = source->upload ? source->upload->contents : NULL;
    if (!known || known->parent) return verify(edit, copy, options, contents);
    *contents = *known;
    *known = (struct hny_bundle){0};
    return HNY_OK;
}

static hny_status publish(struct hny_depot_edit *edit, const struct source *source, const char *copy,
                          const struct hny_read_options *options, struct hny_depot_published *published,
                          bool *changed) {
    struct hny_depot_bundle *bundle = &published->bundle;
    HNY_TRY(source->upload ? take_upload(source->upload, copy, bundle)
                           : copy_file(source->path, copy, bundle->file, &bundle->bytes));
    hny_status status = read_contents(edit, source, copy, options, &published->contents);
    if (status != HNY_OK) return hny_fail_within(status, "%s is not published", source->path);
    HNY_TRY(describe(&published->contents, bundle));
    HNY_TRY(hny_depot_index_add(&edit->index, edit->folder, bundle, changed));
    HNY_TRY(name_copy(edit->folder, copy, bundle->file));
    return *changed ? hny_depot_edit_save(edit) : HNY_OK;
}

static hny_status publish_source(const char *folder, const struct source *source,
                                 const struct hny_read_options *options,
                                 struct hny_depot_published *published, bool *changed) {
    struct hny_depot_edit edit;
    struct hny_depot_published made = {0};
    struct hny_buffer copy = {0};
    bool new = false;
    hny_status status = hny_depot_edit_begin(&edit, folder, true);
    if (status == HNY_OK) status = hny_path_join(&copy, folder, HNY_DEPOT_COPY);
    if (status == HNY_OK) {
        unlink(copy.data); /* what a killed process left: it may be a published file's other name */
        status = publish(&edit, source, copy.data, options, &made, &new);
        unlink(copy.data); /* it is still there after a failure, and where its name was this file's before */
    }
    hny_depot_edit_end(&edit);
    hny_buffer_free(&copy);
    if (status == HNY_OK && changed) *changed = new;
    if (status == HNY_OK && published)
        *published = made;
    else
        hny_depot_published_free(&made);
    return status;
}

hny_status hny_depot_publish(const char *folder, const char *path, const struct hny_read_options *options,
                             struct hny_depot_published *published, bool *changed) {
    return publish_source(folder, &(struct source){path, NULL}, options, published, changed);
}

hny_status hny_depot_publish_upload(const char *folder, const struct hny_depot_upload_file *upload,
                                    const struct hny_read_options *options,
                                    struct hny_depot_published *published, bool *changed) {
    return publish_source(folder, &(struct source){upload->path, upload}, options, published, changed);
}
