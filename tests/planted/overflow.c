/* Reads one byte behind an allocation and asserts nothing wrong. */
#include <criterion/criterion.h>
#include <stdlib.h>

Test(planted, an_overflow) {
    volatile size_t size = 10; /* unknown to the compiler, whose own check would come first */
    volatile char *bytes = calloc(size, 1);
    cr_assert_not_null((void *)bytes);
    cr_expect_leq(bytes[size] * 0, 0);
    free((void *)bytes);
}
