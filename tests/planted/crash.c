#include <criterion/criterion.h>
#include <stdlib.h>

Test(planted, a_crash) {
    abort();
}
