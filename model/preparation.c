#include "model/preparation.h"

#include "base/file.h"
#include "base/progress.h"
#include "model/folder.h"
#include "tokenizer/trainer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TOKENIZER_BYTES_MOST = 256 << 20 };

static hny_status lock_folder(struct hny_preparation *preparation, const char *folder) {
    preparation->lock = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (preparation->lock < 0) return hny_fail_errno("%s", folder);
    if (flock(preparation->lock, LOCK_EX | LOCK_NB) == 0) return HNY_OK;
    if (errno == EWOULDBLOCK) return hny_fail(HNY_ERROR_USAGE, "%s: another process trains here", folder);
    return hny_fail_errno("%s: locking it", folder);
}

static hny_status write_settings(const char *path, const struct hny_train_job *job) {
    json_t *settings = hny_config_object(&job->config, HNY_CONFIG_RUN);
    hny_status status = settings ? hny_json_save(path, settings) : HNY_ERROR_MEMORY;
    json_decref(settings);
    return status;
}

static hny_status same_settings(const char *path, const struct hny_train_job *job) {
    struct hny_config begun;
    hny_config_saved(&begun);
    HNY_TRY(hny_config_load(&begun, path));
    hny_status status = hny_config_same(&begun, &job->config, HNY_CONFIG_RUN);
    return status == HNY_OK ? HNY_OK : hny_fail_within(status, "%s", path);
}

/* What a training makes in its folder, beside its checkpoints; those of somebody else there are not taken for
 * its own, written over or removed. */
static const char *const made[] = {"tokenizer.model", "source.model", "target.model", "log.jsonl", "data",
                                   "checkpoints",     "current",      "best"};

static hny_status refuse_strange(const char *folder) {
    struct hny_buffer path = {0};
    hny_status status = HNY_OK;
    for (size_t i = 0; status == HNY_OK && i < sizeof made / sizeof *made; i++) {
        status = hny_path_join(&path, folder, made[i]);
        if (status == HNY_OK && hny_path_exists(path.data))
            status =
                hny_fail(HNY_ERROR_USAGE,
                         "%s: is there already, but no training was begun in %s; training wants a folder of "
                         "its own",
                         path.data, folder);
    }
    hny_buffer_free(&path);
    return status;
}

static hny_status begin_folder(struct hny_preparation *preparation, const struct hny_train_job *job) {
    struct hny_buffer path = {0}, model = {0};
    hny_status status = hny_path_join(&path, job->out, "settings.json");
    if (status == HNY_OK) status = hny_path_join(&model, job->out, "config.json");
    if (status != HNY_OK) goto done;
    preparation->begun = hny_path_exists(path.data);
    if (hny_path_exists(model.data)) {
        status = hny_fail(HNY_ERROR_USAGE, "%s: a model is here already; training wants a folder of its own",
                          job->out);
    } else if (preparation->begun && !job->resume) {
        status = hny_fail(HNY_ERROR_USAGE, "%s: training was begun here; --resume goes on with it", job->out);
    } else {
        if (job->resume && !preparation->begun)
            hny_progress_note("%s: nothing to resume: starting afresh", job->out);
        if (!preparation->begun) status = refuse_strange(job->out);
        if (status == HNY_OK) status = hny_directory_create(job->out);
        if (status == HNY_OK) status = lock_folder(preparation, job->out);
        if (status == HNY_OK) status = hny_directory_clean(job->out);
        if (status == HNY_OK)
            status = preparation->begun ? same_settings(path.data, job) : write_settings(path.data, job);
    }
done:
    hny_buffer_free(&path);
    hny_buffer_free(&model);
    return status;
}

static void tokenizer_options(struct hny_tokenizer_options *options, const struct hny_config *config) {
    hny_tokenizer_defaults(options);
    options->kind = strcmp(config->tokenizer, "bpe") == 0 ? HNY_TOKENIZER_BPE : HNY_TOKENIZER_UNIGRAM;
    options->form = strcmp(config->normal_form, "nfkc") == 0   ? HNY_NORMAL_NFKC
                    : strcmp(config->normal_form, "none") == 0 ? HNY_NORMAL_NONE
                                                               : HNY_NORMAL_NFC;
    options->vocabulary = config->vocabulary;
    options->coverage = config->coverage;
    options->split_digits = config->split_digits;
    options->line_limit = config->tokenizer_lines;
    options->seed = config->seed;
}

