/* The files of a chain of bundles, opened together. */
#ifndef HNY_BUNDLE_SUPPLIES_H
#define HNY_BUNDLE_SUPPLIES_H

#include "bundle/supply.h"

struct hny_supplies {
    struct hny_supply **supplies;
    size_t count, room;
    size_t ours; /* the first of them, which were opened here */
};

/* Opens COUNT files, in order; SUPPLIES, in the zero state, is the caller's to hny_supplies_close also after
 * a failure. Standard input can be one of them alone. */
hny_status hny_supplies_open(struct hny_supplies *supplies, const char *const *paths, size_t count);

/* Puts one behind them that stays the caller's. */
hny_status hny_supplies_add(struct hny_supplies *supplies, struct hny_supply *supply);
void hny_supplies_close(struct hny_supplies *supplies); /* back to the zero state */

#endif
