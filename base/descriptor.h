/* Writing to what is open by a descriptor. */
#ifndef HNY_BASE_DESCRIPTOR_H
#define HNY_BASE_DESCRIPTOR_H

#include "base/status.h"
#include <stddef.h>

/* Writes all SIZE bytes of DATA, in as many calls as that takes. NAME stands for what is written to in
 * messages; on failure (HNY_ERROR_IO) a part of them may be there. */
hny_status hny_descriptor_write(int descriptor, const char *name, const void *data, size_t size);

#endif
