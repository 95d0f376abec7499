#include "pipeline/metrics.h"

#include <criterion/criterion.h>
#include <regex.h>
#include <string.h>

TestSuite(metrics);

static const char state_text[] =
    "{\"up_ms\":2500,\"draining\":true,\"clients\":3,\"waiting\":4,\"working\":5,\"remembered\":6,\"bytes\":"
    "7,"
    "\"accepted\":1234567890123,\"translated\":9,\"refused\":10,\"handed_out_again\":11,"
    "\"milliseconds\":{\"p50\":12,\"p95\":1300,\"p99\":14000,\"sum\":15001},"
    "\"models\":[{\"name\":\"en-ja\",\"workers\":2,\"waiting\":4},{\"name\":\"a\\\"b\\\\c\\nd\",\"workers\":"
    "0,\"waiting\":0}],"
    "\"workers\":[{\"jobs\":2,\"leaving\":false},{\"jobs\":3,\"leaving\":true}]}";

static void write_metrics(const char *state, const struct hny_gateway_counts *counts,
                          struct hny_buffer *out) {
    json_t *json = NULL;
    if (state)
        cr_assert_eq(hny_json_parse("state", state, strlen(state), &json), HNY_OK, "%s", hny_message());
    cr_assert_eq(hny_metrics_write(json, counts, out), HNY_OK);
    json_decref(json);
}

static void expect_line(const struct hny_buffer *out, const char *line) {
    bool found = false;
    for (const char *at = out->data; at && !found; at = strchr(at, '\n')) {
        if (*at == '\n') at++;
        found = strncmp(at, line, strlen(line)) == 0 && at[strlen(line)] == '\n';
    }
    cr_assert(found, "%s in\n%s", line, out->data);
}

Test(metrics, the_brokers_state_is_told_in_seconds) {
    struct hny_gateway_counts counts = {
        .sentences = 21, .characters = 22, .gone = 23, .connections = 24, .under_way = 25};
    struct hny_buffer out = {0};
    counts.answers[200] = 31;
    counts.answers[503] = 32;
    counts.refused[HNY_REFUSED_BUSY] = 33;
    write_metrics(state_text, &counts, &out);
    static const char *const lines[] = {
        "honyaku_broker_answers 1",
        "honyaku_broker_up_seconds 2.5",
        "honyaku_broker_draining 1",
        "honyaku_clients 3",
        "honyaku_requests_waiting 4",
        "honyaku_requests_working 5",
        "honyaku_requests_accepted_total 1234567890123",
        "honyaku_requests_translated_total 9",
        "honyaku_requests_refused_total 10",
        "honyaku_requests_handed_out_again_total 11",
        "honyaku_translation_seconds{quantile=\"0.5\"} 0.012",
        "honyaku_translation_seconds{quantile=\"0.99\"} 14",
        "honyaku_translation_seconds_sum 15.001",
        "honyaku_translation_seconds_count 9",
        "honyaku_model_workers{model=\"en-ja\"} 2",
        "honyaku_model_waiting{model=\"a\\\"b\\\\c\\nd\"} 0",
        "honyaku_workers 2",
        "honyaku_workers_leaving 1",
        "honyaku_worker_jobs 5",
        "honyaku_gateway_answers_total{code=\"200\"} 31",
        "honyaku_gateway_answers_total{code=\"503\"} 32",
        "honyaku_gateway_refused_total{reason=\"busy\"} 33",
        "honyaku_gateway_sentences_total 21",
        "honyaku_gateway_characters_total 22",
        "honyaku_gateway_clients_gone_total 23",
        "honyaku_gateway_connections 24",
        "honyaku_gateway_sentences_under_way 25",
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) expect_line(&out, lines[i]);
    hny_buffer_free(&out);
}

Test(metrics, without_a_broker_the_gateways_own_remain) {
    const struct hny_gateway_counts counts = {.gone = 1};
    struct hny_buffer out = {0};
    write_metrics(NULL, &counts, &out);
    expect_line(&out, "honyaku_broker_answers 0");
    expect_line(&out, "honyaku_gateway_clients_gone_total 1");
    cr_assert(!strstr(out.data, "honyaku_workers"));
    hny_buffer_free(&out);
}

/* The grammar of exposition format 0.0.4, as far as it is used; each metric is typed once, before its values.
 */
Test(metrics, every_line_is_of_the_format) {
    const struct hny_gateway_counts counts = {.answers[200] = 1};
    static const char *const states[] = {state_text, "{}", "[]", "{\"models\":[{}],\"workers\":7}"};
    regex_t form;
    cr_assert_eq(regcomp(&form,
                         "^(# HELP [a-z_]+ .+|# TYPE [a-z_]+ (counter|gauge|summary)|"
                         "[a-z_]+(\\{[a-z]+=\"([^\"\\]|\\\\[\\\"n])*\"\\})? [0-9.e+-]+)$",
                         REG_EXTENDED | REG_NOSUB),
                 0);
    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        struct hny_buffer out = {0};
        write_metrics(states[i], &counts, &out);
        cr_assert_eq(out.data[out.size - 1], '\n');
        for (char *line = strtok(out.data, "\n"); line; line = strtok(NULL, "\n"))
            cr_assert_eq(regexec(&form, line, 0, NULL, 0), 0, "%s", line);
        hny_buffer_free(&out);
    }
    regfree(&form);
}
