#include "pipeline/wire.h"

#include "base/json.h"
#include "base/memory.h"
#include "base/utf8.h"
#include <endian.h>
#include <stdlib.h>
#include <string.h>

static const char protocol[] = "HNY1";

static const char *const names[HNY_COMMANDS] = {
    [HNY_TRANSLATE] = "TRANSLATE", [HNY_CANCEL] = "CANCEL",     [HNY_RECEIVED] = "RECEIVED",
    [HNY_PING] = "PING",           [HNY_ACCEPTED] = "ACCEPTED", [HNY_TRANSLATED] = "TRANSLATED",
    [HNY_REFUSED] = "REFUSED",     [HNY_PONG] = "PONG",         [HNY_STATUS] = "STATUS",
    [HNY_STATE] = "STATE",         [HNY_READY] = "READY",       [HNY_BEAT] = "BEAT",
    [HNY_DONE] = "DONE",           [HNY_LEAVE] = "LEAVE",       [HNY_WORK] = "WORK",
    [HNY_ABANDON] = "ABANDON",     [HNY_UNKNOWN] = "UNKNOWN",
};

const char *hny_command_name(enum hny_verb command) {
    return (size_t)command < HNY_COMMANDS ? names[command] : "?";
}

/* --- Writing ---------------------------------------------------------------------------------------- */

static hny_status append_number(struct hny_buffer *to, uint64_t number) {
    number = htobe64(number);
    return hny_buffer_append(to, &number, sizeof number);
}

/* The options of MESSAGE, behind what HEAD holds. */
static hny_status write_options(struct hny_buffer *head, const struct hny_message *message) {
    const struct hny_payload *payload = message->payload;
    if (message->command == HNY_READY) return hny_buffer_print(head, "{\"credit\": %u}", message->credit);
    if (message->command == HNY_BEAT)
        return message->coming ? hny_buffer_print(head, "{\"coming\": %u}", message->coming) : HNY_OK;
    if (message->refusal)
        return hny_buffer_print(head, "{\"code\": \"%s\"}", hny_refusal_name(message->refusal));
    return payload ? hny_buffer_append(head, payload->options.data, payload->options.size) : HNY_OK;
}

/* A beat's numbers: steps, received, and from a worker what it holds. */
static hny_status write_beat(struct hny_buffer *head, const struct hny_message *message) {
    const struct hny_payload *held = message->payload;
    HNY_TRY(append_number(head, message->steps));
    HNY_TRY(append_number(head, message->received));
    return held && held->count == 1
               ? hny_buffer_append(head, held->sentences[0].data, held->sentences[0].size)
               : HNY_OK;
}

static bool can_be_together(enum hny_verb command) {
    return command == HNY_TRANSLATE || command == HNY_TRANSLATED || command == HNY_WORK ||
           command == HNY_DONE;
}

static bool are_together(const struct hny_message *message) {
    const struct hny_payload *payload = message->payload;
    return message->together && can_be_together(message->command) && payload && payload->count > 1 &&
           hny_payload_text(payload).size <= HNY_FRAME_BYTES;
}

hny_status hny_wire_write(struct hny_frames *frames, const struct hny_message *message) {
    const struct hny_payload *payload = message->payload;
    bool beat = message->command == HNY_BEAT, together = are_together(message);
    size_t sentences = beat || !payload ? 0 : together ? 1 : payload->count;
    const char *command = hny_command_name(message->command);
    struct hny_buffer *head = &frames->head;
    size_t sizes[HNY_WIRE_HEAD + 1], count = 0;
    hny_buffer_clear(head);
    HNY_TRY(hny_buffer_append(head, protocol, sizeof protocol - 1));
    sizes[count++] = head->size;
    HNY_TRY(hny_buffer_append(head, command, strlen(command)));
    sizes[count++] = head->size;
    HNY_TRY(hny_buffer_append(head, message->id.uuid, sizeof message->id.uuid));
    HNY_TRY(append_number(head, message->id.sequence));
    sizes[count++] = head->size;
    HNY_TRY(write_options(head, message));
    sizes[count++] = head->size;
    if (beat) HNY_TRY(write_beat(head, message));
    if (beat) sizes[count++] = head->size;
    if (hny_grow(&frames->pieces, &frames->capacity, count + sentences, sizeof *frames->pieces))
        return HNY_ERROR_MEMORY;
    for (size_t i = 0, at = 0; i < count; at = sizes[i++])
        frames->pieces[i] = (struct hny_piece){head->data + at, sizes[i] - at};
    for (size_t i = 0; i < sentences; i++)
        frames->pieces[count + i] = together ? hny_payload_text(payload) : payload->sentences[i];
    frames->count = count + sentences;
    return HNY_OK;
}

