/* The index of a parallel corpus on disk: where the pairs that training may use lie in the two texts, so that
 * any pair is found in O(1) whatever the size of the corpus. Two files in a folder: NAME.index, a record a
 * pair, and NAME.json, which says what the index was made of and is written last: no index without it. Making
 * one from texts is model/indexing, reading pairs through one is model/corpus. */
#ifndef HNY_MODEL_INDEX_H
#define HNY_MODEL_INDEX_H

#include "base/digest.h"
#include "base/file.h"

enum hny_side { HNY_SOURCE, HNY_TARGET, HNY_SIDES };
extern const char *const hny_side_names[HNY_SIDES]; /* "source", "target" */

/* Why a pair of lines is left out; the first that holds counts. */
enum hny_drop {
    HNY_DROP_EMPTY_SOURCE,
    HNY_DROP_EMPTY_TARGET,
    HNY_DROP_LONG_SOURCE,
    HNY_DROP_LONG_TARGET,
    HNY_DROP_RATIO,
    HNY_DROPS,
};

struct hny_index_record {
    uint64_t line;              /* of the pair in both texts, from 1 */
    uint64_t offset[HNY_SIDES]; /* of its lines in the texts' bytes, or in the copies of packed ones */
    uint32_t bytes[HNY_SIDES];  /* without the line's end */
    uint32_t tokens[HNY_SIDES]; /* subwords without sampling, begin and end not counted; at least 1 */
};

/* What a text was when it was indexed. */
struct hny_index_text {
    uint64_t bytes;
    char digest[HNY_DIGEST_TEXT];
    bool packed;                       /* .gz or .zst: its lines lie unpacked in NAME.source or NAME.target */
    char copy_digest[HNY_DIGEST_TEXT]; /* of that copy; "" without one */
    char tokens[HNY_DIGEST_TEXT +
                8];    /* what makes tokens of lines: "SHA-256 of a tokenizer" or "ids below N" */
    uint64_t replaced; /* broken parts of UTF-8 met */
};

struct hny_index_about {
    struct hny_index_text text[HNY_SIDES];
    uint64_t max_length; /* the filter's options; 0: none */
    double max_ratio;
    uint64_t lines; /* of each text */
    uint64_t pairs; /* records */
    uint64_t dropped[HNY_DROPS];
    uint64_t first_dropped[HNY_DROPS]; /* line of the first; 0 where none was */
    uint64_t tokens[HNY_SIDES];        /* of all records */
    uint64_t longest[HNY_SIDES];
    char digest[HNY_DIGEST_TEXT]; /* of the records */
};

struct hny_index {
    struct hny_index_about about;
    const struct hny_index_record *records; /* [about.pairs], mapped */
    struct hny_map map;
};

/* Appends to TEXT, for people, how many pairs there are and what was left out of them, why, and where first:
 * a line each, ending in LF. */
hny_status hny_index_describe(const struct hny_index_about *about, struct hny_buffer *text);

/* *PATH, which the caller frees, is FOLDER/NAME followed by ENDING. */
hny_status hny_index_path(char **path, const char *folder, const char *name, const char *ending);

/* Whether FOLDER holds a whole index NAME. */
hny_status hny_index_exists(const char *folder, const char *name, bool *exists);

/* Maps the index NAME of FOLDER and checks it against its digest. HNY_ERROR_INPUT with file and what was
 * expected where either file is missing, damaged, or of another kind or version. */
hny_status hny_index_open(struct hny_index *index, const char *folder, const char *name);
void hny_index_close(struct hny_index *index); /* back to the zero state; allowed on it */

struct hny_index_writer;
hny_status hny_index_writer_open(struct hny_index_writer **writer, const char *folder, const char *name);
hny_status hny_index_writer_add(struct hny_index_writer *writer, const struct hny_index_record *record);

/* Completes ABOUT by the digest, and writes it: only now there is an index. Nulls. */
hny_status hny_index_writer_commit(struct hny_index_writer **writer, struct hny_index_about *about);
void hny_index_writer_abandon(
    struct hny_index_writer **writer); /* as if it had never been; NULL is allowed */

#endif
