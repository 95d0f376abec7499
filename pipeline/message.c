#include "pipeline/message.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

const char *hny_refusal_name(enum hny_refusal refusal) {
    static const char *const names[HNY_REFUSALS] = {[HNY_NOT_REFUSED] = "none",
                                                    [HNY_REFUSED_BUSY] = "busy",
                                                    [HNY_REFUSED_DEADLINE] = "deadline",
                                                    [HNY_REFUSED_MODEL] = "no-such-model",
                                                    [HNY_REFUSED_TOO_LONG] = "too-long",
                                                    [HNY_REFUSED_POISON] = "poison",
                                                    [HNY_REFUSED_CANCELLED] = "cancelled",
                                                    [HNY_REFUSED_LEAVING] = "shutting-down",
                                                    [HNY_REFUSED_BAD] = "malformed",
                                                    [HNY_REFUSED_FAILED] = "failed"};
    return (size_t)refusal < HNY_REFUSALS ? names[refusal] : "unknown";
}

size_t hny_payload_memory(const struct hny_payload *payload) {
    if (!payload) return 0;
    return sizeof *payload + payload->count * (sizeof *payload->sentences + 1) + payload->options.size +
           payload->bytes;
}

/* With its options, and *TEXT where its COUNT sentences of so many BYTES go, which are memory that is there
 * and so cannot overflow. */
static struct hny_payload *make_payload(const struct hny_piece *options, size_t count, size_t bytes,
                                        char **text) {
    size_t size = 0, characters = options->size + bytes;
    bool impossible = __builtin_mul_overflow(count, sizeof(struct hny_piece) + 1, &size) ||
                      __builtin_add_overflow(size, sizeof(struct hny_payload), &size) ||
                      __builtin_add_overflow(size, characters, &size);
    struct hny_payload *payload = impossible ? NULL : malloc(size);
    if (!payload) {
        hny_fail(HNY_ERROR_MEMORY, "out of memory for a message of %zu bytes", characters);
        return NULL;
    }
    *payload = (struct hny_payload){.references = 1, .count = count, .bytes = bytes};
    char *to = (char *)(payload->sentences + count);
    payload->options = (struct hny_piece){to, options->size};
    if (options->size) memcpy(to, options->data, options->size);
    *text = to + options->size;
    return payload;
}

struct hny_payload *hny_payload_create(struct hny_piece options, const struct hny_piece *sentences,
                                       size_t count) {
    size_t bytes = 0;
    char *to;
    for (size_t i = 0; i < count; i++) bytes += sentences[i].size;
    struct hny_payload *payload = make_payload(&options, count, bytes, &to);
    for (size_t i = 0; payload && i < count; i++) {
        payload->sentences[i] = (struct hny_piece){to, sentences[i].size};
        if (sentences[i].size) memcpy(to, sentences[i].data, sentences[i].size);
        to += sentences[i].size;
        *to++ = '\0';
    }
    return payload;
}

/* How many of the MOST first sentences TEXT holds, and *SIZE: the bytes up to the end of the last of them. */
static size_t count_sentences(const struct hny_piece *text, size_t most, size_t *size) {
    const char *at = text->data, *end = text->data + text->size, *found;
    for (size_t count = 1;; count++) {
        found = at < end ? memchr(at, '\0', (size_t)(end - at)) : NULL;
        *size = (size_t)((found ? found : end) - text->data);
        if (!found || count == most) return count;
        at = found + 1;
    }
}

struct hny_payload *hny_payload_split(struct hny_piece options, struct hny_piece text, size_t most) {
    char *to;
    size_t size, count = count_sentences(&text, most, &size);
    struct hny_payload *payload = make_payload(&options, count, size - (count - 1), &to);
    if (!payload) return NULL;
    if (size) memcpy(to, text.data, size);
    to[size] = '\0';
    for (size_t i = 0; i < count; i++) {
        payload->sentences[i] = (struct hny_piece){to, strlen(to)};
        to += payload->sentences[i].size + 1;
    }
    return payload;
}

struct hny_payload *hny_payload_keep(struct hny_payload *payload) {
    if (payload) __atomic_add_fetch(&payload->references, 1, __ATOMIC_RELAXED);
    return payload;
}

void hny_payload_drop(struct hny_payload **payload) {
    if (*payload && __atomic_sub_fetch(&(*payload)->references, 1, __ATOMIC_ACQ_REL) == 0) free(*payload);
    *payload = NULL;
}

struct hny_payload *hny_jobs_pack(const uint64_t *jobs, size_t count) {
    uint64_t *numbers = malloc(count * sizeof *numbers + 1);
    if (!numbers) {
        hny_fail(HNY_ERROR_MEMORY, "out of memory for %zu job numbers", count);
        return NULL;
    }
    for (size_t i = 0; i < count; i++) numbers[i] = htobe64(jobs[i]);
    const struct hny_piece piece = {(const char *)numbers, count * sizeof *numbers};
    struct hny_payload *payload = hny_payload_create((struct hny_piece){"", 0}, &piece, 1);
    free(numbers);
    return payload;
}

size_t hny_jobs_unpack(const struct hny_payload *payload, uint64_t *jobs, size_t limit) {
    if (!payload || payload->count != 1 || payload->sentences[0].size % sizeof *jobs != 0) return 0;
    size_t count = payload->sentences[0].size / sizeof *jobs;
    for (size_t i = 0; i < count && i < limit; i++) {
        memcpy(&jobs[i], payload->sentences[0].data + i * sizeof *jobs, sizeof *jobs);
        jobs[i] = be64toh(jobs[i]);
    }
    return count;
}

bool hny_piece_is(const struct hny_piece *piece, const char *text) {
    return piece->size == strlen(text) && memcmp(piece->data, text, piece->size) == 0;
}

bool hny_uuid_equal(const uint8_t *a, const uint8_t *b) {
    return memcmp(a, b, 16) == 0;
}
