#include "pipeline/depot_folder.h"

#include "base/file.h"
#include "base/progress.h"
#include "base/threads.h"
#include "bundle/depot.h"
#include "bundle/depot_abandoned.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { VERIFIERS = 2 };

enum hny_depot_refusal hny_depot_folder_open(const char *folder, const struct hny_depot_message *message,
                                             int *file, uint64_t *size) {
    struct hny_buffer path = {0};
    struct stat about;
    hny_status status = message->verb == HNY_DEPOT_VERB_INDEX ? hny_path_join(&path, folder, HNY_DEPOT_INDEX)
                                                              : hny_depot_path(&path, folder, message->file);
    *file = status == HNY_OK ? open(path.data, O_RDONLY | O_NONBLOCK | O_CLOEXEC) : -1;
    bool missing = *file < 0 && errno == ENOENT;
    hny_buffer_free(&path);
    if (*file < 0) return missing ? HNY_DEPOT_REFUSED_BUNDLE : HNY_DEPOT_REFUSED_FAILED;
    if (fstat(*file, &about) != 0 || !S_ISREG(about.st_mode)) {
        close(*file);
        *file = -1;
        return HNY_DEPOT_REFUSED_FAILED;
    }
    *size = (uint64_t)about.st_size;
    return HNY_DEPOT_NOT_REFUSED;
}

/* How what is pushed is verified: by few threads, since several files may come at once. */
static struct hny_read_options verifying(void) {
    struct hny_read_options options = HNY_READ_DEFAULTS;
    options.threads = hny_processors() < VERIFIERS ? hny_processors() : VERIFIERS;
    return options;
}

/* In an upload's thread, and perhaps in several: the depot lets one after the other change it. */
static hny_status publish(void *context, const struct hny_depot_upload_file *upload) {
    const char *folder = context;
    const struct hny_read_options options = verifying();
    struct hny_depot_published published;
    HNY_TRY(hny_depot_publish_upload(folder, upload, &options, &published, NULL));
    hny_progress_note("depot: published %s@%llu, %s", published.bundle.name,
                      (unsigned long long)published.bundle.release, published.bundle.file);
    hny_depot_published_free(&published);
    return HNY_OK;
}

struct hny_depot_publisher hny_depot_folder_publisher(const char *folder) {
    return (struct hny_depot_publisher){publish, (void *)(uintptr_t)folder, verifying()};
}

bool hny_depot_folder_has(const char *folder, const char *file) {
    struct hny_depot_index index;
    bool found = false;
    if (hny_depot_read(folder, &index) != HNY_OK) return false;
    for (size_t i = 0; i < index.count; i++) found = found || strcmp(index.bundles[i].file, file) == 0;
    hny_depot_index_free(&index);
    return found;
}

void hny_depot_folder_clean(const char *folder) {
    struct hny_depot_removed removed = {0};
    if (hny_depot_remove_abandoned(folder, &removed) != HNY_OK) hny_progress_note("depot: %s", hny_message());
    if (removed.files > 0)
        hny_progress_note("depot: abandoned pushes removed: %zu, of %llu bytes", removed.files,
                          (unsigned long long)removed.bytes);
}
