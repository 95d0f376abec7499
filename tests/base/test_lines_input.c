/* The lines of standard input, as they come. */
#include "base/progress.h"
#include "tests/base/lines_scene.h"
#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

TestSuite(lines_input);

/* Makes a pipe standard input and returns the end to write to. */
static int pipe_to_input(void) {
    int ends[2];
    cr_assert_eq(pipe(ends), 0);
    cr_assert_eq(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
    close(ends[0]);
    return ends[1];
}

static void feed(int fd, const void *data, size_t size) {
    cr_assert_eq(write(fd, data, size), (ssize_t)size);
}

Test(lines_input, a_typed_line_comes_before_the_next_is_typed, .timeout = 10) {
    int end = pipe_to_input();
    struct hny_lines *lines = NULL;
    cr_assert_eq(hny_lines_open(&lines, "-"), HNY_OK);
    cr_assert_str_eq(hny_lines_path(lines), "standard input");
    cr_assert(hny_lines_would_wait(lines));
    for (int i = 0; i < 3; i++) {
        feed(end, "P\n", 2);
        cr_assert_not(hny_lines_would_wait(lines));
        assert_line(lines, "P", 1);
        cr_assert(hny_lines_would_wait(lines));
    }
    feed(end, "half", 4);
    cr_assert(hny_lines_would_wait(lines), "half a line is not a line");
    feed(end, " and half\nmore", 14);
    cr_assert_not(hny_lines_would_wait(lines));
    assert_line(lines, "half and half", 13);
    cr_assert(hny_lines_would_wait(lines));
    close(end);
    cr_assert_not(hny_lines_would_wait(lines));
    assert_line(lines, "more", 4);
    assert_end(lines);
    hny_lines_close(&lines);
    cr_assert_eq(fcntl(STDIN_FILENO, F_GETFD), 0, "standard input stays open");
}

Test(lines_input, a_packed_stream_comes_as_far_as_it_was_flushed, .timeout = 10) {
    static unsigned char packed[1024];
    int end = pipe_to_input();
    z_stream gz = {
        .next_in = (Bytef *)"one\ntwo", .avail_in = 7, .next_out = packed, .avail_out = sizeof packed};
    cr_assert_eq(deflateInit2(&gz, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
    cr_assert_eq(deflate(&gz, Z_SYNC_FLUSH), Z_OK);
    size_t flushed = sizeof packed - gz.avail_out;
    struct hny_lines *lines = NULL;
    cr_assert_eq(hny_lines_open(&lines, "-"), HNY_OK);
    feed(end, packed, 1);
    cr_assert(hny_lines_would_wait(lines), "one byte does not tell the format");
    feed(end, packed + 1, flushed - 1);
    assert_line(lines, "one", 3);
    cr_assert(hny_lines_would_wait(lines));
    gz.next_in = (Bytef *)"\n";
    gz.avail_in = 1;
    cr_assert_eq(deflate(&gz, Z_FINISH), Z_STREAM_END);
    feed(end, packed + flushed, sizeof packed - gz.avail_out - flushed);
    deflateEnd(&gz);
    assert_line(lines, "two", 3);
    close(end);
    assert_end(lines);
    hny_lines_close(&lines);
}

Test(lines_input, a_request_to_stop_ends_the_waiting, .timeout = 10) {
    int end = pipe_to_input();
    struct hny_lines *lines = NULL;
    hny_stop_catch();
    cr_assert_eq(hny_lines_open(&lines, "-"), HNY_OK);
    pid_t reader = getpid(), child = fork();
    if (child == 0) {
        for (int i = 0; i < 100;
             i++) { /* again and again, since the first may come before the waiting begins */
            usleep(20000);
            if (kill(reader, SIGTERM) != 0) break;
        }
        _exit(0);
    }
    size_t count;
    cr_assert_eq(read_rest(lines, &count), HNY_INTERRUPTED);
    kill(child, SIGKILL);
    cr_assert_eq(waitpid(child, NULL, 0), child);
    close(end);
    hny_lines_close(&lines);
}
