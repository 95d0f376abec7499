/* The largest few of many numbers. */
#ifndef HNY_DECODER_TOP_H
#define HNY_DECODER_TOP_H

#include "nn/real.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hny_choice {
    int32_t id;
    hny_real value;
};

struct hny_top {
    struct hny_choice *choices; /* [limit], the caller's; by falling value, equal ones by rising id */
    size_t limit;               /* at least 1 */
    size_t count;               /* 0 to begin with */
};

/* Puts VALUE among the choices if it belongs there. IDs come in rising order. Not a number never belongs. */
void hny_top_offer(struct hny_top *top, int32_t id, hny_real value);

/* Offers values[0…count-1] under their own indices, except those that REFUSED [count] marks. Most numbers are
 * passed over many at a time. */
void hny_top_scan(struct hny_top *top, const hny_real *values, size_t count, const bool *refused);

#endif
