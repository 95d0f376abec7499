/* How new weights are drawn: one choice for the whole network. */
#ifndef HNY_NN_INITIAL_H
#define HNY_NN_INITIAL_H

#include "nn/parameters.h"

struct hny_initialisation {
    enum hny_initial matrix; /* HNY_INITIAL_GLOROT or HNY_INITIAL_UNIFORM */
    double matrix_scale;
    double bias_scale;  /* biases within ± this */
    double forget_bias; /* what an LSTM's forget gate's bias gets on top (1: Jozefowicz et al. 2015) */
};

#endif
