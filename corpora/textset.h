/* A set of texts, for telling what was there before. */
#ifndef HNY_CORPORA_TEXTSET_H
#define HNY_CORPORA_TEXTSET_H

#include "base/status.h"
#include <stdbool.h>
#include <stddef.h>

struct hny_textset;
hny_status hny_textset_create(struct hny_textset **set);
void hny_textset_destroy(struct hny_textset **set); /* nulls; NULL is allowed */

/* Adds a copy of TEXT; *FRESH false where it was there. Failure leaves the set as it was. */
hny_status hny_textset_add(struct hny_textset *set, const char *text, size_t size, bool *fresh);
bool hny_textset_has(const struct hny_textset *set, const char *text, size_t size);
size_t hny_textset_count(const struct hny_textset *set);

#endif
