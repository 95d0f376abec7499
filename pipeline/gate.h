/* Who may connect: ZeroMQ's authentication (ZAP, RFC 27) of a context's CURVE servers against lists of keys.
 * A thread of its own answers; where it fails nobody gets in any more, and hny_gate_check says so. */
#ifndef HNY_PIPELINE_GATE_H
#define HNY_PIPELINE_GATE_H

#include "pipeline/key_list.h"

struct hny_gate;

enum hny_door {
    HNY_DOOR_CLIENTS,
    HNY_DOOR_WORKERS,
    HNY_DOORS,                   /* each with a list of its own; a socket may also be behind one of these: */
    HNY_DOOR_EITHER = HNY_DOORS, /* who stands in any of the lists is let in */
    HNY_DOOR_ANYBODY,            /* who has a key at all, whichever */
};

/* HNY_ERROR_USAGE where ENDPOINT, which others than this machine's users reach or are at (no loopback
 * address, and no path of the file system), goes without keys (GUARDED), and is not said to be INSECURE; HINT
 * tells which options would be of help. */
hny_status hny_door_check(const char *endpoint, bool guarded, bool insecure, const char *hint);

/* HNY_ERROR_USAGE where keys and lists do not come together, or where an endpoint without a list fails
 * hny_door_check. */
hny_status hny_doors_check(const char *const endpoints[HNY_DOORS], const char *key,
                           const struct hny_key_files lists[HNY_DOORS], bool insecure);

/* Reads the lists of the two doors, of which one without files lets nobody in. To be made before any socket
 * of CONTEXT is bound, and destroyed before the context. */
hny_status hny_gate_create(struct hny_gate **gate, void *context,
                           const struct hny_key_files lists[HNY_DOORS]);
void hny_gate_destroy(struct hny_gate **gate); /* nulls; NULL is allowed */

/* Reads the lists again: who connects from now on is held against the new ones. Connections that stand are
 * left alone. Failure leaves the old lists. */
hny_status hny_gate_renew(struct hny_gate *gate, const struct hny_key_files lists[HNY_DOORS]);

/* Whether KEY stands in the list of DOOR, one of the HNY_DOORS, at the moment. */
bool hny_gate_lists(struct hny_gate *gate, enum hny_door door, const uint8_t key[HNY_KEY_SIZE]);

/* HNY_ERROR_IO once its thread has failed. */
hny_status hny_gate_check(const struct hny_gate *gate);

/* SOCKET becomes a server with the keys PAIR behind DOOR. Before binding. */
hny_status hny_gate_guard(void *socket, const struct hny_key_pair *pair, enum hny_door door);

#endif
