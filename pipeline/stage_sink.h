/* Where the records of a stream end: a file, with its position beside it; or what has no memory: standard
 * output, PUSH and PUB sockets. A record of one piece is a line; one of sentences is a line for each, in a
 * socket a message for each. */
#ifndef HNY_PIPELINE_STAGE_SINK_H
#define HNY_PIPELINE_STAGE_SINK_H

#include "pipeline/edge.h"
#include "pipeline/position.h"
#include <zmq.h>

struct hny_sink;

/* A file PATH's position is PATH.position. What lies in the file behind its position is cut off: it was not
 * stored. HNY_ERROR_INPUT where a file has lines and no position, HNY_ERROR_IO where another process writes
 * it and does not end soon. */
hny_status hny_sink_open(struct hny_sink **sink, void *context, const struct hny_edge *edge,
                         const struct hny_edge_trust *trust);
void hny_sink_close(struct hny_sink **sink); /* what is not stored may be lost; nulls; NULL is allowed */

bool hny_sink_forgets(const struct hny_sink *sink);
uint64_t hny_sink_stream(const struct hny_sink *sink); /* 0: none yet */

/* CORE, just created, goes on behind the position. */
hny_status hny_sink_begin(struct hny_sink *sink, struct hny_stream_core *core);

hny_status hny_sink_write(struct hny_sink *sink, const struct hny_record *record);

/* Brings to disk what was written, and tells CORE; of a file not more often than every 25 ms, unless AT_ONCE.
 * Where a socket takes no more it goes on at the next call. */
hny_status hny_sink_store(struct hny_sink *sink, struct hny_stream_core *core, bool at_once);

bool hny_sink_pending(const struct hny_sink *sink); /* something was written and is not stored */

/* What to wait on before more can be stored; false: nothing. */
bool hny_sink_poll(const struct hny_sink *sink, zmq_pollitem_t *item);

#endif
