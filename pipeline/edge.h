/* The two ends of a stage of a stream, as they are written on the command line and in a pipeline file, and
 * what each promises.
 *
 *     file:PATH        lines of a file; a sink's is appended to
 *     -                standard input or output
 *     link:ENDPOINT    another stage: upstream connects, downstream binds
 *     pull:ENDPOINT    messages of PUSH sockets, a line each     push:ENDPOINT    the other way
 *     sub:ENDPOINT     messages of PUB sockets                   pub:ENDPOINT     the other way
 *
 * A socket's edge connects, or binds where @ stands before the endpoint: pull:@tcp://127.0.0.1:5600. */
#ifndef HNY_PIPELINE_EDGE_H
#define HNY_PIPELINE_EDGE_H

#include "base/status.h"
#include <stdbool.h>

enum hny_edge_kind {
    HNY_EDGE_FILE,
    HNY_EDGE_STANDARD,
    HNY_EDGE_LINK,
    HNY_EDGE_PULL,
    HNY_EDGE_SUB,
    HNY_EDGE_PUSH,
    HNY_EDGE_PUB,
};

struct hny_edge {
    enum hny_edge_kind kind;
    bool bind;
    const char *place; /* path or endpoint: a part of the text that was read */
    bool keeps;        /* its position outlasts the process: nothing is lost or doubled here */
    int socket;        /* ZeroMQ's type, -1 for none */
};

/* NAME stands for TEXT in messages. OUT: where records leave. HNY_ERROR_USAGE where it is no such edge. */
hny_status hny_edge_read(const char *name, const char *text, bool out, struct hny_edge *edge);

/* Whom an edge trusts. Keys are a link's alone (pipeline/keys.h): KEY is the file of one's own pair; SERVER
 * the public key, or its file, of the stage that a link leads to; ALLOW the file with the keys of those that
 * a link from other stages lets in, for whom CONTEXT has a gate (HNY_DOOR_CLIENTS). All may be NULL. */
struct hny_edge_trust {
    const char *key, *server, *allow;
    bool insecure; /* endpoints that others than this machine's users reach may go without */
};

/* HNY_ERROR_USAGE where EDGE and TRUST do not go together. What binds, and each link, goes without keys only
 * where the endpoint is this machine's own (hny_door_check). */
hny_status hny_edge_check(const struct hny_edge *edge, const struct hny_edge_trust *trust);

/* A socket for EDGE, of CONTEXT, bound or connected, once it is checked. */
hny_status hny_edge_open(const struct hny_edge *edge, void *context, const struct hny_edge_trust *trust,
                         void **socket);

#endif
