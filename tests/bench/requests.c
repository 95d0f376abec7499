#include "tests/bench/requests.h"

#include "base/lines.h"
#include "base/progress.h"
#include "tests/bench/limit.h"
#include <stdlib.h>
#include <string.h>

enum { MOST = 100000 };
static struct hny_piece sentences[MOST];
static size_t known;

void bench_read_sentences(const char *path) {
    struct hny_lines *lines = NULL;
    const char *text;
    size_t size;
    bool more = true;
    bench_demand(hny_lines_open(&lines, path) == HNY_OK, "the text");
    while (known < MOST) {
        bench_demand(hny_lines_next(lines, &text, &size, &more) == HNY_OK, "a line");
        if (!more) break;
        char *copy = malloc(size + 1);
        bench_demand(copy != NULL, "memory");
        sentences[known++] = (struct hny_piece){memcpy(copy, text, size), size};
    }
    hny_lines_close(&lines);
    bench_demand(known > 0, "a text that is not empty");
}

const struct hny_piece *bench_sentence(size_t number) {
    return &sentences[number % known];
}

double bench_ask(struct hny_client *client, size_t first, size_t count, size_t each, size_t window) {
    struct hny_piece *batch = calloc(each, sizeof *batch);
    double begin = hny_seconds();
    bench_demand(batch != NULL, "memory");
    for (size_t sent = 0, answered = 0; answered < count;) {
        uint64_t number;
        bool taken = false, room = sent < count && (sent - answered) * each < window;
        if (room) {
            for (size_t i = 0; i < each; i++) batch[i] = *bench_sentence(first + sent * each + i);
            bench_demand(hny_client_translate_all(client, "", batch, each, &number) == HNY_OK, "a request");
            sent++;
        }
        struct hny_answer answer;
        bench_demand(hny_client_take(client, room ? 0 : 10000, &answer, &taken) == HNY_OK, "an answer");
        if (!taken) continue;
        bench_demand(!answer.refusal && answer.payload->count == each, "an answer that is no refusal");
        hny_answer_free(&answer);
        answered++;
    }
    free(batch);
    return hny_seconds() - begin;
}
