#include "pipeline/http_server.h"

#include "base/memory.h"
#include "base/progress.h"
#include "pipeline/http_form.h"
#include "pipeline/http_listen.h"
#include "pipeline/libretranslate.h"
#include <errno.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    HEAD_BYTES = 32 << 10, /* of a request's head, with the memory that its reading takes */
};

/* A TCP connection. */
struct peer {
    struct peer *before, *next;
    int file;
    double since;                        /* when it was last its turn to do something */
    struct hny_http_connection *waiting; /* whose answer is not there */
};

/* An exchange as the server has it. */
struct hny_http_connection {
    struct hny_http_exchange exchange;
    struct hny_http_server *server;
    struct MHD_Connection *mhd;
    struct peer *peer;
    char *method, *path;
    char *origin;                  /* that may read the answer; NULL: the same site's, or no browser's */
    struct hny_http_answer answer; /* STATUS 0: not yet */
    struct hny_buffer body;        /* of the answer */
    bool too_large, suspended;
};

struct hny_http_server {
    struct hny_http_options options;
    struct hny_http_handler handler;
    struct MHD_Daemon *daemon;
    struct peer *peers;
    size_t peer_count, open;
    double ticked;
    uint16_t port;
};

/* --- Answers ---------------------------------------------------------------------------------------- */

void hny_http_server_answer(struct hny_http_exchange *exchange, const struct hny_http_answer *answer,
                            struct hny_buffer *body) {
    struct hny_http_connection *connection = exchange->connection;
    hny_buffer_free(&connection->body);
    connection->answer = *answer;
    connection->body = *body;
    *body = (struct hny_buffer){0};
    if (!connection->suspended) return;
    connection->suspended = false;
    connection->peer->waiting = NULL;
    connection->peer->since = hny_seconds();
    MHD_resume_connection(connection->mhd);
}

/* Whether the same request may be answered later. */
static bool is_passing(unsigned status) {
    return status == MHD_HTTP_TOO_MANY_REQUESTS || status == MHD_HTTP_SERVICE_UNAVAILABLE ||
           status == MHD_HTTP_GATEWAY_TIMEOUT;
}

void hny_http_server_refuse(struct hny_http_exchange *exchange, unsigned status, const char *message) {
    struct hny_buffer body = {0};
    if (hny_error_write(message, &body) != HNY_OK)
        status = MHD_HTTP_INTERNAL_SERVER_ERROR; /* without words */
    const struct hny_http_answer answer = {
        .status = status, .type = "application/json", .later = is_passing(status)};
    hny_http_server_answer(exchange, &answer, &body);
}

/* Adds the header NAME where VALUE is not NULL. */
static bool add_header(struct MHD_Response *response, const char *name, const char *value) {
    return !value || MHD_add_response_header(response, name, value) == MHD_YES;
}

static bool add_headers(struct MHD_Response *response, const struct hny_http_connection *connection) {
    const struct hny_http_answer *answer = &connection->answer;
    const char *policy = answer->policy ? answer->policy : "default-src 'none'; frame-ancestors 'none'";
    const char *origin = connection->origin;
    bool preflight = origin && strcmp(connection->method, MHD_HTTP_METHOD_OPTIONS) == 0;
    return add_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, answer->type) &&
           add_header(response, MHD_HTTP_HEADER_ALLOW, answer->allow) &&
           add_header(response, MHD_HTTP_HEADER_RETRY_AFTER, answer->later ? "1" : NULL) &&
           add_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store") &&
           add_header(response, "X-Content-Type-Options", "nosniff") &&
           add_header(response, "X-Frame-Options", "DENY") &&
           add_header(response, "Referrer-Policy", "no-referrer") &&
           add_header(response, "Content-Security-Policy", policy) &&
           add_header(response, "Cross-Origin-Resource-Policy", origin ? "cross-origin" : "same-origin") &&
           add_header(response, MHD_HTTP_HEADER_VARY, "Origin") &&
           add_header(response, MHD_HTTP_HEADER_ACCESS_CONTROL_ALLOW_ORIGIN, origin) &&
           add_header(response, "Access-Control-Allow-Methods", preflight ? "GET, POST" : NULL) &&
           add_header(response, "Access-Control-Allow-Headers", preflight ? "Content-Type" : NULL) &&
           add_header(response, "Access-Control-Max-Age", preflight ? "600" : NULL);
}

