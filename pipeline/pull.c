#include "pipeline/pull.h"

#include "base/file.h"
#include "base/progress.h"
#include "bundle/bundle.h"
#include "bundle/depot.h"
#include "bundle/depot_chain.h"
#include "pipeline/pull_fetch.h"
#include "pipeline/pull_held.h"
#include <stdio.h>
#include <string.h>

struct pull {
    struct hny_fetch fetch;
    const struct hny_pull_options *options;
    const struct hny_depot_index *index;
    const struct hny_depot_bundle *bundle; /* what is wished for */
    struct hny_pulled *pulled;
};

void hny_pulled_free(struct hny_pulled *pulled) {
    hny_bundle_free(&pulled->contents);
    hny_buffer_free(&pulled->path);
    *pulled = (struct hny_pulled){0};
}

hny_status hny_pull_index(const struct hny_carrier *carrier, const char *source,
                          const struct hny_pull_options *options, struct hny_depot_index *index) {
    struct hny_buffer text = {0}, name = {0};
    *index = (struct hny_depot_index){0};
    hny_status status = carrier->index(carrier->context, &text);
    for (unsigned failures = 1; status == HNY_ERROR_IO && failures < options->tries; failures++) {
        hny_buffer_clear(&text);
        status = hny_fetch_wait(options, failures);
        if (status == HNY_OK) status = carrier->index(carrier->context, &text);
    }
    if (status == HNY_OK) status = hny_buffer_print(&name, "%s: " HNY_DEPOT_INDEX, source);
    if (status == HNY_OK)
        status = hny_depot_index_parse(index, name.data, text.data ? text.data : "", text.size);
    hny_buffer_free(&text);
    hny_buffer_free(&name);
    return status;
}

/* --- What comes ---------------------------------------------------------------------------------------- */

/* CONTENTS, of a bundle that came, must be what the index promised as BUNDLE. */
static hny_status check_promise(const struct pull *pull, const struct hny_depot_bundle *bundle,
                                const struct hny_bundle *contents) {
    const char *source = pull->fetch.source;
    char name[HNY_RELEASE_TEXT];
    hny_release_print(contents->name, contents->release, name);
    if (strcmp(contents->name, bundle->name) != 0 || contents->release != bundle->release)
        return hny_fail(HNY_ERROR_INPUT, "%s: what it has as %s@%llu calls itself %s", source, bundle->name,
                        (unsigned long long)bundle->release, name);
    if (strcmp(contents->digest, bundle->digest) != 0)
        return hny_fail(HNY_ERROR_INPUT, "%s: %s has the digest %s, but the index says %s", source, name,
                        contents->digest, bundle->digest);
    if (strcmp(contents->full, bundle->restores) != 0)
        return hny_fail(HNY_ERROR_INPUT, "%s: %s makes the bundle %s, but the index says %s", source, name,
                        contents->full, bundle->restores);
    return HNY_OK;
}

static hny_status use_whole(struct pull *pull, const struct hny_depot_bundle *bundle,
                            struct hny_partial **partial) {
    struct hny_bundle *contents = &pull->pulled->contents;
    HNY_TRY(hny_partial_sync(*partial)); /* the disk works while the last of it is verified */
    /* Whatever kept it from being read as it came, it is read once more to say so. */
    if (!hny_pull_check_end(&pull->fetch.check, contents))
        HNY_TRY(hny_bundle_verify(hny_partial_path(*partial), &pull->options->reading, contents));
    HNY_TRY(check_promise(pull, bundle, contents));
    return hny_partial_commit(partial);
}

/* Its base is checked as the chain is read, by the digest that it states. */
static hny_status check_delta(const struct pull *pull, const struct hny_depot_bundle *bundle,
                              const struct hny_partial *partial) {
    struct hny_bundle contents;
    struct hny_read_options alone = pull->options->reading;
    alone.alone = true;
    HNY_TRY(hny_bundle_verify(hny_partial_path(partial), &alone, &contents));
    hny_status status = check_promise(pull, bundle, &contents);
    hny_bundle_free(&contents);
    return status;
}

static hny_status use_deltas(struct pull *pull, const struct hny_held *held,
                             const struct hny_depot_chain *chain, struct hny_partial **partials) {
    const char *files[HNY_CHAIN_MOST];
    size_t count = 0, last = chain->count - 1;
    struct hny_pack_options packing = HNY_PACK_DEFAULTS;
    uint64_t bytes;
    packing.threads = pull->options->reading.threads;
    HNY_TRY(check_delta(pull, chain->bundles[last], partials[last]));
    if (chain->held != SIZE_MAX) files[count++] = held->bases.paths[chain->held];
    for (size_t i = 0; i < chain->count; i++) files[count++] = hny_partial_path(partials[i]);
    HNY_TRY(hny_file_clean(held->path.data));
    HNY_TRY(hny_bundle_flatten(files, count, held->path.data, &packing, &pull->pulled->contents, &bytes));
    for (size_t i = 0; i < chain->count; i++) hny_partial_remove(&partials[i]);
    pull->pulled->deltas = chain->count - (chain->held == SIZE_MAX);
    return HNY_OK;
}

