/* Requests to measure with: the sentences of a text, over and over. */
#ifndef HNY_TESTS_BENCH_REQUESTS_H
#define HNY_TESTS_BENCH_REQUESTS_H

#include "pipeline/client.h"

void bench_read_sentences(const char *path);           /* exits on failure */
const struct hny_piece *bench_sentence(size_t number); /* any number: they come again */

/* COUNT requests of EACH sentences from number FIRST on, WINDOW sentences under way; returns the seconds.
 * Exits where one is refused. */
double bench_ask(struct hny_client *client, size_t first, size_t count, size_t each, size_t window);

#endif
