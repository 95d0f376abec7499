#include "model/indexing.h"

#include "base/lines.h"
#include "base/memory.h"
#include "base/progress.h"
#include "model/line_ids.h"
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK_LINES ((size_t)4096)    /* read, then tokenised by all threads at once */
#define CHUNK_BYTES ((size_t)8 << 20) /* of a side, after which a chunk takes no more lines */
#define PART_LINES ((size_t)64)       /* one thread's share at a time */

/* A text while it is read. */
struct text {
    struct hny_lines *lines;
    struct hny_writer *copy; /* of a packed text, unpacked; NULL until that is known, and for a plain one */
    char *copy_path;
    struct hny_digest *copy_digest;
};

/* Lines read and not yet in the index. */
struct chunk {
    size_t count;
    struct hny_buffer text[HNY_SIDES];        /* the lines, one behind the other */
    size_t begin[HNY_SIDES][CHUNK_LINES + 1]; /* of each line there */
    struct hny_index_record record[CHUNK_LINES];
};

struct worker { /* one a thread */
    struct hny_line_ids *line_ids[HNY_SIDES];
    struct hny_ids ids;
};

struct making {
    const struct hny_corpus_options *options;
    struct hny_threads *threads;
    struct hny_threads *own_threads; /* where the caller gave none */
    struct worker *workers;          /* [threads] */
    struct text text[HNY_SIDES];
    struct chunk *chunk;
    struct hny_index_writer *writer;
    struct hny_index_about about;
};

hny_status hny_index_name_tokens(const struct hny_corpus_options *options, enum hny_side side,
                                 struct hny_index_about *about) {
    struct hny_index_text *text = &about->text[side];
    const char *digest = options->digests[side] ? options->digests[side] : "";
    int size = options->tokenizers[side]
                   ? snprintf(text->tokens, sizeof text->tokens, "%s", digest)
                   : snprintf(text->tokens, sizeof text->tokens, "ids below %zu", options->vocabulary[side]);
    if (size > 0 && (size_t)size < sizeof text->tokens) return HNY_OK;
    return hny_fail(HNY_ERROR_USAGE, "the %s tokenizer needs a SHA-256", hny_side_names[side]);
}

/* --- Reading ------------------------------------------------------------------------------------------- */

static hny_status start_text(struct making *making, const char *folder, const char *name,
                             enum hny_side side) {
    static const char *const endings[HNY_SIDES] = {".source", ".target"};
    const char *path = making->options->paths[side];
    struct text *text = &making->text[side];
    struct hny_index_text *about = &making->about.text[side];
    struct stat file;
    if (stat(path, &file) != 0) return hny_fail_errno("%s: cannot be opened", path);
    if (!S_ISREG(file.st_mode))
        return hny_fail(HNY_ERROR_INPUT, "%s: not a plain file: training reads its texts more than once",
                        path);
    about->bytes = (uint64_t)file.st_size;
    HNY_TRY(hny_digest_file(path, about->digest));
    HNY_TRY(hny_index_name_tokens(making->options, side, &making->about));
    HNY_TRY(hny_index_path(&text->copy_path, folder, name, endings[side]));
    return hny_lines_open(&text->lines, path);
}

/* Puts a line of a packed text into its copy; *OFFSET is where. */
static hny_status copy_line(struct text *text, const char *line, size_t size, uint64_t *offset) {
    if (!text->copy) {
        HNY_TRY(hny_writer_open(&text->copy, text->copy_path));
        HNY_TRY(hny_digest_open(&text->copy_digest));
    }
    *offset = hny_writer_size(text->copy);
    HNY_TRY(hny_writer_write(text->copy, line, size));
    HNY_TRY(hny_writer_write(text->copy, "\n", 1));
    HNY_TRY(hny_digest_add(text->copy_digest, line, size));
    return hny_digest_add(text->copy_digest, "\n", 1);
}

/* Takes the next line of SIDE into the chunk; *MORE false where there is none. */
static hny_status take_line(struct making *making, enum hny_side side, bool *more) {
    struct text *text = &making->text[side];
    struct chunk *chunk = making->chunk;
    struct hny_index_record *record = &chunk->record[chunk->count];
    const char *line = NULL;
    size_t size = 0;
    HNY_TRY(hny_lines_next(text->lines, &line, &size, more));
    if (!*more) return HNY_OK;
    record->line = hny_lines_number(text->lines);
    record->offset[side] = hny_lines_offset(text->lines);
    record->bytes[side] = (uint32_t)hny_lines_bytes(text->lines);
    if (hny_lines_packed(text->lines)) {
        record->bytes[side] = (uint32_t)size;
        HNY_TRY(copy_line(text, line, size, &record->offset[side]));
    }
    HNY_TRY(hny_buffer_append(&chunk->text[side], line, size));
    chunk->begin[side][chunk->count + 1] = chunk->text[side].size;
    return HNY_OK;
}

static hny_status count_rest(struct hny_lines *lines) {
    const char *line = NULL;
    size_t size = 0;
    bool more = true;
    while (more) HNY_TRY(hny_lines_next(lines, &line, &size, &more));
    return HNY_OK;
}

