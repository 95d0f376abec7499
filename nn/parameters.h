/* Everything a model learns, as one block of numbers with a name for each part: saving is one write, the
 * optimiser one loop. Gradients, averages and moments are blocks of the same layout. */
#ifndef HNY_NN_PARAMETERS_H
#define HNY_NN_PARAMETERS_H

#include "base/threads.h"
#include "nn/product.h"
#include <stdint.h>

enum hny_initial {
    HNY_INITIAL_ZERO,
    HNY_INITIAL_ONE,
    HNY_INITIAL_UNIFORM, /* within ± scale */
    HNY_INITIAL_GLOROT,  /* within ± scale·√(6 / (rows + columns)) (Glorot & Bengio 2010) */
    HNY_INITIAL_NORMAL,  /* mean 0, deviation scale */
    HNY_INITIAL_VALUE,   /* all equal to scale */
};

/* The offset of a tensor that the block has no values of (hny_parameters_shed): whoever reads them there is
 * stopped, since no process has memory so far away. */
#define HNY_NOWHERE ((size_t)1 << 60)

struct hny_tensor {
    char name[96];
    size_t number;   /* its place among the tensors */
    unsigned rank;   /* 1 or 2 */
    size_t shape[2]; /* a vector has shape {n, 1} */
    size_t count;
    size_t offset; /* of its first element in the block; HNY_NOWHERE without a place there */
    enum hny_initial initial;
    double scale;
    bool frozen;                 /* gradients are computed but not applied */
    bool product;                /* a matrix that products read: it has packed weights */
    bool gathered;               /* one of them whose rows are read as well: a tied table, a head's words */
    bool lookup;                 /* a table that nothing reads but by row: see nn/gradients.h */
    struct hny_weights *weights; /* NULL until hny_parameters_prepare, and for what no product reads */
};

struct hny_parameters {
    struct hny_tensor **tensors; /* in order of offset; each at a multiple of 16 elements */
    size_t tensor_count;
    size_t tensor_capacity;
    size_t count;     /* elements of a block, gaps included (gaps are zero) */
    hny_real *values; /* NULL until hny_parameters_allocate */
    void *image;      /* the memory file that values and packed weights lie in (nn/image.h), or NULL */
    size_t image_bytes;
};

void hny_parameters_free(struct hny_parameters *parameters); /* back to the zero state */

/* Registers a tensor; the pointer stays valid until hny_parameters_free. NULL with a message on failure: name
 * used already, out of memory. COLUMNS 1 makes a vector. */
struct hny_tensor *hny_parameters_add(struct hny_parameters *parameters, size_t rows, size_t columns,
                                      enum hny_initial initial, double scale, bool product, const char *name,
                                      ...) __attribute__((format(printf, 7, 8)));

/* A number for the tensor's name: equal for equal names, all but always different for others. */
uint64_t hny_tensor_key(const char *name);

struct hny_tensor *hny_parameters_find(const struct hny_parameters *parameters, const char *name);

/* Whether the values of TENSOR are read by what computes without gradients. Those of a matrix that only
 * products read are not, once they are packed: the weights of cells' inputs and states, of the attention's
 * queries and keys, of the decoder's start and readout. Read are vectors (biases, gains, the attention's
 * own), tables, which are looked up by row, and a head's matrix, of which a shortlist packs rows anew. */
static inline bool hny_tensor_stays(const struct hny_tensor *tensor) {
    return !tensor->product || tensor->gathered;
}

/* Lays the block out anew without the matrices whose values do not stay, before there are any. From then on
 * the parameters are for translating and scoring alone: neither to be initialised, trained nor written. */
void hny_parameters_shed(struct hny_parameters *parameters);

/* Makes the block of values, zeroed, once all tensors are registered. */
hny_status hny_parameters_allocate(struct hny_parameters *parameters);

/* Draws the initial values: a function of SEED, the tensor's name and the element alone. */
void hny_parameters_initialise(struct hny_parameters *parameters, uint64_t seed);

/* Makes packed weights for every matrix that products read. GRADIENT: for training. */
hny_status hny_parameters_prepare(struct hny_parameters *parameters, enum hny_precision precision,
                                  bool gradient);

/* Packs the current values; to be called again after every change of them. THREADS may be NULL.
 * HNY_ERROR_USAGE where the block has been laid out without some. */
hny_status hny_parameters_pack(struct hny_parameters *parameters, struct hny_threads *threads);

/* From the values SOURCES [tensor_count], each without gaps, which may go away afterwards: _copy fills
 * VALUES, a block of PARAMETERS, with those of all tensors that have a place in it; _pack_from packs all
 * weights. */
void hny_parameters_copy(const struct hny_parameters *parameters, const hny_real *const *sources,
                         hny_real *values);
hny_status hny_parameters_pack_from(struct hny_parameters *parameters, const hny_real *const *sources);

/* Sets frozen on every tensor whose name matches the shell PATTERN (fnmatch); returns their number. */
size_t hny_parameters_freeze(struct hny_parameters *parameters, const char *pattern);

/* Numbers in the tensors that are frozen (FROZEN true), or in the others: gaps do not count. */
size_t hny_parameters_numbers(const struct hny_parameters *parameters, bool frozen);

#endif
