/* Where time goes: a program's work in named kinds, each thread's time counted to the innermost one that it
 * is in. Off until started, and then a flag to look at; for measurements (make profile). */
#ifndef HNY_BASE_PROFILE_H
#define HNY_BASE_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { HNY_PROFILE_KINDS = 32 }; /* at most; time in more of them counts to what is around */

struct hny_profile_kind {
    const char *name;
    double seconds; /* of all threads, without the kinds inside */
    uint64_t times;
};

/* Both while no other thread is inside a kind. The first forgets what was counted; the second stops and tells
 * it, the longest first: up to HNY_PROFILE_KINDS kinds, their number in *COUNT. */
void hny_profile_start(void);
void hny_profile_stop(struct hny_profile_kind *kinds, size_t *count);

/* Until the end of the block that it stands in, this thread does work of the kind NAME, a text that stays. */
#define HNY_PROFILE(name)                                                                                    \
    __attribute__((cleanup(hny_profile_leave), unused)) bool hny_profiled =                                  \
        hny_profile_on && hny_profile_enter(name)

/* For HNY_PROFILE alone. */
extern bool hny_profile_on;
bool hny_profile_enter(const char *name);
void hny_profile_leave(const bool *entered);

#endif
