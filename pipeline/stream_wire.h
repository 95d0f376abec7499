/* Messages between the stages of a stream as frames of a ZeroMQ multipart message: "HNYL1", the verb, numbers
 * of eight bytes, most significant byte first, and then a record's pieces, a frame each, or the bits of what
 * has come. pipeline/PROTOCOL.md is the same for people. */
#ifndef HNY_PIPELINE_STREAM_WIRE_H
#define HNY_PIPELINE_STREAM_WIRE_H

#include "pipeline/stream_core.h"
#include "pipeline/wire.h"

/* A record's most pieces, so that its frames and those before them are a parcel (pipeline/parcel.h). */
enum { HNY_RECORD_PIECES = 2049 };

/* FRAMES point into themselves and into the record's payload, which has to live as long. */
hny_status hny_stream_wire_write(struct hny_frames *frames, const struct hny_link_message *message);

/* *MESSAGE of COUNT frames; its record's payload is a copy and the caller's. HNY_ERROR_INPUT where they are
 * no message. Pieces have to be UTF-8 without NUL and LF, and none or an odd number: sentences stand between
 * others. */
hny_status hny_stream_wire_read(const struct hny_piece *frames, size_t count,
                                struct hny_link_message *message);

#endif
