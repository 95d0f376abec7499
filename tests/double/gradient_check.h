/* Holds the gradients that a function claims against central finite differences of the value it computes.
 * Knows nothing of networks: a function, the numbers it reads and the gradients it writes are enough. */
#ifndef HNY_TESTS_DOUBLE_GRADIENT_CHECK_H
#define HNY_TESTS_DOUBLE_GRADIENT_CHECK_H

#include "base/status.h"
#include <stdbool.h>
#include <stddef.h>

/* Numbers that the function reads, and where it writes its gradient with respect to them. */
struct gradient_block {
    const char *name;
    double *values;         /* [count]; moved while checking, and put back */
    const double *gradient; /* [count] */
    size_t count;
    bool constant; /* the value does not depend on them: gradient and differences must be zero */
};

/* Writes *VALUE, and where GRADIENTS is set also every block's gradient; where it is not set, the gradients
 * stay as they are. */
typedef hny_status gradient_function(void *context, bool gradients, double *value);

struct gradient_report {
    size_t checked; /* elements held against differences */
    double worst;   /* largest relative error among them */
};

/* Relative errors up to this pass: |claimed - differences| / max(|claimed|, |differences|, least), where
 * LEAST grows with the value, since its rounding errors do: 1e-5 (10 + |value|). */
#define GRADIENT_TOLERANCE 1e-6

/* Checks up to MOST elements of each of COUNT blocks, drawn without replacement where there are more.
 * HNY_ERROR_NUMERIC, with block, element and both numbers in the message, where an element is wrong or not a
 * number; where all checked elements of a block that is not constant have gradient zero; and where nothing
 * was checked at all. A status of FUNCTION is passed on. REPORT is filled in as far as the check came. */
hny_status gradient_check(gradient_function *function, void *context, const struct gradient_block *blocks,
                          size_t count, size_t most, struct gradient_report *report);

#endif
