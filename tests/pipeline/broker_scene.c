#include "broker_scene.h"

#include <criterion/criterion.h>
#include <string.h>

void check(hny_status status) {
    cr_assert_eq(status, HNY_OK, "%s", hny_message());
}

static void forget_said(struct scene *scene) {
    for (size_t i = 0; i < scene->count; i++) hny_payload_drop(&scene->said[i].message.payload);
    scene->count = 0;
}

static void listen(struct scene *scene) {
    struct hny_action action;
    while (hny_broker_core_take(scene->core, &action)) {
        cr_assert(scene->count < sizeof scene->said / sizeof *scene->said);
        scene->said[scene->count++] = action;
    }
}

void open_scene(struct scene *scene) {
    *scene = (struct scene){.now = 1000};
    hny_broker_limits_defaults(&scene->limits);
}

void begin(struct scene *scene) {
    check(hny_broker_core_create(&scene->core, &scene->limits, 7));
}

void close_scene(struct scene *scene) {
    forget_said(scene);
    hny_broker_core_destroy(&scene->core);
}

struct hny_message make(enum hny_verb command, uint8_t who, uint64_t number) {
    return (struct hny_message){.command = command, .id = {{who}, number}};
}

static struct hny_peer peer_of(uint8_t who) {
    return (struct hny_peer){.size = 1, .bytes = {who}};
}

void client_says(struct scene *scene, struct hny_message message, const uint8_t *key) {
    struct hny_peer peer = peer_of(message.id.uuid[0]);
    forget_said(scene);
    check(hny_broker_core_client(scene->core, scene->now, &peer, key, &message));
    listen(scene);
}

void worker_says(struct scene *scene, struct hny_message message) {
    struct hny_peer peer = peer_of(message.id.uuid[0]);
    forget_said(scene);
    check(hny_broker_core_worker(scene->core, scene->now, &peer, &message));
    listen(scene);
}

struct hny_payload *text_of(const char *text, const char *model) {
    struct hny_piece sentence = {text, strlen(text)};
    struct hny_payload *payload = hny_payload_create((struct hny_piece){"", 0}, &sentence, 1);
    cr_assert_not_null(payload);
    strcpy(payload->wants.model, model);
    return payload;
}

void ask(struct scene *scene, uint8_t client, uint64_t number, const char *text) {
    struct hny_message message = make(HNY_TRANSLATE, client, number);
    struct hny_payload *payload = message.payload = text_of(text, "");
    client_says(scene, message, NULL);
    hny_payload_drop(&payload);
}

void join_with(struct scene *scene, uint8_t worker, uint32_t credit, const char *model) {
    struct hny_message message = make(HNY_READY, worker, 1);
    struct hny_payload *payload = message.payload = text_of(model, "");
    message.credit = credit;
    worker_says(scene, message);
    hny_payload_drop(&payload);
}

void join(struct scene *scene, uint8_t worker, uint32_t credit) {
    join_with(scene, worker, credit, "en-ja");
}

void finish(struct scene *scene, uint8_t worker, uint64_t job, const char *text) {
    struct hny_message message = make(HNY_DONE, worker, job);
    struct hny_payload *payload = message.payload = text_of(text, "");
    worker_says(scene, message);
    hny_payload_drop(&payload);
}

void pass(struct scene *scene, uint64_t milliseconds) {
    forget_said(scene);
    for (uint64_t end = scene->now + milliseconds; scene->now < end;) {
        scene->now += end - scene->now < 250 ? end - scene->now : 250;
        check(hny_broker_core_tick(scene->core, scene->now));
    }
    listen(scene);
}

const struct hny_message *heard(const struct scene *scene, enum hny_verb command, uint8_t who) {
    const struct hny_message *found = NULL;
    for (size_t i = 0; i < scene->count; i++) {
        const struct hny_action *action = &scene->said[i];
        if (action->message.command != command || action->peer.bytes[0] != who) continue;
        cr_assert_null(found, "twice");
        found = &action->message;
    }
    return found;
}

bool refused(const struct scene *scene, uint8_t who, enum hny_refusal refusal) {
    const struct hny_message *message = heard(scene, HNY_REFUSED, who);
    return message && message->refusal == refusal;
}

bool says(const struct hny_message *message, const char *text) {
    return message && message->payload && message->payload->sentences[0].size == strlen(text) &&
           memcmp(message->payload->sentences[0].data, text, strlen(text)) == 0;
}

void worker_beats(struct scene *scene, uint8_t worker, uint64_t session, uint64_t steps, uint64_t received,
                  uint64_t held) {
    struct hny_message message = make(HNY_BEAT, worker, session);
    struct hny_payload *payload = message.payload = hny_jobs_pack(&held, held != 0);
    message.steps = steps;
    message.received = received;
    worker_says(scene, message);
    hny_payload_drop(&payload);
}
