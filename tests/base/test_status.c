#include "base/status.h"

#include "base/utf8.h"
#include <criterion/criterion.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

Test(status, a_failure_leaves_its_message) {
    cr_assert_str_empty(hny_message());
    cr_assert_eq(hny_fail(HNY_ERROR_INPUT, "%s:%d: no such key", "a.json", 7), HNY_ERROR_INPUT);
    cr_assert_str_eq(hny_message(), "a.json:7: no such key");
}

Test(status, a_failure_of_the_system_ends_in_its_reason) {
    errno = ENOSPC;
    cr_assert_eq(hny_fail_errno("%s: cannot be written", "x"), HNY_ERROR_IO);
    cr_assert_str_eq(hny_message(), "x: cannot be written: No space left on device");
}

Test(status, context_is_put_before_the_message) {
    hny_fail(HNY_ERROR_INPUT, "bad digit");
    cr_assert_eq(hny_fail_within(HNY_ERROR_USAGE, "option %s", "--seed"), HNY_ERROR_USAGE);
    cr_assert_str_eq(hny_message(), "option --seed: bad digit");
}

Test(status, a_message_may_quote_the_one_before) {
    hny_fail(HNY_ERROR_INPUT, "inner");
    hny_fail(HNY_ERROR_INPUT, "[%s]", hny_message());
    cr_assert_str_eq(hny_message(), "[inner]");
}

static void assert_cut(const char *start) {
    size_t length = strlen(hny_message());
    cr_assert_leq(length, 1023);
    cr_assert_geq(length, 1018);
    cr_assert_str_eq(hny_message() + length - 3, "…");
    cr_assert(hny_utf8_valid(hny_message(), length));
    cr_assert_eq(strncmp(hny_message(), start, strlen(start)), 0);
}

Test(status, a_long_message_is_cut_between_characters) {
    static const char *const starts[] = {"", "a", "ab", "abc"};
    for (size_t i = 0; i < 4; i++) {
        char text[4096];
        size_t size = (size_t)snprintf(text, sizeof text, "%s", starts[i]);
        for (; size + 5 < sizeof text; size += 4) memcpy(text + size, "𠀀", 5);
        hny_fail(HNY_ERROR_INPUT, "%s", text);
        assert_cut(starts[i]);
        hny_fail_within(HNY_ERROR_INPUT, "%s%s", "within", starts[i]);
        assert_cut("within");
    }
}

Test(status, a_message_of_1023_bytes_is_whole) {
    char text[1024];
    memset(text, 'x', 1023);
    text[1023] = '\0';
    hny_fail(HNY_ERROR_INPUT, "%s", text);
    cr_assert_str_eq(hny_message(), text);
}

static void *fail_elsewhere(void *unused) {
    hny_fail(HNY_ERROR_INPUT, "elsewhere");
    return unused;
}

Test(status, each_thread_has_its_own_message) {
    pthread_t other;
    hny_fail(HNY_ERROR_INPUT, "here");
    cr_assert_eq(pthread_create(&other, NULL, fail_elsewhere, NULL), 0);
    pthread_join(other, NULL);
    cr_assert_str_eq(hny_message(), "here");
}

static hny_status pass_on(hny_status status, int *reached) {
    HNY_TRY(status);
    *reached = 1;
    return HNY_OK;
}

Test(status, try_returns_what_failed_and_goes_on_otherwise) {
    int reached = 0;
    cr_assert_eq(pass_on(HNY_ERROR_NUMERIC, &reached), HNY_ERROR_NUMERIC);
    cr_assert_eq(reached, 0);
    cr_assert_eq(pass_on(HNY_OK, &reached), HNY_OK);
    cr_assert_eq(reached, 1);
}
