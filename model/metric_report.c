#include "model/metric_report.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

hny_status hny_metric_print_text(struct hny_buffer *out, const struct hny_metric_report *report, int width) {
    HNY_TRY(hny_buffer_print(out, "%s|%s = %.*f", report->name, report->signature, width, report->score));
    return report->verbose[0] ? hny_buffer_print(out, " %s", report->verbose) : HNY_OK;
}

/* VALUE, at most 100, in the fewest digits that read back as VALUE, as Python writes a float. */
static hny_status print_float(struct hny_buffer *out, double value) {
    enum { DIGITS_ALWAYS_ENOUGH = 17 };
    char text[32];
    int digits = 1;
    do {
        snprintf(text, sizeof text, "%.*g", digits, value);
    } while (strtod(text, NULL) != value && ++digits <= DIGITS_ALWAYS_ENOUGH);
    if (strstr(text, "e+")) snprintf(text, sizeof text, "%.1f", value); /* "1e+02" */
    HNY_TRY(hny_buffer_append(out, text, strlen(text)));
    return strpbrk(text, ".e") ? HNY_OK : hny_buffer_append(out, ".0", 2);
}

/* Signatures, names and verbose parts hold nothing that JSON would want escaped. */
static hny_status print_string(struct hny_buffer *out, const char *key, const char *value, size_t size) {
    return hny_buffer_print(out, ",\n \"%s\": \"%.*s\"", key, (int)size, value);
}

static hny_status print_signature_keys(struct hny_buffer *out, const char *signature) {
    char key[16];
    for (const char *at = signature; *at;) {
        size_t size = strcspn(at, "|"), key_size = strcspn(at, ":");
        snprintf(key, sizeof key, "%.*s", (int)key_size, at);
        HNY_TRY(print_string(out, key, at + key_size + 1, size - key_size - 1));
        at += size + (at[size] == '|');
    }
    return HNY_OK;
}

hny_status hny_metric_print_json(struct hny_buffer *out, const struct hny_metric_report *report, int width) {
    char rounded[32];
    snprintf(rounded, sizeof rounded, "%.*f", width, report->score);
    HNY_TRY(hny_buffer_print(out, "{\n \"name\": \"%s\",\n \"score\": ", report->name));
    HNY_TRY(print_float(out, strtod(rounded, NULL)));
    HNY_TRY(print_string(out, "signature", report->signature, strlen(report->signature)));
    if (report->verbose[0])
        HNY_TRY(print_string(out, "verbose_score", report->verbose, strlen(report->verbose)));
    HNY_TRY(print_signature_keys(out, report->signature));
    return hny_buffer_append(out, "\n}", 2);
}

hny_status hny_metric_sign(struct hny_buffer *out, const char *key, const char *format, ...) {
    char value[64];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(value, sizeof value, format, arguments);
    va_end(arguments);
    if (size < 0 || (size_t)size >= sizeof value) {
        return hny_fail(HNY_ERROR_USAGE, "the signature's %s has more than %zu bytes", key, sizeof value - 1);
    }
    return hny_buffer_print(out, "%s%s:%s", out->size ? "|" : "", key, value);
}
