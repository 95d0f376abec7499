#include "model/manifest.h"

#include "base/digest.h"
#include "base/file.h"
#include "base/json.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KIND "honyaku manifest"
#define VERSION 1
#define NAME "manifest.json"

/* The size of the plain file PATH, whose content reaches the disk if SYNC. */
static hny_status ask_file(const char *path, bool sync, uint64_t *bytes) {
    struct stat about;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0) return hny_fail_errno("%s: cannot be opened", path);
    hny_status status = HNY_OK;
    if (fstat(fd, &about) != 0)
        status = hny_fail_errno("%s: cannot be asked for its size", path);
    else if (!S_ISREG(about.st_mode))
        status = hny_fail(HNY_ERROR_USAGE, "%s: not a plain file", path);
    else if (sync && fsync(fd) != 0)
        status = hny_fail_errno("%s: cannot be brought to disk", path);
    close(fd);
    if (status == HNY_OK) *bytes = (uint64_t)about.st_size;
    return status;
}

/* --- Writing ------------------------------------------------------------------------------------------- */

static hny_status describe_file(const char *folder, const char *name, json_t *files) {
    struct hny_buffer path = {0};
    char digest[HNY_DIGEST_TEXT];
    uint64_t bytes = 0;
    hny_status status = hny_path_join(&path, folder, name);
    if (status == HNY_OK) status = ask_file(path.data, true, &bytes);
    if (status == HNY_OK) status = hny_digest_file(path.data, digest);
    hny_buffer_free(&path);
    HNY_TRY(status);
    json_t *file = json_pack("{s:I, s:s}", "bytes", (json_int_t)bytes, "sha256", digest);
    if (json_object_set_new(files, name, file) == 0) return HNY_OK;
    return hny_fail(HNY_ERROR_MEMORY, "%s/%s: cannot be listed", folder, name);
}

static int is_listed(const struct dirent *entry) {
    return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
           strcmp(entry->d_name, NAME) != 0;
}

static int compare_names(const struct dirent **left, const struct dirent **right) {
    return strcmp((*left)->d_name, (*right)->d_name);
}

static hny_status describe_files(const char *folder, json_t *files) {
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, is_listed, compare_names);
    if (count < 0) return hny_fail_errno("%s: cannot be listed", folder);
    hny_status status = HNY_OK;
    for (int i = 0; i < count; i++) {
        if (status == HNY_OK) status = describe_file(folder, entries[i]->d_name, files);
        free(entries[i]);
    }
    free(entries);
    return status;
}

static hny_status write_json(const char *folder, const json_t *manifest) {
    struct hny_buffer path = {0};
    hny_status status = hny_path_join(&path, folder, NAME);
    if (status == HNY_OK) status = hny_json_save(path.data, manifest); /* and the folder's fsync */
    hny_buffer_free(&path);
    return status;
}

hny_status hny_manifest_write(const char *folder) {
    json_t *files = json_object();
    json_t *manifest = json_pack("{s:s, s:i, s:O}", "kind", KIND, "version", VERSION, "files", files);
    hny_status status = manifest ? describe_files(folder, files)
                                 : hny_fail(HNY_ERROR_MEMORY, "%s: out of memory for its manifest", folder);
    if (status == HNY_OK) status = write_json(folder, manifest);
    json_decref(files);
    json_decref(manifest);
    return status;
}

hny_status hny_manifest_renew(const char *folder, const char *const *names, size_t count) {
    struct hny_buffer path = {0};
    json_t *manifest = NULL;
    hny_status status = hny_path_join(&path, folder, NAME);
    if (status == HNY_OK && hny_path_exists(path.data)) {
        status = hny_json_load(path.data, &manifest);
        json_t *files = json_object_get(manifest, "files");
        if (status == HNY_OK && !json_is_object(files))
            status = hny_fail(HNY_ERROR_INPUT, "%s: \"files\": expected a map of files", path.data);
        for (size_t i = 0; status == HNY_OK && i < count; i++)
            status = describe_file(folder, names[i], files);
        if (status == HNY_OK) status = write_json(folder, manifest);
    }
    json_decref(manifest);
    hny_buffer_free(&path);
    return status;
}

/* --- Checking ------------------------------------------------------------------------------------------ */

static hny_status compare_file(const char *path, const json_t *expected) {
    const json_t *size = json_object_get(expected, "bytes");
    const char *sha256 = json_string_value(json_object_get(expected, "sha256"));
    char digest[HNY_DIGEST_TEXT];
    uint64_t bytes = 0;
    if (!sha256 || !json_is_integer(size))
        return hny_fail(HNY_ERROR_INPUT, "%s: the manifest has no size and SHA-256 of it", path);
    if (!hny_path_exists(path)) return hny_fail(HNY_ERROR_INPUT, "%s: is missing", path);
    HNY_TRY(ask_file(path, false, &bytes));
    if (bytes != (uint64_t)json_integer_value(size))
        return hny_fail(HNY_ERROR_INPUT, "%s: damaged: %llu bytes, expected %lld", path,
                        (unsigned long long)bytes, (long long)json_integer_value(size));
    HNY_TRY(hny_digest_file(path, digest));
    if (strcmp(digest, sha256) == 0) return HNY_OK;
    return hny_fail(HNY_ERROR_INPUT, "%s: damaged: SHA-256 %s, expected %s", path, digest, sha256);
}

static hny_status check_files(const char *folder, const char *path, json_t *manifest) {
    const char *kind = json_string_value(json_object_get(manifest, "kind"));
    json_t *files = json_object_get(manifest, "files"), *expected = NULL;
    if (!kind || strcmp(kind, KIND) != 0)
        return hny_fail(HNY_ERROR_INPUT, "%s: \"kind\": expected \"" KIND "\"", path);
    if (json_integer_value(json_object_get(manifest, "version")) != VERSION)
        return hny_fail(HNY_ERROR_INPUT, "%s: \"version\": expected %d", path, VERSION);
    if (!json_is_object(files))
        return hny_fail(HNY_ERROR_INPUT, "%s: \"files\": expected a map of files", path);
    struct hny_buffer file = {0};
    const char *name = NULL;
    hny_status status = HNY_OK;
    json_object_foreach(files, name, expected) {
        status = strchr(name, '/')
                     ? hny_fail(HNY_ERROR_INPUT, "%s: \"%s\": expected a name without /", path, name)
                     : hny_path_join(&file, folder, name);
        if (status == HNY_OK) status = compare_file(file.data, expected);
        if (status != HNY_OK) break;
    }
    hny_buffer_free(&file);
    return status;
}

hny_status hny_manifest_check(const char *folder) {
    struct hny_buffer path = {0};
    json_t *manifest = NULL;
    hny_status status = hny_path_join(&path, folder, NAME);
    if (status == HNY_OK && !hny_path_exists(path.data))
        status = hny_fail(HNY_ERROR_INPUT, "%s: is missing", path.data);
    if (status == HNY_OK) status = hny_json_load(path.data, &manifest);
    if (status == HNY_OK) status = check_files(folder, path.data, manifest);
    json_decref(manifest);
    hny_buffer_free(&path);
    return status;
}
