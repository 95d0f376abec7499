#include "base/memory.h"

#include "base/status.h"
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define ALIGNMENT ((size_t)64)
#define HUGE_PAGE ((size_t)2 << 20)   /* on x86-64, and on arm64 with pages of 4 KiB */
#define LARGEST ((size_t)PTRDIFF_MAX) /* beyond it pointers into the memory have no difference */

/* The least multiple of ALIGNMENT that is at least SIZE; false where there is none. */
static bool round_up(size_t size, size_t *rounded) {
    if (__builtin_add_overflow(size, ALIGNMENT - 1, rounded)) return false;
    *rounded &= ~(ALIGNMENT - 1);
    return true;
}

static void *fail_allocation(size_t count, size_t size) {
    hny_fail(HNY_ERROR_MEMORY, "out of memory: %zu times %zu bytes", count, size);
    return NULL;
}

/* BYTES at a multiple of ALIGNMENT, or NULL. Large memory asks for huge pages: the faults of thousands of
 * small ones can take longer, above all on a virtual machine, than what is computed in them. */
static void *aligned(size_t bytes) {
    void *memory = NULL;
    bool large = bytes >= 2 * HUGE_PAGE;
    if (posix_memalign(&memory, large ? HUGE_PAGE : ALIGNMENT, bytes) != 0) return NULL;
    if (large) (void)madvise(memory, bytes, MADV_HUGEPAGE); /* where there are none, all goes on without */
    return memory;
}

void *hny_allocate(size_t count, size_t size) {
    size_t bytes = 0;
    if (__builtin_mul_overflow(count, size, &bytes) || bytes > LARGEST) return fail_allocation(count, size);
    if (bytes == 0) bytes = 1;
    void *memory = aligned(bytes);
    return memory ? memset(memory, 0, bytes) : fail_allocation(count, size);
}

int hny_grow(void *array, size_t *capacity, size_t needed, size_t size) {
    if (needed <= *capacity) return 0;
    size_t wanted = *capacity < 8 ? 8 : *capacity;
    while (wanted < needed) {
        if (__builtin_mul_overflow(wanted, 2, &wanted)) wanted = needed;
    }
    size_t bytes = 0;
    void *old = NULL;
    memcpy(&old, array, sizeof old); /* the caller's pointer may be of any type */
    bool possible = !__builtin_mul_overflow(wanted, size, &bytes) && bytes <= LARGEST;
    void *grown = possible ? realloc(old, bytes) : NULL;
    if (!grown) {
        fail_allocation(wanted, size);
        return -1;
    }
    memcpy(array, &grown, sizeof grown);
    *capacity = wanted;
    return 0;
}

struct block {
    struct block *next;
    size_t capacity;          /* bytes behind the header */
    size_t used;              /* a multiple of ALIGNMENT, at most capacity */
    _Alignas(64) char data[]; /* ALIGNMENT */
};

/* Blocks up to and including `current` hold what was handed out; those behind it are empty. */
struct hny_arena {
    struct block *first;
    struct block *current;
    size_t block_bytes;
    size_t used;
    size_t peak;
};

static struct block *create_block(size_t capacity) {
    size_t bytes = 0;
    if (__builtin_add_overflow(capacity, sizeof(struct block), &bytes) || bytes > LARGEST)
        return fail_allocation(1, capacity);
    struct block *block = aligned(bytes);
    if (!block) return fail_allocation(1, capacity);
    block->next = NULL;
    block->capacity = capacity;
    block->used = 0;
    return block;
}

struct hny_arena *hny_arena_create(size_t block_bytes) {
    size_t rounded = 0;
    if (!round_up(block_bytes ? block_bytes : 1, &rounded)) return fail_allocation(1, block_bytes);
    struct hny_arena *arena = hny_allocate(1, sizeof *arena);
    if (!arena) return NULL;
    arena->block_bytes = rounded;
    arena->first = arena->current = create_block(rounded);
    if (!arena->first) hny_arena_destroy(&arena);
    return arena;
}

void hny_arena_destroy(struct hny_arena **arena) {
    if (!*arena) return;
    for (struct block *block = (*arena)->first; block;) {
        struct block *next = block->next;
        free(block);
        block = next;
    }
    free(*arena);
    *arena = NULL;
}

void hny_arena_reset(struct hny_arena *arena) {
    for (struct block *block = arena->first; block; block = block->next) block->used = 0;
    arena->current = arena->first;
    arena->used = 0;
}

/* Makes a block with room for BYTES the current one: the first fitting one of those kept, else a new one. */
static bool advance(struct hny_arena *arena, size_t bytes) {
    struct block **link = &arena->current->next;
    while (*link && (*link)->capacity < bytes) link = &(*link)->next;
    struct block *block = *link;
    if (block) {
        *link = block->next;
    } else {
        block = create_block(bytes > arena->block_bytes ? bytes : arena->block_bytes);
        if (!block) return false;
    }
    block->next = arena->current->next;
    arena->current->next = block;
    arena->current = block;
    return true;
}

void *hny_arena_take(struct hny_arena *arena, size_t count, size_t size) {
    size_t bytes = 0;
    if (__builtin_mul_overflow(count, size, &bytes) || !round_up(bytes ? bytes : 1, &bytes))
        return fail_allocation(count, size);
    if (arena->current->capacity - arena->current->used < bytes && !advance(arena, bytes)) return NULL;
    void *memory = arena->current->data + arena->current->used;
    arena->current->used += bytes;
    arena->used += bytes;
    if (arena->used > arena->peak) arena->peak = arena->used;
    return memory;
}

char *hny_arena_text(struct hny_arena *arena, const char *text, size_t length) {
    if (length == SIZE_MAX) return fail_allocation(length, 1);
    char *copy = hny_arena_take(arena, length + 1, 1);
    if (!copy) return NULL;
    if (length) memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

size_t hny_arena_used(const struct hny_arena *arena) {
    return arena->used;
}

size_t hny_arena_peak(const struct hny_arena *arena) {
    return arena->peak;
}
