#include "bundle/depot_edit.h"

#include "base/file.h"
#include "base/progress.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

static hny_status take_lock(struct hny_depot_edit *edit) {
    edit->lock = open(edit->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (edit->lock < 0) return hny_fail_errno("%s: the folder cannot be opened", edit->folder);
    while (flock(edit->lock, LOCK_EX) != 0) {
        if (errno != EINTR) return hny_fail_errno("%s: the folder cannot be locked", edit->folder);
        if (hny_stop_requested())
            return hny_fail(HNY_INTERRUPTED, "%s: interrupted while another process changes it",
                            edit->folder);
    }
    return HNY_OK;
}

static hny_status make_folders(const char *folder, struct hny_buffer *path) {
    HNY_TRY(hny_path_join(path, folder, HNY_DEPOT_FILES));
    return hny_directory_create(path->data);
}

static hny_status begin(struct hny_depot_edit *edit, bool make, struct hny_buffer *path) {
    if (make) HNY_TRY(make_folders(edit->folder, path));
    HNY_TRY(take_lock(edit));
    HNY_TRY(hny_path_join(path, edit->folder, HNY_DEPOT_INDEX));
    HNY_TRY(hny_file_clean(path->data));
    return hny_path_exists(path->data) ? hny_depot_read(edit->folder, &edit->index) : HNY_OK;
}

hny_status hny_depot_edit_begin(struct hny_depot_edit *edit, const char *folder, bool make) {
    struct hny_buffer path = {0};
    *edit = (struct hny_depot_edit){.folder = folder, .lock = -1};
    hny_status status = begin(edit, make, &path);
    hny_buffer_free(&path);
    return status;
}

hny_status hny_depot_edit_save(const struct hny_depot_edit *edit) {
    struct hny_buffer path = {0}, text = {0};
    hny_status status = hny_path_join(&path, edit->folder, HNY_DEPOT_INDEX);
    if (status == HNY_OK) status = hny_depot_index_print(&edit->index, &text);
    if (status == HNY_OK && text.size > HNY_DEPOT_INDEX_MOST)
        status = hny_fail(HNY_ERROR_INPUT, "%s: its index would be longer than %zu bytes", edit->folder,
                          HNY_DEPOT_INDEX_MOST);
    if (status == HNY_OK) status = hny_file_write(path.data, text.data, text.size);
    hny_buffer_free(&path);
    hny_buffer_free(&text);
    return status;
}

void hny_depot_edit_end(struct hny_depot_edit *edit) {
    if (edit->lock >= 0) close(edit->lock);
    edit->lock = -1;
    hny_depot_index_free(&edit->index);
}