/* The symbols of "a b c", in *COPY, which is cut up. */
static hny_status split_symbols(const char *text, char **copy, const char ***symbols, size_t *count) {
    *copy = strdup(text);
    *symbols = malloc((strlen(text) / 2 + 1) * sizeof **symbols);
    *count = 0;
    if (!*copy || !*symbols) return hny_fail(HNY_ERROR_MEMORY, "out of memory for the symbols");
    char *rest = *copy;
    for (char *word = strtok_r(rest, " ", &rest); word; word = strtok_r(rest, " ", &rest))
        (*symbols)[(*count)++] = word;
    return HNY_OK;
}

static hny_status train_tokenizer(const struct hny_train_job *job, const char *const *texts, size_t count,
                                  const char *path, struct hny_threads *threads) {
    struct hny_tokenizer_options options;
    struct hny_buffer file = {0};
    char *copy = NULL;
    const char **symbols = NULL;
    tokenizer_options(&options, &job->config);
    hny_status status = split_symbols(job->config.symbols, &copy, &symbols, &options.symbol_count);
    options.symbols = symbols;
    hny_progress_note("tokenizer: %s of %zu subwords from %s%s%s", job->config.tokenizer, options.vocabulary,
                      texts[0], count > 1 ? " and " : "", count > 1 ? texts[1] : "");
    if (status == HNY_OK) status = hny_tokenizer_train(texts, count, &options, threads, &file);
    if (status == HNY_OK) status = hny_file_write(path, file.data, file.size);
    hny_buffer_free(&file);
    free(symbols);
    free(copy);
    return status;
}

/* The tokenizer file of the model that is started from, copied as it is. */
static hny_status copy_tokenizer(const struct hny_train_job *job, const char *name, const char *path) {
    struct hny_buffer folder = {0}, from = {0}, bytes = {0};
    hny_status status = hny_folder_resolve(job->from, &folder);
    if (status == HNY_OK) status = hny_path_join(&from, folder.data, name);
    if (status == HNY_OK && !hny_path_exists(from.data))
        status = hny_fail(HNY_ERROR_USAGE, "--from %s: it has no %s, which joint = %s asks for", job->from,
                          name, job->config.joint ? "true" : "false");
    if (status == HNY_OK) status = hny_file_read(from.data, TOKENIZER_BYTES_MOST, &bytes);
    if (status == HNY_OK) status = hny_file_write(path, bytes.data, bytes.size);
    hny_buffer_free(&folder);
    hny_buffer_free(&from);
    hny_buffer_free(&bytes);
    return status;
}

static hny_status make_tokenizer(struct hny_preparation *preparation, const struct hny_train_job *job,
                                 size_t i, struct hny_threads *threads) {
    bool joint = preparation->tokenizer_count == 1;
    const char *name = hny_folder_tokenizer(preparation->tokenizer_count, i);
    const char *both[] = {job->source, job->target};
    struct hny_buffer path = {0};
    HNY_TRY(hny_path_join(&path, job->out, name));
    preparation->tokenizer_paths[i] = path.data; /* its bytes are the preparation's now */
    if (!hny_path_exists(path.data)) {
        if (job->from)
            HNY_TRY(copy_tokenizer(job, name, path.data));
        else
            HNY_TRY(train_tokenizer(job, joint ? both : &both[i], joint ? 2 : 1, path.data, threads));
    }
    HNY_TRY(hny_digest_file(path.data, preparation->tokenizer_digests[i]));
    return hny_tokenizer_open(&preparation->tokenizers[i], path.data);
}

static hny_status make_tokenizers(struct hny_preparation *preparation, const struct hny_train_job *job,
                                  struct hny_threads *threads) {
    preparation->vocabulary[HNY_SOURCE] = preparation->vocabulary[HNY_TARGET] = job->config.vocabulary;
    if (job->ids) return HNY_OK;
    preparation->tokenizer_count = job->config.joint ? 1 : 2;
    for (size_t i = 0; i < preparation->tokenizer_count; i++) {
        if (hny_stop_requested()) return hny_fail(HNY_INTERRUPTED, "%s", "");
        HNY_TRY(make_tokenizer(preparation, job, i, threads));
    }
    if (preparation->tokenizer_count == 1) {
        preparation->tokenizers[HNY_TARGET] = preparation->tokenizers[HNY_SOURCE];
        memcpy(preparation->tokenizer_digests[HNY_TARGET], preparation->tokenizer_digests[HNY_SOURCE],
               HNY_DIGEST_TEXT);
    }
    for (int side = 0; side < HNY_SIDES; side++)
        preparation->vocabulary[side] = hny_tokenizer_size(preparation->tokenizers[side]);
    return HNY_OK;
}

