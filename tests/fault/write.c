/* Replaces a file as the library does it: the subject of tests/fault/check. Contents are told apart by their
 * letter. write whole PATH       hny_file_write write pieces PATH      hny_writer, in many pieces write log
 * PATH         two lines behind those that a log has write folder PATH      a folder with parents, a file in
 * it, and then all of it removed */
#include "base/file.h"
#include "base/progress.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIZE 600000 /* more than the writer keeps back, so that several writes happen */

static char data[SIZE];

static hny_status write_whole(const char *path) {
    return hny_file_write(path, data, SIZE);
}

static hny_status write_pieces(const char *path) {
    struct hny_writer *writer = NULL;
    HNY_TRY(hny_writer_open(&writer, path));
    for (size_t at = 0; at < SIZE; at += 1000) {
        hny_status status = hny_writer_write(writer, data + at, 1000);
        if (status == HNY_OK) continue;
        hny_writer_abandon(&writer);
        return status;
    }
    return hny_writer_commit(&writer);
}

static hny_status write_log(const char *path) {
    struct hny_log *log = NULL;
    unsigned long long bytes;
    HNY_TRY(hny_log_open(&log, path, 1000));
    hny_status status = hny_log_write(log, json_pack("{s:i}", "n", 2));
    if (status == HNY_OK) status = hny_log_write(log, json_pack("{s:i}", "n", 3));
    if (status == HNY_OK) status = hny_log_sync(log, &bytes);
    hny_status closed = hny_log_close(&log);
    return status == HNY_OK ? closed : status;
}

static hny_status write_folder(const char *path) {
    struct hny_buffer inner = {0};
    HNY_TRY(hny_path_join(&inner, path, "a/b"));
    hny_status status = hny_directory_create(inner.data);
    hny_buffer_free(&inner);
    HNY_TRY(status);
    HNY_TRY(hny_path_join(&inner, path, "a/b/file"));
    status = hny_file_write(inner.data, data, 10);
    hny_buffer_free(&inner);
    return status == HNY_OK ? hny_directory_remove(path) : status;
}

static const struct {
    const char *name;
    hny_status (*work)(const char *path);
} ways[] = {{"whole", write_whole}, {"pieces", write_pieces}, {"log", write_log}, {"folder", write_folder}};

int main(int count, char **arguments) {
    memset(data, 'n', SIZE);
    for (size_t i = 0; count == 3 && i < sizeof ways / sizeof *ways; i++) {
        if (strcmp(arguments[1], ways[i].name) != 0) continue;
        hny_status status = ways[i].work(arguments[2]);
        if (status != HNY_OK) fprintf(stderr, "%s\n", hny_message());
        return status == HNY_OK ? EXIT_SUCCESS : EXIT_FAILURE;
    }
    return 2;
}
