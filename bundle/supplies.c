#include "bundle/supplies.h"

#include "base/memory.h"
#include <stdlib.h>
#include <string.h>

hny_status hny_supplies_add(struct hny_supplies *supplies, struct hny_supply *supply) {
    const char *name = hny_supply_name(supply);
    for (size_t i = 0; i < supplies->count; i++)
        if (strcmp(name, "standard input") == 0 && strcmp(hny_supply_name(supplies->supplies[i]), name) == 0)
            return hny_fail(HNY_ERROR_USAGE, "standard input can be one bundle of the chain alone");
    if (hny_grow(&supplies->supplies, &supplies->room, supplies->count + 1, sizeof(struct hny_supply *)) != 0)
        return HNY_ERROR_MEMORY;
    supplies->supplies[supplies->count++] = supply;
    return HNY_OK;
}

hny_status hny_supplies_open(struct hny_supplies *supplies, const char *const *paths, size_t count) {
    for (size_t i = 0; i < count; i++) {
        struct hny_supply *supply = NULL;
        HNY_TRY(hny_supply_open(&supply, paths[i]));
        hny_status status = hny_supplies_add(supplies, supply);
        if (status != HNY_OK) {
            hny_supply_close(&supply);
            return status;
        }
        supplies->ours++;
    }
    return HNY_OK;
}

void hny_supplies_close(struct hny_supplies *supplies) {
    for (size_t i = 0; i < supplies->ours; i++) hny_supply_close(&supplies->supplies[i]);
    free(supplies->supplies);
    *supplies = (struct hny_supplies){0};
}
