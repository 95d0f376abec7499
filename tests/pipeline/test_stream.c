#include "pipeline/pipeline_file.h"
#include "pipeline/position.h"
#include "pipeline/stage_work.h"
#include "pipeline/stream_core.h"
#include "pipeline/stream_wire.h"
#include "tests/base/scratch.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite(stream, .init = scratch_open, .fini = scratch_close);

static struct hny_stream_core *make_core(bool source, bool sink, size_t bytes) {
    struct hny_stream_options options;
    struct hny_stream_core *core = NULL;
    hny_stream_options_defaults(&options);
    options.session = 7;
    options.source = source;
    options.sink = sink;
    options.bytes = bytes;
    options.stream = source ? 3 : 0;
    cr_assert_eq(hny_stream_core_create(&core, &options), HNY_OK);
    if (source || sink)
        cr_assert_eq(hny_stream_core_begin(core, &(struct hny_stream_position){.stream = 3}, sink), HNY_OK);
    return core;
}

static struct hny_payload *text_of(const char *text) {
    return hny_payload_create((struct hny_piece){"", 0}, &(struct hny_piece){text, strlen(text)}, 1);
}

/* The actions that there are; how many of ACT, and the last of them in *LAST without its payload. */
static unsigned count_actions(struct hny_stream_core *core, enum hny_stream_act act, enum hny_link_verb verb,
                              struct hny_stream_action *last) {
    struct hny_stream_action action;
    unsigned count = 0;
    while (hny_stream_core_take(core, 1, &action)) {
        hny_payload_drop(&action.record.payload);
        hny_payload_drop(&action.message.record.payload);
        bool sends = act == HNY_STREAM_DOWN || act == HNY_STREAM_UP;
        if (action.act != act || (sends && action.message.verb != verb)) continue;
        *last = action;
        count++;
    }
    return count;
}

static void tell_record(struct hny_stream_core *core, uint64_t number, const char *text) {
    struct hny_link_message message = {
        .verb = HNY_LINK_RECORD, .session = 1, .stream = 3, .record.number = number};
    message.record.payload = text_of(text);
    cr_assert_eq(hny_stream_core_message(core, 1, &message), HNY_OK);
    hny_payload_drop(&message.record.payload);
}

static void tell_state(struct hny_stream_core *core, uint64_t session, uint64_t stored, uint64_t last,
                       uint64_t bytes) {
    struct hny_link_message message = {.verb = HNY_LINK_STATE,
                                       .session = session,
                                       .stream = 3,
                                       .stored = stored,
                                       .last = last,
                                       .bytes = bytes};
    cr_assert_eq(hny_stream_core_message(core, 1, &message), HNY_OK);
}

static void finish(struct hny_stream_core *core, uint64_t number) {
    struct hny_payload *payload = text_of("done");
    cr_assert_eq(hny_stream_core_done(core, 1, number, payload, false), HNY_OK);
    hny_payload_drop(&payload);
}

Test(stream, upstream_hears_that_a_record_is_stored_after_downstream_has_said_so) {
    struct hny_stream_core *core = make_core(false, false, 1000);
    struct hny_stream_action last;
    tell_state(core, 2, 0, 100, 1000);
    tell_record(core, 1, "one");
    cr_assert_eq(count_actions(core, HNY_STREAM_START, HNY_LINK_VERBS, &last), 1);
    finish(core, 1);
    cr_assert_eq(hny_stream_core_tick(core, 1000), HNY_OK);
    cr_assert_eq(count_actions(core, HNY_STREAM_UP, HNY_LINK_STATE, &last), 1);
    cr_assert_eq(last.message.stored, 0);
    cr_assert_eq(last.message.come[0], 1);
    tell_state(core, 2, 1, 100, 1000);
    cr_assert_eq(count_actions(core, HNY_STREAM_UP, HNY_LINK_STATE, &last), 1);
    cr_assert_eq(last.message.stored, 1);
    cr_assert_eq(hny_stream_core_held(core), 0);
    hny_stream_core_destroy(&core);
}

