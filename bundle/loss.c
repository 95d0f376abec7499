#include "bundle/loss.h"

#include "base/kernel.h"
#include <math.h>

/* Sums are kept in LANES, which do not wait for each other: an order that neither threads nor instruction
 * sets change. A float's square is exact as a double, so it is the same whether it is added as it is made or
 * afterwards. */
enum { LANES = 16 };
struct lanes {
    double squares[LANES], original_squares[LANES];
    float largest[LANES];
};

HNY_KERNEL static void add_blocks(struct lanes *restrict lanes, const float *restrict original,
                                  const float *restrict restored, size_t blocks) {
    struct lanes sums = *lanes;
    for (size_t block = 0; block < blocks; block++) {
        for (size_t lane = 0; lane < LANES; lane++) {
            float number = original[block * LANES + lane];
            float error = fabsf(restored[block * LANES + lane] - number);
            sums.largest[lane] = error > sums.largest[lane] ? error : sums.largest[lane];
            sums.squares[lane] += (double)error * error;
            sums.original_squares[lane] += (double)number * number;
        }
    }
    *lanes = sums;
}

void hny_bundle_measure_loss(struct hny_bundle_loss *loss, const float *original, const float *restored,
                             size_t count) {
    struct lanes lanes = {{0}, {0}, {0}};
    float last[2][LANES] = {{0}, {0}};
    size_t whole = count - count % LANES;
    add_blocks(&lanes, original, restored, whole / LANES);
    for (size_t i = whole; i < count; i++) {
        last[0][i - whole] = original[i];
        last[1][i - whole] = restored[i];
    }
    add_blocks(&lanes, last[0], last[1], 1);
    *loss = (struct hny_bundle_loss){0};
    for (size_t lane = 0; lane < LANES; lane++) {
        loss->largest = lanes.largest[lane] > loss->largest ? lanes.largest[lane] : loss->largest;
        loss->squares += lanes.squares[lane];
        loss->original_squares += lanes.original_squares[lane];
    }
}

void hny_bundle_add_loss(struct hny_bundle_loss *loss, const struct hny_bundle_loss *more) {
    loss->largest = more->largest > loss->largest ? more->largest : loss->largest;
    loss->squares += more->squares;
    loss->original_squares += more->original_squares;
}
