/* A weights operand as oneDNN multiplies by it: packed, and cut and padded so that a row of the result is the
 * same bytes in any batch. Where a processor's kernels give that by themselves it is one piece as it is. */
#ifndef HNY_NN_PRODUCT_OPERAND_H
#define HNY_NN_PRODUCT_OPERAND_H

#include "nn/product_engine.h"
#include "nn/product_matmul.h"

/* What a product has to keep to. */
struct hny_grain {
    size_t rows;  /* at least so many, zeros among them… */
    size_t whole; /* …and all of so many where they would fill its last quarter in part; 0: as they come */
    size_t columns;      /* at least so many… */
    size_t most_columns; /* …and at most so many in one product */
    size_t inner;        /* a multiple of it… */
    size_t most_inner;   /* …and at most so much in one product, itself a multiple */
};

/* The grain of products of TYPE on this processor. AMX: oneDNN 2.6 cuts the inner dimension of bfloat16 by
 * the number of rows, above 512 (measured, 2.6.3), and turns to other kernels for fewer than 5 rows or 52
 * columns; most numbers of rows between 48 and 64, 112 and 128, … take it two to eleven times as long as the
 * next multiple of 64 (bench-rows). Of 512 columns the weights and the sums of 256 rows stay in the second
 * cache, which AMX outruns memory by so much that a product takes up to a third less. */
struct hny_grain hny_grain_of(enum hny_matmul_type type);

/* Rows that the kernel is to compute where ROWS are wanted: as many, or more. */
size_t hny_grain_rows(const struct hny_grain *grain, size_t rows);

struct hny_operand {
    enum hny_matmul_type type;
    size_t inner, columns;
    bool transposed; /* the values come as [columns][inner] */
    struct hny_grain grain;
    size_t strips;              /* along the columns… */
    size_t count;               /* …and pieces of each, along the inner dimension */
    struct hny_packed **pieces; /* [strips][count] */
};

/* Fills in *OPERAND, zeroed before; f32 or bf16. It lies in the storage of WEIGHTS. */
hny_status hny_operand_open(struct hny_operand *operand, struct hny_weights *weights, size_t inner,
                            size_t columns, enum hny_matmul_type type, bool transposed);
void hny_operand_close(struct hny_operand *operand,
                       const struct hny_weights *weights); /* after a failure too */

/* Makes PACKED, and places it in the storage of WEIGHTS; hny_packed_leave is its end. */
hny_status hny_packed_enter(struct hny_packed **packed, struct hny_weights *weights, size_t inner,
                            size_t columns, enum hny_matmul_type source, enum hny_matmul_type type,
                            bool transposed);
hny_status hny_packed_move(struct hny_packed *packed, const struct hny_weights *weights, char *storage);
void hny_packed_leave(struct hny_packed **packed, const struct hny_weights *weights);

/* Lets it lie in STORAGE instead of that of WEIGHTS. */
hny_status hny_operand_move(struct hny_operand *operand, const struct hny_weights *weights, char *storage);

/* Packs ROWS of the rows of VALUES, as they lie, from FIRST on, which is a multiple of HNY_PACK_COLUMNS. */
hny_status hny_operand_fill(struct hny_operand *operand, const float *values, size_t first, size_t rows);

/* The inner dimension of piece I: that of the values, and as the product has it. */
size_t hny_operand_inner(const struct hny_operand *operand, size_t i);
size_t hny_operand_padded(const struct hny_operand *operand, size_t i);

/* The columns of a strip, which begins at column strip · most_columns: those of the values, and as the
 * product has them. */
size_t hny_operand_columns(const struct hny_operand *operand, size_t strip);
size_t hny_operand_wide(const struct hny_operand *operand, size_t strip);

#endif
