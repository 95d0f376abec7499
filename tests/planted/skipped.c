#include <criterion/criterion.h>

Test(planted, a_skipped_test) {
    cr_skip_test("nobody looks");
}

Test(planted, a_disabled_test, .disabled = true) {
    cr_assert(true);
}

Test(planted, a_good_test) {
    cr_assert(true);
}
