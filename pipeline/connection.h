/* A connection of a DEALER to the endpoint that it is for: what keeps it from coming about, and another try
 * where ZeroMQ makes none. ZeroMQ gives up for good a connection whose handshake was refused (RFC 26, 27),
 * and knocks ten times a second, or more often, where the other end hangs up on it. But lists of keys change,
 * and a broker comes back with other keys: here it is tried again and again, with growing pauses. */
#ifndef HNY_PIPELINE_CONNECTION_H
#define HNY_PIPELINE_CONNECTION_H

#include "base/status.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ms: pauses between tries double from the first one to the longest. What is wrong is said once it has been
 * so for long enough: with keys, and where nobody is there. */
enum {
    HNY_CONNECTION_PAUSE = 250,
    HNY_CONNECTION_LONGEST_PAUSE = 4000,
    HNY_CONNECTION_REFUSED_FOR = 2000,
    HNY_CONNECTION_ABSENT_FOR = 10000,
};

enum hny_connection_fault {
    HNY_CONNECTION_FINE,   /* it stands, or is on its way */
    HNY_CONNECTION_ABSENT, /* nobody is there */
    HNY_CONNECTION_CUT, /* the other end hangs up on who has keys: it has another key than was told, or none,
                         * or is a proxy before nobody */
    HNY_CONNECTION_UNLIKE,  /* one of the two has keys and the other has none, or there is something else */
    HNY_CONNECTION_REFUSED, /* the other end does not let this one's key in */
};

struct hny_connection;

/* Over SOCKET, of CONTEXT, both borrowed, which goes to ENDPOINT alone; NULL: it binds, and those that come
 * are watched. KEYED: it has keys. To be made before connecting, and closed before SOCKET is. */
hny_status hny_connection_open(struct hny_connection **connection, void *context, void *socket,
                               const char *endpoint, bool keyed);
void hny_connection_close(struct hny_connection **connection); /* nulls; NULL is allowed */

/* Takes note of what has happened by NOW (ms), and connects again when it is time. To be called some times a
 * second while anybody waits for anything, and polls SOCKET. */
hny_status hny_connection_turn(struct hny_connection *connection, uint64_t now);

/* What is wrong, and in *SINCE since when. Of a socket that binds: with whoever knocked last. */
enum hny_connection_fault hny_connection_fault(const struct hny_connection *connection, uint64_t *since);
const char *
hny_connection_words(const struct hny_connection *connection); /* the same, where a broker is to be */

size_t hny_connection_failures(const struct hny_connection *connection); /* handshakes that failed, so far */

/* Whether it has come about anew, and another one before had been given up: told once. What was sent before
 * *SINCE is lost then. */
bool hny_connection_renewed(struct hny_connection *connection, uint64_t *since);

/* Says in words on standard error, for WHO ("worker"), what keeps a broker's connection from coming about:
 * once, and once more when it has come about after all. */
void hny_connection_note(struct hny_connection *connection, const char *who, uint64_t now);

#endif
