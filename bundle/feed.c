#include "bundle/feed.h"

#include <stdlib.h>

hny_status hny_feed_open(struct hny_feed *feed, const struct hny_bundle *bundle,
                         const struct hny_bundle_input *inputs, const char *const *files, size_t count,
                         struct hny_threads *threads) {
    feed->bundle = bundle;
    feed->inputs = inputs;
    feed->threads = threads;
    return inputs ? HNY_OK : hny_chain_open_files(&feed->chain, files, count, threads);
}

void hny_feed_close(struct hny_feed *feed) {
    hny_chain_close(&feed->chain);
    free(feed->parts);
    free(feed->numbers);
    hny_room_free(&feed->room);
    *feed = (struct hny_feed){0};
}

hny_status hny_feed_first(struct hny_feed *feed, size_t file, const unsigned char **content) {
    size_t size;
    if (feed->chain) return hny_chain_first(feed->chain, file, content);
    *content = hny_bundle_input_first(&feed->inputs[file], &size);
    return HNY_OK;
}

static hny_status lay_out(void *context, size_t number, size_t thread) {
    const struct hny_feed *feed = context;
    const struct hny_feed_part *part = &feed->parts[number];
    (void)thread;
    if (hny_planes_split(part->tensor->layout, &part->tensor->tensor, part->planes)) return HNY_OK;
    return hny_fail(HNY_ERROR_INPUT, "the tensor %s holds what is not finite: int8 cannot",
                    part->tensor->tensor.name);
}

/* Places the planes of each tensor in the room. */
static hny_status place(struct hny_feed *feed, const struct hny_bundle_file *file, size_t from,
                        size_t count) {
    size_t size = 0;
    if (hny_grow(&feed->parts, &feed->part_room, count, sizeof *feed->parts) != 0) return HNY_ERROR_MEMORY;
    for (size_t i = from; i < from + count; i++)
        for (size_t plane = 0; plane < file->tensors[i].member_count; plane++)
            size += hny_room_aligned(file->tensors[i].members[plane].size);
    HNY_TRY(hny_room_make(&feed->room, size));
    unsigned char *at = feed->room.bytes;
    for (size_t i = 0; i < count; i++) {
        feed->parts[i] = (struct hny_feed_part){.tensor = &file->tensors[from + i]};
        for (size_t plane = 0; plane < file->tensors[from + i].member_count; plane++) {
            feed->parts[i].planes[plane] = at;
            at += hny_room_aligned(file->tensors[from + i].members[plane].size);
        }
    }
    return HNY_OK;
}

hny_status hny_feed_tensors(struct hny_feed *feed, size_t file, size_t from, size_t end) {
    if (!feed->chain) {
        HNY_TRY(place(feed, &feed->bundle->files[file], from, end - from));
        hny_status status = hny_threads_run(feed->threads, end - from, lay_out, feed);
        return status == HNY_ERROR_INPUT ? hny_fail_within(status, "%s", feed->bundle->files[file].name)
                                         : status;
    }
    if (hny_grow(&feed->numbers, &feed->number_room, end - from, sizeof *feed->numbers) != 0)
        return HNY_ERROR_MEMORY;
    for (size_t i = from; i < end; i++) feed->numbers[i - from] = i;
    return hny_chain_tensors(feed->chain, file, feed->numbers, end - from);
}

const unsigned char *const *hny_feed_planes(const struct hny_feed *feed, size_t i) {
    return feed->chain ? hny_chain_planes(feed->chain, i)
                       : (const unsigned char *const *)feed->parts[i].planes;
}
