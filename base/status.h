/* Status and message of an error.
 *
 * A function that can fail returns an hny_status. When it is not HNY_OK, a message that names the file, line
 * and value at fault waits in hny_message() of the same thread, and nothing that the caller owns has changed
 * unless the function's contract says otherwise. */
#ifndef HNY_BASE_STATUS_H
#define HNY_BASE_STATUS_H

typedef enum hny_status {
    HNY_OK = 0,
    HNY_ERROR_USAGE,   /* the caller asked for something that makes no sense: wrong option, wrong size */
    HNY_ERROR_INPUT,   /* data from outside is not what it should be */
    HNY_ERROR_IO,      /* the operating system refused */
    HNY_ERROR_MEMORY,  /* an allocation failed, or a documented limit would be passed */
    HNY_ERROR_NUMERIC, /* not a number, or an exploding loss */
    HNY_INTERRUPTED,   /* a signal asked to stop; what had to be saved is saved */
} hny_status;

/* Leaves the message FORMAT… for hny_message() and returns STATUS, so that `return hny_fail(…)` is one
 * line. */
hny_status hny_fail(hny_status status, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same with HNY_ERROR_IO, and ": " and the text of errno (read on entry) behind the message. */
hny_status hny_fail_errno(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Puts "FORMAT…: " before the waiting message and returns STATUS: context on the way up. */
hny_status hny_fail_within(hny_status status, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The message of this thread's last failure; "" where there was none. Owned by the thread, overwritten by the
 * next failure. At most 1,023 bytes; longer messages are cut at a character's border and end in "…". */
const char *hny_message(void);

/* Returns from the calling function with the status of EXPRESSION unless it is HNY_OK. */
#define HNY_TRY(expression)                                                                                  \
    do {                                                                                                     \
        hny_status hny_try_status = (expression);                                                            \
        if (hny_try_status != HNY_OK) return hny_try_status;                                                 \
    } while (0)

#endif
