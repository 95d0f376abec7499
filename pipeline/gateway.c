#include "pipeline/gateway.h"

#include "base/notify.h"
#include "base/progress.h"
#include "pipeline/gateway_work.h"
#include "pipeline/page.h"
#include "pipeline/parcel.h"
#include <errno.h>
#include <string.h>

enum {
    TICK = 100,         /* ms */
    ASK_EVERY = 1000,   /* ms: the broker for its state */
    STATE_LASTS = 3500, /* ms: an older one is none */
    FLUSH = 2000,       /* ms for the last answers to be sent */
};

struct gateway {
    const struct hny_gateway_options *options;
    struct hny_client *client;
    struct hny_gateway_work *work;
    struct hny_http_server *server;
    struct hny_languages languages;
    struct hny_language_detector *detector; /* of DETECTED languages; NULL: there are none yet */
    size_t detected;
    struct hny_gateway_counts counts;
    struct hny_buffer state; /* the broker's last, as text and read */
    json_t *read;
    uint64_t asked, told; /* ms: when the state was asked for, and came */
    bool ending;
    bool more;         /* there is something to do without waiting */
    hny_status status; /* of what handlers could not do */
};

void hny_gateway_options_defaults(struct hny_gateway_options *options) {
    *options = (struct hny_gateway_options){.http = {.body = 1 << 20, .connections = 512, .timeout = 30},
                                            .sentences = 2048,
                                            .deadline = 30000,
                                            .drain = 10000};
    hny_text_limits_defaults(&options->texts);
}

/* --- The broker's state ----------------------------------------------------------------------------- */

static bool is_answering(const struct gateway *gateway) {
    return gateway->read && hny_milliseconds() - gateway->told < STATE_LASTS;
}

/* Made anew where more languages have come. */
static hny_status renew_detector(struct gateway *gateway) {
    const char *codes[HNY_LANGUAGES_DETECTED];
    size_t count = hny_languages_sources(&gateway->languages, codes, HNY_LANGUAGES_DETECTED);
    if (count > HNY_LANGUAGES_DETECTED) count = HNY_LANGUAGES_DETECTED;
    if (count == gateway->detected) return HNY_OK;
    hny_language_detector_destroy(&gateway->detector);
    gateway->detected = count;
    return hny_language_detector_create(&gateway->detector, codes, count);
}

static hny_status follow_state(struct gateway *gateway) {
    uint64_t now = hny_milliseconds();
    struct hny_buffer text = {0};
    bool told;
    if (!gateway->asked || now - gateway->asked >= ASK_EVERY) {
        HNY_TRY(hny_client_ask_state(gateway->client));
        gateway->asked = now;
    }
    HNY_TRY(hny_client_told_state(gateway->client, &text, &told));
    json_t *read = NULL;
    if (!told || hny_json_parse("the broker's state", text.data, text.size, &read) != HNY_OK) {
        hny_buffer_free(&text);
        return HNY_OK;
    }
    hny_buffer_free(&gateway->state);
    json_decref(gateway->read);
    gateway->state = text;
    gateway->read = read;
    gateway->told = now;
    HNY_TRY(hny_languages_learn(&gateway->languages, read));
    return renew_detector(gateway);
}

/* --- Requests --------------------------------------------------------------------------------------- */

/* Answers as STATUS went, taking over what BODY has. */
static void answer_with(struct hny_http_exchange *exchange, const struct hny_http_answer *answer,
                        hny_status status, struct hny_buffer *body) {
    if (status == HNY_OK)
        hny_http_server_answer(exchange, answer, body);
    else
        hny_http_server_refuse(exchange, status == HNY_ERROR_INPUT ? 400 : 500, hny_message());
    hny_buffer_free(body);
}

static void answer_json(struct hny_http_exchange *exchange, hny_status status, struct hny_buffer *body) {
    const struct hny_http_answer answer = {.status = 200, .type = "application/json"};
    answer_with(exchange, &answer, status, body);
}

/* The body of EXCHANGE, a form's or JSON, as a request. */
static hny_status read_request(struct gateway *gateway, struct hny_http_exchange *exchange, bool only_text,
                               struct hny_text_request *request) {
    json_t *body = json_incref(exchange->fields);
    const char *text = exchange->body.data ? exchange->body.data : "";
    if (exchange->json) HNY_TRY(hny_json_parse("Invalid request", text, exchange->body.size, &body));
    if (!body) return hny_fail(HNY_ERROR_INPUT, "Invalid request: the body is neither JSON nor a form");
    return hny_text_request_read(request, &gateway->options->texts, body, only_text);
}

static void ask_translate(struct gateway *gateway, struct hny_http_exchange *exchange) {
    struct hny_text_request request;
    struct hny_gateway_job *job = NULL;
    bool busy = false;
    hny_status status = read_request(gateway, exchange, false, &request);
    if (status == HNY_OK)
        status = hny_gateway_work_begin(gateway->work, &request, &gateway->languages, gateway->detector,
                                        exchange, &job, &busy);
    exchange->work = job;
    if (job) {
        if (status != HNY_OK) gateway->status = status; /* the broker cannot be spoken to */
    } else if (busy) {
        hny_http_server_refuse(exchange, 503, hny_http_refusal(HNY_REFUSED_BUSY)->message);
    } else {
        hny_http_server_refuse(exchange, status == HNY_ERROR_INPUT ? 400 : 500, hny_message());
    }
}

