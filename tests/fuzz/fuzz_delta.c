/* Deltas against their base. The input is two manifests with a NUL behind each, three bytes (which piece of
 * the delta to change, where, by what), and what contents are made of. Base and delta are made of the
 * manifests with the members that they ask for; the delta's parent becomes the base's digest, and `full` what
 * it has to be, or few would get further. Digests of contents do not count, or no change would come far. What
 * is taken is as large as the manifest says, and the delta alone is looked at too. Reader: bundle/chain.c
 * Reader: bundle/links.c
 * Reader: bundle/change.c
 * Reader: bundle/contents_change.c
 * Reader: bundle/members.c */
#include "tests/fuzz/fuzz.h"

#include "bundle/read.h"
#include "tests/fuzz/bundle_making.h"
#include <string.h>

enum { MOST_BYTES = 1 << 16, CONTROLS = 3 };

/* Makes a bundle of a manifest; false where it is none or asks for too much. DIGEST receives its own. */
static bool make(struct bundle_making *making, const char *text, size_t size, char digest[HNY_DIGEST_TEXT]) {
    struct hny_bundle bundle;
    unsigned char end[HNY_TAR_BLOCK + HNY_TAR_END] = {0};
    if (hny_bundle_parse(&bundle, "bundle", text, size) != HNY_OK) return false;
    bool fits = bundle.bytes <= MOST_BYTES;
    memcpy(digest, bundle.full, sizeof bundle.full);
    FUZZ_CHECK(hny_frame_coder_create(&making->coder) == HNY_OK);
    if (fits) {
        making_add_member(making, HNY_BUNDLE_MANIFEST, size, text);
        for (size_t i = 0; i < bundle.file_count; i++) making_add_file(making, &bundle.files[i]);
        making_add_piece(making, end, hny_tar_padding(making->previous) + HNY_TAR_END);
    }
    hny_frame_coder_destroy(&making->coder);
    hny_bundle_free(&bundle);
    return fits;
}

/* Planes of a bfloat16 tensor out of DATA: what is made of two of them gives the second one back. */
static void check_changes(const uint8_t *data, size_t size) {
    enum { PARTS = 4 }; /* two planes of each tensor */
    size_t count = size / PARTS;
    if (count == 0) return;
    const struct hny_safetensors_tensor tensor = {"t", HNY_ELEMENT_F32, 1, {count}, NULL};
    const unsigned char *old[] = {data, data + count}, *new[] = {data + 2 * count, data + 3 * count};
    size_t cuts[HNY_CHANGE_CUTS], last = 0;
    unsigned char *room = malloc(size);
    FUZZ_CHECK(room);
    unsigned char *made[] = {room, room + count}, *back[] = {room + 2 * count, room + 3 * count};
    for (int change = HNY_CHANGE_XOR; change <= HNY_CHANGE_DIFFERENCE; change++) {
        hny_change_make((enum hny_change)change, HNY_PLANES_BF16, &tensor, old, new, made);
        hny_change_apply((enum hny_change)change, HNY_PLANES_BF16, &tensor, old,
                         (const unsigned char *const *)made, back);
        FUZZ_CHECK(memcmp(back[0], new[0], count) == 0 && memcmp(back[1], new[1], count) == 0);
    }
    for (size_t i = 0, found = hny_change_cuts(HNY_PLANES_BF16, &tensor, old, cuts); i < found; i++) {
        FUZZ_CHECK(cuts[i] > last && cuts[i] < count);
        last = cuts[i];
    }
    free(room);
}

static void read_both(const struct hny_buffer *base, const struct hny_buffer *delta, bool digests) {
    uint64_t bytes = 0;
    const struct hny_bundle_taker taker = {.bytes = making_count_bytes, .context = &bytes};
    const struct hny_read_options options = {.threads = 1, .skip_digests = !digests};
    struct hny_supply *supplies[2] = {NULL};
    struct hny_bundle bundle;
    FUZZ_CHECK(hny_supply_memory(&supplies[0], "base", base->data, base->size) == HNY_OK);
    FUZZ_CHECK(hny_supply_memory(&supplies[1], "delta", delta->data, delta->size) == HNY_OK);
    hny_status status = hny_bundle_read_chain(supplies, 2, &taker, &options, &bundle);
    if (status == HNY_OK) {
        FUZZ_CHECK(bytes == bundle.bytes && hny_supply_taken(supplies[1]) == delta->size);
        making_check_round_trip(&bundle);
    } else {
        making_check_failure(status, &bundle);
    }
    hny_bundle_free(&bundle);
    hny_supply_close(&supplies[0]);
    hny_supply_close(&supplies[1]);
}

static void read_alone(const struct hny_buffer *delta) {
    const struct hny_read_options options = {.threads = 1, .alone = true};
    struct hny_supply *supply = NULL;
    struct hny_bundle bundle;
    FUZZ_CHECK(hny_supply_memory(&supply, "delta", delta->data, delta->size) == HNY_OK);
    hny_status status = hny_bundle_read(supply, NULL, &options, &bundle);
    if (status != HNY_OK) making_check_failure(status, &bundle);
    hny_bundle_free(&bundle);
    hny_supply_close(&supply);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const uint8_t *first_end = memchr(data, 0, size);
    if (!first_end) return 0;
    const uint8_t *second = first_end + 1;
    size_t left = size - (size_t)(second - data);
    const uint8_t *second_end = memchr(second, 0, left);
    if (!second_end || size - (size_t)(second_end + 1 - data) < CONTROLS) return 0;
    const uint8_t *controls = second_end + 1;
    char digest[HNY_DIGEST_TEXT] = "", own[HNY_DIGEST_TEXT];
    struct hny_buffer adopted = {0};
    struct bundle_making base = {.wrong_piece = SIZE_MAX, .rest = controls + CONTROLS};
    base.rest_size = size - (size_t)(base.rest - data);
    struct bundle_making delta = base;
    delta.wrong_piece = controls[0];
    delta.wrong_at = (size_t)controls[1] * 3;
    delta.change = controls[2];
    if (make(&base, (const char *)data, (size_t)(first_end - data), digest)) {
        making_complete((const char *)second, (size_t)(second_end - second), digest, &adopted);
        if (make(&delta, adopted.data, adopted.size, own)) {
            read_both(&base.frames, &delta.frames, false);
            read_both(&base.frames, &delta.frames, true);
            read_alone(&delta.frames);
        }
    }
    check_changes(base.rest, base.rest_size);
    hny_buffer_free(&adopted);
    hny_buffer_free(&base.frames);
    hny_buffer_free(&delta.frames);
    return 0;
}