Test(stream, another_process_downstream_gets_all_that_is_not_stored_again) {
    struct hny_stream_core *core = make_core(true, false, 1000);
    struct hny_stream_action last;
    struct hny_payload *payload = text_of("line");
    tell_state(core, 2, 0, 100, 1000);
    for (uint64_t number = 1; number <= 3; number++) {
        cr_assert_eq(hny_stream_core_feed(core, 1, payload, false), HNY_OK);
        finish(core, number);
    }
    cr_assert_eq(count_actions(core, HNY_STREAM_DOWN, HNY_LINK_RECORD, &last), 3);
    tell_state(core, 2, 1, 100, 1000);
    cr_assert_eq(count_actions(core, HNY_STREAM_DOWN, HNY_LINK_RECORD, &last), 0);
    tell_state(core, 9, 1, 100, 1000);
    cr_assert_eq(count_actions(core, HNY_STREAM_DOWN, HNY_LINK_RECORD, &last), 2);
    hny_payload_drop(&payload);
    hny_stream_core_destroy(&core);
}

Test(stream, no_more_is_sent_than_the_credit_but_for_one_record) {
    struct hny_stream_core *core = make_core(true, false, 1000);
    struct hny_stream_action last;
    struct hny_payload *payload = text_of("line");
    for (uint64_t number = 1; number <= 5; number++) {
        cr_assert_eq(hny_stream_core_feed(core, 1, payload, false), HNY_OK);
        finish(core, number); /* four bytes */
    }
    tell_state(core, 2, 0, 100, 3);
    cr_assert_eq(count_actions(core, HNY_STREAM_DOWN, HNY_LINK_RECORD, &last), 1);
    tell_state(core, 2, 0, 100, 9);
    cr_assert_eq(count_actions(core, HNY_STREAM_DOWN, HNY_LINK_RECORD, &last), 1);
    tell_state(core, 2, 0, 3, 1000);
    cr_assert_eq(count_actions(core, HNY_STREAM_DOWN, HNY_LINK_RECORD, &last), 3,
                 "the highest number heard counts");
    hny_payload_drop(&payload);
    hny_stream_core_destroy(&core);
}

Test(stream, a_source_stops_where_the_window_or_the_bytes_are_full) {
    struct hny_stream_core *core = make_core(true, false, 10);
    struct hny_payload *payload = text_of("four");
    unsigned fed = 0;
    for (; hny_stream_core_room(core); fed++)
        cr_assert_eq(hny_stream_core_feed(core, 1, payload, false), HNY_OK);
    cr_assert_eq(fed, 3);
    hny_payload_drop(&payload);
    hny_stream_core_destroy(&core);
    core = make_core(true, false, 1 << 20);
    for (fed = 0; hny_stream_core_room(core); fed++)
        cr_assert_eq(hny_stream_core_feed(core, 1, NULL, false), HNY_OK);
    cr_assert_eq(fed, HNY_STREAM_WINDOW);
    hny_stream_core_destroy(&core);
}

Test(stream, a_sink_writes_in_order_and_drops_what_it_has) {
    struct hny_stream_core *core = make_core(false, true, 1000);
    struct hny_stream_action last;
    struct hny_stream_position position;
    tell_record(core, 2, "two");
    finish(core, 2);
    cr_assert_eq(count_actions(core, HNY_STREAM_WRITE, HNY_LINK_VERBS, &last), 0);
    tell_record(core, 1, "one");
    finish(core, 1);
    cr_assert_eq(count_actions(core, HNY_STREAM_WRITE, HNY_LINK_VERBS, &last), 2);
    cr_assert_eq(last.record.number, 2);
    hny_stream_core_position(core, &position);
    cr_assert(position.stored == 2 && position.seen_count == 0 && position.stream == 3);
    cr_assert_eq(hny_stream_core_base(core), 0, "not before it is stored");
    cr_assert_eq(hny_stream_core_stored(core), HNY_OK);
    cr_assert_eq(hny_stream_core_base(core), 2);
    tell_record(core, 2, "two");
    cr_assert_eq(count_actions(core, HNY_STREAM_START, HNY_LINK_VERBS, &last), 0);
    hny_stream_core_destroy(&core);
}

