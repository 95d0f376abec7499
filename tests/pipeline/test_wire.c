#include "pipeline/wire.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite(wire);

static struct hny_piece piece(const char *text) {
    return (struct hny_piece){text, strlen(text)};
}

static struct hny_payload *payload(const char *options, size_t count, ...) {
    struct hny_piece sentences[8];
    va_list list;
    va_start(list, count);
    for (size_t i = 0; i < count; i++) sentences[i] = piece(va_arg(list, const char *));
    va_end(list);
    struct hny_payload *made = hny_payload_create(piece(options), sentences, count);
    cr_assert_not_null(made);
    return made;
}

static void expect_same(const struct hny_payload *a, const struct hny_payload *b) {
    cr_assert_eq(a->count, b->count);
    cr_assert_eq(a->bytes, b->bytes);
    cr_assert(a->options.size == b->options.size &&
              memcmp(a->options.data, b->options.data, a->options.size) == 0);
    for (size_t i = 0; i < a->count; i++)
        cr_assert(a->sentences[i].size == b->sentences[i].size &&
                  memcmp(a->sentences[i].data, b->sentences[i].data, a->sentences[i].size) == 0);
}

static struct hny_message through_frames(const struct hny_message *message) {
    struct hny_frames frames = {0};
    struct hny_message read;
    cr_assert_eq(hny_wire_write(&frames, message), HNY_OK, "%s", hny_message());
    cr_assert_eq(hny_wire_read(frames.pieces, frames.count, &read), HNY_OK, "%s: %s",
                 hny_command_name(message->command), hny_message());
    cr_assert_eq(read.command, message->command);
    cr_assert_eq(memcmp(&read.id, &message->id, sizeof read.id), 0);
    cr_assert_eq(read.refusal, message->refusal);
    hny_frames_free(&frames);
    return read;
}

static const struct hny_request_id id = {{1, 2, 3, 0, 255, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16},
                                         0x0102030405060708u};

Test(wire, what_is_written_is_read) {
    struct hny_payload *text =
        payload("{\"model\": \"en-ja\", \"deadline\": 2500, \"priority\": 7}", 2, "Hello.", "猫");
    struct hny_message read =
        through_frames(&(struct hny_message){.command = HNY_TRANSLATE, .id = id, .payload = text});
    expect_same(read.payload, text);
    cr_assert_str_eq(read.payload->wants.model, "en-ja");
    cr_assert(read.payload->wants.deadline == 2500 && read.payload->wants.priority == 7);
    hny_payload_drop(&read.payload);
    for (enum hny_verb c = HNY_CANCEL; c < HNY_COMMANDS; c++) {
        if (c == HNY_REFUSED || c == HNY_BEAT || c == HNY_READY) continue;
        read = through_frames(&(struct hny_message){.command = c, .id = id});
        cr_assert(read.payload && read.payload->count == 0);
        hny_payload_drop(&read.payload);
    }
    hny_payload_drop(&text);
}

Test(wire, refusals_keep_their_codes) {
    for (int r = HNY_REFUSED_BUSY; r < HNY_REFUSALS; r++) {
        struct hny_message refused = {.command = HNY_REFUSED, .id = id, .refusal = (enum hny_refusal)r};
        struct hny_message read = through_frames(&refused);
        hny_payload_drop(&read.payload);
        refused.command = HNY_DONE;
        read = through_frames(&refused);
        hny_payload_drop(&read.payload);
    }
}

Test(wire, workers_say_what_they_offer_and_hold) {
    static const uint64_t jobs[] = {1, (uint64_t)1 << 63, UINT64_MAX};
    struct hny_payload *held = hny_jobs_pack(jobs, 3), *models = payload("", 2, "en-ja", "base");
    cr_assert_not_null(held);
    struct hny_message read = through_frames(&(struct hny_message){
        .command = HNY_BEAT, .id = id, .steps = 77, .received = (uint64_t)9 << 60, .payload = held});
    uint64_t found[3];
    cr_assert(read.steps == 77 && read.received == (uint64_t)9 << 60);
    cr_assert_eq(hny_jobs_unpack(read.payload, found, 3), 3);
    cr_assert_arr_eq(found, jobs, sizeof jobs);
    hny_payload_drop(&read.payload);
    read =
        through_frames(&(struct hny_message){.command = HNY_BEAT, .id = id, .received = 4, .coming = 70000});
    cr_assert(read.received == 4 && read.coming == 70000 && hny_jobs_unpack(read.payload, found, 3) == 0);
    hny_payload_drop(&read.payload);
    read = through_frames(
        &(struct hny_message){.command = HNY_READY, .id = id, .credit = 4000, .payload = models});
    cr_assert(read.credit == 4000 && read.payload->count == 2);
    hny_payload_drop(&read.payload);
    hny_payload_drop(&held);
    hny_payload_drop(&models);
}

