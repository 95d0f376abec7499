/* The number type of the network. The library computes in float; the tests compile the same layers once more
 * with HNY_DOUBLE, where finite differences are sharp enough to prove a gradient. */
#ifndef HNY_NN_REAL_H
#define HNY_NN_REAL_H

#ifdef HNY_DOUBLE
typedef double hny_real;
#else
typedef float hny_real;
#endif

#endif
