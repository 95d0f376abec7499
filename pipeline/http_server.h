/* An HTTP server in the caller's thread, by libmicrohttpd: it waits for nothing, so that whoever has other
 * sockets too waits for all of them at once. Requests are handed on whole, and answered at once or later.
 * What comes in is bounded: the size of head and body, the number of connections, and the time that a
 * connection has for each request. Hosts and origins are checked by pipeline/http_guard.h. */
#ifndef HNY_PIPELINE_HTTP_SERVER_H
#define HNY_PIPELINE_HTTP_SERVER_H

#include "base/json.h"
#include "pipeline/http_guard.h"

struct hny_http_server;

/* A request, until it is answered. */
struct hny_http_exchange {
    const char *method, *path; /* without what stands behind "?" */
    struct hny_buffer body;
    json_t *fields; /* a form's (pipeline/libretranslate.h); NULL: the body is none */
    bool json;      /* the body says that it is JSON */
    void *work;     /* the handler's own */
    struct hny_http_connection *connection;
};

struct hny_http_answer {
    unsigned status;
    const char *type;   /* Content-Type; static */
    const char *allow;  /* of 405: the methods; static, or NULL */
    const char *policy; /* Content-Security-Policy; static, or NULL for one that allows nothing */
    bool later;         /* Retry-After */
};

struct hny_http_handler {
    void *context;
    /* EXCHANGE has come: to be answered now or later. */
    void (*asked)(void *context, struct hny_http_exchange *exchange);
    /* The client of an EXCHANGE that is not answered has gone. It is answered for form's sake by the server;
     * the handler forgets it. */
    void (*gone)(void *context, struct hny_http_exchange *exchange);
    /* An answer with STATUS is on its way. */
    void (*answered)(void *context, unsigned status);
};

struct hny_http_options {
    struct hny_http_address address;
    struct hny_http_guard guard; /* what it points to has to live as long as the server */
    size_t body;                 /* bytes of a request's body */
    size_t connections;
    unsigned timeout; /* s that a connection has to bring a request, and to take an answer */
};

hny_status hny_http_server_create(struct hny_http_server **server, const struct hny_http_options *options,
                                  const struct hny_http_handler *handler);
/* Exchanges without an answer are broken off, without a word to the handler. Nulls; NULL is allowed. */
void hny_http_server_destroy(struct hny_http_server **server);

uint16_t hny_http_server_port(const struct hny_http_server *server);

/* To wait for: readable where _run has something to do, which has to be called after so many ms (at most
 * LONGEST) all the same. */
int hny_http_server_descriptor(const struct hny_http_server *server);
long hny_http_server_patience(const struct hny_http_server *server, long longest);
hny_status hny_http_server_run(struct hny_http_server *server);

/* Answers with BODY, which is taken over and left empty. */
void hny_http_server_answer(struct hny_http_exchange *exchange, const struct hny_http_answer *answer,
                            struct hny_buffer *body);
/* The same with {"error": MESSAGE}; of 429, 503 and 504 also with Retry-After. */
void hny_http_server_refuse(struct hny_http_exchange *exchange, unsigned status, const char *message);

void hny_http_server_quiesce(struct hny_http_server *server); /* takes no new connections */
size_t hny_http_server_connections(const struct hny_http_server *server);
size_t hny_http_server_open(const struct hny_http_server *server); /* exchanges whose answer is not sent */

#endif
