#include "nn/parameters.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

static void check(hny_status status) {
    cr_assert_eq(status, HNY_OK, "%s", hny_message());
}

static struct hny_tensor *add(struct hny_parameters *parameters, size_t rows, size_t columns,
                              enum hny_initial initial, double scale, const char *name) {
    struct hny_tensor *tensor =
        hny_parameters_add(parameters, rows, columns, initial, scale, columns > 1, "%s", name);
    cr_assert_not_null(tensor, "%s", hny_message());
    return tensor;
}

Test(parameters, tensors_lie_in_order_each_on_a_cache_line_of_floats) {
    struct hny_parameters parameters = {0};
    size_t end = 0;
    for (size_t i = 0; i < 50; i++) {
        struct hny_tensor *tensor =
            hny_parameters_add(&parameters, i + 1, i % 3 + 1, HNY_INITIAL_ZERO, 0, false, "layer%zu.bias", i);
        cr_assert_not_null(tensor);
        cr_assert_eq(tensor->offset % 16, 0);
        cr_assert_geq(tensor->offset, end);
        cr_assert_eq(tensor->count, (i + 1) * (i % 3 + 1));
        cr_assert_eq(tensor->rank, i % 3 ? 2 : 1);
        end = tensor->offset + tensor->count;
    }
    cr_assert(parameters.count >= end && parameters.count % 16 == 0);
    cr_assert_eq(hny_parameters_find(&parameters, "layer31.bias"), parameters.tensors[31]);
    cr_assert_null(hny_parameters_find(&parameters, "layer50.bias"));
    hny_parameters_free(&parameters);
    cr_assert(!parameters.tensors && parameters.count == 0);
}

Test(parameters, what_makes_no_sense_is_refused_and_changes_nothing) {
    struct hny_parameters parameters = {0};
    add(&parameters, 3, 4, HNY_INITIAL_ZERO, 0, "a");
    cr_assert_null(hny_parameters_add(&parameters, 3, 4, HNY_INITIAL_ZERO, 0, false, "%s", "a"));
    cr_assert(strstr(hny_message(), "called a"), "%s", hny_message());
    cr_assert_null(hny_parameters_add(&parameters, 0, 4, HNY_INITIAL_ZERO, 0, false, "%s", "empty"));
    cr_assert_null(
        hny_parameters_add(&parameters, SIZE_MAX / 2, 4, HNY_INITIAL_ZERO, 0, false, "%s", "huge"));
    cr_assert_null(
        hny_parameters_add(&parameters, SIZE_MAX / 4, 1, HNY_INITIAL_ZERO, 0, false, "%s", "wide"));
    cr_assert_null(hny_parameters_add(&parameters, 3, 4, HNY_INITIAL_ZERO, 0, false, "%0100d", 1));
    cr_assert_null(hny_parameters_add(&parameters, 3, 4, HNY_INITIAL_ZERO, 0, false, "%s", ""));
    cr_assert_eq(parameters.tensor_count, 1);
    cr_assert_eq(parameters.count, 16);
    check(hny_parameters_allocate(&parameters));
    cr_assert_null(hny_parameters_add(&parameters, 3, 4, HNY_INITIAL_ZERO, 0, false, "%s", "late"));
    cr_assert_eq(hny_parameters_allocate(&parameters), HNY_ERROR_USAGE);
    hny_parameters_free(&parameters);
}

struct moments {
    double mean, deviation, least, largest;
};

static struct moments moments_of(const struct hny_parameters *parameters, const struct hny_tensor *tensor) {
    const hny_real *x = parameters->values + tensor->offset;
    struct moments m = {.least = x[0], .largest = x[0]};
    for (size_t i = 0; i < tensor->count; i++) {
        m.mean += x[i] / (double)tensor->count;
        m.least = fmin(m.least, x[i]);
        m.largest = fmax(m.largest, x[i]);
    }
    for (size_t i = 0; i < tensor->count; i++) m.deviation += (x[i] - m.mean) * (x[i] - m.mean);
    m.deviation = sqrt(m.deviation / (double)tensor->count);
    return m;
}

Test(parameters, initial_values_have_the_asked_for_distribution) {
    struct hny_parameters parameters = {0};
    const struct hny_tensor *uniform = add(&parameters, 300, 301, HNY_INITIAL_UNIFORM, 0.5, "uniform");
    const struct hny_tensor *glorot = add(&parameters, 200, 400, HNY_INITIAL_GLOROT, 2, "glorot");
    const struct hny_tensor *normal = add(&parameters, 300, 301, HNY_INITIAL_NORMAL, 0.02, "normal");
    const struct hny_tensor *one = add(&parameters, 5, 1, HNY_INITIAL_ONE, 7, "one");
    const struct hny_tensor *value = add(&parameters, 5, 1, HNY_INITIAL_VALUE, 7, "value");
    check(hny_parameters_allocate(&parameters));
    hny_parameters_initialise(&parameters, 3);
    struct moments m = moments_of(&parameters, uniform);
    cr_assert(fabs(m.mean) < 0.005 && fabs(m.deviation - 0.5 / sqrt(3)) < 0.005);
    cr_assert(m.least >= -0.5 && m.least < -0.499 && m.largest <= 0.5 && m.largest > 0.499);
    m = moments_of(&parameters, glorot);
    cr_assert(fabs(m.mean) < 0.005 && fabs(m.largest - 0.2) < 0.001 && m.largest <= 0.2001);
    m = moments_of(&parameters, normal);
    cr_assert(fabs(m.mean) < 3e-4 && fabs(m.deviation - 0.02) < 3e-4 && m.largest > 0.07 && m.largest < 0.14);
    cr_assert(parameters.values[one->offset + 4] == 1 && parameters.values[value->offset + 4] == 7);
    hny_parameters_free(&parameters);
}

