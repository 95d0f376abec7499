#include "pipeline/depot_source.h"

#include "pipeline/carrier_folder.h"
#include "pipeline/carrier_zmq.h"
#include <string.h>

static const char web[] = "https://", plain_web[] = "http://", queue[] = "depot://";

static bool begins(const char *text, const char *prefix) {
    return strncasecmp(text, prefix, strlen(prefix)) == 0;
}

hny_status hny_depot_source_endpoint(const char *depot, struct hny_buffer *endpoint) {
    const char *host = begins(depot, queue) ? depot + strlen(queue) : "", *port = strrchr(host, ':');
    size_t length = strcspn(host, "/");
    hny_buffer_clear(endpoint);
    if (!port || port == host || port >= host + length - 1 || strlen(host) > length + 1)
        return hny_fail(HNY_ERROR_USAGE, "%s: is not depot://HOST:PORT", depot);
    return hny_buffer_print(endpoint, "tcp://%.*s", (int)length, host);
}

static hny_status open_queue(struct hny_carrier *carrier, const char *depot,
                             const struct hny_depot_source_options *options) {
    struct hny_buffer endpoint = {0};
    hny_status status = hny_depot_source_endpoint(depot, &endpoint);
    if (status == HNY_OK)
        status = hny_carrier_zmq_open(carrier, endpoint.data, options->key, options->server,
                                      options->web.patience * 1000);
    hny_buffer_free(&endpoint);
    return status;
}

hny_status hny_depot_source_open(struct hny_carrier *carrier, const char *depot,
                                 const struct hny_depot_source_options *options) {
    if (begins(depot, web) || begins(depot, plain_web))
        return hny_carrier_https_open(carrier, depot, &options->web);
    if (begins(depot, queue)) return open_queue(carrier, depot, options);
    if (strstr(depot, "://"))
        return hny_fail(HNY_ERROR_USAGE, "%s: expected a folder, https://, http:// or depot://", depot);
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