void hny_frames_free(struct hny_frames *frames) {
    free(frames->pieces);
    hny_buffer_free(&frames->head);
    *frames = (struct hny_frames){0};
}

/* --- Reading ---------------------------------------------------------------------------------------- */

static uint64_t get_number(const char *from) {
    uint64_t number;
    memcpy(&number, from, sizeof number);
    return be64toh(number);
}

static enum hny_verb find_command(const struct hny_piece *piece) {
    size_t c = 0;
    while (c < HNY_COMMANDS && !hny_piece_is(piece, names[c])) c++;
    return (enum hny_verb)c;
}

/* Whole number KEY of OPTIONS, 0 to MOST; 0 where there is none. */
static hny_status read_number(const json_t *options, const char *key, uint64_t most, uint64_t *number) {
    const json_t *value = json_object_get(options, key);
    *number = 0;
    if (!value) return HNY_OK;
    if (!json_is_integer(value) || json_integer_value(value) < 0 ||
        (uint64_t)json_integer_value(value) > most)
        return hny_fail(HNY_ERROR_INPUT, "option %s is no whole number from 0 to %llu", key,
                        (unsigned long long)most);
    *number = (uint64_t)json_integer_value(value);
    return HNY_OK;
}

static hny_status read_name(const json_t *options, const char *key, const char **name) {
    const json_t *value = json_object_get(options, key);
    *name = value ? json_string_value(value) : "";
    if (!*name || strlen(*name) >= HNY_ROUTE_NAME)
        return hny_fail(HNY_ERROR_INPUT, "option %s is no name of at most %d bytes", key, HNY_ROUTE_NAME - 1);
    return HNY_OK;
}

static hny_status write_pair(char *name, const char *source, const char *target) {
    int size = snprintf(name, HNY_ROUTE_NAME, "%s-%s", source, target);
    return size >= 0 && size < HNY_ROUTE_NAME
               ? HNY_OK
               : hny_fail(HNY_ERROR_INPUT, "the pair %s-%s is too long a name", source, target);
}

/* A model by its name, or by source and target together, perhaps by way of a third language. */
static hny_status read_route(const json_t *options, struct hny_wants *wants) {
    const char *model, *source, *target, *via;
    HNY_TRY(read_name(options, "model", &model));
    HNY_TRY(read_name(options, "source", &source));
    HNY_TRY(read_name(options, "target", &target));
    HNY_TRY(read_name(options, "via", &via));
    bool pair = *source && *target;
    if (!*model && pair != (*source || *target))
        return hny_fail(HNY_ERROR_INPUT, "options source and target go together");
    if (*via && (*model || !pair))
        return hny_fail(HNY_ERROR_INPUT, "option via stands between source and target alone");
    snprintf(wants->model, sizeof wants->model, "%s", model);
    if (*model || !pair) return HNY_OK;
    HNY_TRY(write_pair(wants->model, source, *via ? via : target));
    return *via ? write_pair(wants->then, via, target) : HNY_OK;
}

static hny_status read_wants(const json_t *options, struct hny_wants *wants) {
    uint64_t deadline, priority;
    HNY_TRY(read_number(options, "deadline", UINT32_MAX, &deadline));
    HNY_TRY(read_number(options, "priority", 9, &priority));
    wants->deadline = (uint32_t)deadline;
    wants->priority = (uint8_t)priority;
    return read_route(options, wants);
}

static enum hny_refusal find_refusal(const char *name) {
    for (int r = HNY_REFUSED_BUSY; r < HNY_REFUSALS; r++)
        if (strcmp(name, hny_refusal_name((enum hny_refusal)r)) == 0) return (enum hny_refusal)r;
    return HNY_REFUSED_FAILED; /* of a later version */
}

static hny_status read_options(const json_t *options, struct hny_message *message) {
    uint64_t credit;
    const json_t *code = json_object_get(options, "code");
    if (message->command == HNY_REFUSED || message->command == HNY_DONE) {
        const char *name = json_string_value(code);
        if (name) message->refusal = find_refusal(name);
        if (!name && (code || message->command == HNY_REFUSED))
            return hny_fail(HNY_ERROR_INPUT, "option code is missing, or no text");
    }
    if (message->command == HNY_READY) {
        HNY_TRY(read_number(options, "credit", UINT32_MAX, &credit));
        message->credit = (uint32_t)credit;
    }
    return message->command == HNY_TRANSLATE ? read_wants(options, &message->payload->wants) : HNY_OK;
}

