/* Takes a file into a depot as `honyaku depot` does with what is pushed to it: the subject of
 * tests/depot/check. upload DEPOT FILE */
#include "base/file.h"
#include "bundle/depot_abandoned.h"
#include "pipeline/depot_upload.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { PIECE = 4096 };

static hny_status publish(void *context, const struct hny_depot_upload_file *file) {
    const struct hny_read_options reading = HNY_READ_DEFAULTS;
    return hny_depot_publish_upload(context, file, &reading, NULL, NULL);
}

static hny_status send_all(struct hny_depot_upload *upload, const struct hny_buffer *bytes) {
    for (size_t at = hny_depot_upload_held(upload); at < bytes->size; at = hny_depot_upload_held(upload)) {
        size_t left = bytes->size - at;
        HNY_TRY(hny_depot_upload_give(upload, bytes->data + at, left < PIECE ? left : PIECE));
    }
    return HNY_OK;
}

static hny_status await(struct hny_depot_upload *upload, int signal) {
    enum hny_depot_refusal refusal;
    const char *reason;
    uint64_t steps;
    while (!hny_depot_upload_done(upload, &refusal, &reason))
        if (read(signal, &steps, sizeof steps) < 0) return hny_fail_errno("an eventfd cannot be read");
    if (refusal == HNY_DEPOT_NOT_REFUSED) return HNY_OK;
    return hny_fail(HNY_ERROR_INPUT, "%s: %s", hny_depot_refusal_name(refusal), reason);
}

static hny_status run(char *depot, const char *from, int signal, struct hny_depot_upload **upload) {
    const struct hny_depot_publisher publisher = {publish, depot, HNY_READ_DEFAULTS};
    char file[HNY_DIGEST_TEXT];
    struct hny_buffer path = {0}, bytes = {0};
    hny_status status = hny_file_read(from, (size_t)1 << 30, &bytes);
    if (status == HNY_OK) status = hny_digest_bytes(bytes.data, bytes.size, file);
    if (status == HNY_OK) status = hny_path_join(&path, depot, HNY_DEPOT_UPLOADS);
    if (status == HNY_OK) status = hny_directory_create(path.data);
    if (status == HNY_OK) status = hny_buffer_print(&path, "/%s" HNY_DEPOT_PARTIAL, file);
    if (status == HNY_OK)
        status = hny_depot_upload_open(upload, path.data, file, bytes.size, &publisher, signal);
    if (status == HNY_OK) status = send_all(*upload, &bytes);
    if (status == HNY_OK) status = await(*upload, signal);
    hny_buffer_free(&path);
    hny_buffer_free(&bytes);
    return status;
}

int main(int count, char **arguments) {
    struct hny_depot_upload *upload = NULL;
    int signal = eventfd(0, EFD_CLOEXEC);
    if (count != 3 || signal < 0) return 2;
    hny_status status = run(arguments[1], arguments[2], signal, &upload);
    if (status != HNY_OK) fprintf(stderr, "%s\n", hny_message());
    hny_depot_upload_close(&upload);
    close(signal);
    return status == HNY_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