static hny_status fail_counts(struct making *making) {
    struct hny_lines *source = making->text[HNY_SOURCE].lines, *target = making->text[HNY_TARGET].lines;
    HNY_TRY(count_rest(source));
    HNY_TRY(count_rest(target));
    return hny_fail(
        HNY_ERROR_INPUT,
        "%s has %llu lines, but %s has %llu: line N of one must be the translation of line N of the other",
        hny_lines_path(source), (unsigned long long)hny_lines_number(source), hny_lines_path(target),
        (unsigned long long)hny_lines_number(target));
}

static hny_status fill_chunk(struct making *making, bool *over) {
    struct chunk *chunk = making->chunk;
    chunk->count = 0;
    for (enum hny_side side = 0; side < HNY_SIDES; side++) hny_buffer_clear(&chunk->text[side]);
    while (chunk->count < CHUNK_LINES && chunk->text[HNY_SOURCE].size < CHUNK_BYTES &&
           chunk->text[HNY_TARGET].size < CHUNK_BYTES) {
        bool more[HNY_SIDES] = {false, false};
        for (enum hny_side side = 0; side < HNY_SIDES; side++) HNY_TRY(take_line(making, side, &more[side]));
        if (more[HNY_SOURCE] != more[HNY_TARGET]) return fail_counts(making);
        *over = !more[HNY_SOURCE];
        if (*over) return HNY_OK;
        chunk->count++;
    }
    return HNY_OK;
}

/* --- Tokenising ---------------------------------------------------------------------------------------- */

static hny_status count_tokens(const struct making *making, struct worker *worker, size_t line,
                               enum hny_side side) {
    struct chunk *chunk = making->chunk;
    const char *text = chunk->text[side].data + chunk->begin[side][line];
    size_t size = chunk->begin[side][line + 1] - chunk->begin[side][line];
    worker->ids.count = 0;
    hny_status status = hny_line_ids_append(worker->line_ids[side], text, size, NULL, &worker->ids);
    if (status != HNY_OK)
        return hny_fail_within(status, "%s:%llu", making->options->paths[side],
                               (unsigned long long)chunk->record[line].line);
    if (worker->ids.count > UINT32_MAX)
        return hny_fail(HNY_ERROR_INPUT, "%s:%llu: too many tokens", making->options->paths[side],
                        (unsigned long long)chunk->record[line].line);
    chunk->record[line].tokens[side] = (uint32_t)worker->ids.count;
    return HNY_OK;
}

static hny_status count_part(void *context, size_t part, size_t thread) {
    const struct making *making = context;
    size_t end = (part + 1) * PART_LINES;
    if (end > making->chunk->count) end = making->chunk->count;
    for (size_t line = part * PART_LINES; line < end; line++)
        for (enum hny_side side = 0; side < HNY_SIDES; side++)
            HNY_TRY(count_tokens(making, &making->workers[thread], line, side));
    return HNY_OK;
}

/* --- Filtering ----------------------------------------------------------------------------------------- */

/* Why RECORD is left out; HNY_DROPS where it is not. */
static enum hny_drop judge(const struct hny_index_about *about, const struct hny_index_record *record) {
    const uint32_t *tokens = record->tokens;
    uint32_t less = tokens[0] < tokens[1] ? tokens[0] : tokens[1];
    uint32_t more = tokens[0] < tokens[1] ? tokens[1] : tokens[0];
    if (tokens[HNY_SOURCE] == 0) return HNY_DROP_EMPTY_SOURCE;
    if (tokens[HNY_TARGET] == 0) return HNY_DROP_EMPTY_TARGET;
    if (about->max_length && tokens[HNY_SOURCE] > about->max_length) return HNY_DROP_LONG_SOURCE;
    if (about->max_length && tokens[HNY_TARGET] > about->max_length) return HNY_DROP_LONG_TARGET;
    if (about->max_ratio > 0 && more > about->max_ratio * less) return HNY_DROP_RATIO;
    return HNY_DROPS;
}

static hny_status add_record(struct making *making, const struct hny_index_record *record) {
    struct hny_index_about *about = &making->about;
    enum hny_drop drop = judge(about, record);
    about->lines++;
    if (drop != HNY_DROPS) {
        if (about->dropped[drop]++ == 0) about->first_dropped[drop] = record->line;
        return HNY_OK;
    }
    for (enum hny_side side = 0; side < HNY_SIDES; side++) {
        about->tokens[side] += record->tokens[side];
        if (about->longest[side] < record->tokens[side]) about->longest[side] = record->tokens[side];
    }
    about->pairs++;
    return hny_index_writer_add(making->writer, record);
}

static hny_status index_chunk(struct making *making) {
    size_t parts = (making->chunk->count + PART_LINES - 1) / PART_LINES;
    HNY_TRY(hny_threads_run(making->threads, parts, count_part, making));
    for (size_t i = 0; i < making->chunk->count; i++) HNY_TRY(add_record(making, &making->chunk->record[i]));
    return HNY_OK;
}

/* --- The whole ----------------------------------------------------------------------------------------- */

