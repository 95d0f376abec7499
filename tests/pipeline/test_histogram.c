#include "pipeline/histogram.h"

#include <criterion/criterion.h>

TestSuite(histogram);

Test(histogram, quantiles_are_bounds_within_a_fifth) {
    static struct hny_histogram histogram;
    cr_assert_eq(hny_histogram_quantile(&histogram, 0.5), 0);
    for (uint64_t value = 1; value <= 100000; value++) hny_histogram_add(&histogram, value);
    for (int percent = 1; percent <= 100; percent++) {
        uint64_t found = hny_histogram_quantile(&histogram, percent / 100.0),
                 exact = (uint64_t)percent * 1000;
        cr_assert(found >= exact && (double)found <= 1.25 * (double)exact, "%d %%: %llu, not %llu", percent,
                  (unsigned long long)found, (unsigned long long)exact);
    }
    cr_assert_eq(histogram.count, 100000);
}

Test(histogram, any_value_has_a_place) {
    static struct hny_histogram histogram;
    for (unsigned power = 0; power < 64; power++) hny_histogram_add(&histogram, (uint64_t)1 << power);
    hny_histogram_add(&histogram, UINT64_MAX);
    for (size_t i = 1; i < HNY_HISTOGRAM_BUCKETS; i++)
        cr_assert_gt(hny_histogram_bound(i), hny_histogram_bound(i - 1));
    cr_assert_eq(histogram.count, 65);
}
