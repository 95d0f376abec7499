/* The broker's state and the gateway's own counters in Prometheus' text format (exposition format 0.0.4). */
#ifndef HNY_PIPELINE_METRICS_H
#define HNY_PIPELINE_METRICS_H

#include "base/json.h"
#include "pipeline/message.h"

enum { HNY_HTTP_STATUSES = 600 };

struct hny_gateway_counts {
    uint64_t answers[HNY_HTTP_STATUSES]; /* by status */
    uint64_t refused[HNY_REFUSALS];      /* sentences that the broker refused */
    uint64_t sentences, characters;      /* that were sent to the broker; that requests had */
    uint64_t gone;                       /* clients that went away before their translation came */
    uint64_t connections, under_way;     /* at this moment; UNDER_WAY: sentences at the broker */
};

/* STATE: what honyaku status --json prints; NULL where the broker does not answer. */
hny_status hny_metrics_write(const json_t *state, const struct hny_gateway_counts *counts,
                             struct hny_buffer *out);

#endif
