/* How the bytes of a depot (bundle/DEPOT.md) come here: over HTTP, over ZeroMQ, or out of a folder. Who pulls
 * (pipeline/pull.h) knows a carrier by this table alone, and trusts none: all that comes is checked there.
 *
 * A carrier is used by one thread, one call at a time. */
#ifndef HNY_PIPELINE_CARRIER_H
#define HNY_PIPELINE_CARRIER_H

#include "bundle/depot_index.h"
#include <stddef.h>
#include <stdint.h>

#define HNY_CARRIER_INDEX_MOST HNY_DEPOT_INDEX_MOST /* bytes of an index; more is HNY_ERROR_INPUT */

struct hny_carrier {
    /* Appends the depot's index.json, all of it, as it is now. */
    hny_status (*index)(void *context, struct hny_buffer *text);

    /* Hands the bytes OFFSET to END - 1 of the file whose SHA-256 is FILE (64 lower-case hexadecimal digits)
     * to TAKE, in order, in pieces of any size but 0, none of them beyond END; END is where the file ends by
     * the index, and greater than OFFSET. What TAKE returns other than HNY_OK ends the call, which returns
     * the same.
     * HNY_OK: all of them came. HNY_ERROR_IO: the connection could not be made, broke off or stood still;
     * what came is good, and the rest may be asked for again. HNY_ERROR_INPUT: the depot says that it has no
     * such file, has more or less of it than END, or does not keep to the protocol: asking again is of no
     * use. HNY_INTERRUPTED: hny_stop_requested() came true. */
    hny_status (*fetch)(void *context, const char *file, uint64_t offset, uint64_t end,
                        hny_status (*take)(void *taker, const void *data, size_t size), void *taker);

    void (*close)(void *context); /* ends it; CONTEXT is not used again */
    void *context;
};

#endif
