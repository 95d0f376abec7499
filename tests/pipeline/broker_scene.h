/* A broker's state machine in a test, what it is told, and what it said last. */
#ifndef HNY_TESTS_PIPELINE_BROKER_SCENE_H
#define HNY_TESTS_PIPELINE_BROKER_SCENE_H

#include "pipeline/broker_core.h"

struct scene {
    struct hny_broker_core *core;
    struct hny_broker_limits limits;
    uint64_t now;
    struct hny_action said[64];
    size_t count;
};

enum { ANNA = 1, BERT = 2, WORKER = 10, OTHER = 11 };

void check(hny_status status);
void open_scene(struct scene *scene);
void begin(struct scene *scene);
void close_scene(struct scene *scene);
struct hny_message make(enum hny_verb command, uint8_t who, uint64_t number);
void client_says(struct scene *scene, struct hny_message message, const uint8_t *key);
void worker_says(struct scene *scene, struct hny_message message);
struct hny_payload *text_of(const char *text, const char *model);
void ask(struct scene *scene, uint8_t client, uint64_t number, const char *text);
void join_with(struct scene *scene, uint8_t worker, uint32_t credit, const char *model);
void join(struct scene *scene, uint8_t worker, uint32_t credit);
void finish(struct scene *scene, uint8_t worker, uint64_t job, const char *text);
void worker_beats(struct scene *scene, uint8_t worker, uint64_t session, uint64_t steps, uint64_t received,
                  uint64_t held);
void pass(struct scene *scene, uint64_t milliseconds);
/* The one message of COMMAND to WHO among what was said; NULL where there is none. */
const struct hny_message *heard(const struct scene *scene, enum hny_verb command, uint8_t who);
bool refused(const struct scene *scene, uint8_t who, enum hny_refusal refusal);
bool says(const struct hny_message *message, const char *text);

#endif
