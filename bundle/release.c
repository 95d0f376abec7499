#include "bundle/release.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char latest[] = "latest";

bool hny_release_name_fits(const char *name) {
    static const char known[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    size_t length = strlen(name);
    return length > 0 && length < HNY_RELEASE_NAME && name[0] != '.' && strspn(name, known) == length;
}

static bool read_number(const char *text, uint64_t *number) {
    enum { DIGITS_MOST = 16 };
    size_t length = strlen(text);
    if (strcmp(text, latest) == 0) {
        *number = HNY_RELEASE_LATEST;
        return true;
    }
    if (length == 0 || length > DIGITS_MOST || text[0] == '0' || strspn(text, "0123456789") != length)
        return false;
    *number = strtoull(text, NULL, 10);
    return *number <= HNY_RELEASE_MOST;
}

hny_status hny_release_parse(struct hny_release *release, const char *text) {
    size_t length = strcspn(text, "@");
    *release = (struct hny_release){0};
    if (length < sizeof release->name) memcpy(release->name, text, length);
    if (!hny_release_name_fits(release->name))
        return hny_fail(
            HNY_ERROR_USAGE,
            "\"%s\": expected NAME or NAME@RELEASE, the name of at most %d letters, digits, \".\", "
            "\"_\" and \"-\"",
            text, HNY_RELEASE_NAME - 1);
    if (text[length] && !read_number(text + length + 1, &release->number))
        return hny_fail(HNY_ERROR_USAGE, "\"%s\": expected a whole number from 1 on, or latest, behind \"@\"",
                        text);
    return HNY_OK;
}

void hny_release_print(const char *name, uint64_t number, char text[HNY_RELEASE_TEXT]) {
    if (number == 0)
        snprintf(text, HNY_RELEASE_TEXT, "%s", name);
    else if (number == HNY_RELEASE_LATEST)
        snprintf(text, HNY_RELEASE_TEXT, "%s@%s", name, latest);
    else
        snprintf(text, HNY_RELEASE_TEXT, "%s@%llu", name, (unsigned long long)number);
}