/* MHD_NO, which breaks the connection off, where memory is out. */
static enum MHD_Result send_answer(struct hny_http_connection *connection) {
    struct hny_http_server *server = connection->server;
    struct hny_buffer *body = &connection->body;
    struct MHD_Response *response = MHD_create_response_from_buffer(
        body->size, body->data ? body->data : (void *)"", MHD_RESPMEM_PERSISTENT);
    if (!response) return MHD_NO;
    enum MHD_Result result = MHD_NO;
    if (add_headers(response, connection))
        result = MHD_queue_response(connection->mhd, connection->answer.status, response);
    MHD_destroy_response(response);
    server->handler.answered(server->handler.context, connection->answer.status);
    return result;
}

/* --- Requests --------------------------------------------------------------------------------------- */

static const char *header(const struct hny_http_connection *connection, const char *name) {
    return MHD_lookup_connection_value(connection->mhd, MHD_HEADER_KIND, name);
}

/* Answers a request whose head says that it is not to be looked at further. Its body is read all the same,
 * lest the client, still sending, not see the answer; true where it is too large for that. */
static bool refuse_head(struct hny_http_connection *connection) {
    struct hny_http_server *server = connection->server;
    struct hny_http_exchange *exchange = &connection->exchange;
    const char *origin = header(connection, MHD_HTTP_HEADER_ORIGIN),
               *length = header(connection, MHD_HTTP_HEADER_CONTENT_LENGTH);
    bool too_large = length && strtoull(length, NULL, 10) > server->options.body;
    switch (hny_http_guard_check(&server->options.guard, header(connection, MHD_HTTP_HEADER_HOST), origin)) {
    case HNY_HTTP_WRONG_HOST:
        hny_http_server_refuse(exchange, MHD_HTTP_FORBIDDEN, "This Host is not served: see --allow-host");
        return too_large;
    case HNY_HTTP_WRONG_ORIGIN:
        hny_http_server_refuse(exchange, MHD_HTTP_FORBIDDEN,
                               "Pages of this Origin may not ask: see --allow-origin");
        return too_large;
    case HNY_HTTP_CROSS:
        connection->origin = strdup(origin);
        break;
    case HNY_HTTP_WELCOME:
        break;
    }
    if (too_large) hny_http_server_refuse(exchange, MHD_HTTP_CONTENT_TOO_LARGE, "The request is too large");
    return too_large;
}

static bool begins(const char *text, const char *with) {
    return text && strncasecmp(text, with, strlen(with)) == 0;
}

static hny_status read_body(struct hny_http_connection *connection) {
    struct hny_http_exchange *exchange = &connection->exchange;
    const char *type = header(connection, MHD_HTTP_HEADER_CONTENT_TYPE);
    exchange->json = begins(type, "application/json");
    bool form = begins(type, MHD_HTTP_POST_ENCODING_FORM_URLENCODED) ||
                begins(type, MHD_HTTP_POST_ENCODING_MULTIPART_FORMDATA);
    if (!form) return HNY_OK;
    exchange->fields = json_object();
    if (!exchange->fields) return hny_fail(HNY_ERROR_MEMORY, "out of memory for a form");
    const struct hny_text body = {exchange->body.data, exchange->body.size};
    return hny_http_form_read(connection->mhd, body, exchange->fields);
}

