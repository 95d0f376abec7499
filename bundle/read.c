#include "bundle/read.h"

#include "base/threads.h"
#include "bundle/aside.h"
#include "bundle/chain.h"
#include "bundle/room.h"
#include "bundle/supplies.h"
#include <stdlib.h>
#include <string.h>

struct reading {
    struct hny_chain *chain;
    const struct hny_bundle_taker *taker;
    const struct hny_read_options *options;
    const char *name; /* of the supply */
    struct hny_threads *threads;
    /* The digest of the file that is being restored takes its bytes in order, so threads do not share it: it
     * is computed while the next batch is read and decoded. */
    struct hny_aside *aside;

    const struct hny_bundle_file *file; /* of the batch */
    size_t *numbers;                    /* tensors of the batch, and where each begins in ROOM */
    size_t *places;
    size_t count, numbers_room, places_room;
    struct hny_room room; /* what is restored */
};

/* --- Tensors ------------------------------------------------------------------------------------------- */

static hny_status hand_on(struct reading *reading, const void *data, size_t size) {
    if (!reading->options->skip_digests) HNY_TRY(hny_aside_add(reading->aside, data, size));
    return reading->taker && reading->taker->bytes
               ? reading->taker->bytes(reading->taker->context, data, size)
               : HNY_OK;
}

static const struct hny_bundle_tensor *tensor_at(const struct reading *reading, size_t i) {
    return &reading->file->tensors[reading->numbers[i]];
}

static hny_status join_tensor(void *context, size_t number, size_t thread) {
    const struct reading *reading = context;
    const struct hny_bundle_tensor *tensor = tensor_at(reading, number);
    (void)thread;
    hny_planes_join(tensor->layout, &tensor->tensor, hny_chain_planes(reading->chain, number),
                    reading->room.bytes + reading->places[number]);
    return HNY_OK;
}

static hny_status join_piece(void *context, size_t number, size_t thread) {
    const struct reading *reading = context;
    const struct hny_bundle_tensor *tensor = tensor_at(reading, 0);
    (void)thread;
    hny_planes_join_piece(tensor->layout, &tensor->tensor, hny_chain_planes(reading->chain, 0), number,
                          reading->room.bytes);
    return HNY_OK;
}

/* Small tensors are a part of the work each; a large one is a batch alone, and shared. */
static hny_status join_batch(struct reading *reading) {
    const struct hny_bundle_tensor *first = tensor_at(reading, 0);
    if (reading->count > 1) return hny_threads_run(reading->threads, reading->count, join_tensor, reading);
    return hny_threads_run(reading->threads, hny_planes_pieces(first->layout, &first->tensor), join_piece,
                           reading);
}

/* Lists a batch from *NEXT on; *SIZE is the room for it. */
static hny_status list_batch(struct reading *reading, size_t *next, size_t *size) {
    size_t end = hny_bundle_batch_end(reading->file, *next);
    reading->count = end - *next;
    if (hny_grow(&reading->numbers, &reading->numbers_room, reading->count, sizeof *reading->numbers) != 0 ||
        hny_grow(&reading->places, &reading->places_room, reading->count, sizeof *reading->places) != 0)
        return HNY_ERROR_MEMORY;
    *size = 0;
    for (size_t i = 0; i < reading->count; i++) {
        reading->numbers[i] = *next + i;
        reading->places[i] = *size;
        *size += hny_room_aligned(reading->file->tensors[*next + i].bytes);
    }
    *next = end;
    return HNY_OK;
}

static hny_status read_batch(struct reading *reading, size_t file, size_t *next) {
    size_t size;
    HNY_TRY(list_batch(reading, next, &size));
    HNY_TRY(hny_chain_tensors(reading->chain, file, reading->numbers, reading->count));
    HNY_TRY(hny_aside_wait(reading->aside)); /* it read the room of the batch before until here */
    HNY_TRY(hny_room_make(&reading->room, size));
    HNY_TRY(join_batch(reading));
    for (size_t i = 0; i < reading->count; i++)
        HNY_TRY(hand_on(reading, reading->room.bytes + reading->places[i], tensor_at(reading, i)->bytes));
    return HNY_OK;
}

/* --- Files --------------------------------------------------------------------------------------------- */

