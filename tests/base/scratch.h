/* A folder for the files of one test, gone when the test ends. */
#ifndef TESTS_BASE_SCRATCH_H
#define TESTS_BASE_SCRATCH_H

#include <stddef.h>

/* As Criterion's .init and .fini. */
void scratch_open(void);
void scratch_close(void);

/* The path of NAME in the folder, valid until the eighth call after this one. */
const char *scratch_path(const char *name);

/* Writes NAME with plain stdio, so that what is tested is not what prepares the test; returns its path. */
const char *scratch_put(const char *name, const void *data, size_t size);

/* Entries in the folder. */
size_t scratch_count(void);

#endif
