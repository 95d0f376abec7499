#include "tests/double/gradient_check.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { COUNT = 300 };

/* value = Σ sin(f_k x_k) + y, with a fault planted into the claimed gradient of x on request. */
struct curve {
    double x[COUNT], dx[COUNT], y, dy, unread[3], d_unread[3];
    double fault;
    size_t fault_at;
    bool silent;
};

static double frequency(size_t k) {
    return 1 + 0.01 * (double)k;
}

static hny_status curve(void *context, bool gradients, double *value) {
    struct curve *c = context;
    *value = c->y;
    for (size_t k = 0; k < COUNT; k++) *value += sin(frequency(k) * c->x[k]);
    if (!gradients) return HNY_OK;
    for (size_t k = 0; k < COUNT; k++) c->dx[k] = c->silent ? 0 : frequency(k) * cos(frequency(k) * c->x[k]);
    c->dx[c->fault_at] += c->fault;
    c->dy = 1;
    return HNY_OK;
}

static struct curve make(void) {
    struct curve c = {.y = 1};
    for (size_t k = 0; k < COUNT; k++) c.x[k] = 1.0 / (double)(k + 1);
    return c;
}

static hny_status check(struct curve *c, size_t most, struct gradient_report *report) {
    struct gradient_block blocks[] = {
        {.name = "x", .values = c->x, .gradient = c->dx, .count = COUNT},
        {.name = "y", .values = &c->y, .gradient = &c->dy, .count = 1},
        {.name = "unread", .values = c->unread, .gradient = c->d_unread, .count = 3, .constant = true}};
    return gradient_check(curve, c, blocks, 3, most, report);
}

Test(gradient_check, a_right_gradient_passes_and_every_element_is_looked_at) {
    struct curve c = make(), before = c;
    struct gradient_report report;
    cr_assert_eq(check(&c, COUNT, &report), HNY_OK, "%s", hny_message());
    cr_assert_eq(report.checked, COUNT + 1 + 3);
    cr_assert(report.worst <= GRADIENT_TOLERANCE, "%g", report.worst);
    cr_assert_arr_eq(c.x, before.x, sizeof c.x, "the values are put back");
}

Test(gradient_check, a_wrong_element_is_found_and_named) {
    struct gradient_report report;
    for (size_t k = 0; k < COUNT; k += 37) {
        struct curve c = make();
        c.fault_at = k;
        c.fault = 1e-5 * frequency(k);
        cr_assert_eq(check(&c, COUNT, &report), HNY_ERROR_NUMERIC, "element %zu", k);
        char named[32];
        snprintf(named, sizeof named, "x[%zu]:", k);
        cr_assert_not_null(strstr(hny_message(), named), "%s", hny_message());
    }
}

Test(gradient_check, a_gradient_that_is_not_a_number_is_found) {
    struct curve c = make();
    struct gradient_report report;
    c.fault_at = 7;
    c.fault = NAN;
    cr_assert_eq(check(&c, COUNT, &report), HNY_ERROR_NUMERIC);
}

Test(gradient_check, a_sample_is_of_the_asked_size) {
    struct curve c = make();
    struct gradient_report report;
    cr_assert_eq(check(&c, 50, &report), HNY_OK, "%s", hny_message());
    cr_assert_eq(report.checked, 50 + 1 + 3);
}

Test(gradient_check, a_fault_in_every_element_is_found_by_a_sample_of_one) {
    struct curve c = make();
    struct gradient_report report;
    c.y = NAN; /* reaches the value, and with it every difference */
    cr_assert_eq(check(&c, 1, &report), HNY_ERROR_NUMERIC);
}

Test(gradient_check, a_gradient_of_zeros_does_not_pass_even_where_it_is_right) {
    double x[2] = {1, 2}, dx[2] = {0, 0};
    struct gradient_block block = {.name = "x", .values = x, .gradient = dx, .count = 2};
    struct curve c = make();
    struct gradient_report report;
    cr_assert_eq(gradient_check(curve, &c, &block, 1, 10, &report), HNY_ERROR_NUMERIC);
    cr_assert_not_null(strstr(hny_message(), "no gradient"), "%s", hny_message());
    block.constant = true;
    cr_assert_eq(gradient_check(curve, &c, &block, 1, 10, &report), HNY_OK, "%s", hny_message());
    c.silent = true;
    cr_assert_eq(check(&c, COUNT, &report), HNY_ERROR_NUMERIC);
}

Test(gradient_check, a_constant_block_with_a_gradient_does_not_pass) {
    struct curve c = make();
    struct gradient_report report;
    c.d_unread[1] = 1e-12;
    cr_assert_eq(check(&c, COUNT, &report), HNY_ERROR_NUMERIC);
    cr_assert_not_null(strstr(hny_message(), "unread"), "%s", hny_message());
}

Test(gradient_check, a_check_of_nothing_does_not_pass) {
    struct curve c = make();
    struct gradient_report report;
    cr_assert_eq(gradient_check(curve, &c, NULL, 0, 10, &report), HNY_ERROR_NUMERIC);
}
