/* Where the records of a stream come from: a file's lines, which are read again from where all is stored; or
 * what has no memory: standard input, PULL and SUB sockets. */
#ifndef HNY_PIPELINE_STAGE_SOURCE_H
#define HNY_PIPELINE_STAGE_SOURCE_H

#include "pipeline/edge.h"
#include "pipeline/position.h"
#include <zmq.h>

struct hny_source;

/* POSITION: the file in which a file's position is kept. FOLLOW: a file has no end, lines that are added to
 * it come too. */
hny_status hny_source_open(struct hny_source **source, void *context, const struct hny_edge *edge,
                           const char *position, bool follow, const struct hny_edge_trust *trust);
void hny_source_close(struct hny_source **source); /* nulls; NULL is allowed */

bool hny_source_forgets(const struct hny_source *source);
uint64_t hny_source_stream(const struct hny_source *source); /* for struct hny_stream_options */

/* CORE, just created, goes on behind the position; it has nothing to do where a file was read to its end and
 * has not grown. */
hny_status hny_source_begin(struct hny_source *source, struct hny_stream_core *core);

/* Gives CORE what there is without waiting, as far as it has room; *ANY whether there was something. */
hny_status hny_source_give(struct hny_source *source, struct hny_stream_core *core, bool *any);

/* Keeps as position what CORE says is stored, at most twice a second unless AT_ONCE. */
hny_status hny_source_save(struct hny_source *source, struct hny_stream_core *core, bool at_once);

/* What to wait on where nothing was there; false: nothing, it is to be asked again. */
bool hny_source_poll(const struct hny_source *source, zmq_pollitem_t *item);

#endif
