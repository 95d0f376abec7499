/* Public keys that are let in. */
#ifndef HNY_PIPELINE_KEY_LIST_H
#define HNY_PIPELINE_KEY_LIST_H

#include "pipeline/keys.h"

/* A line each; what follows a space is for people, lines that begin with # too.
 */
struct hny_key_list {
    uint8_t (*keys)[HNY_KEY_SIZE]; /* rising */
    size_t count;
};
hny_status hny_key_list_read(const char *path, struct hny_key_list *list);
void hny_key_list_free(struct hny_key_list *list); /* back to the zero state */
bool hny_key_list_has(const struct hny_key_list *list, const uint8_t *key);

#endif