static void ask_detect(struct gateway *gateway, struct hny_http_exchange *exchange) {
    struct hny_text_request request;
    struct hny_language_guess guesses[HNY_LANGUAGES_DETECTED];
    struct hny_buffer all = {0}, body = {0};
    size_t count = 0;
    hny_status status = read_request(gateway, exchange, true, &request);
    if (status != HNY_OK) {
        answer_json(exchange, status, &body);
        return;
    }
    for (size_t i = 0; i < request.count && status == HNY_OK; i++)
        status = hny_buffer_append(&all, request.texts[i].data, request.texts[i].size);
    if (status == HNY_OK && gateway->detector)
        count = hny_language_detector_guess(gateway->detector, (struct hny_text){all.data, all.size}, guesses,
                                            HNY_LANGUAGES_DETECTED);
    if (status == HNY_OK) status = hny_guesses_write(guesses, count, &body);
    hny_text_request_free(&request);
    hny_buffer_free(&all);
    answer_json(exchange, status, &body);
}

static void ask_languages(struct gateway *gateway, struct hny_http_exchange *exchange) {
    struct hny_buffer body = {0};
    answer_json(exchange, hny_languages_write(&gateway->languages, &body), &body);
}

static void ask_settings(struct gateway *gateway, struct hny_http_exchange *exchange) {
    struct hny_buffer body = {0};
    hny_status status = hny_settings_write(&gateway->options->texts, &gateway->languages,
                                           (unsigned)(gateway->options->deadline / 1000) + 1, &body);
    answer_json(exchange, status, &body);
}

static void ask_health(struct gateway *gateway, struct hny_http_exchange *exchange) {
    struct hny_buffer body = {0};
    const char *missing = gateway->ending          ? "the gateway is shutting down"
                          : !is_answering(gateway) ? "the broker does not answer"
                          : json_array_size(json_object_get(gateway->read, "workers")) == 0
                              ? "the broker has no worker"
                              : NULL;
    const struct hny_http_answer answer = {
        .status = missing ? 503 : 200, .type = "text/plain; charset=utf-8", .later = missing != NULL};
    hny_status status = hny_buffer_print(&body, "%s\n", missing ? missing : "ok");
    answer_with(exchange, &answer, status, &body);
}

static void ask_metrics(struct gateway *gateway, struct hny_http_exchange *exchange) {
    struct hny_buffer body = {0};
    const struct hny_http_answer answer = {.status = 200, .type = "text/plain; version=0.0.4; charset=utf-8"};
    gateway->counts.connections = hny_http_server_connections(gateway->server);
    hny_status status =
        hny_metrics_write(is_answering(gateway) ? gateway->read : NULL, &gateway->counts, &body);
    answer_with(exchange, &answer, status, &body);
}

static void ask_status(struct gateway *gateway, struct hny_http_exchange *exchange) {
    struct hny_buffer body = {0};
    if (!is_answering(gateway)) {
        hny_http_server_refuse(exchange, 503, "The broker does not answer");
        return;
    }
    answer_json(exchange, hny_buffer_append(&body, gateway->state.data, gateway->state.size), &body);
}

/* --- Paths ------------------------------------------------------------------------------------------ */

static const struct {
    const char *path;
    bool post;
    void (*ask)(struct gateway *gateway, struct hny_http_exchange *exchange);
} routes[] = {
    {"/translate", true, ask_translate},  {"/detect", true, ask_detect},
    {"/languages", false, ask_languages}, {"/frontend/settings", false, ask_settings},
    {"/healthz", false, ask_health},      {"/metrics", false, ask_metrics},
    {"/status", false, ask_status},
};

static void serve_file(struct hny_http_exchange *exchange, const struct hny_page_file *file) {
    static const char policy[] =
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    struct hny_buffer body = {0};
    const struct hny_http_answer answer = {.status = 200, .type = file->type, .policy = policy};
    hny_status status = hny_buffer_append(&body, file->data, file->size);
    answer_with(exchange, &answer, status, &body);
}

/* A method that the path has not; OPTIONS is what browsers ask before a page of another site may go on. */
static void refuse_method(struct hny_http_exchange *exchange, bool post) {
    struct hny_buffer body = {0};
    const char *methods = post ? "POST, OPTIONS" : "GET, HEAD, OPTIONS";
    bool asks = strcmp(exchange->method, "OPTIONS") == 0;
    const struct hny_http_answer answer = {
        .status = asks ? 204 : 405, .type = asks ? NULL : "application/json", .allow = methods};
    if (!asks && hny_error_write("This method is not allowed here", &body) != HNY_OK) hny_buffer_free(&body);
    hny_http_server_answer(exchange, &answer, &body);
}

