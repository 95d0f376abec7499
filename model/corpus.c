#include "model/corpus.h"

#include "base/lines.h"
#include "base/memory.h"
#include "model/indexing.h"
#include "model/line_ids.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A text that pairs are read from, by pread: a text cut short while it is open is then an error, where a
 * mapped one would end the process. */
struct text {
    char *path; /* of the copy where the text is packed */
    int fd;
    struct stat about; /* when it was opened */
};

struct hny_corpus {
    struct hny_index index;
    struct text text[HNY_SIDES];
    const struct hny_tokenizer *tokenizers[HNY_SIDES];
    size_t vocabulary[HNY_SIDES];
};

struct hny_corpus_reader {
    const struct hny_corpus *corpus;
    struct hny_line_ids *line_ids[HNY_SIDES];
    struct hny_buffer text;
};

/* --- Opening ------------------------------------------------------------------------------------------- */

static hny_status check_digest(const char *path, const char *expected, const char *about) {
    char digest[HNY_DIGEST_TEXT];
    HNY_TRY(hny_digest_file(path, digest));
    if (strcmp(digest, expected) == 0) return HNY_OK;
    return hny_fail(HNY_ERROR_INPUT, "%s: changed since %s was made of it: SHA-256 %s, expected %s", path,
                    about, digest, expected);
}

static hny_status open_text(struct text *text, const char *path) {
    text->path = strdup(path);
    if (!text->path) return hny_fail(HNY_ERROR_MEMORY, "%s: out of memory", path);
    text->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (text->fd < 0) return hny_fail_errno("%s: cannot be opened", path);
    return fstat(text->fd, &text->about) == 0 ? HNY_OK
                                              : hny_fail_errno("%s: cannot be asked for its age", path);
}

/* The texts as the index knows them: opened first, so that a change after the check is seen as one. */
static hny_status open_texts(struct hny_corpus *corpus, const struct hny_corpus_options *options,
                             const char *folder, const char *name, const char *about) {
    static const char *const endings[HNY_SIDES] = {".source", ".target"};
    for (enum hny_side side = 0; side < HNY_SIDES; side++) {
        const struct hny_index_text *text = &corpus->index.about.text[side];
        char *copy = NULL;
        HNY_TRY(hny_index_path(&copy, folder, name, endings[side]));
        hny_status status = open_text(&corpus->text[side], text->packed ? copy : options->paths[side]);
        if (status == HNY_OK) status = check_digest(options->paths[side], text->digest, about);
        if (status == HNY_OK && text->packed) status = check_digest(copy, text->copy_digest, about);
        free(copy);
        HNY_TRY(status);
    }
    return HNY_OK;
}

static hny_status check_options(const struct hny_corpus_options *options, const struct hny_index_about *about,
                                const char *path) {
    struct hny_index_about now = {0};
    for (enum hny_side side = 0; side < HNY_SIDES; side++) {
        const char *begun = about->text[side].tokens;
        HNY_TRY(hny_index_name_tokens(options, side, &now));
        if (strcmp(begun, now.text[side].tokens) != 0)
            return hny_fail(HNY_ERROR_USAGE, "%s: was made with another %s tokenizer: %s, now %s", path,
                            hny_side_names[side], begun, now.text[side].tokens);
    }
    if (about->max_length != options->max_length)
        return hny_fail(HNY_ERROR_USAGE, "%s: was made with max_length %llu, now %zu", path,
                        (unsigned long long)about->max_length, options->max_length);
    if (about->max_ratio != options->max_ratio)
        return hny_fail(HNY_ERROR_USAGE, "%s: was made with max_ratio %.17g, now %.17g", path,
                        about->max_ratio, options->max_ratio);
    return HNY_OK;
}

static hny_status open_all(struct hny_corpus *corpus, const char *folder, const char *name,
                           const struct hny_corpus_options *options) {
    char *about = NULL;
    HNY_TRY(hny_index_path(&about, folder, name, ".json"));
    hny_status status = hny_index_open(&corpus->index, folder, name);
    if (status == HNY_OK) status = check_options(options, &corpus->index.about, about);
    if (status == HNY_OK) status = open_texts(corpus, options, folder, name, about);
    free(about);
    return status;
}

hny_status hny_corpus_open(struct hny_corpus **corpus, const char *folder, const char *name,
                           const struct hny_corpus_options *options, struct hny_threads *threads) {
    bool exists = false;
    HNY_TRY(hny_index_exists(folder, name, &exists));
    if (!exists) HNY_TRY(hny_index_make(folder, name, options, threads));
    struct hny_corpus *made = hny_allocate(1, sizeof *made);
    if (!made) return HNY_ERROR_MEMORY;
    for (enum hny_side side = 0; side < HNY_SIDES; side++) {
        made->text[side].fd = -1;
        made->tokenizers[side] = options->tokenizers[side];
        made->vocabulary[side] = options->vocabulary[side];
    }
    hny_status status = open_all(made, folder, name, options);
    if (status == HNY_OK)
        *corpus = made;
    else
        hny_corpus_close(&made);
    return status;
}

