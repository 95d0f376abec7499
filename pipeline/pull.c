#include "pipeline/pull.h"

#include "base/file.h"
#include "base/progress.h"
#include "bundle/bundle.h"
#include "bundle/depot.h"
#include "pipeline/partial.h"
#include "pipeline/pull_held.h"
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { PAUSE_MOST_MS = 60000, PAUSE_STEP_MS = 50 };

struct pull {
    const struct hny_carrier *carrier;
    const char *source;
    const struct hny_pull_options *options;
    const struct hny_depot_bundle *bundle; /* what is fetched */
    struct hny_partial *partial;
    struct hny_pulled *pulled;
    double begin;
    bool depot_refused; /* the depot, and not what is done here, was why it failed */
};

void hny_pulled_free(struct hny_pulled *pulled) {
    hny_bundle_free(&pulled->contents);
    hny_buffer_free(&pulled->path);
    *pulled = (struct hny_pulled){0};
}

/* --- Trying again -------------------------------------------------------------------------------------- */

/* Before the try behind FAILURES that failed. The reason waits in hny_message(). */
static hny_status wait_before(const struct hny_pull_options *options, unsigned failures) {
    uint64_t pause = options->pause_ms;
    for (unsigned i = 1; i < failures && pause < PAUSE_MOST_MS; i++) pause *= 2;
    if (pause > PAUSE_MOST_MS) pause = PAUSE_MOST_MS;
    hny_progress_note("%s; trying again", hny_message());
    for (double end = hny_seconds() + (double)pause / 1e3; hny_seconds() < end;) {
        if (hny_stop_requested()) return hny_fail(HNY_INTERRUPTED, "interrupted");
        nanosleep(&(struct timespec){.tv_nsec = PAUSE_STEP_MS * 1000000l}, NULL);
    }
    return HNY_OK;
}

hny_status hny_pull_index(const struct hny_carrier *carrier, const char *source,
                          const struct hny_pull_options *options, struct hny_depot_index *index) {
    struct hny_buffer text = {0}, name = {0};
    *index = (struct hny_depot_index){0};
    hny_status status = carrier->index(carrier->context, &text);
    for (unsigned failures = 1; status == HNY_ERROR_IO && failures < options->tries; failures++) {
        hny_buffer_clear(&text);
        status = wait_before(options, failures);
        if (status == HNY_OK) status = carrier->index(carrier->context, &text);
    }
    if (status == HNY_OK) status = hny_buffer_print(&name, "%s: " HNY_DEPOT_INDEX, source);
    if (status == HNY_OK)
        status = hny_depot_index_parse(index, name.data, text.data ? text.data : "", text.size);
    hny_buffer_free(&text);
    hny_buffer_free(&name);
    return status;
}

/* --- One file ------------------------------------------------------------------------------------------ */

static void show(const struct pull *pull) {
    double seconds = hny_seconds() - pull->begin;
    if (seconds < 1) return;
    hny_progress_show("%s@%llu: %.1f of %.1f MB, %.1f MB/s", pull->bundle->name,
                      (unsigned long long)pull->bundle->release,
                      (double)hny_partial_size(pull->partial) / 1e6, (double)pull->bundle->bytes / 1e6,
                      (double)pull->pulled->bytes / seconds / 1e6);
}

static hny_status take(void *context, const void *data, size_t size) {
    struct pull *pull = context;
    pull->depot_refused = false;
    HNY_TRY(hny_partial_add(pull->partial, data, size));
    pull->pulled->bytes += size;
    show(pull);
    pull->depot_refused = true;
    return HNY_OK;
}

/* Until all bytes are there. */
static hny_status fetch(struct pull *pull) {
    const struct hny_carrier *carrier = pull->carrier;
    const struct hny_depot_bundle *bundle = pull->bundle;
    for (unsigned failures = 0; hny_partial_size(pull->partial) < bundle->bytes;) {
        uint64_t before = hny_partial_size(pull->partial);
        pull->depot_refused = true;
        hny_status status = carrier->fetch(carrier->context, bundle->file, before, bundle->bytes, take, pull);
        if (status == HNY_OK && hny_partial_size(pull->partial) < bundle->bytes) {
            hny_partial_remove(&pull->partial);
            return hny_fail(HNY_ERROR_INPUT, "%s: %s: shorter than the index says", pull->source,
                            bundle->file);
        }
        if (status == HNY_OK) break;
        if (status != HNY_ERROR_IO || !pull->depot_refused) return status;
        failures = hny_partial_size(pull->partial) > before ? 1 : failures + 1;
        if (failures >= pull->options->tries) return status;
        HNY_TRY(wait_before(pull->options, failures));
    }
    pull->depot_refused = false;
    return HNY_OK;
}