static void take_request(void *context, struct hny_http_exchange *exchange) {
    struct gateway *gateway = context;
    bool post = strcmp(exchange->method, "POST") == 0,
         get = strcmp(exchange->method, "GET") == 0 || strcmp(exchange->method, "HEAD") == 0;
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
        if (strcmp(exchange->path, routes[i].path) != 0) continue;
        if (routes[i].post ? post : get)
            routes[i].ask(gateway, exchange);
        else
            refuse_method(exchange, routes[i].post);
        return;
    }
    const struct hny_page_file *file = hny_page_find(exchange->path);
    if (!file)
        hny_http_server_refuse(exchange, 404, "There is nothing here");
    else if (get)
        serve_file(exchange, file);
    else
        refuse_method(exchange, false);
}

static void lose_client(void *context, struct hny_http_exchange *exchange) {
    struct gateway *gateway = context;
    gateway->counts.gone++;
    if (!exchange->work) return;
    hny_status status = hny_gateway_work_forget(gateway->work, exchange->work);
    exchange->work = NULL;
    if (status != HNY_OK) gateway->status = status;
}

static void count_answer(void *context, unsigned status) {
    struct gateway *gateway = context;
    if (status < HNY_HTTP_STATUSES) gateway->counts.answers[status]++;
}

/* --- Running ---------------------------------------------------------------------------------------- */

/* Hands on what has come to its end; false where nothing has. */
static bool deliver(struct gateway *gateway) {
    struct hny_gateway_done done;
    bool any = false;
    while (hny_gateway_work_take(gateway->work, &done)) {
        any = true;
        struct hny_http_exchange *exchange = done.owner;
        exchange->work = NULL;
        if (done.status == 200)
            answer_json(exchange, HNY_OK, &done.body);
        else
            hny_http_server_refuse(exchange, done.status, done.message);
    }
    return any;
}

static hny_status turn(struct gateway *gateway) {
    long wait = gateway->more ? 0 : hny_http_server_patience(gateway->server, TICK);
    zmq_pollitem_t items[] = {{hny_client_socket(gateway->client), 0, ZMQ_POLLIN, 0},
                              {NULL, hny_http_server_descriptor(gateway->server), ZMQ_POLLIN, 0}};
    if (zmq_poll(items, 2, wait) < 0 && zmq_errno() != EINTR)
        return hny_zmq_fail("cannot wait for", "requests");
    HNY_TRY(hny_http_server_run(gateway->server));
    HNY_TRY(gateway->status);
    HNY_TRY(hny_gateway_work_turn(gateway->work, &gateway->more));
    if (deliver(gateway)) gateway->more = true; /* the server's next run sends it */
    hny_client_note(gateway->client, "gateway");
    return follow_state(gateway);
}

static hny_status serve(struct gateway *gateway) {
    uint64_t end = 0, last = 0;
    for (;;) {
        HNY_TRY(turn(gateway));
        if (!hny_stop_requested()) continue;
        uint64_t now = hny_milliseconds();
        if (!gateway->ending) {
            hny_http_server_quiesce(gateway->server);
            gateway->ending = true;
            end = now + gateway->options->drain;
            last = now + FLUSH;
        }
        bool waiting = gateway->counts.under_way > 0;
        if (waiting) last = now + FLUSH;
        if (hny_http_server_open(gateway->server) == 0 || now >= (last < end ? last : end)) return HNY_OK;
    }
}

static hny_status open_gateway(struct gateway *gateway) {
    const struct hny_gateway_options *options = gateway->options;
    const struct hny_http_handler handler = {gateway, take_request, lose_client, count_answer};
    for (size_t i = 0; i < options->pair_count; i++)
        HNY_TRY(hny_languages_add(&gateway->languages, &options->pairs[i]));
    HNY_TRY(renew_detector(gateway));
    HNY_TRY(hny_client_open_keyed(&gateway->client, options->broker, options->key, options->server));
    HNY_TRY(hny_gateway_work_create(&gateway->work, gateway->client, options->sentences, options->deadline,
                                    &gateway->counts));
    return hny_http_server_create(&gateway->server, &options->http, &handler);
}

static void close_gateway(struct gateway *gateway) {
    hny_http_server_destroy(&gateway->server);
    hny_gateway_work_destroy(&gateway->work);
    hny_client_close(&gateway->client);
    hny_language_detector_destroy(&gateway->detector);
    hny_languages_free(&gateway->languages);
    hny_buffer_free(&gateway->state);
    json_decref(gateway->read);
}

hny_status hny_gateway_run(const struct hny_gateway_options *options,
                           void (*ready)(void *context, uint16_t port), void *context) {
    struct gateway gateway = {.options = options};
    hny_status status = open_gateway(&gateway);
    if (status == HNY_OK && ready) ready(context, hny_http_server_port(gateway.server));
    if (status == HNY_OK) hny_notify_ready();
    if (status == HNY_OK) status = serve(&gateway);
    close_gateway(&gateway);
    return status;
}
