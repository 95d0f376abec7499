#include "pipeline/carrier_https.h"

#include "base/memory.h"
#include "base/progress.h"
#include "bundle/depot.h"
#include "pipeline/web_address.h"
#include <curl/curl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { LEAST_SPEED = 1024, REDIRECTS_MOST = 5, INDEX_PATIENCE = 10, OK = 200, PARTIAL = 206 };
#define BUFFER_BYTES (512l << 10)

struct web {
    CURL *curl;
    struct curl_slist *fresh; /* headers of who wants the index as it is now */
    struct hny_buffer depot, address;
    char error[CURL_ERROR_SIZE];
    unsigned patience;

    /* The request that is under way. */
    hny_status status;       /* why it was ended here */
    bool begun;              /* something of the content came */
    uint64_t at, begin, end; /* the next byte's place in the file; those that are wanted */
    struct hny_buffer *text; /* an index goes here, and a file to TAKE */
    hny_status (*take)(void *taker, const void *data, size_t size);
    void *taker;
};

/* --- What comes ---------------------------------------------------------------------------------------- */

/* The header field "Content-Range: bytes FIRST-LAST/ALL" of a part of a file. */
static hny_status check_range(struct web *web) {
    struct curl_header *header;
    uint64_t first = 0, last = 0, all = 0;
    char rest;
    if (curl_easy_header(web->curl, "Content-Range", 0, CURLH_HEADER, -1, &header) != CURLHE_OK ||
        (sscanf(header->value, "bytes %" SCNu64 "-%" SCNu64 "/%" SCNu64 "%c", &first, &last, &all, &rest) !=
             3 &&
         sscanf(header->value, "bytes %" SCNu64 "-%" SCNu64 "/*%c", &first, &last, &rest) != 2))
        return hny_fail(HNY_ERROR_INPUT, "%s: the server sends a part without saying which",
                        web->address.data);
    if (first != web->begin)
        return hny_fail(HNY_ERROR_INPUT, "%s: the server sends another part than the one asked for",
                        web->address.data);
    if (all != 0 && all != web->end)
        return hny_fail(HNY_ERROR_INPUT, "%s: has %" PRIu64 " bytes, but the index says %" PRIu64,
                        web->address.data, all, web->end);
    web->at = first;
    return HNY_OK;
}