static hny_status open_corpus(struct hny_preparation *preparation, const struct hny_train_job *job,
                              struct hny_threads *threads) {
    struct hny_corpus_options options = {.paths = {job->source, job->target},
                                         .max_length = job->config.max_length,
                                         .max_ratio = job->config.max_ratio};
    for (int side = 0; side < HNY_SIDES; side++) {
        options.tokenizers[side] = preparation->tokenizers[side];
        options.digests[side] = preparation->tokenizer_digests[side];
        options.vocabulary[side] = preparation->vocabulary[side];
    }
    struct hny_buffer folder = {0}, text = {0};
    hny_status status = hny_path_join(&folder, job->out, "data");
    if (status == HNY_OK) status = hny_directory_create(folder.data);
    if (status == HNY_OK)
        status = hny_corpus_open(&preparation->corpus, folder.data, "train", &options, threads);
    if (status == HNY_OK) status = hny_index_describe(hny_corpus_about(preparation->corpus), &text);
    if (status == HNY_OK) {
        if (text.size > 0 && text.data[text.size - 1] == '\n') text.data[text.size - 1] = '\0';
        hny_progress_note("%s", text.data ? text.data : "");
    }
    hny_buffer_free(&folder);
    hny_buffer_free(&text);
    return status;
}

/* A name mistyped shall cost nothing: it is noticed before anything is made. */
static hny_status check_texts(const struct hny_train_job *job) {
    const char *const paths[] = {job->source, job->target, job->valid_source, job->valid_target};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct stat about;
        if (!paths[i]) continue;
        if (access(paths[i], R_OK) != 0 || stat(paths[i], &about) != 0)
            return hny_fail_errno("%s: cannot be opened", paths[i]);
        if (i < HNY_SIDES && !S_ISREG(about.st_mode))
            return hny_fail(HNY_ERROR_INPUT, "%s: not a plain file: training reads its texts more than once",
                            paths[i]);
    }
    return HNY_OK;
}

void hny_preparation_forget(const struct hny_preparation *preparation, const struct hny_train_job *job) {
    static const char *const names[] = {"data/train.json",   "data/train.index", "data/train.source",
                                        "data/train.target", "tokenizer.model",  "source.model",
                                        "target.model",      "log.jsonl",        "settings.json"};
    struct hny_buffer path = {0};
    bool kept = hny_path_join(&path, job->out, "current") != HNY_OK || hny_path_exists(path.data);
    if (preparation->lock >= 0 && !kept && hny_path_join(&path, job->out, "data") == HNY_OK) {
        if (hny_path_exists(path.data)) hny_directory_clean(path.data);
        for (size_t i = 0; i < sizeof names / sizeof *names; i++)
            if (hny_path_join(&path, job->out, names[i]) == HNY_OK) unlink(path.data);
        /* Folders go where nobody else's file is left in them. */
        if (hny_path_join(&path, job->out, "data") == HNY_OK) rmdir(path.data);
        if (hny_path_join(&path, job->out, "checkpoints") == HNY_OK) rmdir(path.data);
    }
    hny_buffer_free(&path);
}

bool hny_preparation_refusal(hny_status status) {
    return status == HNY_ERROR_INPUT || status == HNY_ERROR_USAGE || status == HNY_ERROR_MEMORY ||
           status == HNY_ERROR_NUMERIC;
}

hny_status hny_preparation_open(struct hny_preparation *preparation, const struct hny_train_job *job,
                                struct hny_threads *threads) {
    *preparation = (struct hny_preparation){.lock = -1};
    hny_status status = check_texts(job);
    if (status == HNY_OK) status = begin_folder(preparation, job);
    if (status == HNY_OK) {
        status = make_tokenizers(preparation, job, threads);
        if (status == HNY_OK) status = open_corpus(preparation, job, threads);
        if (hny_preparation_refusal(status)) hny_preparation_forget(preparation, job);
    }
    if (status != HNY_OK) hny_preparation_close(preparation);
    return status;
}

void hny_preparation_close(struct hny_preparation *preparation) {
    hny_corpus_close(&preparation->corpus);
    if (preparation->tokenizers[HNY_TARGET] != preparation->tokenizers[HNY_SOURCE])
        hny_tokenizer_close(&preparation->tokenizers[HNY_TARGET]);
    hny_tokenizer_close(&preparation->tokenizers[HNY_SOURCE]);
    for (int side = 0; side < HNY_SIDES; side++) free(preparation->tokenizer_paths[side]);
    if (preparation->lock >= 0) close(preparation->lock);
    *preparation = (struct hny_preparation){.lock = -1};
}
