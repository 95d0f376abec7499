#include "bundle/loss.h"

#include <math.h>

/* Sums in LANES, which do not wait for each other, and in an order that threads do not change. */
void hny_bundle_measure_loss(struct hny_bundle_loss *loss, const float *original, const float *restored,
                             size_t count) {
    enum { LANES = 4 };
    double squares[LANES] = {0}, original_squares[LANES] = {0}, largest = 0;
    for (size_t i = 0; i < count; i++) {
        double error = (double)restored[i] - original[i];
        largest = fabs(error) > largest ? fabs(error) : largest;
        squares[i % LANES] += error * error;
        original_squares[i % LANES] += (double)original[i] * original[i];
    }
    *loss = (struct hny_bundle_loss){.largest = largest};
    for (size_t lane = 0; lane < LANES; lane++) {
        loss->squares += squares[lane];
        loss->original_squares += original_squares[lane];
    }
}

void hny_bundle_add_loss(struct hny_bundle_loss *loss, const struct hny_bundle_loss *more) {
    loss->largest = more->largest > loss->largest ? more->largest : loss->largest;
    loss->squares += more->squares;
    loss->original_squares += more->original_squares;
}
