#include "pipeline/pull_fetch.h"

#include "base/progress.h"
#include <time.h>

enum { PAUSE_MOST_MS = 60000, PAUSE_STEP_MS = 50 };

hny_status hny_fetch_wait(const struct hny_pull_options *options, unsigned failures) {
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

static void show(const struct hny_fetch *fetch) {
    double seconds = hny_seconds() - fetch->begin;
    if (seconds < 1) return;
    hny_progress_show("%s@%llu%s: %.1f of %.1f MB, %.1f MB/s", fetch->bundle->name,
                      (unsigned long long)fetch->bundle->release, *fetch->bundle->parent ? ", a delta" : "",
                      (double)hny_partial_size(fetch->partial) / 1e6, (double)fetch->bundle->bytes / 1e6,
                      (double)fetch->came / seconds / 1e6);
}

static hny_status take(void *context, const void *data, size_t size) {
    struct hny_fetch *fetch = context;
    fetch->depot_refused = false;
    HNY_TRY(hny_partial_add(fetch->partial, data, size));
    fetch->came += size;
    hny_pull_check_tell(fetch->check, hny_partial_size(fetch->partial));
    show(fetch);
    fetch->depot_refused = true;
    return HNY_OK;
}

/* Until all bytes are there. *USELESS: what came is no beginning of the file. */
static hny_status fetch_bytes(struct hny_fetch *fetch, bool *useless) {
    const struct hny_carrier *carrier = fetch->carrier;
    const struct hny_depot_bundle *bundle = fetch->bundle;
    for (unsigned failures = 0; hny_partial_size(fetch->partial) < bundle->bytes;) {
        uint64_t before = hny_partial_size(fetch->partial);
        fetch->depot_refused = true;
        hny_status status =
            carrier->fetch(carrier->context, bundle->file, before, bundle->bytes, take, fetch);
        if (status == HNY_OK && hny_partial_size(fetch->partial) < bundle->bytes) {
            *useless = true;
            return hny_fail(HNY_ERROR_INPUT, "%s: %s: shorter than the index says", fetch->source,
                            bundle->file);
        }
        if (status == HNY_OK) break;
        if (status != HNY_ERROR_IO || !fetch->depot_refused) return status;
        failures = hny_partial_size(fetch->partial) > before ? 1 : failures + 1;
        if (failures >= fetch->options->tries) return status;
        HNY_TRY(hny_fetch_wait(fetch->options, failures));
    }
    fetch->depot_refused = false;
    return HNY_OK;
}

/* What an earlier run left may be damaged: then once more from the beginning. */
static hny_status fetch_right(struct hny_fetch *fetch, uint64_t *resumed, bool *useless) {
    char digest[HNY_DIGEST_TEXT];
    bool right;
    *resumed = hny_partial_size(fetch->partial);
    HNY_TRY(fetch_bytes(fetch, useless));
    HNY_TRY(hny_partial_check(fetch->partial, &right, digest));
    if (!right && *resumed > 0) {
        *resumed = 0;
        hny_pull_check_spoil(fetch->check);
        HNY_TRY(hny_partial_restart(fetch->partial));
        HNY_TRY(fetch_bytes(fetch, useless));
        HNY_TRY(hny_partial_check(fetch->partial, &right, digest));
    }
    if (right) return HNY_OK;
    *useless = true;
    return hny_fail(HNY_ERROR_INPUT, "%s: what came has the SHA-256 %s, but the index says %s", fetch->source,
                    digest, fetch->bundle->file);
}

hny_status hny_fetch(struct hny_fetch *fetch, const struct hny_depot_bundle *bundle,
                     struct hny_partial **partial) {
    uint64_t resumed = 0;
    bool useless = false;
    fetch->bundle = bundle;
    fetch->partial = *partial;
    fetch->begin = hny_seconds();
    fetch->came = 0;
    hny_status status = fetch_right(fetch, &resumed, &useless);
    fetch->bytes += fetch->came;
    fetch->resumed += resumed;
    if (useless) hny_partial_remove(partial);
    return status;
}
