#include "pipeline/depot_source.h"

#include "pipeline/carrier_folder.h"
#include <string.h>

static const char web[] = "https://", plain_web[] = "http://";

static bool begins(const char *text, const char *prefix) {
    return strncasecmp(text, prefix, strlen(prefix)) == 0;
}

hny_status hny_depot_source_open(struct hny_carrier *carrier, const char *depot,
                                 const struct hny_depot_source_options *options) {
    if (begins(depot, web) || begins(depot, plain_web))
        return hny_carrier_https_open(carrier, depot, &options->web);
    if (strstr(depot, "://"))
        return hny_fail(HNY_ERROR_USAGE, "%s: expected a folder, https:// or http://", depot);
    return hny_carrier_folder_open(carrier, depot);
}

hny_status hny_depot_source_split(const char *source, struct hny_buffer *depot, const char **wanted) {
    const char *slash = strrchr(source, '/');
    if (!slash || slash == source || !slash[1] || slash[-1] == '/')
        return hny_fail(HNY_ERROR_USAGE, "\"%s\": expected DEPOT/NAME@RELEASE, as models/en-ja@latest",
                        source);
    *wanted = slash + 1;
    return hny_buffer_append(depot, source, (size_t)(slash - source));
}