static void expect_refused(const char *why, const struct hny_piece *frames, size_t count) {
    struct hny_message read;
    cr_assert_eq(hny_wire_read(frames, count, &read), HNY_ERROR_INPUT, "%s", why);
    cr_assert_null(read.payload);
}

Test(wire, what_is_no_message_is_refused) {
    char number[HNY_WIRE_ID] = {0};
    struct hny_piece good[] = {
        piece("HNY1"), piece("TRANSLATE"), {number, HNY_WIRE_ID}, piece("{}"), piece("Hello.")};
    struct hny_message read;
    cr_assert_eq(hny_wire_read(good, 5, &read), HNY_OK, "%s", hny_message());
    hny_payload_drop(&read.payload);
    for (size_t count = 0; count < HNY_WIRE_HEAD; count++) expect_refused("too few frames", good, count);
    static const struct {
        const char *why;
        size_t frame;
        struct hny_piece bad;
    } cases[] = {
        {"another version", 0, {"HNY2", 4}},
        {"an unknown command", 1, {"TRANSLATES", 10}},
        {"an empty command", 1, {"", 0}},
        {"a short id", 2, {"123", 3}},
        {"options that are no JSON", 3, {"{", 1}},
        {"options that are no object", 3, {"[1]", 3}},
        {"a key twice", 3, {"{\"model\":\"a\",\"model\":\"b\"}", 25}},
        {"a deadline that is negative", 3, {"{\"deadline\":-1}", 15}},
        {"a deadline that is text", 3, {"{\"deadline\":\"1\"}", 16}},
        {"a priority that is too high", 3, {"{\"priority\":10}", 15}},
        {"a model that is a number", 3, {"{\"model\":1}", 11}},
        {"a source without a target", 3, {"{\"source\":\"en\"}", 15}},
        {"a third language without a pair", 3, {"{\"via\":\"ja\"}", 12}},
        {"broken UTF-8", 4, {"\xff", 1}},
        {"broken UTF-8 behind a NUL", 4, {"a\0\xff", 3}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct hny_piece frames[5];
        memcpy(frames, good, sizeof good);
        frames[cases[i].frame] = cases[i].bad;
        expect_refused(cases[i].why, frames, 5);
    }
    static char spaces[HNY_OPTIONS_BYTES + 1];
    memset(spaces, ' ', sizeof spaces);
    memcpy(spaces, "{}", 2);
    good[3] = (struct hny_piece){spaces, HNY_OPTIONS_BYTES};
    cr_assert_eq(hny_wire_read(good, 5, &read), HNY_OK, "%s", hny_message());
    hny_payload_drop(&read.payload);
    good[3].size++;
    expect_refused("options that are too long", good, 5);
    good[1] = piece("BEAT");
    expect_refused("a beat of text", good, 5);
    expect_refused("a beat without numbers", good, 4);
}

Test(wire, a_pair_names_its_model) {
    struct hny_payload *text = payload("{\"source\": \"en\", \"target\": \"ja\"}", 1, "Hello.");
    struct hny_message read =
        through_frames(&(struct hny_message){.command = HNY_TRANSLATE, .id = id, .payload = text});
    cr_assert_str_eq(read.payload->wants.model, "en-ja");
    hny_payload_drop(&read.payload);
    hny_payload_drop(&text);
}

Test(wire, a_third_language_makes_two_models_of_a_pair) {
    struct hny_payload *text =
        payload("{\"source\": \"en\", \"target\": \"de\", \"via\": \"ja\"}", 1, "Hello.");
    struct hny_message read =
        through_frames(&(struct hny_message){.command = HNY_TRANSLATE, .id = id, .payload = text});
    cr_assert_str_eq(read.payload->wants.model, "en-ja");
    cr_assert_str_eq(read.payload->wants.then, "ja-de");
    hny_payload_drop(&read.payload);
    hny_payload_drop(&text);
}