/* The request is whole: hands it on, and waits where it is not answered at once. */
static void hand_on(struct hny_http_connection *connection) {
    struct hny_http_server *server = connection->server;
    struct hny_http_exchange *exchange = &connection->exchange;
    connection->peer->since = hny_seconds();
    if (connection->too_large) {
        hny_http_server_refuse(exchange, MHD_HTTP_CONTENT_TOO_LARGE, "The request is too large");
        return;
    }
    hny_status status = read_body(connection);
    if (status == HNY_OK)
        server->handler.asked(server->handler.context, exchange);
    else
        hny_http_server_refuse(
            exchange, status == HNY_ERROR_INPUT ? MHD_HTTP_BAD_REQUEST : MHD_HTTP_INTERNAL_SERVER_ERROR,
            hny_message());
    if (connection->answer.status) return;
    connection->suspended = true;
    connection->peer->waiting = connection;
    MHD_suspend_connection(connection->mhd);
}

static void free_connection(struct hny_http_connection *connection) {
    json_decref(connection->exchange.fields);
    hny_buffer_free(&connection->exchange.body);
    hny_buffer_free(&connection->body);
    free(connection->method);
    free(connection->path);
    free(connection->origin);
    free(connection);
}

static struct hny_http_connection *begin(struct hny_http_server *server, struct MHD_Connection *mhd,
                                         const char *path, const char *method) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct hny_http_connection *made = hny_allocate(1, sizeof *made);
    if (!made) return NULL;
    made->server = server;
    made->mhd = mhd;
    made->peer = info ? info->socket_context : NULL;
    made->exchange.method = made->method = strdup(method);
    made->exchange.path = made->path = strdup(path);
    made->exchange.connection = made;
    if (made->peer && made->method && made->path) return made;
    free_connection(made);
    return NULL;
}

static enum MHD_Result access_request(void *context, struct MHD_Connection *mhd, const char *path,
                                      const char *method, const char *version, const char *data, size_t *size,
                                      void **state) {
    struct hny_http_server *server = context;
    struct hny_http_connection *connection = *state;
    (void)version;
    if (!connection) {
        *state = connection = begin(server, mhd, path, method);
        if (!connection) return MHD_NO;
        server->open++;
        return refuse_head(connection) ? send_answer(connection) : MHD_YES;
    }
    if (*size > 0) {
        struct hny_buffer *body = &connection->exchange.body;
        if (body->size + *size > server->options.body) connection->too_large = true;
        bool wanted = !connection->too_large && !connection->answer.status;
        if (wanted && hny_buffer_append(body, data, *size) != HNY_OK) return MHD_NO;
        *size = 0;
        return MHD_YES;
    }
    if (!connection->answer.status) hand_on(connection);
    return connection->answer.status ? send_answer(connection) : MHD_YES;
}

static void end_request(void *context, struct MHD_Connection *mhd, void **state,
                        enum MHD_RequestTerminationCode code) {
    struct hny_http_server *server = context;
    struct hny_http_connection *connection = *state;
    (void)mhd, (void)code;
    if (!connection) return;
    connection->peer->since = hny_seconds();
    connection->peer->waiting = NULL;
    server->open--;
    free_connection(connection);
    *state = NULL;
}

/* --- Connections ------------------------------------------------------------------------------------ */

static void notice_connection(void *context, struct MHD_Connection *mhd, void **state,
                              enum MHD_ConnectionNotificationCode code) {
    struct hny_http_server *server = context;
    struct peer *peer = *state;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
        peer = hny_allocate(1, sizeof *peer);
        *state = peer;
        if (!peer) return; /* its requests are broken off */
        *peer = (struct peer){.next = server->peers, .file = info->connect_fd, .since = hny_seconds()};
        if (peer->next) peer->next->before = peer;
        server->peers = peer;
        server->peer_count++;
    } else if (peer) {
        if (peer->next) peer->next->before = peer->before;
        if (peer->before)
            peer->before->next = peer->next;
        else
            server->peers = peer->next;
        server->peer_count--;
        free(peer);
        *state = NULL;
    }
}

