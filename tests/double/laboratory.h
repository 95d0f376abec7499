/* A bench to put layers on: parameters with random values, scratch memory full of not-a-numbers, inputs that
 * have gradients too, and a check of all of them at once. Everything here fails the running test where it
 * cannot go on. */
#ifndef HNY_TESTS_DOUBLE_LABORATORY_H
#define HNY_TESTS_DOUBLE_LABORATORY_H

#include "nn/compute.h"
#include "nn/initial.h"
#include "nn/sequences.h"
#include "tests/double/gradient_check.h"
#include <criterion/criterion.h>

#define ARRAY_COUNT(array) (sizeof(array) / sizeof *(array))
#define EXPECT_OK(expression) cr_assert_eq((expression), HNY_OK, "%s", hny_message())

enum { LABORATORY_BLOCKS = 128 };

struct laboratory {
    struct hny_parameters parameters;
    struct hny_compute compute; /* training, with masks of seed 7, update 3, shard 1 */
    struct hny_arena *lasting;  /* what lives until laboratory_close */
    struct gradient_block block[LABORATORY_BLOCKS];
    size_t block_count;
    uint64_t drawn;             /* numbers drawn so far */
    hny_real *tensor_gradients; /* a block like the parameters' values */
};

/* What is examined: computes *LOSS from parameters and inputs; where BACKWARD is set, also adds to
 * compute.gradients and writes the inputs' gradients. Scratch is in compute.arena, fresh at every call. */
typedef hny_status experiment(void *context, bool backward, double *loss);

void laboratory_open(struct laboratory *lab);
void laboratory_close(struct laboratory *lab);

/* How weights are drawn here. */
struct hny_initialisation laboratory_initialisation(void);

/* Once all tensors are registered: draws values for them (biases and gains too, all different), packs them,
 * and lets every tensor take part in checks. */
void laboratory_fill(struct laboratory *lab);

/* Packs the parameters' present values, frees all scratch memory and fills it with not-a-numbers. */
void laboratory_refresh(struct laboratory *lab);

/* COUNT numbers within ± 1 that last, different at every call. */
hny_real *laboratory_numbers(struct laboratory *lab, size_t count);

/* The same as an input that takes part in checks; *GRADIENT [count] is what the experiment writes to. */
hny_real *laboratory_input(struct laboratory *lab, const char *name, size_t count, hny_real **gradient);

/* The layout of COUNT sentences. */
struct hny_sequences laboratory_sequences(struct laboratory *lab, const size_t *length, size_t count);

/* The block called NAME (a tensor or an input) does not matter to the loss: its gradient must be zero. */
void laboratory_constant(struct laboratory *lab, const char *name);

/* A loss whose gradient is known: Σ weights·y. Where D_Y is not NULL, *D_Y is a copy of the weights. */
double laboratory_loss(struct laboratory *lab, const hny_real *y, const hny_real *weights, size_t count,
                       hny_real **d_y);

/* Holds all gradients against differences, at most MOST elements a block; CASE names what is examined. Also
 * asserts that gradients are added to what was there. */
void laboratory_check(struct laboratory *lab, experiment *examine, void *context, size_t most,
                      const char *name);

#endif
