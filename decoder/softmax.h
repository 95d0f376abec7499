/* The head over words: logits = W y + b, softmax, cross-entropy with label smoothing. */
#ifndef HNY_DECODER_SOFTMAX_H
#define HNY_DECODER_SOFTMAX_H

#include "nn/compute.h"
#include "nn/initial.h"

struct hny_softmax {
    size_t input;
    size_t vocabulary;
    struct hny_tensor *weight; /* [vocabulary][input]; the embedding itself where tied */
    struct hny_tensor *bias;   /* [vocabulary] */
};

/* Registers "head.weight" (unless TIED is given, a tensor [vocabulary][input]) and "head.bias". */
hny_status hny_softmax_create(struct hny_softmax *head, struct hny_parameters *parameters, size_t input,
                              size_t vocabulary, struct hny_tensor *tied,
                              const struct hny_initialisation *initial);

/* Sums over rows, in nats. */
struct hny_loss {
    double cross_entropy; /* Σ -log p(target): what perplexity is made of */
    double smoothed;      /* Σ of what training minimises */
    size_t tokens;
    size_t correct; /* rows whose likeliest word is the target */
};

/* Adds the loss of y [rows][input] against TARGETS to *LOSS. The target's probability in the smoothed loss is
 * 1 - SMOOTHING + SMOOTHING / vocabulary, every other word's SMOOTHING / vocabulary (Szegedy et al. 2016).
 * Where D_Y [rows][input] is not NULL it receives the gradient of the smoothed sum and the tensors' gradients
 * are added to. LOGITS [rows][vocabulary] is scratch; where gradients are noted it has to stay, as y has,
 * until the notes are computed. LOG_PROBABILITY [rows], where not NULL, receives log p(target). */
hny_status hny_softmax_loss(const struct hny_softmax *head, struct hny_compute *compute, size_t rows,
                            const hny_real *y, const int32_t *targets, double smoothing,
                            struct hny_loss *loss, hny_real *logits, hny_real *d_y,
                            hny_real *log_probability);

/* logits [rows][vocabulary] of y [rows][input]. */
hny_status hny_softmax_logits(const struct hny_softmax *head, struct hny_compute *compute, size_t rows,
                              const hny_real *y, hny_real *logits);

#endif
