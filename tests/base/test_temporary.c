#include "base/temporary.h"

#include "tests/base/scratch.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <utime.h>
#include <sys/wait.h>
#include <unistd.h>

TestSuite(temporary, .init = scratch_open, .fini = scratch_close);

static const char *under(void) {
    static char path[4096];
    snprintf(path, sizeof path, "%s", scratch_path("under"));
    cr_assert(mkdir(path, 0700) == 0 || access(path, F_OK) == 0);
    return path;
}

static bool is_there(const char *path) {
    return access(path, F_OK) == 0;
}

static struct hny_temporary make(void) {
    struct hny_temporary made = {{0}, 0};
    cr_assert_eq(hny_temporary_open(&made, under()), HNY_OK, "%s", hny_message());
    return made;
}

Test(temporary, a_folder_is_for_its_user_alone_and_goes_with_all_in_it) {
    struct hny_temporary made = make();
    struct stat about;
    char inside[4200], path[4100];
    snprintf(path, sizeof path, "%s", made.path.data);
    cr_assert_eq(stat(path, &about), 0);
    cr_assert_eq(about.st_mode & 07777, 0700);
    snprintf(inside, sizeof inside, "%s/folder", path);
    cr_assert_eq(mkdir(inside, 0700), 0);
    hny_fail(HNY_ERROR_IO, "what was said before");
    cr_assert(hny_temporary_close(&made));
    cr_assert(!is_there(path) && !made.path.data);
    cr_assert_str_eq(hny_message(), "what was said before");
    cr_assert(hny_temporary_close(&made), "closing twice is fine");
}

Test(temporary, where_none_can_be_made_it_says_so) {
    struct hny_temporary made = {{0}, 0};
    cr_assert_eq(hny_temporary_open(&made, scratch_path("nowhere")), HNY_ERROR_IO);
    cr_assert(strstr(hny_message(), "nowhere/honyaku-"), "%s", hny_message());
    cr_assert_null(made.path.data);
}

/* By a process that ends without a word. */
static void leave_one(char path[4100]) {
    int pipes[2];
    cr_assert_eq(pipe(pipes), 0);
    pid_t child = fork();
    if (child == 0) {
        struct hny_temporary made = {{0}, 0};
        if (hny_temporary_open(&made, under()) != HNY_OK) _exit(1);
        ssize_t written = write(pipes[1], made.path.data, made.path.size);
        _exit(written == (ssize_t)made.path.size ? 0 : 1);
    }
    int status;
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert_eq(status, 0);
    ssize_t got = read(pipes[0], path, 4099);
    cr_assert_gt(got, 0);
    path[got] = '\0';
    close(pipes[0]);
    close(pipes[1]);
}

static void make_old(const char *path) {
    const struct utimbuf old = {1000000000, 1000000000};
    cr_assert_eq(utime(path, &old), 0);
}

Test(temporary, what_a_killed_process_left_goes_when_the_next_is_made) {
    char left[4100];
    leave_one(left);
    make_old(left);
    struct hny_temporary made = make();
    cr_assert(!is_there(left) && is_there(made.path.data));
    hny_temporary_close(&made);
}

Test(temporary, what_is_young_held_or_called_otherwise_stays) {
    char young[4100], other[4200], file[4200], linked[4200], left[4100];
    struct hny_temporary held = make();
    make_old(held.path.data);
    leave_one(young);
    snprintf(other, sizeof other, "%s/honyaku-bench-abcdef", under());
    cr_assert(mkdir(other, 0700) == 0);
    make_old(other);
    snprintf(file, sizeof file, "%s/honyaku-abcdef", under());
    fclose(fopen(file, "w"));
    make_old(file);
    snprintf(left, sizeof left, "%s", scratch_path("elsewhere"));
    cr_assert(mkdir(left, 0700) == 0);
    make_old(left);
    snprintf(linked, sizeof linked, "%s/honyaku-linked", under());
    cr_assert_eq(symlink(left, linked), 0);
    struct hny_temporary made = make();
    cr_assert(is_there(held.path.data));
    cr_assert(is_there(young));
    cr_assert(is_there(other));
    cr_assert(is_there(file));
    cr_assert(is_there(linked) && is_there(left));
    hny_temporary_close(&made);
    hny_temporary_close(&held);
}