/* --- A chain ------------------------------------------------------------------------------------------- */

static bool stands_whole(const struct hny_depot_chain *chain) {
    return chain->held == SIZE_MAX && chain->count == 1;
}

/* The index proves nothing, but what it says itself that nobody wants need not come. */
static hny_status check_signer(const struct pull *pull, const struct hny_depot_chain *chain) {
    const struct hny_signers *signers = pull->options->reading.signers;
    const struct hny_depot_bundle *bundle = chain->bundles[chain->count - 1];
    if (!signers || (bundle->key && hny_signers_have(signers, bundle->key))) return HNY_OK;
    return hny_fail(HNY_ERROR_INPUT, "%s: its %s@%llu is not fetched: its index says that %s%s",
                    pull->fetch.source, bundle->name, (unsigned long long)bundle->release,
                    bundle->key ? "it was signed by another key, " : "nobody has signed it",
                    bundle->key ? bundle->key : "");
}

/* Takes up what there is of each file. */
static hny_status open_partials(const struct pull *pull, const struct hny_held *held,
                                const struct hny_depot_chain *chain, struct hny_partial **partials) {
    size_t last = chain->count - 1;
    for (size_t i = 0; i < chain->count; i++) {
        const struct hny_depot_bundle *bundle = chain->bundles[i];
        for (size_t j = 0; j < i; j++)
            if (strcmp(chain->bundles[j]->file, bundle->file) == 0)
                return hny_fail(HNY_ERROR_INPUT, "%s: has the file %s as two bundles", pull->fetch.source,
                                bundle->file);
        HNY_TRY(hny_partial_open(&partials[i], held->path.data, bundle->file, bundle->bytes));
    }
    /* Those that were opened are locked, and stay. */
    hny_partial_clean(held->folder.data, held->prefix.data, partials[last]);
    return HNY_OK;
}

static hny_status use(struct pull *pull, const struct hny_held *held, const struct hny_depot_chain *chain,
                      struct hny_partial **partials) {
    hny_status status = stands_whole(chain) ? use_whole(pull, chain->bundles[0], partials)
                                            : use_deltas(pull, held, chain, partials);
    if (status == HNY_OK) pull->pulled->changed = true;
    /* Their SHA-256 is right: they will not get better. */
    for (size_t i = 0; status == HNY_ERROR_INPUT && i < chain->count; i++) hny_partial_remove(&partials[i]);
    return status;
}

static hny_status fetch_chain(struct pull *pull, const struct hny_held *held,
                              const struct hny_depot_chain *chain) {
    struct hny_partial *partials[HNY_CHAIN_MOST] = {NULL};
    pull->fetch.depot_refused = false;
    hny_status status = open_partials(pull, held, chain, partials);
    if (status == HNY_OK && stands_whole(chain))
        status = hny_pull_check_start(&pull->fetch.check, hny_partial_path(partials[0]),
                                      hny_partial_size(partials[0]), &pull->options->reading);
    for (size_t i = 0; status == HNY_OK && i < chain->count; i++)
        status = hny_fetch(&pull->fetch, chain->bundles[i], &partials[i]);
    if (status == HNY_OK) status = use(pull, held, chain, partials);
    hny_pull_check_abandon(&pull->fetch.check);
    for (size_t i = 0; i < chain->count; i++) hny_partial_leave(&partials[i]);
    return status;
}

/* --- Which --------------------------------------------------------------------------------------------- */

/* With BASES, from what is held. */
static hny_status choose(const struct pull *pull, const struct hny_pull_bases *bases,
                         struct hny_depot_chain *chain) {
    const char *content = pull->bundle->restores;
    const struct hny_signers *signers = pull->options->reading.signers;
    const char(*digests)[HNY_DIGEST_TEXT] = bases ? (const char(*)[HNY_DIGEST_TEXT])bases->digests : NULL;
    size_t count = bases ? bases->count : 0;
    bool found = false;
    HNY_TRY(hny_depot_chain_find(pull->index, content, digests, count, signers, chain, &found));
    /* What the index says of signatures is no proof that there is none. */
    if (!found && signers)
        HNY_TRY(hny_depot_chain_find(pull->index, content, digests, count, NULL, chain, &found));
    if (found) return HNY_OK;
    return hny_fail(
        HNY_ERROR_INPUT,
        "%s: has %s@%llu as a delta alone, and the bundle that it builds on, %s, is neither there "
        "nor here: --base gives it",
        pull->fetch.source, pull->bundle->name, (unsigned long long)pull->bundle->release,
        pull->bundle->parent);
}