/* A file from its beginning, whether or not a range was asked for. */
static hny_status check_length(struct web *web) {
    curl_off_t length = -1;
    curl_easy_getinfo(web->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    if (!web->text && length >= 0 && (uint64_t)length != web->end)
        return hny_fail(HNY_ERROR_INPUT,
                        "%s: has %" CURL_FORMAT_CURL_OFF_T " bytes, but the index says %" PRIu64,
                        web->address.data, length, web->end);
    web->at = 0;
    return HNY_OK;
}

static hny_status check_answer(struct web *web) {
    long code = 0;
    curl_easy_getinfo(web->curl, CURLINFO_RESPONSE_CODE, &code);
    if (code == PARTIAL && web->begin > 0) return check_range(web);
    if (code == OK) return check_length(web);
    return hny_fail(HNY_ERROR_INPUT, "%s: the server answers with %ld", web->address.data, code);
}

static hny_status take_bytes(struct web *web, const char *data, size_t size) {
    if (!web->begun) HNY_TRY(check_answer(web));
    web->begun = true;
    if (size > web->end - web->at)
        return hny_fail(HNY_ERROR_INPUT, "%s: the server sends more than %" PRIu64 " bytes",
                        web->address.data, web->end);
    uint64_t passed = web->at < web->begin ? web->begin - web->at : 0;
    web->at += size;
    if (passed >= size) return HNY_OK;
    data += passed;
    size -= (size_t)passed;
    return web->text ? hny_buffer_append(web->text, data, size) : web->take(web->taker, data, size);
}

static size_t take_from_curl(char *data, size_t unit, size_t count, void *context) {
    struct web *web = context;
    size_t size = unit * count;
    if (size == 0) return 0;
    web->status = take_bytes(web, data, size);
    return web->status == HNY_OK ? size : 0; /* anything but SIZE ends the request */
}

static int look_for_stop(void *context, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d) {
    (void)context, (void)a, (void)b, (void)c, (void)d;
    return hny_stop_requested();
}

/* --- How it ends --------------------------------------------------------------------------------------- */

static bool is_worth_again(long code) {
    enum { REQUEST_TIMEOUT = 408, TOO_MANY_REQUESTS = 429, SERVER_ERROR = 500 };
    return code == REQUEST_TIMEOUT || code == TOO_MANY_REQUESTS || code >= SERVER_ERROR;
}

/* What libcurl says, where asking again may help, or not. */
static hny_status judge(const struct web *web, CURLcode code) {
    long answer = 0;
    const char *reason = *web->error ? web->error : curl_easy_strerror(code);
    switch (code) {
    case CURLE_ABORTED_BY_CALLBACK:
        return hny_fail(HNY_INTERRUPTED, "%s: interrupted", web->address.data);
    case CURLE_OUT_OF_MEMORY:
        return hny_fail(HNY_ERROR_MEMORY, "%s: out of memory", web->address.data);
    case CURLE_HTTP_RETURNED_ERROR:
        curl_easy_getinfo(web->curl, CURLINFO_RESPONSE_CODE, &answer);
        return hny_fail(is_worth_again(answer) ? HNY_ERROR_IO : HNY_ERROR_INPUT,
                        "%s: the server answers with %ld", web->address.data, answer);
    case CURLE_UNSUPPORTED_PROTOCOL:
        return hny_fail(HNY_ERROR_INPUT, "%s: the server sends on to an address that is not safe: %s",
                        web->address.data, reason);
    case CURLE_TOO_MANY_REDIRECTS:
    case CURLE_URL_MALFORMAT:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
        return hny_fail(HNY_ERROR_INPUT, "%s: %s", web->address.data, reason);
    default:
        return hny_fail(HNY_ERROR_IO, "%s: %s", web->address.data, reason);
    }
}

static hny_status perform(struct web *web) {
    web->status = HNY_OK;
    web->begun = false;
    web->at = 0;
    *web->error = '\0';
    CURLcode code = curl_easy_setopt(web->curl, CURLOPT_URL, web->address.data);
    if (code == CURLE_OK) code = curl_easy_perform(web->curl);
    if (web->status != HNY_OK) return web->status;
    return code == CURLE_OK ? HNY_OK : judge(web, code);
}

/* --- The carrier --------------------------------------------------------------------------------------- */

static hny_status read_index(void *context, struct hny_buffer *text) {
    struct web *web = context;
    hny_buffer_clear(&web->address);
    HNY_TRY(hny_buffer_print(&web->address, "%s/%s", web->depot.data, HNY_DEPOT_INDEX));
    web->begin = 0;
    web->end = HNY_CARRIER_INDEX_MOST;
    web->text = text;
    curl_easy_setopt(web->curl, CURLOPT_RANGE, NULL);
    curl_easy_setopt(web->curl, CURLOPT_HTTPHEADER, web->fresh);
    curl_easy_setopt(web->curl, CURLOPT_TIMEOUT, (long)web->patience * INDEX_PATIENCE);
    return perform(web);
}

static hny_status fetch(void *context, const char *file, uint64_t offset, uint64_t end,
                        hny_status (*take)(void *taker, const void *data, size_t size), void *taker) {
    struct web *web = context;
    char range[64];
    HNY_TRY(hny_depot_path(&web->address, web->depot.data, file));
    snprintf(range, sizeof range, "%" PRIu64 "-%" PRIu64, offset, end - 1);
    web->begin = offset;
    web->end = end;
    web->text = NULL;
    web->take = take;
    web->taker = taker;
    curl_easy_setopt(web->curl, CURLOPT_RANGE, offset > 0 ? range : NULL);
    curl_easy_setopt(web->curl, CURLOPT_HTTPHEADER, NULL);
    curl_easy_setopt(web->curl, CURLOPT_TIMEOUT, 0l);
    HNY_TRY(perform(web));
    if (web->at == end) return HNY_OK;
    /* A server that states no length ends a file in the same way as a connection that breaks off. */
    return hny_fail(HNY_ERROR_IO, "%s: ends at byte %" PRIu64 " of %" PRIu64, web->address.data, web->at,
                    end);
}

static void close_web(void *context) {
    struct web *web = context;
    curl_easy_cleanup(web->curl);
    curl_slist_free_all(web->fresh);
    hny_buffer_free(&web->depot);
    hny_buffer_free(&web->address);
    free(web);
}

static void start_curl(void) {
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

static bool set_options(struct web *web, const struct hny_carrier_https_options *options,
                        const struct hny_web_address *address) {
    CURL *curl = web->curl;
    const char *onward = options->plain && !address->secure ? "http,https" : "https";
    bool good =
        curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, address->secure ? "https" : "http,https") == CURLE_OK &&
        curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, onward) == CURLE_OK;
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1l);
    curl_easy_setopt(curl, CURLOPT_MAXREDIRS, (long)REDIRECTS_MOST);
    curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1l); /* libcurl would use SIGALRM while it looks up names */
    curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1l);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)options->patience);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, (long)LEAST_SPEED);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)options->patience);
    curl_easy_setopt(curl, CURLOPT_BUFFERSIZE, BUFFER_BYTES);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_from_curl);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, web);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0l);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, look_for_stop);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, web->error);
    good = good && curl_easy_setopt(curl, CURLOPT_USERAGENT, "honyaku/" HNY_VERSION) == CURLE_OK;
    if (options->ca) good = good && curl_easy_setopt(curl, CURLOPT_CAINFO, options->ca) == CURLE_OK;
    if (address->loopback) good = good && curl_easy_setopt(curl, CURLOPT_PROXY, "") == CURLE_OK;
    return good;
}

static hny_status open_web(struct web *web, const char *depot,
                           const struct hny_carrier_https_options *options,
                           const struct hny_web_address *address) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, start_curl);
    web->patience = options->patience;
    HNY_TRY(hny_buffer_print(&web->depot, "%s", depot));
    while (web->depot.size > 0 && web->depot.data[web->depot.size - 1] == '/')
        web->depot.data[--web->depot.size] = '\0';
    web->curl = curl_easy_init();
    web->fresh = curl_slist_append(NULL, "Cache-Control: no-cache");
    if (!web->curl || !web->fresh || !set_options(web, options, address))
        return hny_fail(HNY_ERROR_MEMORY, "%s: libcurl cannot be set up", depot);
    return HNY_OK;
}

hny_status hny_carrier_https_open(struct hny_carrier *carrier, const char *depot,
                                  const struct hny_carrier_https_options *options) {
    struct hny_web_address address;
    HNY_TRY(hny_web_address_read(&address, depot));
    if (!address.secure && !address.loopback && !options->plain)
        return hny_fail(HNY_ERROR_USAGE,
                        "%s: whoever is between can change what comes by http://; --plain-http allows it",
                        depot);
    struct web *web = hny_allocate(1, sizeof *web);
    if (!web) return HNY_ERROR_MEMORY;
    hny_status status = open_web(web, depot, options, &address);
    if (status == HNY_OK)
        *carrier = (struct hny_carrier){read_index, fetch, close_web, web};
    else
        close_web(web);
    return status;
}