Test(parameters, initial_values_depend_on_seed_and_name_and_nothing_else) {
    struct hny_parameters a = {0}, b = {0};
    const struct hny_tensor *first = add(&a, 20, 30, HNY_INITIAL_NORMAL, 1, "x");
    const struct hny_tensor *other = add(&a, 20, 30, HNY_INITIAL_NORMAL, 1, "y");
    add(&b, 9, 1, HNY_INITIAL_NORMAL, 1, "before");
    const struct hny_tensor *second = add(&b, 20, 30, HNY_INITIAL_NORMAL, 1, "x");
    size_t bytes = 600 * sizeof(hny_real);
    check(hny_parameters_allocate(&a));
    check(hny_parameters_allocate(&b));
    hny_parameters_initialise(&a, 5);
    hny_parameters_initialise(&b, 5);
    cr_assert_arr_eq(a.values + first->offset, b.values + second->offset, bytes);
    cr_assert_arr_neq(a.values + first->offset, a.values + other->offset, bytes);
    hny_parameters_initialise(&b, 6);
    cr_assert_arr_neq(a.values + first->offset, b.values + second->offset, bytes);
    hny_parameters_free(&a);
    hny_parameters_free(&b);
}

Test(parameters, packing_serves_products_and_follows_the_values) {
    struct hny_parameters parameters = {0};
    struct hny_products *products = NULL;
    struct hny_threads *threads = NULL;
    struct hny_tensor *matrix = add(&parameters, 3, 2, HNY_INITIAL_VALUE, 2, "matrix");
    struct hny_tensor *vector = add(&parameters, 3, 1, HNY_INITIAL_VALUE, 2, "vector");
    check(hny_parameters_allocate(&parameters));
    hny_parameters_initialise(&parameters, 1);
    check(hny_parameters_prepare(&parameters, HNY_PRECISION_F32, false));
    cr_assert(matrix->weights && !vector->weights);
    check(hny_threads_create(&threads, 2));
    check(hny_products_create(&products));
    hny_real x[2] = {3, 4}, y[3];
    for (int value = 2; value < 5; value++) {
        for (size_t i = 0; i < matrix->count; i++) parameters.values[matrix->offset + i] = (hny_real)value;
        check(hny_parameters_pack(&parameters, value == 3 ? NULL : threads));
        check(hny_product(products, matrix->weights, 1, x, 2, y, 3, false));
        for (size_t i = 0; i < 3; i++) cr_assert_eq(y[i], (hny_real)(7 * value));
    }
    check(hny_parameters_prepare(&parameters, HNY_PRECISION_F32, true)); /* again, otherwise */
    hny_products_destroy(&products);
    hny_threads_destroy(&threads);
    hny_parameters_free(&parameters);
}

Test(parameters, a_block_without_matrices_has_places_for_the_rest_alone) {
    struct hny_parameters parameters = {0};
    struct hny_products *products = NULL;
    struct hny_tensor *matrix = add(&parameters, 3, 2, HNY_INITIAL_ZERO, 0, "matrix");
    struct hny_tensor *vector = add(&parameters, 3, 1, HNY_INITIAL_ZERO, 0, "vector");
    struct hny_tensor *table = add(&parameters, 3, 2, HNY_INITIAL_ZERO, 0, "table");
    const hny_real values[] = {1, 2, 3, 4, 5, 6}, *const sources[] = {values, values + 1, values};
    table->gathered = true;
    hny_parameters_shed(&parameters);
    cr_assert_eq(matrix->offset, HNY_NOWHERE);
    cr_assert(vector->offset == 0 && table->offset == 16 && parameters.count == 32);
    check(hny_parameters_allocate(&parameters));
    check(hny_parameters_prepare(&parameters, HNY_PRECISION_F32, false));
    hny_parameters_copy(&parameters, sources, parameters.values);
    cr_assert_arr_eq(parameters.values, values + 1, 3 * sizeof *values);
    cr_assert_arr_eq(parameters.values + 16, values, 6 * sizeof *values);
    cr_assert_eq(parameters.values[3], 0, "gaps are zero");
    cr_assert_eq(hny_parameters_pack(&parameters, NULL), HNY_ERROR_USAGE);
    check(hny_parameters_pack_from(&parameters, sources));
    check(hny_products_create(&products));
    hny_real x[2] = {3, 4}, y[3];
    check(hny_product(products, matrix->weights, 1, x, 2, y, 3, false));
    for (size_t i = 0; i < 3; i++) cr_assert_eq(y[i], 3 * values[2 * i] + 4 * values[2 * i + 1]);
    hny_products_destroy(&products);
    hny_parameters_free(&parameters);
}

Test(parameters, a_pattern_freezes_what_it_matches) {
    struct hny_parameters parameters = {0};
    add(&parameters, 3, 2, HNY_INITIAL_ZERO, 0, "encoder.0.bias");
    add(&parameters, 3, 2, HNY_INITIAL_ZERO, 0, "encoder.1.bias");
    add(&parameters, 3, 2, HNY_INITIAL_ZERO, 0, "decoder.0.bias");
    cr_assert_eq(hny_parameters_freeze(&parameters, "encoder.*"), 2);
    cr_assert(parameters.tensors[0]->frozen && parameters.tensors[1]->frozen &&
              !parameters.tensors[2]->frozen);
    cr_assert_eq(hny_parameters_freeze(&parameters, "nothing"), 0);
    hny_parameters_free(&parameters);
}
