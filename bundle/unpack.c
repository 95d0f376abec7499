#include "bundle/bundle.h"

#include "base/file.h"
#include "bundle/read.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const char suffix[] = ".unpacking";

struct unpacking {
    const struct hny_read_options *options;
    struct hny_bundle bundle;
    struct hny_buffer folder; /* that is written to */
    struct hny_buffer path;   /* of the file that is being written */
    struct hny_writer *writer;
    int lock; /* the folder, locked while it is written to; -1 */
};

static hny_status begin_file(void *context, const struct hny_bundle_file *file) {
    struct unpacking *unpacking = context;
    HNY_TRY(hny_path_join(&unpacking->path, unpacking->folder.data, file->name));
    char *slash = strrchr(unpacking->path.data, '/');
    *slash = '\0';
    hny_status status = hny_directory_create(unpacking->path.data);
    *slash = '/';
    HNY_TRY(status);
    return hny_writer_open(&unpacking->writer, unpacking->path.data);
}

static hny_status write_bytes(void *context, const void *data, size_t size) {
    struct unpacking *unpacking = context;
    return hny_writer_write(unpacking->writer, data, size);
}

static hny_status end_file(void *context) {
    struct unpacking *unpacking = context;
    return hny_writer_commit(&unpacking->writer);
}

/* A folder that is empty may be there: a rename replaces it. */
static hny_status check_target(const char *model) {
    struct stat about;
    if (lstat(model, &about) != 0) return errno == ENOENT ? HNY_OK : hny_fail_errno("%s", model);
    if (!S_ISDIR(about.st_mode)) return hny_fail(HNY_ERROR_USAGE, "%s: is there already", model);
    DIR *entries = opendir(model);
    if (!entries) return hny_fail_errno("%s: cannot be listed", model);
    bool empty = true;
    for (const struct dirent *entry; empty && (entry = readdir(entries));)
        empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
    closedir(entries);
    return empty ? HNY_OK : hny_fail(HNY_ERROR_USAGE, "%s: is there already, and not empty", model);
}

/* Takes the lock of the folder PATH; it falls with the process. */
static hny_status lock_folder(const char *path, int *lock) {
    *lock = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (*lock < 0) return hny_fail_errno("%s: cannot be opened", path);
    if (flock(*lock, LOCK_EX | LOCK_NB) == 0) return HNY_OK;
    return errno == EWOULDBLOCK ? hny_fail(HNY_ERROR_USAGE, "%s: another process is unpacking there", path)
                                : hny_fail_errno("%s: cannot be locked", path);
}

/* Makes the folder afresh, without what a process left in it that is no more. */
static hny_status open_folder(struct unpacking *unpacking) {
    const char *path = unpacking->folder.data;
    struct stat about;
    if (lstat(path, &about) == 0) {
        HNY_TRY(lock_folder(path, &unpacking->lock));
        HNY_TRY(hny_directory_remove(path));
        close(unpacking->lock);
        unpacking->lock = -1;
    }
    if (mkdir(path, 0777) != 0) return hny_fail_errno("%s: the folder cannot be created", path);
    return lock_folder(path, &unpacking->lock);
}

static hny_status unpack_into(struct unpacking *unpacking, struct hny_supply *supply) {
    const struct hny_bundle_taker taker = {begin_file, write_bytes, end_file, unpacking};
    return hny_bundle_read(supply, &taker, unpacking->options, &unpacking->bundle);
}

/* The target without slashes at its end, which would put the folder into it instead of beside it. */
static hny_status name_folder(const char *model, struct hny_buffer *target, struct hny_buffer *folder) {
    HNY_TRY(hny_buffer_print(target, "%s", model));
    while (target->size > 1 && target->data[target->size - 1] == '/') target->data[--target->size] = '\0';
    if (target->size == 0 || strcmp(target->data, "/") == 0 || strcmp(target->data, ".") == 0)
        return hny_fail(HNY_ERROR_USAGE, "\"%s\": expected the name of a folder to be made", model);
    return hny_buffer_print(folder, "%s%s", target->data, suffix);
}

static hny_status unpack(struct unpacking *unpacking, struct hny_supply *supply, const char *target) {
    HNY_TRY(check_target(target));
    hny_status status = open_folder(unpacking);
    bool mine = status == HNY_OK;
    if (status == HNY_OK) status = unpack_into(unpacking, supply);
    if (status == HNY_OK && rename(unpacking->folder.data, target) != 0)
        status = hny_fail_errno("%s: cannot be given its name", target);
    if (status == HNY_OK) return hny_directory_sync_parent(target);
    char message[1024];
    snprintf(message, sizeof message, "%s", hny_message());
    hny_writer_abandon(&unpacking->writer);
    if (mine) hny_directory_remove(unpacking->folder.data); /* the first failure is the one to tell */
    return hny_fail(status, "%s", message);
}

hny_status hny_bundle_unpack(const char *from, const char *model, const struct hny_read_options *options,
                             struct hny_bundle *bundle) {
    struct unpacking unpacking = {.options = options, .lock = -1};
    struct hny_supply *supply = NULL;
    struct hny_buffer target = {0};
    hny_status status = name_folder(model, &target, &unpacking.folder);
    if (status == HNY_OK) status = hny_supply_open(&supply, from);
    if (status == HNY_OK) status = unpack(&unpacking, supply, target.data);
    if (status == HNY_OK && bundle)
        *bundle = unpacking.bundle;
    else
        hny_bundle_free(&unpacking.bundle);
    if (unpacking.lock >= 0) close(unpacking.lock);
    hny_supply_close(&supply);
    hny_buffer_free(&target);
    hny_buffer_free(&unpacking.folder);
    hny_buffer_free(&unpacking.path);
    return status;
}

hny_status hny_bundle_verify(const char *from, const struct hny_read_options *options,
                             struct hny_bundle *bundle) {
    struct hny_supply *supply = NULL;
    *bundle = (struct hny_bundle){0};
    HNY_TRY(hny_supply_open(&supply, from));
    hny_status status = hny_bundle_read(supply, NULL, options, bundle);
    hny_supply_close(&supply);
    return status;
}
