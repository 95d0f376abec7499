#include "tests/double/gradient_check.h"

#include "base/random.h"
#include <math.h>

/* Rounding errors grow as 1 / STEP, those of the formula as STEP⁴; this is where they meet. */
static const double step = 1e-4;

/* Gradients below this size are compared as if they had it: differences of VALUE carry rounding errors. */
static double smallest(double value) {
    return 1e-5 * (10 + fabs(value));
}

/* The derivative by five-point central differences (Abramowitz & Stegun 1964, 25.3.6). */
static hny_status differences(gradient_function *function, void *context, double *element,
                              double *derivative) {
    static const double place[] = {-2, -1, 1, 2}, weight[] = {1, -8, 8, -1};
    double before = *element, sum = 0;
    hny_status status = HNY_OK;
    for (size_t i = 0; status == HNY_OK && i < sizeof place / sizeof *place; i++) {
        double value = 0;
        *element = before + place[i] * step;
        status = function(context, false, &value);
        sum += weight[i] * value;
    }
    *element = before;
    *derivative = sum / (12 * step);
    return status;
}

static hny_status check_element(gradient_function *function, void *context,
                                const struct gradient_block *block, size_t element, double least,
                                struct gradient_report *report) {
    double claimed = block->gradient[element], found;
    HNY_TRY(differences(function, context, &block->values[element], &found));
    double size = fmax(fmax(fabs(claimed), fabs(found)), least);
    double error = fabs(claimed - found) / size;
    report->checked++;
    if (error > report->worst) report->worst = error;
    if (error <= GRADIENT_TOLERANCE) return HNY_OK; /* not so where it is not a number */
    return hny_fail(HNY_ERROR_NUMERIC, "%s[%zu]: gradient %.12g, finite differences %.12g", block->name,
                    element, claimed, found);
}

static hny_status check_block(gradient_function *function, void *context, const struct gradient_block *block,
                              size_t most, double least, struct gradient_report *report) {
    size_t checked = block->count < most ? block->count : most, moving = 0;
    for (size_t i = 0; i < checked; i++) {
        size_t element = block->count <= most ? i : hny_random_permute(1, block->count, i);
        moving += block->gradient[element] != 0;
        HNY_TRY(check_element(function, context, block, element, least, report));
    }
    if (moving == 0 && !block->constant)
        return hny_fail(HNY_ERROR_NUMERIC, "%s: no gradient among %zu elements", block->name, checked);
    if (moving != 0 && block->constant)
        return hny_fail(HNY_ERROR_NUMERIC, "%s: has a gradient, yet should not matter", block->name);
    return HNY_OK;
}

hny_status gradient_check(gradient_function *function, void *context, const struct gradient_block *blocks,
                          size_t count, size_t most, struct gradient_report *report) {
    *report = (struct gradient_report){0};
    double value = 0;
    HNY_TRY(function(context, true, &value));
    for (size_t i = 0; i < count; i++)
        HNY_TRY(check_block(function, context, &blocks[i], most, smallest(value), report));
    if (report->checked == 0) return hny_fail(HNY_ERROR_NUMERIC, "no element was checked");
    return HNY_OK;
}
