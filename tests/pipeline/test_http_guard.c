#include "pipeline/http_guard.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite(http_guard);

static struct hny_http_address address(const char *text) {
    struct hny_http_address read;
    cr_assert_eq(hny_http_address_read(text, true, &read), HNY_OK, "%s: %s", text, hny_message());
    return read;
}

Test(http_guard, addresses_are_numeric_with_a_port) {
    static const struct {
        const char *text, *host;
        uint16_t port;
        bool local;
    } good[] = {{"8080", "127.0.0.1", 8080, true},       {"127.0.0.2:80", "127.0.0.2", 80, true},
                {"localhost:0", "127.0.0.1", 0, true},   {"[::1]:65535", "::1", 65535, true},
                {"0.0.0.0:80", "0.0.0.0", 80, false},    {"[::]:80", "::", 80, false},
                {"192.0.2.7:80", "192.0.2.7", 80, false}};
    static const char *const bad[] = {
        "",       "80801",       "127.0.0.1",       "127.0.0.1:", "example.org:80", "[::1]",        "[::1]:",
        "::1:80", "127.0.0.1:x", "127.0.0.1:65536", "127.1:80:",  "127.0.0.1:-1",   "[127.0.0.1:80"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct hny_http_address read = address(good[i].text);
        cr_assert_str_eq(read.host, good[i].host);
        cr_assert(read.port == good[i].port && read.local == good[i].local, "%s", good[i].text);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct hny_http_address read;
        cr_assert_eq(hny_http_address_read(bad[i], true, &read), HNY_ERROR_USAGE, "%s", bad[i]);
    }
}

Test(http_guard, an_address_that_others_reach_wants_a_word_more) {
    struct hny_http_address read;
    cr_assert_eq(hny_http_address_read("0.0.0.0:8080", false, &read), HNY_ERROR_USAGE);
    cr_assert(strstr(hny_message(), "--insecure"));
    cr_assert_eq(hny_http_address_read("127.9.9.9:8080", false, &read), HNY_OK);
}

static void expect(enum hny_http_verdict verdict, const struct hny_http_guard *guard, const char *host,
                   const char *origin) {
    cr_assert_eq(hny_http_guard_check(guard, host, origin), verdict, "Host %s, Origin %s",
                 host ? host : "none", origin ? origin : "none");
}

Test(http_guard, a_name_that_points_here_is_not_enough) {
    const struct hny_http_address bound = address("127.0.0.1:8080");
    static const char *const names[] = {"translate.example.org"};
    const struct hny_http_guard guard = {.bound = &bound, .hosts = names, .host_count = 1};
    static const char *const good[] = {"127.0.0.1:8080",
                                       "127.0.0.1",
                                       "localhost:9",
                                       "LOCALHOST.",
                                       "[::1]:8080",
                                       "translate.example.org",
                                       "Translate.Example.org:443"};
    static const char *const bad[] = {"",
                                      "evil.example",
                                      "evil.example:8080",
                                      "localhost.evil.example",
                                      "192.0.2.1",
                                      "127.0.0.1.evil.example",
                                      "localhost:",
                                      "localhost:x",
                                      "[::1",
                                      "[::1]x",
                                      ":8080",
                                      "localhost:99999"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) expect(HNY_HTTP_WELCOME, &guard, good[i], NULL);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) expect(HNY_HTTP_WRONG_HOST, &guard, bad[i], NULL);
    expect(HNY_HTTP_WRONG_HOST, &guard, NULL, NULL);
}

Test(http_guard, where_all_addresses_are_bound_each_is_a_host_but_no_name) {
    const struct hny_http_address bound = address("0.0.0.0:8080");
    const struct hny_http_guard guard = {.bound = &bound};
    expect(HNY_HTTP_WELCOME, &guard, "192.0.2.1:8080", NULL);
    expect(HNY_HTTP_WELCOME, &guard, "localhost:8080", NULL);
    expect(HNY_HTTP_WRONG_HOST, &guard, "evil.example:8080", NULL);
    const struct hny_http_address one = address("192.0.2.7:8080");
    const struct hny_http_guard narrow = {.bound = &one};
    expect(HNY_HTTP_WELCOME, &narrow, "192.0.2.7:8080", NULL);
    expect(HNY_HTTP_WRONG_HOST, &narrow, "localhost:8080", NULL);
}

Test(http_guard, pages_of_other_sites_may_not_ask) {
    const struct hny_http_address bound = address("8080");
    const struct hny_http_guard guard = {.bound = &bound};
    expect(HNY_HTTP_WELCOME, &guard, "localhost:8080", "http://localhost:8080");
    expect(HNY_HTTP_WELCOME, &guard, "localhost:8080", "HTTP://LocalHost:8080");
    expect(HNY_HTTP_WELCOME, &guard, "localhost", "http://localhost:80");
    expect(HNY_HTTP_WELCOME, &guard, "localhost", "https://localhost");
    static const char *const bad[] = {"http://localhost:8081",
                                      "http://localhost",
                                      "http://127.0.0.1:8080",
                                      "null",
                                      "",
                                      "file://",
                                      "ftp://localhost:8080",
                                      "localhost:8080",
                                      "http://evil.example",
                                      "http://localhost:8080.evil.example"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        expect(HNY_HTTP_WRONG_ORIGIN, &guard, "localhost:8080", bad[i]);
}

Test(http_guard, sites_that_are_allowed_are_answered_across) {
    const struct hny_http_address bound = address("8080");
    static const char *const sites[] = {"https://example.org", "moz-extension://abc"}, *const all[] = {"*"};
    const struct hny_http_guard guard = {.bound = &bound, .origins = sites, .origin_count = 2};
    expect(HNY_HTTP_CROSS, &guard, "localhost:8080", "https://example.org");
    expect(HNY_HTTP_CROSS, &guard, "localhost:8080", "moz-extension://abc");
    expect(HNY_HTTP_WRONG_ORIGIN, &guard, "localhost:8080", "http://example.org");
    expect(HNY_HTTP_WRONG_HOST, &guard, "evil.example", "https://example.org");
    const struct hny_http_guard open = {.bound = &bound, .origins = all, .origin_count = 1};
    expect(HNY_HTTP_CROSS, &open, "localhost:8080", "http://anybody.example");
}
