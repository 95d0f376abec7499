/* A client of the broker that speaks HTTP: LibreTranslate's API (pipeline/libretranslate.h), a page for
 * people, and what watches over services wants to know. All in one thread, which waits for the broker and for
 * all connections at once.
 *
 *     POST /translate          q, source, target, format, alternatives (JSON or a form)
 *     POST /detect             q
 *     GET  /languages          what is served; a model whose name is a pair serves it (pipeline/languages.h)
 *     GET  /frontend/settings  the limits
 *     GET  /healthz            200 where the broker answers and has a worker, else 503 and what is missing
 *     GET  /metrics            for Prometheus (pipeline/metrics.h)
 *     GET  /status             what honyaku status --json prints, at most a second old
 *     GET  /                   the page (pipeline/page/)
 *
 * Errors are {"error": "…"} with the status of hny_http_refusal. Further to LibreTranslate's API, a single
 * text with "attention": true comes back with a picture of it, an SVG, as "attention". */
#ifndef HNY_PIPELINE_GATEWAY_H
#define HNY_PIPELINE_GATEWAY_H

#include "pipeline/http_server.h"
#include "pipeline/libretranslate.h"

struct hny_gateway_options {
    const char *broker;       /* its endpoint for clients */
    const char *key, *server; /* pipeline/keys.h; NULL: without keys */
    struct hny_http_options http;
    const struct hny_pair *pairs; /* [pair_count] besides the models whose names are pairs */
    size_t pair_count;
    struct hny_text_limits texts;
    size_t sentences; /* at the broker at a time, of all requests together; above it new ones are refused */
    size_t deadline;  /* ms that a request's translation may take */
    size_t drain;     /* ms for what is under way, once it is to stop */
};
void hny_gateway_options_defaults(struct hny_gateway_options *options); /* all but broker, keys and address */

/* Serves until hny_stop_requested(). READY, unless NULL, is called once connections are taken at PORT. */
hny_status hny_gateway_run(const struct hny_gateway_options *options,
                           void (*ready)(void *context, uint16_t port), void *context);

#endif