static hny_status read_contents(struct reading *reading, size_t number) {
    const unsigned char *first;
    HNY_TRY(hny_chain_first(reading->chain, number, &first));
    HNY_TRY(hand_on(reading, first, reading->file->first.size));
    HNY_TRY(hny_aside_wait(reading->aside)); /* what the chain reads next takes its place */
    for (size_t next = 0; next < reading->file->tensor_count;) HNY_TRY(read_batch(reading, number, &next));
    return HNY_OK;
}

static hny_status check_file(struct reading *reading) {
    const struct hny_bundle_file *file = reading->file;
    char digest[HNY_DIGEST_TEXT];
    HNY_TRY(hny_aside_end(reading->aside, digest));
    if (strcmp(digest, file->digest) == 0) return HNY_OK;
    return hny_fail(HNY_ERROR_INPUT, "%s: %s: altered: restored, its SHA-256 is %s, but the manifest says %s",
                    reading->name, file->name, digest, file->digest);
}

static hny_status read_file(struct reading *reading, size_t number) {
    const struct hny_bundle_taker *taker = reading->taker;
    reading->file = &hny_chain_bundle(reading->chain)->files[number];
    if (taker && taker->begin) HNY_TRY(taker->begin(taker->context, reading->file));
    if (!reading->options->skip_digests) HNY_TRY(hny_aside_begin(reading->aside));
    HNY_TRY(read_contents(reading, number));
    if (!reading->options->skip_digests) HNY_TRY(check_file(reading));
    return taker && taker->end ? taker->end(taker->context) : HNY_OK;
}

/* The newest answers for all: what its bases restore of it is checked by its own digests. */
static hny_status check_signer(const struct reading *reading) {
    const struct hny_signers *signers = reading->options->signers;
    const char *signer = hny_chain_bundle(reading->chain)->signer;
    if (!signers || hny_signers_have(signers, signer)) return HNY_OK;
    return *signer ? hny_fail(HNY_ERROR_INPUT, "%s: signed by %s, which is none of the keys given",
                              reading->name, signer)
                   : hny_fail(HNY_ERROR_INPUT, "%s: nobody signed it, expected one of the keys given",
                              reading->name);
}

static hny_status read_all(struct reading *reading, struct hny_supply *const *supplies, size_t count) {
    HNY_TRY(hny_chain_open(&reading->chain, supplies, count, reading->threads,
                           !reading->options->skip_digests, reading->options->alone));
    HNY_TRY(check_signer(reading));
    if (count == 1 && hny_chain_bundle(reading->chain)->parent) return hny_chain_check(reading->chain);
    for (size_t i = 0; i < hny_chain_bundle(reading->chain)->file_count; i++) HNY_TRY(read_file(reading, i));
    return hny_chain_end(reading->chain);
}

hny_status hny_bundle_read_chain(struct hny_supply *const *supplies, size_t count,
                                 const struct hny_bundle_taker *taker, const struct hny_read_options *options,
                                 struct hny_bundle *bundle) {
    struct reading reading = {.taker = taker, .options = options};
    *bundle = (struct hny_bundle){0};
    reading.name = hny_supply_name(supplies[count - 1]);
    hny_status status = hny_threads_create(&reading.threads, options->threads);
    if (status == HNY_OK)
        status = hny_aside_create(&reading.aside, options->threads > 1 && !options->skip_digests);
    if (status == HNY_OK) status = read_all(&reading, supplies, count);
    if (status == HNY_OK) {
        *bundle = hny_chain_take_bundle(reading.chain);
        bundle->packed = hny_supply_taken(supplies[count - 1]);
    }
    hny_aside_destroy(&reading.aside); /* first: it reads what the others have */
    hny_chain_close(&reading.chain);
    hny_threads_destroy(&reading.threads);
    free(reading.numbers);
    free(reading.places);
    hny_room_free(&reading.room);
    return status;
}

hny_status hny_bundle_read(struct hny_supply *supply, const struct hny_bundle_taker *taker,
                           const struct hny_read_options *options, struct hny_bundle *bundle) {
    struct hny_supplies bases = {0};
    *bundle = (struct hny_bundle){0};
    hny_status status = hny_supplies_open(&bases, options->bases, options->base_count);
    if (status == HNY_OK) status = hny_supplies_add(&bases, supply);
    if (status == HNY_OK) status = hny_bundle_read_chain(bases.supplies, bases.count, taker, options, bundle);
    hny_supplies_close(&bases);
    return status;
}
