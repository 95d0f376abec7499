#include "bundle/change.h"
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

enum { COUNT = 9000, ROWS = 30 };

struct planes {
    unsigned char *at[HNY_PLANES_MOST];
};

static struct planes make_planes(enum hny_planes_layout layout, const struct hny_safetensors_tensor *tensor) {
    struct planes planes = {{NULL}};
    for (size_t i = 0; i < hny_planes_count(layout, tensor); i++) {
        planes.at[i] = calloc(hny_planes_size(layout, tensor, i) + 1, 1);
        cr_assert(planes.at[i]);
    }
    return planes;
}

static void free_planes(struct planes *planes) {
    for (size_t i = 0; i < HNY_PLANES_MOST; i++) free(planes->at[i]);
}

#define READ(planes) ((const unsigned char *const *)(planes).at)

static void check_round_trip(enum hny_planes_layout layout, const struct hny_safetensors_tensor *tensor) {
    struct planes old = make_planes(layout, tensor), new = make_planes(layout, tensor),
                  change = make_planes(layout, tensor), back = make_planes(layout, tensor);
    unsigned state = 7;
    for (size_t i = 0; i < hny_planes_count(layout, tensor); i++)
        for (size_t j = 0; j < hny_planes_size(layout, tensor, i); j++) {
            state = state * 1664525 + 1013904223;
            old.at[i][j] = (unsigned char)(state >> 24);
            new.at[i][j] = state >> 20 & 1 ? old.at[i][j] : (unsigned char)(state >> 12);
        }
    for (int way = HNY_CHANGE_XOR; way <= HNY_CHANGE_DIFFERENCE; way++) {
        hny_change_make((enum hny_change)way, layout, tensor, READ(old), READ(new), change.at);
        hny_change_apply((enum hny_change)way, layout, tensor, READ(old), READ(change), back.at);
        for (size_t i = 0; i < hny_planes_count(layout, tensor); i++)
            cr_assert_arr_eq(back.at[i], new.at[i], hny_planes_size(layout, tensor, i), "%s of %s, plane %zu",
                             hny_change_name((enum hny_change)way), hny_planes_name(layout), i);
    }
    free_planes(&old);
    free_planes(&new);
    free_planes(&change);
    free_planes(&back);
}

Test(change, of_any_planes_gives_them_back) {
    for (int type = 0; type < HNY_ELEMENT_TYPES; type++)
        for (int layout = 0; layout < HNY_PLANES_LAYOUTS; layout++) {
            const struct hny_safetensors_tensor tensor = {
                "t", (enum hny_element)type, 2, {ROWS, COUNT / ROWS}, NULL};
            if (hny_planes_fit((enum hny_planes_layout)layout, &tensor))
                check_round_trip((enum hny_planes_layout)layout, &tensor);
        }
}

/* The numbers of the page of the format: 1 and 0.5 become 1.0078125 and -0.5. */
Test(change, difference_counts_in_the_last_place_and_sorts_by_exponent) {
    const struct hny_safetensors_tensor tensor = {"t", HNY_ELEMENT_F32, 1, {3}, NULL};
    unsigned char old0[] = {0x00, 0x00, 0x00}, old1[] = {0x7f, 0x7e, 0x7f}, new0[] = {0x02, 0x01, 0xfe},
                  new1[] = {0x7f, 0x7e, 0x7e}, low[3], high[3];
    const unsigned char *const old[] = {old0, old1}, *const new[] = {new0, new1};
    unsigned char *const to[] = {low, high};
    hny_change_make(HNY_CHANGE_DIFFERENCE, HNY_PLANES_BF16, &tensor, old, new, to);
    cr_assert_eq(low[0], 0, "the smaller exponent comes first: -0.5 - 0.5 as magnitudes");
    cr_assert_eq(high[0], 0x80, "and its sign has changed");
    cr_assert_eq(low[1], 2, "one place up");
    cr_assert_eq(high[1], 0);
    cr_assert_eq(low[2], 1, "one place down, over the border of an exponent");
    cr_assert_eq(high[2], 0);
}

Test(change, runs_are_cut_where_the_exponent_changes_and_both_sides_are_long) {
    const struct hny_safetensors_tensor tensor = {"t", HNY_ELEMENT_F32, 1, {COUNT}, NULL};
    struct planes planes = make_planes(HNY_PLANES_BF16, &tensor);
    size_t cuts[HNY_CHANGE_CUTS];
    for (size_t i = 0; i < COUNT; i++)
        planes.at[1][i] = i < 10 ? 1 : i < 3000 ? 2 : i < 3500 ? 7 : i < 8800 ? 9 : 255;
    cr_assert_eq(hny_change_cuts(HNY_PLANES_BF16, &tensor, READ(planes), cuts), 1);
    cr_assert_eq(cuts[0], 3000);
    cr_assert_eq(hny_change_cuts(HNY_PLANES_BYTES, &tensor, READ(planes), cuts), 0);
    free_planes(&planes);
}
