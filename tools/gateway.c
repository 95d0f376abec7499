/* honyaku gateway: HTTP before a broker. */
#include "base/progress.h"
#include "pipeline/gateway.h"
#include "tools/commands.h"

#include <stdio.h>
#include <string.h>

enum { MOST_NAMES = 64 }; /* of hosts, origins and pairs each */

static const struct hny_option options[] = {
    {"connect", 'c', "ENDPOINT", false, false,
     "the broker's endpoint for clients (default: tcp://127.0.0.1:5555)"},
    {"http", 0, "ADDRESS", false, false,
     "where it listens: ADDRESS:PORT, or a port (default: 127.0.0.1:8080)"},
    {"pair", 0, "PAIR=MODEL", false, false,
     "a pair that a model of another name translates, as en-ja=demo; may come again"},
    {"allow-host", 0, "NAME", false, false,
     "a further name that requests may ask for (Host); may come again"},
    {"allow-origin", 0, "ORIGIN", false, false,
     "a site whose pages may ask, as https://example.org, or * for all; may come again"},
    {"characters", 0, "N", false, false, "of a request (default: 20000)"},
    {"texts", 0, "N", false, false, "of a request whose q is a list (default: 256)"},
    {"alternatives", 0, "N", false, false, "that a request may ask for (default: 8)"},
    {"sentences", 0, "N", false, false, "at the broker at a time, of all requests (default: 2048)"},
    {"deadline", 0, "MS", false, false, "that a request's translation may take (default: 30000)"},
    {"body", 0, "KIB", false, false, "of a request's body (default: 1024)"},
    {"connections", 0, "N", false, false, "open at a time (default: 512)"},
    {"timeout", 0, "SECONDS", false, false,
     "that a connection has to bring a request, and to take an answer (default: 30)"},
    {"key", 'k', "FILE", false, false, "one's own keys, from honyaku keygen curve"},
    {"server-key", 0, "KEY", false, false, "the broker's public key, or the file with it"},
    {"insecure", 0, NULL, false, false, "listen at an address that other machines reach"},
    {"quiet", 'q', NULL, false, false, "say nothing but errors"},
    {NULL, 0, NULL, false, false, NULL},
};

/* What the options point to. */
struct names {
    const char *hosts[MOST_NAMES], *origins[MOST_NAMES];
    struct hny_pair pairs[MOST_NAMES];
};

static hny_status read_names(const struct hny_arguments *arguments, const char *option, const char **names,
                             size_t *count) {
    *count = hny_argument_times(arguments, option);
    if (*count > MOST_NAMES)
        return hny_fail(HNY_ERROR_USAGE, "--%s comes more than %d times", option, MOST_NAMES);
    for (size_t i = 0; i < *count; i++) names[i] = hny_argument_at(arguments, option, i);
    return HNY_OK;
}

static hny_status read_pairs(const struct hny_arguments *arguments, struct hny_pair *pairs, size_t *count) {
    const char *texts[MOST_NAMES];
    HNY_TRY(read_names(arguments, "pair", texts, count));
    for (size_t i = 0; i < *count; i++)
        if (!hny_pair_read(texts[i], &pairs[i]))
            return hny_fail(HNY_ERROR_USAGE, "--pair %s is not two codes of languages, as en-ja=NAME",
                            texts[i]);
    return HNY_OK;
}

static hny_status read_limits(const struct hny_arguments *arguments, struct hny_gateway_options *chosen) {
    size_t body = chosen->http.body >> 10, timeout = chosen->http.timeout;
    HNY_TRY(hny_argument_count(arguments, "characters", 1, 1 << 24, &chosen->texts.characters));
    HNY_TRY(hny_argument_count(arguments, "texts", 1, 1 << 16, &chosen->texts.texts));
    HNY_TRY(hny_argument_count(arguments, "alternatives", 0, 63, &chosen->texts.alternatives));
    HNY_TRY(hny_argument_count(arguments, "sentences", 1, 1 << 20, &chosen->sentences));
    HNY_TRY(hny_argument_count(arguments, "deadline", 1, 3600000, &chosen->deadline));
    HNY_TRY(hny_argument_count(arguments, "body", 1, 65536, &body));
    HNY_TRY(hny_argument_count(arguments, "connections", 1, 65536, &chosen->http.connections));
    HNY_TRY(hny_argument_count(arguments, "timeout", 1, 3600, &timeout));
    chosen->http.body = body << 10;
    chosen->http.timeout = (unsigned)timeout;
    return HNY_OK;
}

static void say_ready(void *context, uint16_t port) {
    const struct hny_gateway_options *chosen = context;
    const char *host = chosen->http.address.host;
    bool bracketed = strchr(host, ':') != NULL;
    hny_progress_note("gateway: http://%s%s%s:%u before %s", bracketed ? "[" : "", host, bracketed ? "]" : "",
                      port, chosen->broker);
}

static hny_status run(const struct hny_arguments *arguments) {
    struct hny_gateway_options chosen;
    struct names names;
    const char *broker = hny_argument_text(arguments, "connect"),
               *http = hny_argument_text(arguments, "http");
    hny_gateway_options_defaults(&chosen);
    chosen.broker = broker ? broker : "tcp://127.0.0.1:5555";
    chosen.key = hny_argument_text(arguments, "key");
    chosen.server = hny_argument_text(arguments, "server-key");
    HNY_TRY(hny_http_address_read(http ? http : "127.0.0.1:8080", hny_argument_given(arguments, "insecure"),
                                  &chosen.http.address));
    struct hny_http_guard *guard = &chosen.http.guard;
    HNY_TRY(read_names(arguments, "allow-host", names.hosts, &guard->host_count));
    HNY_TRY(read_names(arguments, "allow-origin", names.origins, &guard->origin_count));
    HNY_TRY(read_pairs(arguments, names.pairs, &chosen.pair_count));
    guard->hosts = names.hosts;
    guard->origins = names.origins;
    chosen.pairs = names.pairs;
    HNY_TRY(read_limits(arguments, &chosen));
    hny_progress_quiet(hny_argument_given(arguments, "quiet"));
    hny_service_catch();
    return hny_gateway_run(&chosen, say_ready, &chosen);
}

const struct hny_command hny_command_gateway = {
    .name = "gateway",
    .arguments = "",
    .summary = "speak HTTP before a broker: LibreTranslate's API, a page, figures for Prometheus",
    .description = "POST /translate and /detect, GET /languages and /frontend/settings as LibreTranslate has "
                   "them; GET / is a "
                   "page to try translations at; GET /healthz, /metrics and /status are for who watches over "
                   "the service. "
                   "Languages are those of models whose name is a pair, as en-ja.\n"
                   "Requests for other hosts than the address, localhost and --allow-host, and from pages of "
                   "other sites than "
                   "--allow-origin, are refused. There are no passwords: an address that others reach "
                   "(--insecure) wants a "
                   "proxy before it that knows whom to let in.",
    .example = "honyaku gateway --connect tcp://127.0.0.1:5555 --http 127.0.0.1:8080\n"
               "curl -d 'q=Good morning.' -d source=en -d target=ja http://127.0.0.1:8080/translate",
    .options = options,
    .least = 0,
    .most = 0,
    .run = run,
};
