/* Sentences that lie together in one frame: through the wire, and who gets them so. */
#include "broker_scene.h"

#include "pipeline/wire.h"
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

TestSuite(together);

enum { HEAD = HNY_WIRE_HEAD };

static const struct hny_piece words[] = {{"one", 3}, {"", 0}, {"drei", 4}, {"", 0}};

static struct hny_payload *payload_of(const struct hny_piece *sentences, size_t count) {
    struct hny_payload *payload = hny_payload_create((struct hny_piece){"", 0}, sentences, count);
    cr_assert_not_null(payload);
    return payload;
}

static void expect_words(const struct hny_payload *payload, size_t count) {
    size_t bytes = 0;
    cr_assert_eq(payload->count, count);
    for (size_t i = 0; i < count; i++) {
        cr_assert(payload->sentences[i].size == words[i].size &&
                  memcmp(payload->sentences[i].data, words[i].data, words[i].size) == 0);
        bytes += words[i].size;
    }
    cr_assert_eq(payload->bytes, bytes);
    cr_assert_eq(hny_payload_text(payload).size, bytes + count - 1);
}

/* MESSAGE written and read; in so many FRAMES. */
static struct hny_message through(const struct hny_message *message, size_t frames) {
    struct hny_frames written = {0};
    struct hny_message read;
    check(hny_wire_write(&written, message));
    cr_assert_eq(written.count, HEAD + frames, "%s: %zu frames", hny_command_name(message->command),
                 written.count - HEAD);
    check(hny_wire_read(written.pieces, written.count, &read));
    hny_frames_free(&written);
    return read;
}

Test(together, a_batch_is_one_frame_where_that_is_wished) {
    static const enum hny_verb able[] = {HNY_TRANSLATE, HNY_TRANSLATED, HNY_WORK, HNY_DONE};
    struct hny_payload *batch = payload_of(words, 4);
    for (size_t i = 0; i < sizeof able / sizeof *able; i++) {
        for (int together = 0; together <= 1; together++) {
            const struct hny_message message = {.command = able[i], .together = together, .payload = batch};
            struct hny_message read = through(&message, together ? 1 : 4);
            expect_words(read.payload, 4);
            cr_assert_eq(read.together, together);
            hny_payload_drop(&read.payload);
        }
    }
    const struct hny_message names = {.command = HNY_READY, .together = true, .payload = batch};
    struct hny_message read = through(&names, 4);
    cr_assert(!read.together && read.payload->count == 4);
    hny_payload_drop(&read.payload);
    hny_payload_drop(&batch);
}

Test(together, a_sentence_alone_is_the_same_frame_either_way) {
    for (size_t i = 0; i < 2; i++) {
        struct hny_payload *alone = payload_of(&words[i], 1);
        struct hny_message read =
            through(&(struct hny_message){.command = HNY_WORK, .together = true, .payload = alone}, 1);
        cr_assert(!read.together && read.payload->count == 1 && read.payload->bytes == words[i].size);
        hny_payload_drop(&read.payload);
        hny_payload_drop(&alone);
    }
}

Test(together, what_one_frame_cannot_hold_goes_a_frame_each) {
    char *text = malloc(HNY_REQUEST_BYTES);
    cr_assert_not_null(text);
    memset(text, 'a', HNY_REQUEST_BYTES);
    const struct hny_piece halves[] = {{text, HNY_REQUEST_BYTES}, {text, HNY_REQUEST_BYTES - 1}};
    for (size_t over = 0; over < 2; over++) {
        const struct hny_piece two[] = {halves[0], {text, halves[1].size + over}};
        struct hny_payload *batch = payload_of(two, 2);
        struct hny_message read =
            through(&(struct hny_message){.command = HNY_DONE, .together = true, .payload = batch}, 1 + over);
        cr_assert_eq(read.payload->bytes, batch->bytes);
        hny_payload_drop(&read.payload);
        hny_payload_drop(&batch);
    }
    free(text);
}

static hny_status read_frames(const char *command, const struct hny_piece *sentences, size_t count,
                              struct hny_message *message) {
    static const char id[HNY_WIRE_ID] = {1};
    struct hny_piece frames[HEAD + 2] = {{"HNY1", 4}, {command, strlen(command)}, {id, sizeof id}, {"", 0}};
    memcpy(frames + HEAD, sentences, count * sizeof *frames);
    return hny_wire_read(frames, HEAD + count, message);
}

Test(together, only_one_frame_of_texts_may_hold_nul) {
    const struct hny_piece one[] = {{"a\0b", 3}, {"c", 1}};
    struct hny_message read;
    check(read_frames("TRANSLATE", one, 1, &read));
    cr_assert(read.together && read.payload->count == 2);
    hny_payload_drop(&read.payload);
    cr_assert_eq(read_frames("TRANSLATE", one, 2, &read), HNY_ERROR_INPUT);
    cr_assert_eq(read_frames("PING", one, 1, &read), HNY_ERROR_INPUT);
    /* A character does not go on behind a NUL. */
    cr_assert_eq(read_frames("TRANSLATE", &(struct hny_piece){"\xe7\x8c\0\xab", 4}, 1, &read),
                 HNY_ERROR_INPUT);
}

Test(together, too_many_sentences_stay_too_many_and_take_little) {
    static const char empty[HNY_FRAME_BYTES];
    struct hny_message read;
    struct scene scene;
    check(read_frames("TRANSLATE", &(struct hny_piece){empty, sizeof empty}, 1, &read));
    cr_assert_eq(read.payload->count, HNY_WIRE_TOGETHER);
    cr_assert(hny_payload_memory(read.payload) < 100000);
    open_scene(&scene);
    begin(&scene);
    join(&scene, WORKER, 1000);
    struct hny_message ask = make(HNY_TRANSLATE, ANNA, 1);
    ask.payload = read.payload;
    client_says(&scene, ask, NULL);
    cr_assert(refused(&scene, ANNA, HNY_REFUSED_TOO_LONG));
    hny_payload_drop(&read.payload);
    close_scene(&scene);
}

Test(together, a_broker_hands_out_together_and_answers_as_it_was_asked) {
    struct hny_payload *batch = payload_of(words, 4);
    for (int together = 0; together <= 1; together++) {
        struct scene scene;
        struct hny_message ask = make(HNY_TRANSLATE, ANNA, 1);
        open_scene(&scene);
        begin(&scene);
        join(&scene, WORKER, 1000);
        ask.payload = batch;
        ask.together = together;
        client_says(&scene, ask, NULL);
        const struct hny_message *work = heard(&scene, HNY_WORK, WORKER);
        cr_assert(work && work->together);
        struct hny_message done = make(HNY_DONE, WORKER, work->id.sequence);
        done.payload = batch;
        done.together = !together;
        worker_says(&scene, done);
        const struct hny_message *answer = heard(&scene, HNY_TRANSLATED, ANNA);
        cr_assert(answer && answer->together == together);
        expect_words(answer->payload, 4);
        client_says(&scene, ask, NULL);
        answer = heard(&scene, HNY_TRANSLATED, ANNA);
        cr_assert(answer && answer->together == together, "a repeat's too");
        close_scene(&scene);
    }
    hny_payload_drop(&batch);
}