/* The index's entry of what is wished for, whole; false: there is none. */
static bool choose_whole(const struct pull *pull, struct hny_depot_chain *chain) {
    *chain = (struct hny_depot_chain){SIZE_MAX, {pull->bundle}, 1, pull->bundle->bytes};
    return !*pull->bundle->parent;
}

static bool same_files(const struct hny_depot_chain *a, const struct hny_depot_chain *b) {
    return a->held == b->held && a->count == b->count &&
           memcmp(a->bundles, b->bundles, a->count * sizeof *a->bundles) == 0;
}

static hny_status fetch_whole(struct pull *pull, const struct hny_held *held) {
    struct hny_depot_chain chain;
    if (!choose_whole(pull, &chain))
        return hny_fail(HNY_ERROR_INPUT, "%s: has %s@%llu as deltas alone, expected a whole bundle",
                        pull->fetch.source, pull->bundle->name, (unsigned long long)pull->bundle->release);
    HNY_TRY(check_signer(pull, &chain));
    return fetch_chain(pull, held, &chain);
}

static hny_status fetch_some_way(struct pull *pull, const struct hny_held *held) {
    struct hny_depot_chain chain, other;
    if (pull->options->whole) return fetch_whole(pull, held);
    HNY_TRY(choose(pull, &held->bases, &chain));
    HNY_TRY(check_signer(pull, &chain));
    hny_status status = fetch_chain(pull, held, &chain);
    if (status != HNY_ERROR_INPUT || stands_whole(&chain)) return status;
    /* Something is wrong with the deltas, or with what is held: without them, if that goes. */
    struct hny_buffer reason = {0};
    HNY_TRY(hny_buffer_print(&reason, "%s", hny_message()));
    bool another =
        choose_whole(pull, &other) || (choose(pull, NULL, &other) == HNY_OK && !same_files(&chain, &other));
    if (another && check_signer(pull, &other) == HNY_OK) {
        hny_progress_note("%s; fetching without what is held and deltas, as far as possible", reason.data);
        status = fetch_chain(pull, held, &other);
    } else {
        status = hny_fail(status, "%s", reason.data);
    }
    hny_buffer_free(&reason);
    return status;
}

/* --- All ----------------------------------------------------------------------------------------------- */

static hny_status pull_found(struct pull *pull, const char *wanted, const char *to, bool into) {
    struct hny_held held = {0};
    bool good = false;
    pull->fetch.depot_refused = false;
    hny_status status = hny_held_open(&held, to, into, pull->bundle);
    if (status == HNY_OK)
        status = hny_pull_bases_read(&held.bases, pull->options->bases, pull->options->base_count);
    if (status == HNY_OK)
        status = hny_held_check(&held, pull->fetch.source, wanted, pull->bundle, pull->options,
                                &pull->pulled->contents, &good);
    if (status == HNY_OK && good) hny_partial_clean(held.folder.data, held.prefix.data, NULL);
    if (status == HNY_OK && !good) status = fetch_some_way(pull, &held);
    pull->pulled->bytes = pull->fetch.bytes;
    pull->pulled->resumed = pull->fetch.resumed;
    if (status == HNY_OK) status = hny_buffer_append(&pull->pulled->path, held.path.data, held.path.size);
    hny_held_close(&held);
    return status;
}

hny_status hny_pull(const struct hny_carrier *carrier, const char *source, const char *wanted, const char *to,
                    bool into, const struct hny_pull_options *options, struct hny_pulled *pulled) {
    struct pull pull = {.fetch = {.carrier = carrier, .source = source, .options = options},
                        .options = options,
                        .pulled = pulled};
    char before[HNY_DIGEST_TEXT] = "", reason[1024] = "";
    hny_status status, first = HNY_OK;
    bool again;
    *pulled = (struct hny_pulled){0};
    do {
        struct hny_depot_index index;
        pull.index = &index;
        again = false;
        status = hny_pull_index(carrier, source, options, &index);
        if (status == HNY_OK) status = hny_depot_index_find(&index, source, wanted, &pull.bundle);
        if (status == HNY_OK && strcmp(pull.bundle->file, before) == 0) {
            status = hny_fail(first, "%s", reason);
        } else if (status == HNY_OK) {
            /* What has gone from the depot since its index was read may be there in another form. */
            bool last = *before;
            memcpy(before, pull.bundle->file, sizeof before);
            first = status = pull_found(&pull, wanted, to, into);
            again = !last && status == HNY_ERROR_INPUT && pull.fetch.depot_refused;
            if (again) snprintf(reason, sizeof reason, "%s", hny_message());
        }
        hny_depot_index_free(&index);
    } while (again);
    if (status != HNY_OK) hny_pulled_free(pulled);
    return status;
}