static hny_status read_coming(const struct hny_piece *options, struct hny_message *message) {
    json_t *json = NULL;
    uint64_t coming;
    if (options->size == 0) return HNY_OK;
    HNY_TRY(hny_json_parse("options", options->data, options->size, &json));
    hny_status status = read_number(json, "coming", UINT32_MAX, &coming);
    json_decref(json);
    if (status == HNY_OK) message->coming = (uint32_t)coming;
    return status;
}

/* What a beat says in numbers; what it holds stays as the payload. */
static hny_status read_beat(const struct hny_piece *options, const struct hny_piece *frames, size_t count,
                            struct hny_message *message) {
    HNY_TRY(read_coming(options, message));
    if (count != 1 || frames[0].size < 16 || frames[0].size % 8 != 0)
        return hny_fail(HNY_ERROR_INPUT, "a beat without its numbers");
    message->steps = get_number(frames[0].data);
    message->received = get_number(frames[0].data + 8);
    const struct hny_piece held = {frames[0].data + 16, frames[0].size - 16};
    message->payload = hny_payload_create((struct hny_piece){"", 0}, &held, 1);
    return message->payload ? HNY_OK : HNY_ERROR_MEMORY;
}

/* Sentences are UTF-8 without NUL, except that the NULs of one frame may stand between sentences that lie
 * TOGETHER. */
static hny_status check_sentences(const struct hny_piece *sentences, size_t count, bool together) {
    for (size_t i = 0; i < count; i++)
        if (!hny_utf8_valid(sentences[i].data, sentences[i].size) ||
            (!together && memchr(sentences[i].data, '\0', sentences[i].size)))
            return hny_fail(HNY_ERROR_INPUT, "sentence %zu is no UTF-8, or holds NUL", i + 1);
    return HNY_OK;
}

static hny_status read_payload(const struct hny_piece *options, const struct hny_piece *sentences,
                               size_t count, struct hny_message *message) {
    json_t *json = NULL;
    if (message->command == HNY_TRANSLATE && options->size > HNY_OPTIONS_BYTES)
        return hny_fail(HNY_ERROR_INPUT, "options of %zu bytes, not at most %d", options->size,
                        HNY_OPTIONS_BYTES);
    bool one = count == 1 && can_be_together(message->command);
    HNY_TRY(check_sentences(sentences, count, one));
    message->payload = one ? hny_payload_split(*options, *sentences, HNY_WIRE_TOGETHER)
                           : hny_payload_create(*options, sentences, count);
    if (!message->payload) return HNY_ERROR_MEMORY;
    message->together = one && message->payload->count > 1;
    if (options->size == 0)
        json = json_object();
    else
        HNY_TRY(hny_json_parse("options", options->data, options->size, &json));
    if (!json) return hny_fail(HNY_ERROR_MEMORY, "out of memory for options");
    hny_status status = json_is_object(json) ? read_options(json, message)
                                             : hny_fail(HNY_ERROR_INPUT, "options are no JSON object");
    json_decref(json);
    return status;
}

hny_status hny_wire_read(const struct hny_piece *frames, size_t count, struct hny_message *message) {
    *message = (struct hny_message){.command = HNY_COMMANDS};
    if (count < HNY_WIRE_HEAD || !hny_piece_is(&frames[0], protocol))
        return hny_fail(HNY_ERROR_INPUT, "no message of the protocol %s", protocol);
    message->command = find_command(&frames[1]);
    if (frames[2].size != HNY_WIRE_ID)
        return hny_fail(HNY_ERROR_INPUT, "an id of %zu bytes, not %d", frames[2].size, HNY_WIRE_ID);
    memcpy(message->id.uuid, frames[2].data, sizeof message->id.uuid);
    message->id.sequence = get_number(frames[2].data + sizeof message->id.uuid);
    if (message->command == HNY_COMMANDS) return hny_fail(HNY_ERROR_INPUT, "an unknown command");
    const struct hny_piece *rest = frames + HNY_WIRE_HEAD;
    hny_status status = message->command == HNY_BEAT
                            ? read_beat(&frames[3], rest, count - HNY_WIRE_HEAD, message)
                            : read_payload(&frames[3], rest, count - HNY_WIRE_HEAD, message);
    if (status != HNY_OK) hny_payload_drop(&message->payload);
    return status;
}
