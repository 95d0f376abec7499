/* The reader of pipeline files, and that of the messages between stages: frames, each behind its length in
 * two bytes, where the input begins with a NUL. A message that is taken comes back the same through writing,
 * and no stage fails in another way than by a refusal. Reader: pipeline/pipeline_file.c
 * Reader: pipeline/stream_wire.c */
#include "tests/fuzz/fuzz.h"

#include "pipeline/pipeline_file.h"
#include "pipeline/stream_wire.h"
#include <string.h>

enum { MOST_FRAMES = 32, TIMES = 3 };

static void check_pipeline(const uint8_t *data, size_t size) {
    struct hny_pipeline pipeline, loaded;
    hny_status status = hny_pipeline_parse(&pipeline, "input", (const char *)data, size);
    FUZZ_CHECK(hny_pipeline_load(&loaded, fuzz_file(data, size)) == status);
    FUZZ_CHECK((status == HNY_OK) == (pipeline.json != NULL));
    if (status != HNY_OK) {
        FUZZ_CHECK(*hny_message() && status != HNY_ERROR_USAGE);
        return;
    }
    FUZZ_CHECK(pipeline.in && pipeline.out && pipeline.stage_count >= 1);
    FUZZ_CHECK(pipeline.stage_count <= HNY_PIPELINE_STAGES && pipeline.model_count <= HNY_PIPELINE_MODELS);
    for (size_t i = 0; i < pipeline.stage_count; i++) {
        enum hny_work_kind kind;
        const struct hny_pipeline_stage *stage = &pipeline.stages[i];
        FUZZ_CHECK(hny_work_read("again", hny_work_name(stage->work), &kind) == HNY_OK &&
                   kind == stage->work);
        FUZZ_CHECK(!stage->model || stage->work == HNY_WORK_TRANSLATE);
    }
    hny_pipeline_free(&pipeline);
    hny_pipeline_free(&loaded);
}

static void check_same(const struct hny_link_message *a, const struct hny_link_message *b) {
    const struct hny_payload *left = a->record.payload, *right = b->record.payload;
    FUZZ_CHECK(a->verb == b->verb && a->session == b->session && a->stream == b->stream);
    FUZZ_CHECK(a->stored == b->stored && a->refused == b->refused && a->last == b->last &&
               a->bytes == b->bytes);
    FUZZ_CHECK(memcmp(a->come, b->come, sizeof a->come) == 0 && a->record.number == b->record.number);
    FUZZ_CHECK(a->record.end == b->record.end && a->record.refused == b->record.refused && !left == !right);
    for (size_t i = 0; left && i < left->count; i++)
        FUZZ_CHECK(left->count == right->count && left->sentences[i].size == right->sentences[i].size &&
                   memcmp(left->sentences[i].data, right->sentences[i].data, left->sentences[i].size) == 0);
}

/* A stage, in the beginning or in the middle of its life, to which the message comes some times. */
static void tell(const struct hny_link_message *message, bool source, bool sink, bool forgets) {
    struct hny_stream_options options;
    struct hny_stream_core *core = NULL;
    struct hny_stream_action action;
    const struct hny_stream_position position = {.stream = 3, .stored = 2};
    hny_stream_options_defaults(&options);
    options.source = source;
    options.sink = sink;
    options.source_forgets = source && forgets;
    options.sink_forgets = sink && forgets;
    options.stream = source ? 3 : 0;
    FUZZ_CHECK(hny_stream_core_create(&core, &options) == HNY_OK);
    if ((source || sink) && !forgets) FUZZ_CHECK(hny_stream_core_begin(core, &position, sink) == HNY_OK);
    for (uint64_t now = 1; now < TIMES * 2000; now += 2000) {
        hny_status status = hny_stream_core_message(core, now, message);
        FUZZ_CHECK(status == HNY_OK || status == HNY_ERROR_INPUT);
        if (source && hny_stream_core_room(core))
            FUZZ_CHECK(hny_stream_core_feed(core, now, message->record.payload, false) == HNY_OK);
        FUZZ_CHECK(hny_stream_core_tick(core, now + 500) == HNY_OK);
        while (hny_stream_core_take(core, now, &action)) {
            if (action.act == HNY_STREAM_START)
                FUZZ_CHECK(hny_stream_core_done(core, now, action.record.number, action.record.payload,
                                                true) == HNY_OK);
            hny_payload_drop(&action.record.payload);
            hny_payload_drop(&action.message.record.payload);
        }
        if (sink) FUZZ_CHECK(hny_stream_core_stored(core) == HNY_OK);
        FUZZ_CHECK(hny_stream_core_held(core) <= HNY_STREAM_WINDOW);
    }
    hny_stream_core_destroy(&core);
}

static void check_message(const uint8_t *data, size_t size) {
    struct hny_piece pieces[MOST_FRAMES];
    struct hny_link_message message, back;
    struct hny_frames frames = {0};
    size_t count = fuzz_cut(data, size, pieces, MOST_FRAMES);
    hny_status status = hny_stream_wire_read(pieces, count, &message);
    FUZZ_CHECK(status == HNY_OK || (status == HNY_ERROR_INPUT && !message.record.payload));
    if (status != HNY_OK) return;
    FUZZ_CHECK(hny_stream_wire_write(&frames, &message) == HNY_OK);
    FUZZ_CHECK(hny_stream_wire_read(frames.pieces, frames.count, &back) == HNY_OK);
    check_same(&message, &back);
    hny_payload_drop(&back.record.payload);
    hny_frames_free(&frames);
    for (int which = 0; which < 8; which++) tell(&message, which & 1, which & 2, which & 4);
    hny_payload_drop(&message.record.payload);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size > 0 && data[0] == '\0')
        check_message(data + 1, size - 1);
    else
        check_pipeline(data, size);
    return 0;
}
