/* Reading and writing JSON (RFC 8259) through jansson, strictly: duplicate keys are refused, messages name
 * the file and line. Values are jansson's own json_t. */
#ifndef HNY_BASE_JSON_H
#define HNY_BASE_JSON_H

#include "base/buffer.h"
#include <jansson.h>
#include <stdbool.h>

/* NAME stands for the text in messages. *JSON is the caller's to json_decref. */
hny_status hny_json_parse(const char *name, const char *text, size_t size, json_t **json);
hny_status hny_json_load(const char *path, json_t **json); /* at most 64 MiB */

/* Appends JSON as one line without LF, or indented by two spaces with a last LF. Keys in insertion order;
 * reals with 15 digits where that is enough for all of them, else with 17: reading gives the same bits. */
hny_status hny_json_print(struct hny_buffer *buffer, const json_t *json, bool indented);

/* Replaces PATH by JSON, indented; whole or not at all, as hny_file_write has it. */
hny_status hny_json_save(const char *path, const json_t *json);

#endif
