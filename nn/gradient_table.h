/* The gradient of a table of which an update looks up a few rows: those rows alone. */
#ifndef HNY_NN_GRADIENT_TABLE_H
#define HNY_NN_GRADIENT_TABLE_H

#include "nn/notes.h"

struct hny_gradient_table;

hny_status hny_gradient_table_create(struct hny_gradient_table **table, size_t rows, size_t width);
void hny_gradient_table_destroy(struct hny_gradient_table **table); /* nulls; NULL is allowed */

/* Adds NOTE's rows, in order. */
hny_status hny_gradient_table_add(struct hny_gradient_table *table, const struct hny_note *note);

/* COUNT elements from FIRST on, as a whole table would hold them, in TO; false where all are zero, and TO is
 * as it was. */
bool hny_gradient_table_part(const struct hny_gradient_table *table, size_t first, size_t count,
                             hny_real *to);

void hny_gradient_table_clear(struct hny_gradient_table *table);
size_t hny_gradient_table_bytes(const struct hny_gradient_table *table); /* while it holds no rows */

#endif
