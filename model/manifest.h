/* What the files of a folder were: manifest.json in it lists each with its size and SHA-256. */
#ifndef HNY_MODEL_MANIFEST_H
#define HNY_MODEL_MANIFEST_H

#include "base/status.h"
#include <stddef.h>

/* Brings every file of FOLDER to disk and writes FOLDER/manifest.json, which lists them; then the folder's
 * entries are on disk too. HNY_ERROR_USAGE where FOLDER holds anything but plain files. The same files give
 * the same manifest. */
hny_status hny_manifest_write(const char *folder);

/* Puts right what FOLDER/manifest.json says of the COUNT files NAMES, which were written since; what it says
 * of others stays. HNY_OK where there is no manifest. */
hny_status hny_manifest_renew(const char *folder, const char *const *names, size_t count);

/* Checks the files that FOLDER/manifest.json lists: one that is missing, cut short or changed is
 * HNY_ERROR_INPUT with its path, and so is a manifest that is none. Files that it does not list are nobody's
 * business. */
hny_status hny_manifest_check(const char *folder);

#endif