Test(stream, positions_come_back_and_what_is_none_is_refused) {
    struct hny_position position = {
        .at = {.stream = 0xfedcba9876543210, .stored = 5, .refused = 2, .seen_count = 2},
        .bytes = 77,
        .end = 9};
    struct hny_position back;
    bool found;
    position.at.seen[0] = 7, position.at.seen[1] = 8;
    cr_assert_eq(hny_position_save(scratch_path("p"), true, &position), HNY_OK);
    cr_assert_eq(hny_position_load(scratch_path("p"), true, &back, &found), HNY_OK);
    cr_assert_eq(hny_position_load(scratch_path("p"), false, &position, &found), HNY_ERROR_INPUT);
    cr_assert(strstr(hny_message(), "of an output"));
    cr_assert_eq(hny_position_load(scratch_path("p"), true, &position, &found), HNY_OK);
    cr_assert(found && memcmp(&position, &back, sizeof back) == 0);
    cr_assert_eq(hny_position_load(scratch_path("none"), true, &back, &found), HNY_OK);
    cr_assert(!found);
    static const char *const wrong[] = {
        "{}",
        "{\"of\":\"output\",\"stream\":\"x\",\"record\":1,\"refused\":0,\"bytes\":0,\"end\":0,\"seen\":[]}",
        "{\"of\":\"output\",\"stream\":\"0000000000000001\",\"record\":-1,\"refused\":0,\"bytes\":0,\"end\":"
        "0,\"seen\":[]}",
        "{\"of\":\"output\",\"stream\":\"0000000000000001\",\"record\":1,\"refused\":0,\"bytes\":0,\"end\":0,"
        "\"seen\":[1]}",
        "{\"of\":\"output\",\"stream\":\"0000000000000001\",\"record\":1,\"refused\":0,\"bytes\":0,\"end\":"
        "0}",
        "[]",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        cr_assert_eq(hny_position_load(scratch_put("w", wrong[i], strlen(wrong[i])), true, &back, &found),
                     HNY_ERROR_INPUT);
}

/* Whether a record of COUNT pieces that comes by a link is one. */
static bool comes_through(size_t count) {
    struct hny_frames frames = {0};
    struct hny_piece pieces[8];
    struct hny_link_message message = {.verb = HNY_LINK_RECORD, .record.number = 1}, back;
    for (size_t i = 0; i < 8; i++) pieces[i] = (struct hny_piece){"a", 1};
    message.record.payload = hny_payload_create((struct hny_piece){"", 0}, pieces, count);
    cr_assert_eq(hny_stream_wire_write(&frames, &message), HNY_OK);
    hny_status status = hny_stream_wire_read(frames.pieces, frames.count, &back);
    cr_assert(status == HNY_ERROR_INPUT || back.record.payload->count == count);
    hny_payload_drop(&message.record.payload);
    hny_payload_drop(&back.record.payload);
    hny_frames_free(&frames);
    return status == HNY_OK;
}

Test(stream, a_record_whose_sentences_do_not_stand_between_pieces_is_none) {
    cr_assert(comes_through(1) && comes_through(3) && comes_through(7));
    cr_assert(!comes_through(2) && !comes_through(4) && !comes_through(8));
}

static struct hny_payload *do_work(enum hny_work_kind kind, struct hny_payload *payload) {
    struct hny_work *work = NULL;
    struct hny_record record = {.number = 4, .payload = payload}, done;
    bool any;
    cr_assert_eq(hny_work_open(&work, kind, NULL), HNY_OK);
    cr_assert_eq(hny_work_give(work, &record), HNY_OK);
    cr_assert_eq(hny_work_take(work, &done, &any), HNY_OK);
    cr_assert(any && done.number == 4);
    hny_work_close(&work);
    return done.payload;
}

Test(stream, what_is_split_and_joined_is_what_it_was) {
    static const char *const lines[] = {
        "", " \t ", "One.", " One.  Two!\tThree? ", "はい。そうです。「え？」", "a b c"};
    static const size_t pieces[] = {1, 1, 3, 7, 7, 3};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct hny_payload *payload = do_work(HNY_WORK_SPLIT, text_of(lines[i]));
        cr_assert_eq(payload->count, pieces[i], "%s: %zu", lines[i], payload->count);
        payload = do_work(HNY_WORK_JOIN, do_work(HNY_WORK_SPLIT, payload));
        cr_assert(payload->count == 1 && hny_piece_is(&payload->sentences[0], lines[i]));
        hny_payload_drop(&payload);
    }
}

