/* Files of keys: NAME.key, for its owner alone, and NAME.pub, for whoever wants it. */
#ifndef HNY_BASE_KEY_FILE_H
#define HNY_BASE_KEY_FILE_H

#include "base/status.h"
#include <stdbool.h>
#include <stddef.h>

/* Writes the texts SECRET to NAME.key (mode 600) and OPEN to NAME.pub, both or neither. HNY_ERROR_INPUT where
 * either file is there already. */
hny_status hny_key_files_write(const char *name, const char *secret, const char *open);

/* At most SIZE - 1 bytes of the file at PATH, and a NUL, to TEXT. With SECRET it is HNY_ERROR_INPUT where
 * others than the owner may read or write the file. */
hny_status hny_key_file_read(const char *path, bool secret, char *text, size_t size);

#endif
