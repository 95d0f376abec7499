#include "tests/base/scratch.h"

#include "base/file.h"
#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#define PATHS 8

static char folder[] = "/tmp/honyaku-test-XXXXXX";

void scratch_open(void) {
    cr_assert_not_null(mkdtemp(folder));
}

void scratch_close(void) {
    cr_assert_eq(hny_directory_remove(folder), HNY_OK, "%s", hny_message());
}

const char *scratch_path(const char *name) {
    static char paths[PATHS][512];
    static size_t next;
    char *path = paths[next++ % PATHS];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

const char *scratch_put(const char *name, const void *data, size_t size) {
    const char *path = scratch_path(name);
    FILE *file = fopen(path, "wb");
    cr_assert_not_null(file);
    cr_assert_eq(fwrite(data, 1, size, file), size);
    cr_assert_eq(fclose(file), 0);
    return path;
}

size_t scratch_count(void) {
    size_t count = 0;
    DIR *entries = opendir(folder);
    cr_assert_not_null(entries);
    for (struct dirent *entry; (entry = readdir(entries));) count += entry->d_name[0] != '.';
    closedir(entries);
    return count;
}