Test(stream, a_text_of_very_many_sentences_stays_whole) {
    enum { SENTENCES = 3000 };
    struct hny_buffer text = {0};
    for (int i = 0; i < SENTENCES; i++) cr_assert_eq(hny_buffer_print(&text, "Here is %d. ", i), HNY_OK);
    struct hny_payload *payload = do_work(HNY_WORK_SPLIT, text_of(text.data));
    cr_assert_eq(payload->count, HNY_RECORD_PIECES);
    payload = do_work(HNY_WORK_JOIN, payload);
    cr_assert(payload->count == 1 && hny_piece_is(&payload->sentences[0], text.data));
    hny_payload_drop(&payload);
    hny_buffer_free(&text);
}

Test(stream, a_pipeline_file_is_read) {
    static const char text[] =
        "{\"stages\": [{\"do\": \"split\"}, {\"do\": \"translate\", \"model\": \"a\"}], \"in\": "
        "\"file:x\", \"models\": {\"a\": \"folder\"}, \"unordered\": true}";
    struct hny_pipeline pipeline;
    cr_assert_eq(hny_pipeline_parse(&pipeline, "text", text, sizeof text - 1), HNY_OK, "%s", hny_message());
    cr_assert(pipeline.stage_count == 2 && pipeline.stages[1].work == HNY_WORK_TRANSLATE);
    cr_assert_str_eq(pipeline.stages[1].model, "a");
    cr_assert_str_eq(pipeline.out, "-");
    cr_assert(pipeline.in_edge.kind == HNY_EDGE_FILE && pipeline.in_edge.keeps && pipeline.unordered);
    hny_pipeline_free(&pipeline);
}

/* Two records of 512 KiB are under way since 1 ms. */
static struct hny_stream_core *send_two_large(void) {
    struct hny_stream_core *core = make_core(true, false, 4 << 20);
    static char text[512 << 10];
    struct hny_stream_action last;
    memset(text, 'a', sizeof text);
    struct hny_payload *payload =
        hny_payload_create((struct hny_piece){"", 0}, &(struct hny_piece){text, sizeof text}, 1);
    tell_state(core, 2, 0, 100, 4 << 20);
    for (uint64_t number = 1; number <= 2; number++) {
        cr_assert_eq(hny_stream_core_feed(core, 1, payload, false), HNY_OK);
        cr_assert_eq(hny_stream_core_done(core, 1, number, payload, false), HNY_OK);
    }
    cr_assert_eq(count_actions(core, HNY_STREAM_DOWN, HNY_LINK_RECORD, &last), 2);
    hny_payload_drop(&payload);
    return core;
}

static unsigned sent_after(struct hny_stream_core *core, uint64_t now) {
    struct hny_stream_action last;
    cr_assert_eq(hny_stream_core_tick(core, now), HNY_OK);
    return count_actions(core, HNY_STREAM_DOWN, HNY_LINK_RECORD, &last);
}

Test(stream, what_a_slow_link_still_carries_is_not_sent_again) {
    struct hny_stream_core *core = send_two_large();
    uint64_t passage = (512 << 10) / HNY_FLOOR_RATE;
    cr_assert_eq(sent_after(core, 1000 + passage), 0);
    cr_assert_eq(sent_after(core, 1001 + passage), 1, "the first could have come by now");
    hny_stream_core_destroy(&core);
}

Test(stream, what_a_later_record_has_overtaken_is_sent_again_without_waiting_for_its_size) {
    struct hny_stream_core *core = send_two_large();
    struct hny_link_message state = {
        .verb = HNY_LINK_STATE, .session = 2, .stream = 3, .last = 100, .bytes = 4 << 20, .come = {2}};
    cr_assert_eq(sent_after(core, 1100), 0);
    cr_assert_eq(hny_stream_core_message(core, 1100, &state), HNY_OK);
    cr_assert_eq(sent_after(core, 1200), 1);
    hny_stream_core_destroy(&core);
}
