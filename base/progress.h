/* What long work shows: one line rewritten in place on a terminal, plain lines elsewhere, and a JSON-lines
 * log. Also the clock that everything uses, and the request to stop. */
#ifndef HNY_BASE_PROGRESS_H
#define HNY_BASE_PROGRESS_H

#include "base/status.h"
#include <jansson.h>
#include <stdbool.h>

double hny_seconds(void); /* monotonic */

/* Standard error: on a terminal TEXT replaces the line shown, at most ten times a second; elsewhere it is
 * printed as a line of its own, at most every 10 seconds, and the first at once. */
void hny_progress_show(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A line that stays: the progress line is cleared first. Silent, as is _show, after
 * hny_progress_quiet(true). */
void hny_progress_note(const char *format, ...) __attribute__((format(printf, 1, 2)));
void hny_progress_quiet(bool quiet);
void hny_progress_end(void); /* clears the progress line on a terminal */

/* After this SIGINT and SIGTERM set hny_stop_requested(); a second SIGINT ends the process at once. */
void hny_stop_catch(void);

/* The same for a service, which also goes on (SIGPIPE is ignored) where nobody reads what it says any more.
 */
void hny_service_catch(void);
bool hny_stop_requested(void);

/* After this SIGHUP is not blocked, and is a request to load anew what is served. _requested: whether one has
 * come since it was last asked. */
void hny_reload_catch(void);
bool hny_reload_requested(void);

/* A log of one JSON object a line, appended and flushed a line at a time. KEEP_BYTES cuts an existing file to
 * that length first (a resumed run drops what came after its checkpoint). */
struct hny_log;
hny_status hny_log_open(struct hny_log **log, const char *path, unsigned long long keep_bytes);
hny_status hny_log_write(struct hny_log *log, json_t *object);           /* steals the reference */
hny_status hny_log_sync(struct hny_log *log, unsigned long long *bytes); /* on disk; *BYTES its length */
/* Nulls; NULL is allowed. HNY_ERROR_IO where the system says so late that a line may be lost. */
hny_status hny_log_close(struct hny_log **log);

#endif
