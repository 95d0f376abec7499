#include "base/progress.h"

#include "base/buffer.h"
#include "base/descriptor.h"
#include "base/json.h"
#include "base/memory.h"
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define TERMINAL_SECONDS 0.1
#define PLAIN_SECONDS 10.0
#define TEXT_BYTES 1024
#define DEFAULT_COLUMNS 80
#define ERASE_LINE "\r\033[K"

double hny_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* --- The progress line --------------------------------------------------------------------------------- */

static struct {
    pthread_mutex_t lock;
    bool quiet;
    bool begun;   /* something was shown */
    bool visible; /* a line stands on the terminal without its end */
    double shown; /* when */
} screen = {.lock = PTHREAD_MUTEX_INITIALIZER};

static size_t terminal_columns(void) {
    struct winsize window;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &window) != 0 || window.ws_col == 0) return DEFAULT_COLUMNS;
    return window.ws_col;
}

/* Bytes of TEXT that fill at most COLUMNS, counting a character as one. */
static size_t fitting(const char *text, size_t columns) {
    size_t bytes = 0;
    for (; text[bytes]; bytes++) {
        if (((unsigned char)text[bytes] & 0xC0) == 0x80) continue;
        if (columns-- == 0) break;
    }
    return bytes;
}

static void erase(void) {
    if (screen.visible) fputs(ERASE_LINE, stderr);
    screen.visible = false;
}

void hny_progress_show(const char *format, ...) {
    pthread_mutex_lock(&screen.lock);
    bool terminal = isatty(STDERR_FILENO);
    double now = hny_seconds();
    double pause = terminal ? TERMINAL_SECONDS : PLAIN_SECONDS;
    if (!screen.quiet && (!screen.begun || now - screen.shown >= pause)) {
        char text[TEXT_BYTES];
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(text, sizeof text, format, arguments);
        va_end(arguments);
        if (terminal) /* one column stays free: a full line would wrap */
            fprintf(stderr, ERASE_LINE "%.*s", (int)fitting(text, terminal_columns() - 1), text);
        else
            fprintf(stderr, "%s\n", text);
        fflush(stderr);
        screen.begun = true;
        screen.visible = terminal;
        screen.shown = now;
    }
    pthread_mutex_unlock(&screen.lock);
}

void hny_progress_note(const char *format, ...) {
    pthread_mutex_lock(&screen.lock);
    if (!screen.quiet) {
        erase();
        va_list arguments;
        va_start(arguments, format);
        vfprintf(stderr, format, arguments);
        va_end(arguments);
        fputc('\n', stderr);
        fflush(stderr);
    }
    pthread_mutex_unlock(&screen.lock);
}

void hny_progress_quiet(bool quiet) {
    pthread_mutex_lock(&screen.lock);
    screen.quiet = quiet;
    pthread_mutex_unlock(&screen.lock);
}

void hny_progress_end(void) {
    pthread_mutex_lock(&screen.lock);
    erase();
    fflush(stderr);
    screen.begun = false;
    pthread_mutex_unlock(&screen.lock);
}

/* --- The request to stop ------------------------------------------------------------------------------- */

static volatile sig_atomic_t stop_requested;

static void request_stop(int number) {
    if (number == SIGINT && stop_requested) {
        signal(SIGINT, SIG_DFL);
        raise(SIGINT);
    }
    stop_requested = 1;
}

void hny_stop_catch(void) {
    /* No SA_RESTART: who waits for input shall wake up. */
    struct sigaction action = {.sa_handler = request_stop};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

void hny_service_catch(void) {
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigemptyset(&ignore.sa_mask);
    sigaction(SIGPIPE, &ignore, NULL);
    hny_stop_catch();
}

bool hny_stop_requested(void) {
    return stop_requested;
}

static volatile sig_atomic_t reload_requested;

static void request_reload(int number) {
    (void)number;
    reload_requested = 1;
}

void hny_reload_catch(void) {
    struct sigaction action = {.sa_handler = request_reload};
    sigemptyset(&action.sa_mask);
    sigaction(SIGHUP, &action, NULL);
    sigset_t own;
    sigemptyset(&own);
    sigaddset(&own, SIGHUP);
    pthread_sigmask(SIG_UNBLOCK, &own, NULL); /* who started this process may have blocked it */
}

bool hny_reload_requested(void) {
    if (!reload_requested) return false;
    reload_requested = 0;
    return true;
}

/* --- The log ------------------------------------------------------------------------------------------- */

struct hny_log {
    char *path;
    int fd;
    off_t size; /* whole lines on file */
    struct hny_buffer line;
};

/* Opens the file and cuts it to KEEP_BYTES where it is longer. */
static hny_status open_file(struct hny_log *log, unsigned long long keep_bytes) {
    struct stat about;
    log->fd = open(log->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (log->fd < 0) return hny_fail_errno("%s: cannot be opened", log->path);
    if (fstat(log->fd, &about) != 0) return hny_fail_errno("%s: cannot be asked for its size", log->path);
    log->size = about.st_size;
    if ((unsigned long long)about.st_size <= keep_bytes) return HNY_OK;
    log->size = (off_t)keep_bytes;
    return ftruncate(log->fd, log->size) == 0 ? HNY_OK : hny_fail_errno("%s: cannot be cut", log->path);
}

hny_status hny_log_open(struct hny_log **log, const char *path, unsigned long long keep_bytes) {
    struct hny_log *made = hny_allocate(1, sizeof *made);
    if (!made) return HNY_ERROR_MEMORY;
    made->fd = -1;
    made->path = strdup(path);
    hny_status status =
        made->path ? open_file(made, keep_bytes) : hny_fail(HNY_ERROR_MEMORY, "%s: out of memory", path);
    if (status == HNY_OK)
        *log = made;
    else
        hny_log_close(&made);
    return status;
}

static hny_status write_line(struct hny_log *log) {
    hny_status status = hny_descriptor_write(log->fd, log->path, log->line.data, log->line.size);
    /* Half a line would spoil the next one. Where this fails too, the failure is reported anyway. */
    if (status != HNY_OK) (void)!ftruncate(log->fd, log->size);
    if (status == HNY_OK) log->size += (off_t)log->line.size;
    return status;
}

hny_status hny_log_write(struct hny_log *log, json_t *object) {
    hny_buffer_clear(&log->line);
    hny_status status = object ? hny_json_print(&log->line, object, false)
                               : hny_fail(HNY_ERROR_MEMORY, "%s: out of memory", log->path);
    json_decref(object);
    HNY_TRY(status);
    HNY_TRY(hny_buffer_append(&log->line, "\n", 1));
    return write_line(log);
}

hny_status hny_log_sync(struct hny_log *log, unsigned long long *bytes) {
    if (fsync(log->fd) != 0) return hny_fail_errno("%s: cannot be brought to disk", log->path);
    *bytes = (unsigned long long)log->size;
    return HNY_OK;
}

hny_status hny_log_close(struct hny_log **log) {
    if (!*log) return HNY_OK;
    hny_status status = HNY_OK;
    if ((*log)->fd >= 0 && close((*log)->fd) != 0)
        status = hny_fail_errno("%s: cannot be closed", (*log)->path);
    hny_buffer_free(&(*log)->line);
    free((*log)->path);
    free(*log);
    *log = NULL;
    return status;
}
