/* All that one connection says to the gateway's HTTP server, through a socket. The first byte says how: bit
 * 0, requests are answered only when all is said; the rest, in pieces of how many bytes it comes (0: at
 * once).
 *
 * Reader: pipeline/http_server.c
 *
 * Reader: pipeline/http_form.c */
#include "tests/fuzz/fuzz.h"

#include "pipeline/http_server.h"
#include <arpa/inet.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    BODY = 2048,
    MOST_WAITING = 64,
    MOST_ROUNDS = 64,
    LEAVES = 126,
    STOPS = 127,
    TICK = 110000 /* µs, more than the server's */
};

static struct {
    struct hny_http_server *server;
    struct hny_http_exchange *waiting[MOST_WAITING];
    size_t waiting_count, asked, answered;
    bool later;
} scene;

/* --- The handler: says what it was asked ---------------------------------------------------------------- */

static void check_fields(json_t *fields) {
    const char *name;
    json_t *value;
    json_object_foreach(fields, name, value) FUZZ_CHECK(json_is_string(value) || json_is_array(value));
}

static void answer(struct hny_http_exchange *exchange) {
    static const struct hny_http_answer fine = {.status = 200, .type = "application/octet-stream"};
    struct hny_buffer body = {0};
    FUZZ_CHECK(hny_buffer_append(&body, exchange->body.data, exchange->body.size) == HNY_OK);
    hny_http_server_answer(exchange, &fine, &body);
    FUZZ_CHECK(!body.data);
}

static void asked(void *context, struct hny_http_exchange *exchange) {
    (void)context;
    scene.asked++;
    FUZZ_CHECK(exchange->method && exchange->path && exchange->body.size <= BODY);
    check_fields(exchange->fields);
    if (scene.later && scene.waiting_count < MOST_WAITING)
        scene.waiting[scene.waiting_count++] = exchange;
    else
        answer(exchange);
}

static void gone(void *context, struct hny_http_exchange *exchange) {
    (void)context;
    size_t at = 0;
    while (at < scene.waiting_count && scene.waiting[at] != exchange) at++;
    FUZZ_CHECK(at < scene.waiting_count);
    scene.waiting[at] = scene.waiting[--scene.waiting_count];
}

static void answered(void *context, unsigned status) {
    (void)context;
    scene.answered++;
    FUZZ_CHECK(status >= 200 && status < 600 && status != 500);
}

static void start(void) {
    static const char *const names[] = {"fuzz"}, *const origins[] = {"https://site.example"};
    struct hny_http_options options = {
        .guard = {.hosts = names, .host_count = 1, .origins = origins, .origin_count = 1},
        .body = BODY,
        .connections = 8,
        .timeout = 600};
    const struct hny_http_handler handler = {.asked = asked, .gone = gone, .answered = answered};
    FUZZ_CHECK(hny_http_address_read("127.0.0.1:0", false, &options.address) == HNY_OK);
    FUZZ_CHECK(hny_http_server_create(&scene.server, &options, &handler) == HNY_OK);
}

/* --- The connection ------------------------------------------------------------------------------------- */

static void run_server(void) {
    struct pollfd ready = {.fd = hny_http_server_descriptor(scene.server), .events = POLLIN};
    for (int round = 0; round < MOST_ROUNDS; round++) {
        FUZZ_CHECK(hny_http_server_run(scene.server) == HNY_OK);
        if (hny_http_server_patience(scene.server, 1000) > 0 && poll(&ready, 1, 0) == 0) return;
    }
}

/* Closed with a reset: thousands of connections a second would fill the table of those that linger. */
static int connect_to_server(void) {
    const struct linger reset = {.l_onoff = 1};
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(hny_http_server_port(scene.server))};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int file = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    FUZZ_CHECK(file >= 0 && setsockopt(file, SOL_SOCKET, SO_LINGER, &reset, sizeof reset) == 0);
    FUZZ_CHECK(connect(file, (const struct sockaddr *)&to, sizeof to) == 0);
    return file;
}

/* What has come back, which begins as HTTP does. */
static void read_answers(int file, bool *any) {
    char text[1 << 14];
    for (;;) {
        ssize_t got = recv(file, text, sizeof text, MSG_DONTWAIT);
        if (got <= 0) return;
        if (!*any) FUZZ_CHECK(got >= 9 && memcmp(text, "HTTP/1.", 7) == 0);
        *any = true;
    }
}

static void answer_waiting(int file, bool *any) {
    while (scene.waiting_count > 0) {
        struct hny_http_exchange *exchange = scene.waiting[--scene.waiting_count];
        answer(exchange);
        run_server();
        read_answers(file, any);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) return 0;
    if (!scene.server) start();
    bool any = false;
    size_t piece = data[0] >> 1;
    scene.later = data[0] & 1;
    scene.asked = scene.answered = 0;
    int file = connect_to_server();
    for (size_t at = 1, count; at < size; at += count) {
        count = piece > 0 && piece < size - at ? piece : size - at;
        if (send(file, data + at, count, MSG_NOSIGNAL) != (ssize_t)count) break; /* it was closed on us */
        run_server();
        read_answers(file, &any);
    }
    if (piece == STOPS) {
        hny_http_server_destroy(&scene.server); /* which answers for the handler */
        scene.waiting_count = 0;
        close(file);
        return 0;
    }
    if (piece != LEAVES) {
        answer_waiting(file, &any);
        FUZZ_CHECK(scene.answered >= scene.asked); /* some before they are handed on */
    }
    close(file);
    if (piece == LEAVES) usleep(TICK);
    for (int round = 0; hny_http_server_connections(scene.server) > 0; round++) {
        FUZZ_CHECK(round < MOST_ROUNDS);
        run_server();
        answer_waiting(-1, &any);
    }
    FUZZ_CHECK(hny_http_server_open(scene.server) == 0);
    return 0;
}
