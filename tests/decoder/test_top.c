#include "base/random.h"
#include "decoder/top.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

enum { LONGEST = 1000 };

static int by_value_then_id(const void *a, const void *b) {
    const struct hny_choice *x = a, *y = b;
    if (x->value != y->value) return x->value < y->value ? 1 : -1;
    return (x->id > y->id) - (x->id < y->id);
}

/* Holds the scan against sorting. VALUES drawn from STEPS different ones, so that some are equal. */
static void check(size_t count, size_t limit, uint32_t steps, uint32_t refusal) {
    hny_real values[LONGEST];
    bool refused[LONGEST];
    struct hny_choice all[LONGEST], found[LONGEST];
    struct hny_random stream = hny_random_stream(count, HNY_RANDOM_CORPUS, (uint32_t)limit, steps);
    size_t allowed = 0;
    for (size_t i = 0; i < count; i++) {
        values[i] = (hny_real)(hny_random_word(&stream, 2 * i) % steps) - (hny_real)steps / 2;
        refused[i] = refusal && hny_random_word(&stream, 2 * i + 1) % refusal == 0;
        if (!refused[i]) all[allowed++] = (struct hny_choice){(int32_t)i, values[i]};
    }
    qsort(all, allowed, sizeof *all, by_value_then_id);
    struct hny_top top = {.choices = found, .limit = limit};
    hny_top_scan(&top, values, count, refused);
    cr_assert_eq(top.count, allowed < limit ? allowed : limit);
    for (size_t i = 0; i < top.count; i++)
        cr_assert(found[i].id == all[i].id && found[i].value == all[i].value,
                  "place %zu of %zu among %zu: id %d instead of %d", i, limit, count, found[i].id, all[i].id);
}

Test(top, the_scan_finds_what_sorting_finds) {
    const size_t counts[] = {1, 2, 63, 64, 65, 127, 128, 129, 1000}, limits[] = {1, 2, 5, 11, 70, 1000};
    for (size_t c = 0; c < sizeof counts / sizeof *counts; c++)
        for (size_t l = 0; l < sizeof limits / sizeof *limits; l++)
            for (uint32_t steps = 3; steps < 1000000; steps *= 100)
                for (uint32_t refusal = 0; refusal < 4; refusal += 2)
                    check(counts[c], limits[l], steps, refusal);
}

Test(top, what_is_not_a_number_is_never_among_the_largest) {
    hny_real values[100];
    bool refused[100] = {false};
    struct hny_choice found[3];
    for (size_t i = 0; i < 100; i++) values[i] = NAN;
    values[7] = -INFINITY;
    values[98] = 5;
    struct hny_top top = {.choices = found, .limit = 3};
    hny_top_scan(&top, values, 100, refused);
    cr_assert_eq(top.count, 2);
    cr_assert_eq(found[0].id, 98);
    cr_assert_eq(found[1].id, 7);
}
