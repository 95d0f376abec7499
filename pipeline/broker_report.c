/* What the broker tells of itself. */
#include "pipeline/broker_records.h"

#include "base/json.h"

static json_t *models(const struct hny_broker_core *core) {
    json_t *list = json_array();
    for (const struct hny_route *route = core->routes; route; route = route->hh.next) {
        size_t waiting = hny_turns_waiting(route);
        if (!*route->name && waiting == 0) continue; /* another name for the main one */
        json_array_append_new(list, json_pack("{s:s, s:I, s:I, s:b}", "name", route->name, "workers",
                                              (json_int_t)route->workers, "waiting", (json_int_t)waiting,
                                              "main", strcmp(route->name, core->main_model) == 0));
    }
    return list;
}

static json_t *workers(const struct hny_broker_core *core, uint64_t now) {
    json_t *list = json_array();
    for (const struct hny_worker *worker = core->workers; worker; worker = worker->hh.next) {
        char uuid[33];
        for (size_t i = 0; i < 16; i++) snprintf(uuid + 2 * i, 3, "%02x", worker->uuid[i]);
        json_t *names = json_array();
        for (size_t i = 0; i < worker->route_count; i++)
            if (*worker->routes[i]->name) json_array_append_new(names, json_string(worker->routes[i]->name));
        json_array_append_new(list, json_pack("{s:s, s:o, s:I, s:I, s:I, s:I, s:b}", "uuid", uuid, "models",
                                              names, "jobs", (json_int_t)worker->job_count, "bytes",
                                              (json_int_t)worker->used, "credit", (json_int_t)worker->credit,
                                              "silent_ms", (json_int_t)hny_since(worker->heard, now),
                                              "leaving", worker->leaving));
    }
    return list;
}

hny_status hny_broker_core_report(const struct hny_broker_core *core, uint64_t now, struct hny_buffer *text) {
    struct hny_broker_counts counts;
    hny_broker_core_count(core, &counts);
    const struct hny_histogram *times = &core->times;
    json_t *json = json_pack(
        "{s:I, s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:{s:I, s:I, s:I, s:I}, s:o, s:o}", "up_ms",
        (json_int_t)(now - core->started), "draining", core->draining, "clients", (json_int_t)counts.clients,
        "waiting", (json_int_t)counts.waiting, "working", (json_int_t)counts.working, "remembered",
        (json_int_t)counts.remembered, "bytes", (json_int_t)counts.bytes, "accepted",
        (json_int_t)counts.accepted, "translated", (json_int_t)counts.answered, "refused",
        (json_int_t)counts.refused, "handed_out_again", (json_int_t)counts.handed_out_again, "milliseconds",
        "p50", (json_int_t)hny_histogram_quantile(times, 0.5), "p95",
        (json_int_t)hny_histogram_quantile(times, 0.95), "p99",
        (json_int_t)hny_histogram_quantile(times, 0.99), "sum", (json_int_t)times->sum, "models",
        models(core), "workers", workers(core, now));
    if (!json) return hny_fail(HNY_ERROR_MEMORY, "out of memory for a report");
    hny_status status = hny_json_print(text, json, false);
    json_decref(json);
    return status;
}

struct hny_payload *hny_broker_state(const struct hny_broker_core *core, uint64_t now) {
    struct hny_buffer text = {0};
    struct hny_payload *state = NULL;
    if (hny_broker_core_report(core, now, &text) == HNY_OK) {
        const struct hny_piece piece = {text.data, text.size};
        state = hny_payload_create((struct hny_piece){"", 0}, &piece, 1);
    }
    hny_buffer_free(&text);
    return state;
}
