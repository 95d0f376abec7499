/* The files of the gateway's page, embedded in the program from pipeline/page/. */
#ifndef HNY_PIPELINE_PAGE_H
#define HNY_PIPELINE_PAGE_H

#include <stddef.h>

struct hny_page_file {
    const char *path; /* "/" */
    const char *type; /* its Content-Type */
    const char *data;
    size_t size;
};

/* The file that is served at PATH; NULL: none. */
const struct hny_page_file *hny_page_find(const char *path);

#endif