/* Whether the other side of a connection that nobody reads from has closed it. */
static bool has_gone(const struct peer *peer) {
    char byte;
    ssize_t got = recv(peer->file, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got == 0 || (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

static void look_after(struct hny_http_server *server, struct peer *peer, double now) {
    struct hny_http_connection *waiting = peer->waiting;
    if (!waiting) {
        if (now - peer->since >= server->options.timeout) shutdown(peer->file, SHUT_RDWR);
    } else if (has_gone(peer)) {
        server->handler.gone(server->handler.context, &waiting->exchange);
        hny_http_server_refuse(&waiting->exchange, MHD_HTTP_SERVICE_UNAVAILABLE, "The client has gone");
    }
}

hny_status hny_http_server_run(struct hny_http_server *server) {
    double now = hny_seconds();
    if (MHD_run(server->daemon) != MHD_YES) return hny_fail(HNY_ERROR_IO, "the HTTP server cannot go on");
    if (now - server->ticked < 0.1) return HNY_OK;
    server->ticked = now;
    for (struct peer *peer = server->peers; peer; peer = peer->next) look_after(server, peer, now);
    return HNY_OK;
}

/* --- Making ----------------------------------------------------------------------------------------- */

static hny_status start(struct hny_http_server *server) {
    const struct hny_http_options *options = &server->options;
    int file = -1;
    HNY_TRY(hny_http_listen(&options->address, &file, &server->port));
    server->daemon =
        MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, access_request, server,
                         MHD_OPTION_LISTEN_SOCKET, file, MHD_OPTION_NOTIFY_COMPLETED, end_request, server,
                         MHD_OPTION_NOTIFY_CONNECTION, notice_connection, server, MHD_OPTION_CONNECTION_LIMIT,
                         (unsigned)options->connections, MHD_OPTION_CONNECTION_TIMEOUT, options->timeout,
                         MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HEAD_BYTES, MHD_OPTION_STRICT_FOR_CLIENT,
                         1, MHD_OPTION_END);
    if (server->daemon) return HNY_OK;
    close(file);
    return hny_fail(HNY_ERROR_IO, "the HTTP server cannot be started");
}

hny_status hny_http_server_create(struct hny_http_server **server, const struct hny_http_options *options,
                                  const struct hny_http_handler *handler) {
    struct hny_http_server *made = hny_allocate(1, sizeof *made);
    if (!made) return HNY_ERROR_MEMORY;
    made->options = *options;
    made->options.guard.bound = &made->options.address;
    made->handler = *handler;
    hny_status status = start(made);
    if (status != HNY_OK) hny_http_server_destroy(&made);
    *server = made;
    return status;
}

void hny_http_server_destroy(struct hny_http_server **server) {
    struct hny_http_server *old = *server;
    if (!old) return;
    for (struct peer *peer = old->peers; peer; peer = peer->next)
        if (peer->waiting)
            hny_http_server_refuse(&peer->waiting->exchange, MHD_HTTP_SERVICE_UNAVAILABLE,
                                   "The service is shutting down");
    if (old->daemon) MHD_run(old->daemon);
    if (old->daemon) MHD_stop_daemon(old->daemon);
    free(old);
    *server = NULL;
}

uint16_t hny_http_server_port(const struct hny_http_server *server) {
    return server->port;
}

int hny_http_server_descriptor(const struct hny_http_server *server) {
    return MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
}

long hny_http_server_patience(const struct hny_http_server *server, long longest) {
    MHD_UNSIGNED_LONG_LONG wait;
    bool known = MHD_get_timeout(server->daemon, &wait) == MHD_YES;
    return known && wait < (MHD_UNSIGNED_LONG_LONG)longest ? (long)wait : longest;
}

void hny_http_server_quiesce(struct hny_http_server *server) {
    int file = MHD_quiesce_daemon(server->daemon);
    if (file >= 0) close(file);
}

size_t hny_http_server_connections(const struct hny_http_server *server) {
    return server->peer_count;
}

size_t hny_http_server_open(const struct hny_http_server *server) {
    return server->open;
}
