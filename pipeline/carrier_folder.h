/* The carrier of a depot that is a folder of this machine. */
#ifndef HNY_PIPELINE_CARRIER_FOLDER_H
#define HNY_PIPELINE_CARRIER_FOLDER_H

#include "pipeline/carrier.h"

/* The carrier's close frees all. */
hny_status hny_carrier_folder_open(struct hny_carrier *carrier, const char *folder);

#endif