/* What an earlier run left may be damaged: then once more from the beginning. */
static hny_status fetch_right(struct pull *pull) {
    char digest[HNY_DIGEST_TEXT];
    bool right;
    pull->pulled->resumed = hny_partial_size(pull->partial);
    HNY_TRY(fetch(pull));
    HNY_TRY(hny_partial_check(pull->partial, &right, digest));
    if (!right && pull->pulled->resumed > 0) {
        pull->pulled->resumed = 0;
        HNY_TRY(hny_partial_restart(pull->partial));
        HNY_TRY(fetch(pull));
        HNY_TRY(hny_partial_check(pull->partial, &right, digest));
    }
    if (right) return HNY_OK;
    hny_partial_remove(&pull->partial);
    return hny_fail(HNY_ERROR_INPUT, "%s: what came has the SHA-256 %s, but the index says %s", pull->source,
                    digest, pull->bundle->file);
}

/* The bundle must be the one that the index promised. */
static hny_status verify(struct pull *pull) {
    const struct hny_depot_bundle *bundle = pull->bundle;
    struct hny_bundle *contents = &pull->pulled->contents;
    char name[HNY_RELEASE_TEXT];
    HNY_TRY(hny_bundle_verify(hny_partial_path(pull->partial), &pull->options->reading, contents));
    hny_release_print(contents->name, contents->release, name);
    if (strcmp(contents->name, bundle->name) != 0 || contents->release != bundle->release)
        return hny_fail(HNY_ERROR_INPUT, "%s: what it has as %s@%llu calls itself %s", pull->source,
                        bundle->name, (unsigned long long)bundle->release, name);
    if (strcmp(contents->digest, bundle->digest) != 0)
        return hny_fail(HNY_ERROR_INPUT, "%s: %s has the digest %s, but the index says %s", pull->source,
                        name, contents->digest, bundle->digest);
    return HNY_OK;
}

/* The index proves nothing, but what it says itself that nobody wants need not come. */
static hny_status check_signer(const struct pull *pull) {
    const struct hny_signers *signers = pull->options->reading.signers;
    const struct hny_depot_bundle *bundle = pull->bundle;
    if (!signers || (bundle->key && hny_signers_have(signers, bundle->key))) return HNY_OK;
    return hny_fail(HNY_ERROR_INPUT, "%s: its %s@%llu is not fetched: its index says that %s%s", pull->source,
                    bundle->name, (unsigned long long)bundle->release,
                    bundle->key ? "it was signed by another key, " : "nobody has signed it",
                    bundle->key ? bundle->key : "");
}

static hny_status fetch_bundle(struct pull *pull, const struct hny_held *held) {
    HNY_TRY(check_signer(pull));
    pull->begin = hny_seconds();
    HNY_TRY(hny_partial_open(&pull->partial, held->path.data, pull->bundle->file, pull->bundle->bytes));
    hny_partial_clean(held->folder.data, held->prefix.data, pull->partial);
    HNY_TRY(fetch_right(pull));
    hny_status status = verify(pull);
    if (status == HNY_ERROR_INPUT) hny_partial_remove(&pull->partial);
    HNY_TRY(status);
    HNY_TRY(hny_partial_commit(&pull->partial));
    pull->pulled->changed = true;
    return HNY_OK;
}

/* --- All ----------------------------------------------------------------------------------------------- */

static hny_status pull_found(struct pull *pull, const char *wanted, const char *to, bool into) {
    struct hny_held held = {0};
    bool good = false;
    hny_status status = hny_held_open(&held, to, into, pull->bundle);
    if (status == HNY_OK)
        status = hny_held_check(&held, pull->source, wanted, pull->bundle, &pull->options->reading,
                                &pull->pulled->contents, &good);
    if (status == HNY_OK && !good) status = fetch_bundle(pull, &held);
    hny_partial_leave(&pull->partial);
    if (status == HNY_OK) status = hny_buffer_append(&pull->pulled->path, held.path.data, held.path.size);
    hny_held_close(&held);
    return status;
}

hny_status hny_pull(const struct hny_carrier *carrier, const char *source, const char *wanted, const char *to,
                    bool into, const struct hny_pull_options *options, struct hny_pulled *pulled) {
    struct pull pull = {.carrier = carrier, .source = source, .options = options, .pulled = pulled};
    char before[HNY_DIGEST_TEXT] = "", reason[1024] = "";
    hny_status status, first = HNY_OK;
    bool again;
    *pulled = (struct hny_pulled){0};
    do {
        struct hny_depot_index index;
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
            again = !last && status == HNY_ERROR_INPUT && pull.depot_refused;
            if (again) snprintf(reason, sizeof reason, "%s", hny_message());
        }
        hny_depot_index_free(&index);
    } while (again);
    if (status != HNY_OK) hny_pulled_free(pulled);
    return status;
}
