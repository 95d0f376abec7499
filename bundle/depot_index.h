/* What a depot holds, as its index.json says. DEPOT.md describes the file. */
#ifndef HNY_BUNDLE_DEPOT_INDEX_H
#define HNY_BUNDLE_DEPOT_INDEX_H

#include "bundle/contents.h"

#define HNY_DEPOT_INDEX_MOST ((size_t)8 << 20) /* bytes of an index */
enum {
    HNY_DEPOT_BUNDLES_MOST = 10000,
    HNY_DEPOT_DATE = 21,   /* bytes of "2026-11-26T21:00:00Z" and its NUL */
    HNY_DEPOT_PREFIX = 12, /* digits of a digest that stand for it, at least */
};

struct hny_depot_bundle {
    const char *name; /* hny_depot_name_fits */
    uint64_t release; /* from 1 to HNY_RELEASE_MOST */
    char file[HNY_DIGEST_TEXT];
    uint64_t bytes; /* of the file, at least 1 */
    char digest[HNY_DIGEST_TEXT];
    char
        restores[HNY_DIGEST_TEXT]; /* of a delta: the digest of the whole bundle that it makes; else DIGEST */
    char parent[HNY_DIGEST_TEXT];  /* RESTORES of what a delta builds on; "": none */
    enum hny_precision precision;
    const char *languages;          /* as "en-ja"; NULL: not known */
    const char *scores;             /* a JSON object; NULL: none */
    char published[HNY_DEPOT_DATE]; /* UTC */
    const char *key;                /* whose signature it has; NULL: nobody's */
};

/* All names and texts belong to the index. */
struct hny_depot_index {
    struct hny_arena *texts;
    struct hny_depot_bundle *bundles; /* sorted by name, release and parent */
    size_t count, room;
};

/* Whether NAME can be a bundle's in a depot: hny_release_name_fits, and not a digest's first digits. */
bool hny_depot_name_fits(const char *name);

/* Reads SIZE bytes strictly; SOURCE stands for the index in messages. Every name, number and digest is
 * checked, also that a release stands for one content. On failure (HNY_ERROR_INPUT) INDEX is in the zero
 * state. */
hny_status hny_depot_index_parse(struct hny_depot_index *index, const char *source, const char *text,
                                 size_t size);
void hny_depot_index_free(struct hny_depot_index *index); /* back to the zero state */

/* Appends the text. */
hny_status hny_depot_index_print(const struct hny_depot_index *index, struct hny_buffer *text);

/* Appends what it says of one bundle, as one line without LF. */
hny_status hny_depot_bundle_print(const struct hny_depot_bundle *bundle, struct hny_buffer *text);

/* Adds BUNDLE in its place; its texts are copied. HNY_ERROR_INPUT where a depot cannot hold it: its release
 * is there with other content, or there is no room. *CHANGED false: it was there already, just so (but for
 * the date). */
hny_status hny_depot_index_add(struct hny_depot_index *index, const char *source,
                               const struct hny_depot_bundle *bundle, bool *changed);

/* What is asked for: WANTED is NAME or NAME@latest (the highest release), NAME@RELEASE, or the first 12 to 64
 * digits of DIGEST or RESTORES. *FOUND is the whole bundle where the depot has it, else a delta that
 * restores it. HNY_ERROR_USAGE where WANTED is none of these, HNY_ERROR_INPUT where there is none, or the
 * digits begin the digests of different contents. */
hny_status hny_depot_index_find(const struct hny_depot_index *index, const char *source, const char *wanted,
                                const struct hny_depot_bundle **found);

/* Whether WANTED is a digest's first digits, and no name. */
bool hny_depot_is_digest(const char *wanted);

/* Whether WANTED asks for the same content at any time: by its digest or the release's number. */
bool hny_depot_is_fixed(const char *wanted);

#endif
