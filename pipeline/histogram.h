/* How many values lay where: buckets that grow by a quarter of a power of two, so that any percentile is
 * right within 20 %. */
#ifndef HNY_PIPELINE_HISTOGRAM_H
#define HNY_PIPELINE_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

enum { HNY_HISTOGRAM_BUCKETS = 160 };
struct hny_histogram {
    uint64_t count, sum;
    uint64_t buckets[HNY_HISTOGRAM_BUCKETS];
};

void hny_histogram_add(struct hny_histogram *histogram, uint64_t value);

/* The bound below which SHARE (0 to 1) of all values lie; 0 without values. */
uint64_t hny_histogram_quantile(const struct hny_histogram *histogram, double share);

/* The largest value of bucket I. */
uint64_t hny_histogram_bound(size_t i);

#endif
