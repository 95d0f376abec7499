/* A depot of two releases, a carrier that does whatever a depot, or what lies between, may do, and what is
 * pulled from it. */
#ifndef TESTS_PIPELINE_PULL_SCENE_H
#define TESTS_PIPELINE_PULL_SCENE_H

#include "pipeline/pull.h"

/* Serves the scratch folder's depot, with faults. */
struct fake {
    uint64_t most;             /* bytes of a call, then it breaks off; 0: all */
    bool silent;               /* it breaks off before anything comes */
    bool alters, longer, cut;  /* a byte is another; one too many; the last is missing, though all is well */
    const char *from, *to;     /* in the index, FROM stands as TO; NULL: as it is */
    const char *then;          /* FROM is as THEN from the second time on; NULL: as TO */
    unsigned indexes, fetches; /* calls */
    uint64_t offset, bytes;    /* of the first fetch; handed on by all */
    char spoils[HNY_DIGEST_TEXT]; /* the file that comes with a byte that is another; "": none */
    char lacks[HNY_DIGEST_TEXT];  /* the file that is not there */
};
extern struct fake fake;

extern const struct hny_carrier carrier; /* FAKE's */
extern const struct hny_pull_options options;

/* Opens the scratch folder: "file1" and "file2" are releases 1 and 2 of en-ja, made of "model" and published
 * into "depot"; "here" is empty, and nothing is wrong with the depot. As Criterion's .init, with
 * scratch_close. */
void open_pulling(void);

/* Publishes FILE, too. */
void publish_file(const char *file);

/* Pulls from the fake depot to TO; its calls and bytes are counted from 0. */
hny_status pull_all(const char *wanted, const char *to, bool into, struct hny_pulled *pulled);

/* The same to here/file. */
hny_status pull(const char *wanted, struct hny_pulled *pulled);

/* The partial file of here/file with the content of FILE. */
const char *partial_of(const char *file);

/* Files A and B have the same bytes. */
void check_same(const char *a, const char *b);

/* Writes the first PART, at most 1, of FROM's bytes to TO. */
void copy_part(const char *from, const char *to, double part);

/* Entries in here/. */
size_t count_here(void);

uint64_t size_of(const char *file); /* bytes */

#endif
