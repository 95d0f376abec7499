/* Loses memory and asserts nothing wrong: only the leak sanitizer can see it. */
#include <criterion/criterion.h>
#include <stdlib.h>

static char *volatile lost;

Test(planted, a_leak) {
    lost = malloc(100);
    cr_assert_not_null(lost);
    lost = NULL;
}
