#include <criterion/criterion.h>

Test(planted, a_failure) {
    cr_assert(false);
}
