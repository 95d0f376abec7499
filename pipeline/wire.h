/* Messages as frames of a ZeroMQ multipart message, behind the empty delimiter: "HNY1", the command's name,
 * the id of 24 bytes (uuid and number, most significant byte first), options as JSON, and what the payload
 * holds: a frame each, or sentences together in one with a NUL between them, which costs a broker a fraction
 * (tests/bench/README.md). pipeline/PROTOCOL.md is the same for people. */
#ifndef HNY_PIPELINE_WIRE_H
#define HNY_PIPELINE_WIRE_H

#include "base/buffer.h"
#include "pipeline/message.h"

enum { HNY_WIRE_HEAD = 4, HNY_WIRE_ID = 24 };

/* Sentences that are read out of one frame: further ones are lost, where a request may not have so many. */
enum { HNY_WIRE_TOGETHER = 4 * HNY_REQUEST_SENTENCES };

const char *hny_command_name(enum hny_verb command); /* "TRANSLATE", …: static */

/* A message ready to be sent. Zero-initialise; free with hny_frames_free; may be used again. */
struct hny_frames {
    struct hny_piece *pieces; /* into HEAD, and into the message's payload, which has to live as long */
    size_t count, capacity;
    struct hny_buffer head;
};
hny_status hny_wire_write(struct hny_frames *frames, const struct hny_message *message);
void hny_frames_free(struct hny_frames *frames);

/* *MESSAGE of COUNT frames; its payload is a copy and the caller's. HNY_ERROR_INPUT where they are no
 * message: then *MESSAGE says all the same what of command (HNY_COMMANDS: unknown) and id could be read, so
 * that the sender of a malformed TRANSLATE can be told. Sentences have to be UTF-8 without NUL, options a
 * JSON object without keys that come twice; keys that are unknown are the worker's business. */
hny_status hny_wire_read(const struct hny_piece *frames, size_t count, struct hny_message *message);

#endif