void hny_corpus_close(struct hny_corpus **corpus) {
    if (!*corpus) return;
    hny_index_close(&(*corpus)->index);
    for (enum hny_side side = 0; side < HNY_SIDES; side++) {
        if ((*corpus)->text[side].fd >= 0) close((*corpus)->text[side].fd);
        free((*corpus)->text[side].path);
    }
    free(*corpus);
    *corpus = NULL;
}

/* --- Asking -------------------------------------------------------------------------------------------- */

size_t hny_corpus_pairs(const struct hny_corpus *corpus) {
    return corpus->index.about.pairs;
}

const struct hny_index_record *hny_corpus_record(const struct hny_corpus *corpus, size_t pair) {
    return &corpus->index.records[pair];
}

const struct hny_index_about *hny_corpus_about(const struct hny_corpus *corpus) {
    return &corpus->index.about;
}

size_t hny_corpus_longest(const struct hny_corpus *corpus, enum hny_side side, bool sampled) {
    const struct hny_index_about *about = &corpus->index.about;
    return sampled && about->max_length ? about->max_length : about->longest[side];
}

static hny_status fail_changed(const struct text *text) {
    return hny_fail(HNY_ERROR_INPUT, "%s: was changed while it is being read", text->path);
}

hny_status hny_corpus_check(const struct hny_corpus *corpus) {
    for (enum hny_side side = 0; side < HNY_SIDES; side++) {
        const struct text *text = &corpus->text[side];
        struct stat now;
        if (fstat(text->fd, &now) != 0) return hny_fail_errno("%s: cannot be asked for its age", text->path);
        if (now.st_size != text->about.st_size || now.st_mtim.tv_sec != text->about.st_mtim.tv_sec ||
            now.st_mtim.tv_nsec != text->about.st_mtim.tv_nsec)
            return fail_changed(text);
    }
    return HNY_OK;
}

/* --- Reading ------------------------------------------------------------------------------------------- */

hny_status hny_corpus_reader_create(struct hny_corpus_reader **reader, const struct hny_corpus *corpus) {
    struct hny_corpus_reader *made = hny_allocate(1, sizeof *made);
    if (!made) return HNY_ERROR_MEMORY;
    made->corpus = corpus;
    hny_status status = HNY_OK;
    for (enum hny_side side = 0; side < HNY_SIDES && status == HNY_OK; side++)
        status =
            hny_line_ids_create(&made->line_ids[side], corpus->tokenizers[side], corpus->vocabulary[side]);
    if (status == HNY_OK)
        *reader = made;
    else
        hny_corpus_reader_destroy(&made);
    return status;
}

void hny_corpus_reader_destroy(struct hny_corpus_reader **reader) {
    if (!*reader) return;
    for (enum hny_side side = 0; side < HNY_SIDES; side++) hny_line_ids_destroy(&(*reader)->line_ids[side]);
    hny_buffer_free(&(*reader)->text);
    free(*reader);
    *reader = NULL;
}

/* SIZE bytes at OFFSET of TEXT. */
static hny_status read_bytes(const struct text *text, uint64_t offset, char *data, size_t size) {
    if (offset > INT64_MAX - size) return fail_changed(text);
    for (size_t done = 0; done < size;) {
        ssize_t got = pread(text->fd, data + done, size - done, (off_t)(offset + done));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return hny_fail_errno("%s: cannot be read", text->path);
        if (got == 0) return fail_changed(text);
        done += (size_t)got;
    }
    return HNY_OK;
}

hny_status hny_corpus_text(struct hny_corpus_reader *reader, size_t pair, enum hny_side side,
                           const char **text, size_t *size) {
    const struct hny_index_record *record = hny_corpus_record(reader->corpus, pair);
    const struct text *from = &reader->corpus->text[side];
    if (record->bytes[side] > HNY_LINE_LIMIT) return fail_changed(from);
    hny_buffer_clear(&reader->text);
    HNY_TRY(hny_buffer_reserve(&reader->text, record->bytes[side]));
    HNY_TRY(read_bytes(from, record->offset[side], reader->text.data, record->bytes[side]));
    reader->text.size = record->bytes[side];
    reader->text.data[reader->text.size] = '\0';
    *text = reader->text.data;
    *size = reader->text.size;
    return HNY_OK;
}

hny_status hny_corpus_read(struct hny_corpus_reader *reader, size_t pair, enum hny_side side,
                           const struct hny_sampling *sampling, struct hny_ids *ids) {
    const struct hny_corpus *corpus = reader->corpus;
    const struct hny_index_record *record = hny_corpus_record(corpus, pair);
    const char *text = NULL;
    size_t size = 0, before = ids->count;
    HNY_TRY(hny_corpus_text(reader, pair, side, &text, &size));
    hny_status status = hny_line_ids_append(reader->line_ids[side], text, size, sampling, ids);
    if (status == HNY_OK && sampling) {
        size_t drawn = ids->count - before;
        if (drawn >= 1 && drawn <= hny_corpus_longest(corpus, side, true)) return HNY_OK;
        ids->count = before;
        status = hny_line_ids_append(reader->line_ids[side], text, size, NULL, ids);
    }
    if (status == HNY_OK && ids->count - before != record->tokens[side]) {
        ids->count = before;
        status = fail_changed(&corpus->text[side]);
    }
    if (status == HNY_OK) return HNY_OK;
    return hny_fail_within(status, "line %llu", (unsigned long long)record->line);
}
