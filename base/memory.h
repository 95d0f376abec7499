/* Allocation that checks for overflow and failure, and an arena for what dies together. */
#ifndef HNY_BASE_MEMORY_H
#define HNY_BASE_MEMORY_H

#include <stddef.h>

/* COUNT × SIZE zeroed bytes, aligned to 64 (a cache line and an AVX-512 register); free with free().
 * NULL with a message (HNY_ERROR_MEMORY) when the product overflows or memory is out. COUNT 0 gives one byte.
 */
void *hny_allocate(size_t count, size_t size);

/* Grows *ARRAY (from malloc or hny_grow, not from hny_allocate) so that at least NEEDED elements of SIZE
 * bytes fit; *CAPACITY is updated, doubling. Returns 0, or -1 with a message and *ARRAY unchanged. */
int hny_grow(void *array, size_t *capacity, size_t needed, size_t size);

/* Memory that is handed out in order and freed at once. Blocks are kept over a reset, so a loop that resets
 * its arena allocates nothing once it is warm. Not thread-safe. */
struct hny_arena;

struct hny_arena *hny_arena_create(size_t block_bytes); /* NULL with a message on failure */
void hny_arena_destroy(struct hny_arena **arena);       /* nulls the pointer; NULL is allowed */
void hny_arena_reset(struct hny_arena *arena);          /* everything handed out becomes invalid */

/* COUNT × SIZE bytes aligned to 64, not zeroed; NULL with a message on failure. */
void *hny_arena_take(struct hny_arena *arena, size_t count, size_t size);

/* A NUL-terminated copy of LENGTH bytes of TEXT; NULL with a message on failure. */
char *hny_arena_text(struct hny_arena *arena, const char *text, size_t length);

/* Bytes handed out since the last reset, and the largest such count ever: for memory reports. */
size_t hny_arena_used(const struct hny_arena *arena);
size_t hny_arena_peak(const struct hny_arena *arena);

#endif
