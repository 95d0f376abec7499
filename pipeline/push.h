/* Bringing a bundle to a depot: pipeline/DEPOT-PROTOCOL.md. */
#ifndef HNY_PIPELINE_PUSH_H
#define HNY_PIPELINE_PUSH_H

#include "base/digest.h"
#include <stdint.h>

struct hny_push_options {
    const char *endpoint;     /* the depot's, as tcp://host:5560 */
    const char *key, *server; /* one's own pair, and the depot's public key: pipeline/keys.h */
    void (*progress)(void *context, uint64_t sent, uint64_t bytes); /* now and then; NULL: nobody asks */
    void *context;
};

/* Sends the file PATH, goes on where an earlier time broke off, and returns once the depot has verified and
 * published it, or has had it already. FILE receives its SHA-256. A connection that breaks, and a depot that
 * is started again, is waited for. HNY_ERROR_INPUT: the depot has refused it. HNY_ERROR_IO: nothing was heard
 * of a depot for half a minute. HNY_INTERRUPTED where hny_stop_requested(): what was sent stays there. */
hny_status hny_push(const char *path, const struct hny_push_options *options, char file[HNY_DIGEST_TEXT]);

#endif
