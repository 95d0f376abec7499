#include "pipeline/histogram.h"

/* Values below 8 have a bucket each; from there on four a power of two. */
static size_t bucket_of(uint64_t value) {
    if (value < 8) return (size_t)value;
    unsigned power = 63 - (unsigned)__builtin_clzll(value); /* at least 3 */
    size_t bucket = 8 + (power - 3) * 4 + (value >> (power - 2) & 3);
    return bucket < HNY_HISTOGRAM_BUCKETS ? bucket : HNY_HISTOGRAM_BUCKETS - 1;
}

uint64_t hny_histogram_bound(size_t i) {
    if (i < 8) return i;
    size_t power = (i - 8) / 4 + 3, quarter = (i - 8) % 4;
    return ((uint64_t)(4 + quarter + 1) << (power - 2)) - 1;
}

void hny_histogram_add(struct hny_histogram *histogram, uint64_t value) {
    histogram->buckets[bucket_of(value)]++;
    histogram->count++;
    histogram->sum += value;
}

uint64_t hny_histogram_quantile(const struct hny_histogram *histogram, double share) {
    uint64_t seen = 0;
    if (histogram->count == 0) return 0;
    for (size_t i = 0; i < HNY_HISTOGRAM_BUCKETS; i++) {
        seen += histogram->buckets[i];
        if ((double)seen >= share * (double)histogram->count) return hny_histogram_bound(i);
    }
    return hny_histogram_bound(HNY_HISTOGRAM_BUCKETS - 1);
}
