/* What the files of a folder were: manifest.json in it lists each with its size and SHA-256. */
#ifndef HNY_MODEL_MANIFEST_H
#define HNY_MODEL_MANIFEST_H

#include "base/status.h"

/* Brings every file of FOLDER to disk and writes FOLDER/manifest.json, which lists them; then the folder's
 * entries are on disk too. HNY_ERROR_USAGE where FOLDER holds anything but plain files. The same files give
 * the same manifest. */
hny_status hny_manifest_write(const char *folder);

/* Checks the files that FOLDER/manifest.json lists: one that is missing, cut short or changed is
 * HNY_ERROR_INPUT with its path, and so is a manifest that is none. Files that it does not list are nobody's
 * business. */
hny_status hny_manifest_check(const char *folder);

#endif
