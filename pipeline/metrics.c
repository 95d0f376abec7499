#include "pipeline/metrics.h"

#include <inttypes.h>
#include <string.h>

static const struct {
    const char *key, *name, *type, *help;
    double unit;
} figures[] = {
    {"up_ms", "honyaku_broker_up_seconds", "gauge", "Since the broker began.", 0.001},
    {"clients", "honyaku_clients", "gauge", "Clients that the broker knows.", 1},
    {"waiting", "honyaku_requests_waiting", "gauge", "Requests that no worker has yet.", 1},
    {"working", "honyaku_requests_working", "gauge", "Requests that a worker has.", 1},
    {"remembered", "honyaku_answers_remembered", "gauge", "Answers kept until the client confirms them.", 1},
    {"bytes", "honyaku_text_bytes", "gauge", "Text that the broker holds.", 1},
    {"accepted", "honyaku_requests_accepted_total", "counter", "Requests accepted.", 1},
    {"translated", "honyaku_requests_translated_total", "counter", "Requests translated.", 1},
    {"refused", "honyaku_requests_refused_total", "counter", "Requests refused.", 1},
    {"handed_out_again", "honyaku_requests_handed_out_again_total", "counter",
     "Requests handed out again after their worker was lost.", 1},
};

static hny_status head(struct hny_buffer *out, const char *name, const char *type, const char *help) {
    return hny_buffer_print(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static hny_status figure(struct hny_buffer *out, const char *name, const char *type, const char *help,
                         double value) {
    HNY_TRY(head(out, name, type, help));
    return hny_buffer_print(out, "%s %.15g\n", name, value);
}

static double number(const json_t *object, const char *key) {
    return json_number_value(json_object_get(object, key));
}

/* A label's value: backslash, quotation mark and line end escaped. */
static hny_status label(struct hny_buffer *out, const char *text) {
    for (; *text; text++) {
        if (*text == '\n')
            HNY_TRY(hny_buffer_append(out, "\\n", 2));
        else if (*text == '\\' || *text == '"')
            HNY_TRY(hny_buffer_print(out, "\\%c", *text));
        else
            HNY_TRY(hny_buffer_append(out, text, 1));
    }
    return HNY_OK;
}

static hny_status write_times(const json_t *state, struct hny_buffer *out) {
    static const char name[] = "honyaku_translation_seconds";
    static const struct {
        const char *key, *quantile;
    } quantiles[] = {{"p50", "0.5"}, {"p95", "0.95"}, {"p99", "0.99"}};
    const json_t *times = json_object_get(state, "milliseconds");
    HNY_TRY(head(out, name, "summary",
                 "From a request's acceptance to its translation, since the broker began."));
    for (size_t i = 0; i < sizeof quantiles / sizeof *quantiles; i++)
        HNY_TRY(hny_buffer_print(out, "%s{quantile=\"%s\"} %.15g\n", name, quantiles[i].quantile,
                                 number(times, quantiles[i].key) / 1000));
    return hny_buffer_print(out, "%s_sum %.15g\n%s_count %.15g\n", name, number(times, "sum") / 1000, name,
                            number(state, "translated"));
}

static hny_status write_models(const json_t *state, const char *key, const char *name, const char *help,
                               struct hny_buffer *out) {
    size_t i;
    json_t *model;
    HNY_TRY(head(out, name, "gauge", help));
    json_array_foreach(json_object_get(state, "models"), i, model) {
        const char *called = json_string_value(json_object_get(model, "name"));
        HNY_TRY(hny_buffer_print(out, "%s{model=\"", name));
        HNY_TRY(label(out, called ? called : ""));
        HNY_TRY(hny_buffer_print(out, "\"} %.15g\n", number(model, key)));
    }
    return HNY_OK;
}

static hny_status write_workers(const json_t *state, struct hny_buffer *out) {
    const json_t *workers = json_object_get(state, "workers");
    size_t i, leaving = 0;
    json_t *worker;
    double jobs = 0;
    json_array_foreach(workers, i, worker) {
        jobs += number(worker, "jobs");
        leaving += json_is_true(json_object_get(worker, "leaving"));
    }
    HNY_TRY(figure(out, "honyaku_workers", "gauge", "Workers that are connected.",
                   (double)json_array_size(workers)));
    HNY_TRY(
        figure(out, "honyaku_workers_leaving", "gauge", "Workers that take nothing new.", (double)leaving));
    return figure(out, "honyaku_worker_jobs", "gauge", "Requests that workers hold.", jobs);
}

static hny_status write_state(const json_t *state, struct hny_buffer *out) {
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++)
        HNY_TRY(figure(out, figures[i].name, figures[i].type, figures[i].help,
                       number(state, figures[i].key) * figures[i].unit));
    HNY_TRY(figure(out, "honyaku_broker_draining", "gauge", "1 while the broker is ending.",
                   json_is_true(json_object_get(state, "draining"))));
    HNY_TRY(write_times(state, out));
    HNY_TRY(write_models(state, "workers", "honyaku_model_workers", "Workers that have a model.", out));
    HNY_TRY(write_models(state, "waiting", "honyaku_model_waiting", "Requests that wait for a model.", out));
    return write_workers(state, out);
}

static hny_status write_counts(const struct hny_gateway_counts *counts, struct hny_buffer *out) {
    static const char answers[] = "honyaku_gateway_answers_total",
                      refused[] = "honyaku_gateway_refused_total";
    HNY_TRY(head(out, answers, "counter", "Answers by their HTTP status."));
    for (size_t i = 0; i < HNY_HTTP_STATUSES; i++)
        if (counts->answers[i] > 0)
            HNY_TRY(hny_buffer_print(out, "%s{code=\"%zu\"} %" PRIu64 "\n", answers, i, counts->answers[i]));
    HNY_TRY(head(out, refused, "counter", "Sentences that the broker refused."));
    for (int i = HNY_NOT_REFUSED + 1; i < HNY_REFUSALS; i++)
        HNY_TRY(hny_buffer_print(out, "%s{reason=\"%s\"} %" PRIu64 "\n", refused,
                                 hny_refusal_name((enum hny_refusal)i), counts->refused[i]));
    HNY_TRY(figure(out, "honyaku_gateway_sentences_total", "counter", "Sentences sent to the broker.",
                   (double)counts->sentences));
    HNY_TRY(figure(out, "honyaku_gateway_characters_total", "counter", "Characters of all requests.",
                   (double)counts->characters));
    HNY_TRY(figure(out, "honyaku_gateway_clients_gone_total", "counter",
                   "Clients that went away before their translation came.", (double)counts->gone));
    HNY_TRY(figure(out, "honyaku_gateway_connections", "gauge", "Open connections.",
                   (double)counts->connections));
    return figure(out, "honyaku_gateway_sentences_under_way", "gauge", "Sentences at the broker.",
                  (double)counts->under_way);
}

hny_status hny_metrics_write(const json_t *state, const struct hny_gateway_counts *counts,
                             struct hny_buffer *out) {
    HNY_TRY(figure(out, "honyaku_broker_answers", "gauge", "1 while the broker answers the gateway.",
                   state ? 1 : 0));
    if (state) HNY_TRY(write_state(state, out));
    return write_counts(counts, out);
}
