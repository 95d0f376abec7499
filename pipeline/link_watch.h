/* Says, in words on standard error, when a link between two stages does not come about: nobody answers, or
 * keys do not go together. A stage waits for the other one all the same, which may be on its way, or let in
 * later whom it refuses now (pipeline/connection.h). */
#ifndef HNY_PIPELINE_LINK_WATCH_H
#define HNY_PIPELINE_LINK_WATCH_H

#include "pipeline/edge.h"
#include <stdint.h>

/* Patience, in ms, with a link without a word from the other side. */
enum { HNY_LINK_SILENCE = 10000 };

struct hny_link_watch;

/* Over SOCKET, of CONTEXT and of the link EDGE, all borrowed; KEYED: this stage has keys for it. To be closed
 * before SOCKET is. */
hny_status hny_link_watch_open(struct hny_link_watch **watch, void *context, void *socket,
                               const struct hny_edge *edge, bool keyed);
void hny_link_watch_close(struct hny_link_watch **watch); /* nulls; NULL is allowed */

/* Takes note of what has happened by NOW; HEARD: when the other side's last word came. What is wrong is said
 * once, until there was a word; of those that a link which binds turns away, at most one in HNY_LINK_SILENCE.
 */
hny_status hny_link_watch_turn(struct hny_link_watch *watch, uint64_t now, uint64_t heard);

#endif
