/* Adds two numbers whose sum does not fit and asserts nothing wrong. */
#include <criterion/criterion.h>
#include <limits.h>

Test(planted, an_undefined_sum) {
    volatile int largest = INT_MAX;
    volatile int sum = largest + 1;
    cr_assert_eq(sum * 0, 0);
}
