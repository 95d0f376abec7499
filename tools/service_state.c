#include "tools/service_state.h"

#include "base/json.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Field 22 of /proc/PID/stat (proc(5)), behind the name in parentheses, which may hold anything. */
static bool read_start(long long process, long long *started) {
    char path[64], text[2048];
    snprintf(path, sizeof path, "/proc/%lld/stat", process);
    FILE *file = fopen(path, "r");
    if (!file) return false;
    size_t size = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[size] = '\0';
    const char *at = strrchr(text, ')');
    for (int field = 2; at && field < 22; field++) at = strchr(at + 1, ' ');
    return at && sscanf(at, " %lld", started) == 1;
}

hny_status hny_service_state_begin(struct hny_service_state *state) {
    *state = (struct hny_service_state){.process = getpid()};
    return read_start(state->process, &state->started)
               ? HNY_OK
               : hny_fail(HNY_ERROR_IO, "/proc/%lld/stat cannot be read", state->process);
}

hny_status hny_service_state_write(const char *path, const struct hny_service_state *state) {
    json_t *json = json_pack("{s:I, s:I, s:I, s:b, s:s}", "process", (json_int_t)state->process, "started",
                             (json_int_t)state->started, "reloads", (json_int_t)state->reloads, "replaced",
                             state->replaced, "message", state->message);
    if (!json) return hny_fail(HNY_ERROR_MEMORY, "out of memory for JSON");
    hny_status status = hny_json_save(path, json);
    json_decref(json);
    return status;
}

hny_status hny_service_state_read(const char *path, struct hny_service_state *state) {
    json_t *json = NULL;
    json_int_t process, started, reloads;
    long long start = 0;
    const char *message;
    int replaced;
    HNY_TRY(hny_json_load(path, &json));
    bool fine = json_unpack(json, "{s:I, s:I, s:I, s:b, s:s}", "process", &process, "started", &started,
                            "reloads", &reloads, "replaced", &replaced, "message", &message) == 0;
    if (fine) {
        *state = (struct hny_service_state){
            .process = process, .started = started, .reloads = reloads, .replaced = replaced};
        snprintf(state->message, sizeof state->message, "%s", message);
    }
    json_decref(json);
    if (!fine) return hny_fail(HNY_ERROR_INPUT, "%s: not written by honyaku serve --state", path);
    if (process <= 1 || !read_start(process, &start) || start != started)
        return hny_fail(HNY_ERROR_INPUT, "%s: the service has ended (its process was %lld)", path,
                        (long long)process);
    return HNY_OK;
}
