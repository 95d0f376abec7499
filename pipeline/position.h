/* Where a stream's source or sink stands, in a file that is written whole: what makes a process go on where
 * another one was killed. It says which of the two it is of, for a file can be the end of one stream and the
 * source of another, and the end of a stream is cut to its position. */
#ifndef HNY_PIPELINE_POSITION_H
#define HNY_PIPELINE_POSITION_H

#include "pipeline/stream_core.h"

struct hny_position {
    struct hny_stream_position at;
    uint64_t bytes; /* of the file: what the source gave up to there, or what the sink wrote */
    uint64_t end;   /* of a source: the end's number, once it is decided; 0 before */
};

/* *FOUND false, and *POSITION the beginning, where there is no file PATH. HNY_ERROR_INPUT names file and key
 * where it is no position, or one of the other kind. */
hny_status hny_position_load(const char *path, bool of_sink, struct hny_position *position, bool *found);
hny_status hny_position_save(const char *path, bool of_sink, const struct hny_position *position);

#endif
