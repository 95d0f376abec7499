/* What fuzz targets share. A target is tests/fuzz/fuzz_NAME.c with LLVMFuzzerTestOneInput, the names of the
 * files that it covers in a comment "Reader: FILE", and seeds in tests/fuzz/corpus/NAME/. */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include "pipeline/message.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* Like assert, but never compiled away. */
#define FUZZ_CHECK(condition)                                                                                \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);                          \
            abort();                                                                                         \
        }                                                                                                    \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The path of a file in memory that holds DATA, until the next call. */
const char *fuzz_file(const uint8_t *data, size_t size);

/* Frames, each behind its length in two bytes; the last is what is left. MOST at most; their number. */
size_t fuzz_cut(const uint8_t *data, size_t size, struct hny_piece *frames, size_t most);

#endif
