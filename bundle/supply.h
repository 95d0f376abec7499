/* Bytes in order: of a file, a pipe, standard input or memory. What is asked for is there, or it is an
 * error. */
#ifndef HNY_BUNDLE_SUPPLY_H
#define HNY_BUNDLE_SUPPLY_H

#include "base/status.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hny_supply;

/* Opens PATH for reading; "-" is standard input, which stays open. A folder is HNY_ERROR_INPUT. */
hny_status hny_supply_open(struct hny_supply **supply, const char *path);

/* The same from SIZE bytes of memory, which must outlive the supply; NAME stands for it in messages. */
hny_status hny_supply_memory(struct hny_supply **supply, const char *name, const void *data, size_t size);

/* The same from the file PATH, to which another thread adds: MORE waits until it has more than AT bytes, or
 * sets *END where it has no more; what it returns other than HNY_OK the reader receives. */
hny_status hny_supply_open_growing(struct hny_supply **supply, const char *path,
                                   hny_status (*more)(void *context, uint64_t at, bool *end), void *context);
void hny_supply_close(struct hny_supply **supply); /* nulls; NULL is allowed */

/* The next SIZE bytes. HNY_ERROR_INPUT, "cut short", where they are not all there. */
hny_status hny_supply_take(struct hny_supply *supply, void *to, size_t size);

/* *END: nothing follows. Waits where that is not known yet. */
hny_status hny_supply_end(struct hny_supply *supply, bool *end);

uint64_t hny_supply_taken(const struct hny_supply *supply); /* bytes so far */
const char *hny_supply_name(const struct hny_supply *supply);

#endif
