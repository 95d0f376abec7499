#include "decoder/softmax.h"

#include "base/profile.h"
#include "nn/elementwise.h"

hny_status hny_softmax_create(struct hny_softmax *head, struct hny_parameters *parameters, size_t input,
                              size_t vocabulary, struct hny_tensor *tied,
                              const struct hny_initialisation *initial) {
    if (tied && (tied->shape[0] != vocabulary || tied->shape[1] != input))
        return hny_fail(HNY_ERROR_USAGE,
                        "an output of %zu words and width %zu cannot be tied to the table %s of %zu by %zu",
                        vocabulary, input, tied->name, tied->shape[0], tied->shape[1]);
    head->input = input;
    head->vocabulary = vocabulary;
    head->weight = tied ? tied
                        : hny_parameters_add(parameters, vocabulary, input, initial->matrix,
                                             initial->matrix_scale, true, "head.weight");
    head->bias = hny_parameters_add(parameters, vocabulary, 1, HNY_INITIAL_ZERO, 0, false, "head.bias");
    if (!head->weight || !head->bias) return HNY_ERROR_MEMORY;
    head->weight->gathered = true; /* nn/selection.h packs the rows of a shortlist's words */
    return HNY_OK;
}

hny_status hny_softmax_logits(const struct hny_softmax *head, struct hny_compute *compute, size_t rows,
                              const hny_real *y, hny_real *logits) {
    HNY_TRY(hny_product(compute->products, head->weight->weights, rows, y, head->input, logits,
                        head->vocabulary, false));
    hny_add_bias(logits, head->vocabulary, hny_compute_values(compute, head->bias), rows, head->vocabulary);
    return HNY_OK;
}

HNY_KERNEL static void probabilities(hny_real *x, hny_real inverse, hny_real less, size_t count) {
    for (size_t v = 0; v < count; v++) x[v] = x[v] * inverse - less;
}

/* One row: adds to the loss; where GRADIENT is asked for, the logits become its gradient. */
static hny_real row_loss(hny_real *logits, size_t vocabulary, int32_t target, double smoothing,
                         struct hny_loss *loss, bool gradient) {
    hny_real largest = hny_max(logits, vocabulary), aimed = logits[target];
    hny_real all = smoothing > 0 ? hny_sum(logits, vocabulary) : 0;
    loss->correct += aimed == largest;
    hny_real sum = hny_exp_sum(logits, largest, vocabulary);
    double log_sum = log(sum) + largest, cross_entropy = log_sum - aimed;
    loss->cross_entropy += cross_entropy;
    loss->smoothed += (1 - smoothing) * cross_entropy + smoothing * (log_sum - all / (double)vocabulary);
    loss->tokens++;
    if (gradient) {
        probabilities(logits, 1 / sum, (hny_real)(smoothing / (double)vocabulary), vocabulary);
        logits[target] -= (hny_real)(1 - smoothing);
    }
    return (hny_real)-cross_entropy;
}

hny_status hny_softmax_loss(const struct hny_softmax *head, struct hny_compute *compute, size_t rows,
                            const hny_real *y, const int32_t *targets, double smoothing,
                            struct hny_loss *loss, hny_real *logits, hny_real *d_y,
                            hny_real *log_probability) {
    HNY_PROFILE("softmax");
    size_t wide = head->vocabulary;
    HNY_TRY(hny_softmax_logits(head, compute, rows, y, logits));
    for (size_t r = 0; r < rows; r++) {
        hny_real p = row_loss(logits + r * wide, wide, targets[r], smoothing, loss, d_y != NULL);
        if (log_probability) log_probability[r] = p;
    }
    if (!d_y) return HNY_OK;
    hny_bias_gradient(hny_compute_gradient(compute, head->bias), logits, wide, rows, wide);
    HNY_TRY(hny_compute_weight_gradient(compute, head->weight, rows, logits, wide, y, head->input));
    return hny_product_input_gradient(compute->products, head->weight->weights, rows, logits, wide, d_y,
                                      head->input, false);
}
