/* The folder of a depot that is served over ZeroMQ: what is read there, and what comes there. */
#ifndef HNY_PIPELINE_DEPOT_FOLDER_H
#define HNY_PIPELINE_DEPOT_FOLDER_H

#include "pipeline/depot_upload.h"

/* Opens what MESSAGE asks for, INDEX or FETCH: *FILE, of *SIZE bytes, is the caller's to close. Else *FILE is
 * -1, and what is returned says why. */
enum hny_depot_refusal hny_depot_folder_open(const char *folder, const struct hny_depot_message *message,
                                             int *file, uint64_t *size);

/* Publishes uploads in the depot FOLDER, a path that must outlive it. */
struct hny_depot_publisher hny_depot_folder_publisher(const char *folder);

/* Whether the index names FILE: then it need not be sent once more. */
bool hny_depot_folder_has(const char *folder, const char *file);

/* Removes pushes that are abandoned, and notes it. That some cannot be removed is no reason not to serve. */
void hny_depot_folder_clean(const char *folder);

#endif
