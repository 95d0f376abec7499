/* A recurrent cell as a table of functions: what turns the products of one step into the next state. The
 * layer around it (nn/recurrent.h) does the products, so a new cell is one more table and no change
 * elsewhere. */
#ifndef HNY_NN_CELL_H
#define HNY_NN_CELL_H

#include "base/status.h"
#include "nn/real.h"
#include <stdbool.h>
#include <stddef.h>

#define HNY_CELL_STATES 2 /* the most state vectors that a cell has */

/* The gates' order in products, biases and files. */
enum { HNY_LSTM_INPUT, HNY_LSTM_FORGET, HNY_LSTM_CANDIDATE, HNY_LSTM_OUTPUT, HNY_LSTM_GATES };
enum { HNY_GRU_RESET, HNY_GRU_UPDATE, HNY_GRU_CANDIDATE, HNY_GRU_GATES };

/* One step for ROWS rows. Row r of state s is at previous[s] + r·previous_stride[s], and so on. */
struct hny_cell_step {
    size_t rows;
    size_t hidden;
    hny_real *gates; /* [rows][gates·hidden]: the input's product and bias; with it the state's product where
                      * RECURRENT is NULL. Afterwards the activations that backward needs. */
    const hny_real
        *recurrent; /* [rows][gates·hidden]: the state's product; NULL where it is in GATES already */
    const hny_real *previous[HNY_CELL_STATES];
    size_t previous_stride[HNY_CELL_STATES];
    hny_real *next[HNY_CELL_STATES];
    size_t next_stride[HNY_CELL_STATES];
};

struct hny_cell_backward {
    struct hny_cell_step
        step; /* as it was after the step; GATES receives the gradient of the input's product */
    hny_real *d_state[HNY_CELL_STATES]; /* [rows][hidden]: the next state's gradient, replaced by the previous
                                         * state's as far as it does not pass through the state's product */
    hny_real *d_recurrent; /* [rows][gates·hidden]: gradient of the state's product; not written where the
                            * cell is additive, since it equals GATES then */
};

struct hny_cell {
    const char *name;
    size_t gates;  /* products are gates·hidden wide */
    size_t states; /* state vectors; the first is the hidden one, the layer's output */
    bool additive; /* the step needs only the sum of both products */
    size_t forget; /* the gate whose bias starts higher, or `gates` where there is none */
    void (*step)(const struct hny_cell_step *step);
    void (*backward)(const struct hny_cell_backward *backward);
};

/* LSTM (Hochreiter & Schmidhuber 1997, with the forget gate of Gers et al. 2000):
 *   i = σ(zᵢ), f = σ(z_f), g = tanh(z_g), o = σ(z_o), c = f·c' + i·g, h = o·tanh(c). */
extern const struct hny_cell hny_cell_lstm;

/* GRU (Cho et al. 2014; the reset gate behind the product, as cuDNN has it):
 *   r = σ(x_r + h_r), u = σ(x_u + h_u), n = tanh(x_n + r·h_n), h = (1 - u)·n + u·h'. */
extern const struct hny_cell hny_cell_gru;

/* Plain RNN (Elman 1990): h = tanh(z). */
extern const struct hny_cell hny_cell_rnn;

/* By name: "lstm", "gru", "rnn". HNY_ERROR_USAGE names the known ones. */
hny_status hny_cell_find(const char *name, const struct hny_cell **cell);

#endif
