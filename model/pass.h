/* A batch of sentence pairs on its way through the network and back, under teacher forcing: at once, or in
 * parts between which several passes wait for each other, so that their gradients are computed together
 * (nn/gradients.h). */
#ifndef HNY_MODEL_PASS_H
#define HNY_MODEL_PASS_H

#include "model/model.h"

/* A sentence pair as ids, without begin and end; none empty, all inside the vocabularies. */
struct hny_pair {
    const int32_t *source, *target;
    size_t source_length, target_length;
};

/* The loss of COUNT pairs, added to *LOSS. Where COMPUTE wants gradients, that of the smoothed sum (CONFIG's
 * label_smoothing) is added there; else the loss is unsmoothed. LOG_PROBABILITY, where not NULL, receives for
 * pair i its target_length + 1 words' log-probabilities (the end's last) at LOG_PROBABILITY[i]. Resets the
 * compute's arena first. Gradients are not to be noted: see below. */
hny_status hny_model_pass(const struct hny_model *model, struct hny_compute *compute,
                          const struct hny_pair *pairs, size_t count, struct hny_loss *loss,
                          hny_real *const *log_probability);

/* The same in parts. Begin, which resets the arena; words until *MORE is false; end. Where gradients are
 * noted, the notes have to be computed after each call of words and after end. COUNT 0 gives *PASS NULL,
 * which the others take for a pass without words. The pass lies in the arena; PAIRS have to stay until begin
 * returns. */
struct hny_pass;
hny_status hny_pass_begin(const struct hny_model *model, struct hny_compute *compute,
                          const struct hny_pair *pairs, size_t count, struct hny_pass **pass);
hny_status hny_pass_words(struct hny_pass *pass, struct hny_loss *loss, bool *more);
hny_status hny_pass_end(struct hny_pass *pass);

#endif
