#include "pipeline/web_address.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

static bool has(CURLU *address, CURLUPart part) {
    char *text = NULL;
    bool there = curl_url_get(address, part, &text, 0) == CURLUE_OK;
    curl_free(text);
    return there;
}

static bool is_loopback(const char *host) {
    struct in_addr four;
    if (strcasecmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0) return true;
    return inet_pton(AF_INET, host, &four) == 1 && ntohl(four.s_addr) >> 24 == 127;
}

static hny_status read_parts(struct hny_web_address *address, const char *text, CURLU *parts) {
    static const CURLUPart unwanted[] = {CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_QUERY,
                                         CURLUPART_FRAGMENT};
    char *scheme = NULL, *host = NULL;
    if (curl_url_set(parts, CURLUPART_URL, text, CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK ||
        curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
        curl_url_get(parts, CURLUPART_HOST, &host, 0) != CURLUE_OK) {
        curl_free(scheme);
        return hny_fail(HNY_ERROR_USAGE, "%s: is no address", text);
    }
    address->secure = strcmp(scheme, "https") == 0;
    address->loopback = is_loopback(host);
    bool web = address->secure || strcmp(scheme, "http") == 0;
    curl_free(scheme);
    curl_free(host);
    if (!web) return hny_fail(HNY_ERROR_USAGE, "%s: expected https:// or http://", text);
    for (size_t i = 0; i < sizeof unwanted / sizeof *unwanted; i++)
        if (has(parts, unwanted[i]))
            return hny_fail(HNY_ERROR_USAGE,
                            "an address of a depot has no user, password, query or fragment");
    return HNY_OK;
}

hny_status hny_web_address_read(struct hny_web_address *address, const char *text) {
    CURLU *parts = curl_url();
    if (!parts) return hny_fail(HNY_ERROR_MEMORY, "%s: out of memory", text);
    hny_status status = read_parts(address, text, parts);
    curl_url_cleanup(parts);
    return status;
}
