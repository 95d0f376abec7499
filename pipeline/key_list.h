/* Public keys that are let in. */
#ifndef HNY_PIPELINE_KEY_LIST_H
#define HNY_PIPELINE_KEY_LIST_H

#include "pipeline/keys.h"

/* Files that are one list together; borrowed. Zero-initialised: there is none. */
enum { HNY_KEY_FILES = 8 };
struct hny_key_files {
    const char *paths[HNY_KEY_FILES];
    size_t count;
};

struct hny_key_list {
    uint8_t (*keys)[HNY_KEY_SIZE]; /* rising */
    size_t count;
};

/* A line each; what follows a space is for people, lines that begin with # too. LIST is empty after a
 * failure. */
hny_status hny_key_list_read(const struct hny_key_files *files, struct hny_key_list *list);
void hny_key_list_free(struct hny_key_list *list); /* back to the zero state */
bool hny_key_list_has(const struct hny_key_list *list, const uint8_t *key);

#endif
