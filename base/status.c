#include "base/status.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define MESSAGE_BYTES 1024 /* with the NUL, as the header promises */
#define ELLIPSIS "\u2026"

static _Thread_local char waiting[MESSAGE_BYTES];

/* Ends TEXT, which was cut to MESSAGE_BYTES - 1 bytes, in an ellipsis without leaving a broken character. */
static void mark_cut(char text[MESSAGE_BYTES]) {
    size_t end = MESSAGE_BYTES - sizeof ELLIPSIS;
    while (end > 0 && ((unsigned char)text[end] & 0xC0) == 0x80) end--;
    memcpy(text + end, ELLIPSIS, sizeof ELLIPSIS);
}

/* Prints into a buffer of its own first, since the arguments may point into the waiting message. */
static void __attribute__((format(printf, 2, 0)))
leave(const char *behind, const char *format, va_list arguments) {
    char text[MESSAGE_BYTES];
    int printed = vsnprintf(text, sizeof text, format, arguments);
    size_t size = printed < 0 ? 0 : (size_t)printed;
    if (size < sizeof text) {
        int more = snprintf(text + size, sizeof text - size, "%s", behind);
        size += more < 0 ? 0 : (size_t)more;
    }
    if (size >= sizeof text) mark_cut(text);
    memcpy(waiting, text, sizeof text);
}

hny_status hny_fail(hny_status status, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    leave("", format, arguments);
    va_end(arguments);
    return status;
}

hny_status hny_fail_errno(const char *format, ...) {
    char reason[256];
    snprintf(reason, sizeof reason, ": %s",
             strerrordesc_np(errno) ? strerrordesc_np(errno) : "unknown error");
    va_list arguments;
    va_start(arguments, format);
    leave(reason, format, arguments);
    va_end(arguments);
    return HNY_ERROR_IO;
}

hny_status hny_fail_within(hny_status status, const char *format, ...) {
    char behind[MESSAGE_BYTES + 2];
    snprintf(behind, sizeof behind, ": %s", waiting);
    va_list arguments;
    va_start(arguments, format);
    leave(behind, format, arguments);
    va_end(arguments);
    return status;
}

const char *hny_message(void) {
    return waiting;
}
