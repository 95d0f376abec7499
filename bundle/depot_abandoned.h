/* Pushes to a depot that nobody goes on with: what has come of them lies in the depot's folder. */
#ifndef HNY_BUNDLE_DEPOT_ABANDONED_H
#define HNY_BUNDLE_DEPOT_ABANDONED_H

#include "bundle/depot.h"

#define HNY_DEPOT_UPLOADS "uploads"          /* the folder in a depot */
#define HNY_DEPOT_PARTIAL ".partial"         /* behind the SHA-256 of what is to come */
enum { HNY_DEPOT_ABANDONED = 24 * 60 * 60 }; /* seconds that nobody has written to it */

/* Removes from the depot FOLDER what is abandoned, and adds its files and bytes to REMOVED. Whoever receives
 * a file holds a lock (flock) on it: then it is left alone, in whichever process that is. */
hny_status hny_depot_remove_abandoned(const char *folder, struct hny_depot_removed *removed);

#endif