/* Removes the halves that writers of a run which was killed left. */
static hny_status remove_halves(const char *folder, const char *name) {
    static const char ending[] = ".tmp";
    DIR *entries = opendir(folder);
    if (!entries) return hny_fail_errno("%s: cannot be listed", folder);
    hny_status status = HNY_OK;
    for (const struct dirent *entry; status == HNY_OK && (entry = readdir(entries));) {
        size_t length = strlen(entry->d_name), begin = strlen(name);
        if (strncmp(entry->d_name, name, begin) != 0 || entry->d_name[begin] != '.') continue;
        if (length < sizeof ending || strcmp(entry->d_name + length - (sizeof ending - 1), ending) != 0)
            continue;
        if (unlinkat(dirfd(entries), entry->d_name, 0) != 0 && errno != ENOENT)
            status = hny_fail_errno("%s/%s: cannot be removed", folder, entry->d_name);
    }
    closedir(entries);
    return status;
}

static hny_status start(struct making *making, const char *folder, const char *name) {
    HNY_TRY(hny_directory_create(folder));
    HNY_TRY(remove_halves(folder, name));
    for (enum hny_side side = 0; side < HNY_SIDES; side++) HNY_TRY(start_text(making, folder, name, side));
    if (!making->threads) {
        HNY_TRY(hny_threads_create(&making->own_threads, 1));
        making->threads = making->own_threads;
    }
    size_t count = hny_threads_count(making->threads);
    making->chunk = hny_allocate(1, sizeof *making->chunk);
    making->workers = hny_allocate(count, sizeof *making->workers);
    if (!making->chunk || !making->workers) return HNY_ERROR_MEMORY;
    for (size_t i = 0; i < count; i++)
        for (enum hny_side side = 0; side < HNY_SIDES; side++)
            HNY_TRY(hny_line_ids_create(&making->workers[i].line_ids[side], making->options->tokenizers[side],
                                        making->options->vocabulary[side]));
    return hny_index_writer_open(&making->writer, folder, name);
}

static hny_status index_lines(struct making *making) {
    bool over = false;
    while (!over) {
        HNY_TRY(fill_chunk(making, &over));
        HNY_TRY(index_chunk(making));
        hny_progress_show("indexing %s: %llu lines", making->options->paths[HNY_SOURCE],
                          (unsigned long long)making->about.lines);
        if (hny_stop_requested()) return hny_fail(HNY_INTERRUPTED, "indexing was interrupted");
    }
    return HNY_OK;
}

static hny_status fail_empty(const struct making *making) {
    struct hny_buffer text = {0}, reasons = {0};
    hny_status status = hny_index_describe(&making->about, &text);
    char *rest = text.data;
    for (char *line; status == HNY_OK && (line = strtok_r(rest, "\n", &rest));)
        status = hny_buffer_print(&reasons, "%s%s", reasons.size > 0 ? "; " : "", line);
    if (status == HNY_OK)
        status =
            hny_fail(HNY_ERROR_INPUT, "%s and %s: no pair is left: %s", making->options->paths[HNY_SOURCE],
                     making->options->paths[HNY_TARGET], reasons.data);
    hny_buffer_free(&text);
    hny_buffer_free(&reasons);
    return status;
}

/* The copies come before the index, which is no index without them. */
static hny_status commit(struct making *making) {
    if (making->about.pairs == 0) return fail_empty(making);
    for (enum hny_side side = 0; side < HNY_SIDES; side++) {
        struct text *text = &making->text[side];
        struct hny_index_text *about = &making->about.text[side];
        about->replaced = hny_lines_replaced(text->lines);
        about->packed = text->copy != NULL;
        if (!about->packed) continue;
        HNY_TRY(hny_digest_close(&text->copy_digest, about->copy_digest));
        HNY_TRY(hny_writer_commit(&text->copy));
    }
    return hny_index_writer_commit(&making->writer, &making->about);
}

static void finish(struct making *making) {
    hny_index_writer_abandon(&making->writer);
    for (enum hny_side side = 0; side < HNY_SIDES; side++) {
        hny_lines_close(&making->text[side].lines);
        hny_writer_abandon(&making->text[side].copy);
        hny_digest_close(&making->text[side].copy_digest, NULL);
        free(making->text[side].copy_path);
        if (making->chunk) hny_buffer_free(&making->chunk->text[side]);
    }
    for (size_t i = 0; making->workers && i < hny_threads_count(making->threads); i++) {
        for (enum hny_side side = 0; side < HNY_SIDES; side++)
            hny_line_ids_destroy(&making->workers[i].line_ids[side]);
        hny_ids_free(&making->workers[i].ids);
    }
    free(making->workers);
    free(making->chunk);
    hny_threads_destroy(&making->own_threads);
    hny_progress_end();
}

hny_status hny_index_make(const char *folder, const char *name, const struct hny_corpus_options *options,
                          struct hny_threads *threads) {
    struct making making = {.options = options, .threads = threads};
    making.about.max_length = options->max_length;
    making.about.max_ratio = options->max_ratio;
    hny_status status = start(&making, folder, name);
    if (status == HNY_OK) status = index_lines(&making);
    if (status == HNY_OK) status = commit(&making);
    finish(&making);
    return status;
}
