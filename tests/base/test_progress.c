#include "base/progress.h"

#include "base/file.h"
#include "tests/base/scratch.h"
#include <criterion/criterion.h>
#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

TestSuite(progress, .init = scratch_open, .fini = scratch_close);

/* Runs WORK with standard error in a file and returns what was written there, for the caller to free. */
static char *run_redirected(void (*work)(void)) {
    struct hny_buffer text = {0};
    const char *path = scratch_path("stderr");
    fflush(stderr);
    int before = dup(STDERR_FILENO), fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    dup2(fd, STDERR_FILENO);
    work();
    fflush(stderr);
    dup2(before, STDERR_FILENO);
    close(before);
    close(fd);
    cr_assert_eq(hny_file_read(path, 1 << 20, &text), HNY_OK);
    return text.data;
}

static void show_thrice(void) {
    for (int i = 1; i <= 3; i++) hny_progress_show("update %d", i);
    hny_progress_note("saved %s", "a");
    hny_progress_end();
    hny_progress_quiet(true);
    hny_progress_show("unseen");
    hny_progress_note("unseen");
    hny_progress_quiet(false);
}

Test(progress, elsewhere_than_on_a_terminal_the_first_line_is_plain_and_the_next_waits) {
    char *text = run_redirected(show_thrice);
    cr_assert_str_eq(text, "update 1\nsaved a\n");
    free(text);
}

/* Runs WORK with standard error on a terminal of 20 columns and returns what came out of it. */
static size_t run_on_terminal(void (*work)(void), char *text, size_t room) {
    int master, slave, before = dup(STDERR_FILENO);
    struct winsize window = {.ws_row = 5, .ws_col = 20};
    cr_assert_eq(openpty(&master, &slave, NULL, NULL, &window), 0);
    dup2(slave, STDERR_FILENO);
    work();
    dup2(before, STDERR_FILENO);
    close(before);
    close(slave);
    size_t size = 0; /* what was written comes in any number of pieces, then an error: nobody is there */
    for (ssize_t got; size < room - 1 && (got = read(master, text + size, room - 1 - size)) > 0;)
        size += (size_t)got;
    cr_assert_gt(size, 0);
    text[size] = '\0';
    close(master);
    return size;
}

Test(progress, on_a_terminal_a_line_replaces_the_one_before) {
    char text[4096];
    run_on_terminal(show_thrice, text, sizeof text);
    cr_assert_str_eq(text, "\r\033[Kupdate 1\r\033[Ksaved a\r\n");
}

static void show_long(void) {
    hny_progress_show("%s", "ああああああああああああああああああああああああ");
}

Test(progress, a_line_is_cut_to_the_terminal_between_characters) {
    char text[4096];
    size_t size = run_on_terminal(show_long, text, sizeof text);
    cr_assert_leq(size, strlen("\r\033[K") + 19 * strlen("あ"));
    cr_assert_eq((size - strlen("\r\033[K")) % strlen("あ"), 0);
}

Test(progress, the_clock_never_goes_back) {
    double before = hny_seconds();
    for (int i = 0; i < 1000; i++) {
        double now = hny_seconds();
        cr_assert_geq(now, before);
        before = now;
    }
}

Test(progress, a_signal_asks_to_stop_and_the_second_interrupt_ends) {
    hny_stop_catch();
    cr_assert_not(hny_stop_requested());
    raise(SIGTERM);
    cr_assert(hny_stop_requested());
    pid_t child = fork();
    if (child == 0) {
        hny_stop_catch();
        raise(SIGINT);
        raise(SIGINT);
        _exit(0);
    }
    int result;
    cr_assert_eq(waitpid(child, &result, 0), child);
    cr_assert(WIFSIGNALED(result) && WTERMSIG(result) == SIGINT);
}

static void assert_log(const char *expected) {
    struct hny_buffer text = {0};
    cr_assert_eq(hny_file_read(scratch_path("log"), 1 << 20, &text), HNY_OK);
    cr_assert_str_eq(text.data, expected);
    hny_buffer_free(&text);
}

static void write_number(struct hny_log *log, int number) {
    cr_assert_eq(hny_log_write(log, json_pack("{s:i}", "n", number)), HNY_OK, "%s", hny_message());
}

Test(progress, a_log_holds_a_line_an_object_at_once) {
    struct hny_log *log = NULL;
    unsigned long long bytes = 0;
    cr_assert_eq(hny_log_open(&log, scratch_path("log"), 0), HNY_OK);
    write_number(log, 1);
    assert_log("{\"n\":1}\n");
    write_number(log, 22);
    cr_assert_eq(hny_log_sync(log, &bytes), HNY_OK);
    cr_assert_eq(bytes, 17);
    hny_log_close(&log);
    cr_assert_null(log);
    hny_log_close(&log);
    assert_log("{\"n\":1}\n{\"n\":22}\n");
}

Test(progress, a_log_goes_on_where_it_is_cut) {
    struct hny_log *log = NULL;
    scratch_put("log", "{\"n\":1}\n{\"n\":2}\n{\"n", 19);
    cr_assert_eq(hny_log_open(&log, scratch_path("log"), 8), HNY_OK);
    write_number(log, 3);
    hny_log_close(&log);
    assert_log("{\"n\":1}\n{\"n\":3}\n");
    cr_assert_eq(hny_log_open(&log, scratch_path("log"), 1000), HNY_OK);
    write_number(log, 4);
    hny_log_close(&log);
    assert_log("{\"n\":1}\n{\"n\":3}\n{\"n\":4}\n");
    cr_assert_eq(hny_log_open(&log, scratch_path("log"), 0), HNY_OK);
    hny_log_close(&log);
    assert_log("");
}

Test(progress, a_full_disk_leaves_whole_lines_in_the_log) {
    struct hny_log *log = NULL;
    cr_assert_eq(hny_log_open(&log, scratch_path("log"), 0), HNY_OK);
    write_number(log, 1);
    struct rlimit limit = {.rlim_cur = 12, .rlim_max = RLIM_INFINITY};
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    signal(SIGXFSZ, SIG_IGN);
    cr_assert_eq(hny_log_write(log, json_pack("{s:i}", "n", 2)), HNY_ERROR_IO);
    cr_assert_neq(strstr(hny_message(), "/log: cannot be written"), NULL, "%s", hny_message());
    hny_log_close(&log);
    assert_log("{\"n\":1}\n");
    cr_assert_neq(hny_log_open(&log, scratch_path("missing/log"), 0), HNY_OK);
}
