/* The carrier that fetches from honyaku depot, over ZeroMQ: pipeline/DEPOT-PROTOCOL.md. */
#ifndef HNY_PIPELINE_CARRIER_ZMQ_H
#define HNY_PIPELINE_CARRIER_ZMQ_H

#include "pipeline/carrier.h"

/* ENDPOINT, KEY and SERVER as hny_depot_link_open has them. A connection that breaks, and a depot that is
 * started again, is asked for what is still missing; one that says nothing for PATIENCE ms is HNY_ERROR_IO.
 * The carrier's close frees all. */
hny_status hny_carrier_zmq_open(struct hny_carrier *carrier, const char *endpoint, const char *key,
                                const char *server, uint64_t patience);

#endif
