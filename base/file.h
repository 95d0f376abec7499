/* Files that are written whole or not at all, read whole, or mapped; folders. */
#ifndef HNY_BASE_FILE_H
#define HNY_BASE_FILE_H

#include "base/buffer.h"
#include <stdbool.h>
#include <stdint.h>

/* Appends the whole of PATH to BUFFER; more than LIMIT bytes are refused (HNY_ERROR_INPUT). */
hny_status hny_file_read(const char *path, size_t limit, struct hny_buffer *buffer);

/* Replaces PATH by DATA: a temporary file in the same folder, fsync, rename, fsync of the folder.
 * On failure PATH is as it was and the temporary file is gone; where only the folder's fsync failed, PATH is
 * new. A link stays one: its target is replaced. Devices and pipes are written in place. */
hny_status hny_file_write(const char *path, const void *data, size_t size);

/* The same in pieces. */
struct hny_writer;
hny_status hny_writer_open(struct hny_writer **writer, const char *path);
hny_status hny_writer_write(struct hny_writer *writer, const void *data, size_t size);
uint64_t hny_writer_size(const struct hny_writer *writer); /* bytes written so far */
hny_status hny_writer_commit(struct hny_writer **writer);  /* PATH is new and safe on disk; nulls */
void hny_writer_abandon(struct hny_writer **writer);       /* PATH as it was; nulls; NULL is allowed */

/* A file mapped for reading. An empty file maps to size 0. */
struct hny_map {
    const unsigned char *data;
    size_t size;
};
hny_status hny_map_open(struct hny_map *map, const char *path);
hny_status hny_map_descriptor(struct hny_map *map, int descriptor,
                              const char *name); /* NAME is for messages; DESCRIPTOR may be closed after */
void hny_map_close(struct hny_map *map);         /* back to the zero state; allowed on it */

bool hny_path_exists(const char *path);

/* Removes the temporary files that writers which were killed left in FOLDER itself. Only for who alone writes
 * there: those of living writers are removed as well. */
hny_status hny_directory_clean(const char *folder);

/* The same of the writers of PATH alone, for who is the only one to write it. */
hny_status hny_file_clean(const char *path);

/* With its parents; an existing one is fine. What was made is on disk, though not what comes into it. */
hny_status hny_directory_create(const char *path);
hny_status hny_directory_sync(const char *path); /* fsync, so that entries made or renamed in it last */
hny_status hny_directory_sync_parent(const char *path); /* the same of what PATH lies in */
hny_status hny_directory_remove(const char *path); /* with all in it, following no links; missing is fine */

/* PATH joined from FOLDER and NAME in BUFFER, which is cleared first. */
hny_status hny_path_join(struct hny_buffer *buffer, const char *folder, const char *name);

#endif
