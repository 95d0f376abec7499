#include "base/memory.h"

#include "base/buffer.h"
#include <criterion/criterion.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

Test(memory, allocations_are_zeroed_and_aligned) {
    for (size_t size = 1; size < 300; size += 37) {
        unsigned char *bytes = hny_allocate(3, size);
        cr_assert_not_null(bytes);
        cr_assert_eq((uintptr_t)bytes % 64, 0);
        for (size_t i = 0; i < 3 * size; i++) cr_assert_eq(bytes[i], 0);
        memset(bytes, 0xAA, 3 * size);
        free(bytes);
    }
    void *nothing = hny_allocate(0, 8);
    cr_assert_not_null(nothing);
    free(nothing);
}

Test(memory, a_product_that_overflows_is_refused) {
    cr_assert_null(hny_allocate(SIZE_MAX / 2, 3));
    cr_assert_neq(strstr(hny_message(), "out of memory"), NULL);
    struct hny_arena *arena = hny_arena_create(64);
    cr_assert_null(hny_arena_take(arena, SIZE_MAX / 2, 3));
    cr_assert_null(hny_arena_take(arena, SIZE_MAX - 3, 1));
    cr_assert_null(hny_arena_text(arena, "", SIZE_MAX));
    cr_assert_eq(hny_arena_used(arena), 0);
    hny_arena_destroy(&arena);
    cr_assert_null(hny_arena_create(SIZE_MAX));
}

Test(memory, growing_keeps_the_elements) {
    uint32_t *numbers = NULL;
    size_t capacity = 0;
    for (uint32_t i = 0; i < 1000; i++) {
        cr_assert_eq(hny_grow(&numbers, &capacity, i + 1, sizeof *numbers), 0);
        numbers[i] = i;
    }
    cr_assert_geq(capacity, 1000);
    cr_assert_lt(capacity, 2048 + 1);
    for (uint32_t i = 0; i < 1000; i++) cr_assert_eq(numbers[i], i);
    uint32_t *before = numbers;
    size_t capacity_before = capacity;
    cr_assert_eq(hny_grow(&numbers, &capacity, SIZE_MAX / 2, sizeof *numbers), -1);
    cr_assert_eq(numbers, before);
    cr_assert_eq(capacity, capacity_before);
    free(numbers);
}

Test(memory, what_an_arena_gives_is_aligned_and_apart) {
    struct hny_arena *arena = hny_arena_create(1000);
    unsigned char *given[100];
    for (size_t i = 0; i < 100; i++) {
        given[i] = hny_arena_take(arena, i, 17);
        cr_assert_not_null(given[i]);
        cr_assert_eq((uintptr_t)given[i] % 64, 0);
        memset(given[i], (int)i, i * 17);
    }
    for (size_t i = 0; i < 100; i++)
        for (size_t j = 0; j < i * 17; j++) cr_assert_eq(given[i][j], i);
    hny_arena_destroy(&arena);
    cr_assert_null(arena);
    hny_arena_destroy(&arena);
}

Test(memory, a_warm_arena_gives_the_same_memory_again) {
    static const size_t sizes[] = {10, 5000, 64, 900, 100, 20000, 1};
    enum { COUNT = sizeof sizes / sizeof *sizes };
    struct hny_arena *arena = hny_arena_create(1024);
    void *first[COUNT];
    for (size_t i = 0; i < COUNT; i++) first[i] = hny_arena_take(arena, sizes[i], 1);
    size_t used = hny_arena_used(arena);
    hny_arena_reset(arena);
    cr_assert_eq(hny_arena_used(arena), 0);
    for (size_t i = 0; i < COUNT; i++) cr_assert_eq(hny_arena_take(arena, sizes[i], 1), first[i]);
    cr_assert_eq(hny_arena_used(arena), used);
    cr_assert_eq(hny_arena_peak(arena), used);
    hny_arena_destroy(&arena);
}

Test(memory, a_kept_block_that_fits_is_found_behind_smaller_ones) {
    struct hny_arena *arena = hny_arena_create(64);
    hny_arena_take(arena, 64, 1);
    hny_arena_take(arena, 64, 1);
    void *large = hny_arena_take(arena, 4096, 1);
    hny_arena_reset(arena);
    hny_arena_take(arena, 64, 1);
    cr_assert_eq(hny_arena_take(arena, 4096, 1), large);
    hny_arena_destroy(&arena);
}

Test(memory, an_arena_counts_its_peak_over_resets) {
    struct hny_arena *arena = hny_arena_create(64);
    hny_arena_take(arena, 1, 640);
    hny_arena_reset(arena);
    hny_arena_take(arena, 1, 64);
    cr_assert_eq(hny_arena_used(arena), 64);
    cr_assert_eq(hny_arena_peak(arena), 640);
    hny_arena_destroy(&arena);
}

Test(memory, a_text_in_an_arena_is_a_copy_with_its_end) {
    struct hny_arena *arena = hny_arena_create(64);
    char text[] = "hidden state";
    char *copy = hny_arena_text(arena, text, 6);
    text[0] = 'x';
    cr_assert_str_eq(copy, "hidden");
    cr_assert_str_eq(hny_arena_text(arena, NULL, 0), "");
    hny_arena_destroy(&arena);
}

Test(buffer, appended_bytes_stand_one_after_another_and_end_in_nul) {
    struct hny_buffer buffer = {0};
    cr_assert_eq(hny_buffer_append(&buffer, "a\0b", 3), HNY_OK);
    cr_assert_eq(hny_buffer_append(&buffer, NULL, 0), HNY_OK);
    cr_assert_eq(hny_buffer_print(&buffer, "-%d-%s", 42, "c"), HNY_OK);
    cr_assert_eq(buffer.size, 8);
    cr_assert_arr_eq(buffer.data, "a\0b-42-c", 9);
    hny_buffer_clear(&buffer);
    cr_assert_eq(buffer.size, 0);
    cr_assert_str_eq(buffer.data, "");
    hny_buffer_free(&buffer);
    cr_assert_null(buffer.data);
    cr_assert_eq(buffer.capacity, 0);
}

Test(buffer, appending_nothing_still_makes_a_text) {
    struct hny_buffer buffer = {0};
    cr_assert_eq(hny_buffer_append(&buffer, NULL, 0), HNY_OK);
    cr_assert_str_eq(buffer.data, "");
    hny_buffer_free(&buffer);
}

Test(buffer, reserved_room_is_there_without_moving) {
    struct hny_buffer buffer = {0};
    cr_assert_eq(hny_buffer_reserve(&buffer, 10000), HNY_OK);
    char *data = buffer.data;
    for (int i = 0; i < 10000; i++) cr_assert_eq(hny_buffer_append(&buffer, "x", 1), HNY_OK);
    cr_assert_eq(buffer.data, data);
    cr_assert_eq(strlen(buffer.data), 10000);
    hny_buffer_free(&buffer);
}

Test(buffer, impossible_sizes_are_refused_and_change_nothing) {
    struct hny_buffer buffer = {0};
    hny_buffer_append(&buffer, "abc", 3);
    cr_assert_eq(hny_buffer_reserve(&buffer, SIZE_MAX), HNY_ERROR_MEMORY);
    cr_assert_eq(hny_buffer_reserve(&buffer, SIZE_MAX - 4), HNY_ERROR_MEMORY);
    cr_assert_eq(hny_buffer_append(&buffer, "x", SIZE_MAX / 2), HNY_ERROR_MEMORY);
    cr_assert_str_eq(buffer.data, "abc");
    hny_buffer_free(&buffer);
}
