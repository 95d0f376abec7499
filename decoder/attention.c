#include "decoder/attention.h"

#include "base/profile.h"
#include "nn/elementwise.h"

hny_status hny_attention_create(struct hny_attention *attention, struct hny_parameters *parameters,
                                const struct hny_initialisation *initial) {
    size_t hidden = attention->hidden, heads = attention->heads;
    if (heads == 0 || hidden % heads != 0 || attention->memory % heads != 0)
        return hny_fail(HNY_ERROR_USAGE, "%zu attention heads do not divide the widths %zu and %zu", heads,
                        hidden, attention->memory);
    attention->query_weight =
        hny_parameters_add(parameters, hidden, attention->query, initial->matrix, initial->matrix_scale, true,
                           "decoder.attention.query_weight");
    attention->key_weight = hny_parameters_add(parameters, hidden, attention->memory, initial->matrix,
                                               initial->matrix_scale, true, "decoder.attention.key_weight");
    attention->bias =
        hny_parameters_add(parameters, hidden, 1, HNY_INITIAL_ZERO, 0, false, "decoder.attention.bias");
    attention->vector = hny_parameters_add(parameters, hidden, 1, HNY_INITIAL_UNIFORM, 0.1, false,
                                           "decoder.attention.vector");
    attention->gain = hny_parameters_add(parameters, heads, 1, HNY_INITIAL_VALUE, sqrt(1.0 / (double)hidden),
                                         false, "decoder.attention.gain");
    return attention->query_weight && attention->key_weight && attention->bias && attention->vector &&
                   attention->gain
               ? HNY_OK
               : HNY_ERROR_MEMORY;
}

/* g · v / |v| for each head. */
static hny_real *normal_vector(const struct hny_attention *attention, struct hny_compute *compute) {
    size_t share = attention->hidden / attention->heads;
    const hny_real *v = hny_compute_values(compute, attention->vector);
    const hny_real *g = hny_compute_values(compute, attention->gain);
    hny_real *normal = hny_compute_take(compute, 1, attention->hidden);
    if (!normal) return NULL;
    for (size_t h = 0; h < attention->heads; h++) {
        const hny_real *part = v + h * share;
        hny_real factor = g[h] / (hny_real)sqrt(hny_dot(part, part, share));
        for (size_t d = 0; d < share; d++) normal[h * share + d] = factor * part[d];
    }
    return normal;
}

HNY_KERNEL static void compare(size_t count, const hny_real *restrict query, const hny_real *restrict key,
                               hny_real *restrict bent) {
    for (size_t d = 0; d < count; d++) bent[d] = hny_tanh(query[d] + key[d]);
}

static void softmax(hny_real *x, size_t count) {
    hny_real sum = hny_exp_sum(x, hny_max(x, count), count);
    hny_scale(x, 1 / sum, count);
}

/* Weights [heads][length] of one question, and its context [memory]; keys[s] and values[s] are position s's.
 */
static void attend(const struct hny_attention *attention, const hny_real *query, const hny_real *vector,
                   size_t length, const hny_real *const *keys, const hny_real *const *values, hny_real *bent,
                   hny_real *weights, hny_real *context) {
    size_t heads = attention->heads, share = attention->hidden / heads, part = attention->memory / heads;
    for (size_t s = 0; s < length; s++) {
        compare(attention->hidden, query, keys[s], bent);
        for (size_t h = 0; h < heads; h++)
            weights[h * length + s] = hny_dot(bent + h * share, vector + h * share, share);
    }
    memset(context, 0, attention->memory * sizeof *context);
    for (size_t h = 0; h < heads; h++) {
        softmax(weights + h * length, length);
        for (size_t s = 0; s < length; s++)
            hny_add_scaled(context + h * part, weights[h * length + s], values[s] + h * part, part);
    }
}

hny_status hny_attention_keys(const struct hny_attention *attention, struct hny_compute *compute, size_t rows,
                              const hny_real *values, hny_real *keys) {
    return hny_product(compute->products, attention->key_weight->weights, rows, values, attention->memory,
                       keys, attention->hidden, false);
}

static hny_status questions_product(const struct hny_attention *attention, struct hny_compute *compute,
                                    size_t rows, const hny_real *questions, hny_real *query) {
    HNY_TRY(hny_product(compute->products, attention->query_weight->weights, rows, questions,
                        attention->query, query, attention->hidden, false));
    hny_add_bias(query, attention->hidden, hny_compute_values(compute, attention->bias), rows,
                 attention->hidden);
    return HNY_OK;
}

/* Rows of source sentence b in a [S][B][width] array. */
static void rows_of(const struct hny_sequences *source, size_t b, const hny_real *array, size_t width,
                    const hny_real **rows) {
    for (size_t s = 0; s < source->length[b]; s++) rows[s] = array + (source->offset[s] + b) * width;
}

hny_status hny_attention_forward(const struct hny_attention *attention, struct hny_compute *compute,
                                 const struct hny_sequences *target, const hny_real *questions,
                                 const struct hny_sequences *source, const size_t *source_of,
                                 const hny_real *values, hny_real *context, struct hny_attention_run *run) {
    HNY_PROFILE("attention");
    size_t hidden = attention->hidden;
    *run = (struct hny_attention_run){.target = target,
                                      .source = source,
                                      .source_of = source_of,
                                      .questions = questions,
                                      .values = values,
                                      .query = hny_compute_take(compute, target->rows, hidden),
                                      .keys = hny_compute_take(compute, source->rows, hidden),
                                      .vector = normal_vector(attention, compute)};
    run->weights = hny_arena_take(compute->arena, target->batch, sizeof *run->weights);
    hny_real *bent = hny_compute_take(compute, 1, hidden);
    const hny_real **keys_at = hny_arena_take(compute->arena, source->steps, sizeof *keys_at);
    const hny_real **values_at = hny_arena_take(compute->arena, source->steps, sizeof *values_at);
    if (!run->query || !run->keys || !run->vector || !run->weights || !bent || !keys_at || !values_at)
        return HNY_ERROR_MEMORY;
    HNY_TRY(questions_product(attention, compute, target->rows, questions, run->query));
    HNY_TRY(hny_attention_keys(attention, compute, source->rows, values, run->keys));
    for (size_t b = 0; b < target->batch; b++) {
        size_t of = source_of[b], length = source->length[of];
        rows_of(source, of, run->keys, hidden, keys_at);
        rows_of(source, of, values, attention->memory, values_at);
        run->weights[b] = hny_compute_take(compute, target->length[b], attention->heads * length);
        if (!run->weights[b]) return HNY_ERROR_MEMORY;
        for (size_t t = 0; t < target->length[b]; t++) {
            size_t row = target->offset[t] + b;
            attend(attention, run->query + row * hidden, run->vector, length, keys_at, values_at, bent,
                   run->weights[b] + t * attention->heads * length, context + row * attention->memory);
        }
    }
    return HNY_OK;
}

/* One comparison backward: ds[h] is the gradient of the scores; adds to those of query, key and vector. */
HNY_KERNEL static void compare_backward(size_t count, hny_real ds, const hny_real *restrict query,
                                        const hny_real *restrict key, const hny_real *restrict vector,
                                        hny_real *restrict d_query, hny_real *restrict d_key,
                                        hny_real *restrict d_vector) {
    for (size_t d = 0; d < count; d++) {
        hny_real bent = hny_tanh(query[d] + key[d]);
        hny_real inner = ds * vector[d] * (1 - bent * bent);
        d_query[d] += inner;
        d_key[d] += inner;
        d_vector[d] += ds * bent;
    }
}

/* What one sentence's questions give back. */
struct backward {
    hny_real *d_query;  /* [T][B][hidden] */
    hny_real *d_keys;   /* [S][B][hidden] */
    hny_real *d_vector; /* [hidden] */
    hny_real *d_values; /* [S][B][memory] */
    hny_real *scores;   /* [longest source] */
};

static void attend_backward(const struct hny_attention *attention, const struct hny_attention_run *run,
                            size_t b, size_t t, const hny_real *d_context, const struct backward *out) {
    size_t of = run->source_of[b], length = run->source->length[of], hidden = attention->hidden;
    size_t heads = attention->heads, share = hidden / heads, part = attention->memory / heads;
    size_t row = run->target->offset[t] + b;
    for (size_t h = 0; h < heads; h++) {
        const hny_real *weights = run->weights[b] + (t * heads + h) * length;
        const hny_real *d = d_context + row * attention->memory + h * part;
        hny_real mean = 0;
        for (size_t s = 0; s < length; s++) {
            size_t at = (run->source->offset[s] + of) * attention->memory + h * part;
            out->scores[s] = hny_dot(d, run->values + at, part);
            mean += weights[s] * out->scores[s];
            hny_add_scaled(out->d_values + at, weights[s], d, part);
        }
        for (size_t s = 0; s < length; s++) {
            size_t key = (run->source->offset[s] + of) * hidden + h * share, query = row * hidden + h * share;
            compare_backward(share, weights[s] * (out->scores[s] - mean), run->query + query, run->keys + key,
                             run->vector + h * share, out->d_query + query, out->d_keys + key,
                             out->d_vector + h * share);
        }
    }
}

/* Through g · v / |v|: dg = d·v̂, dv = g / |v| (d - (d·v̂) v̂). */
static void vector_backward(const struct hny_attention *attention, struct hny_compute *compute,
                            const hny_real *d_vector) {
    size_t share = attention->hidden / attention->heads;
    const hny_real *g = hny_compute_values(compute, attention->gain);
    hny_real *dv = hny_compute_gradient(compute, attention->vector);
    hny_real *dg = hny_compute_gradient(compute, attention->gain);
    for (size_t h = 0; h < attention->heads; h++) {
        const hny_real *v = hny_compute_values(compute, attention->vector) + h * share,
                       *d = d_vector + h * share;
        hny_real length = (hny_real)sqrt(hny_dot(v, v, share)), along = hny_dot(d, v, share) / length;
        dg[h] += along;
        for (size_t k = 0; k < share; k++)
            dv[h * share + k] += g[h] / length * (d[k] - along * v[k] / length);
    }
}

hny_status hny_attention_backward(const struct hny_attention *attention, struct hny_compute *compute,
                                  const struct hny_attention_run *run, const hny_real *d_context,
                                  hny_real *d_questions, hny_real *d_values) {
    HNY_PROFILE("attention");
    size_t hidden = attention->hidden, target_rows = run->target->rows, source_rows = run->source->rows;
    struct backward out = {.d_query = hny_compute_zeroed(compute, target_rows, hidden),
                           .d_keys = hny_compute_zeroed(compute, source_rows, hidden),
                           .d_vector = hny_compute_zeroed(compute, 1, hidden),
                           .d_values = d_values,
                           .scores = hny_compute_take(compute, 1, run->source->steps)};
    if (!out.d_query || !out.d_keys || !out.d_vector || !out.scores) return HNY_ERROR_MEMORY;
    for (size_t b = 0; b < run->target->batch; b++)
        for (size_t t = 0; t < run->target->length[b]; t++)
            attend_backward(attention, run, b, t, d_context, &out);
    vector_backward(attention, compute, out.d_vector);
    hny_bias_gradient(hny_compute_gradient(compute, attention->bias), out.d_query, hidden, target_rows,
                      hidden);
    struct hny_products *products = compute->products;
    HNY_TRY(hny_compute_weight_gradient(compute, attention->query_weight, target_rows, out.d_query, hidden,
                                        run->questions, attention->query));
    HNY_TRY(hny_compute_weight_gradient(compute, attention->key_weight, source_rows, out.d_keys, hidden,
                                        run->values, attention->memory));
    HNY_TRY(hny_product_input_gradient(products, attention->query_weight->weights, target_rows, out.d_query,
                                       hidden, d_questions, attention->query, true));
    return hny_product_input_gradient(products, attention->key_weight->weights, source_rows, out.d_keys,
                                      hidden, d_values, attention->memory, true);
}

hny_status hny_attention_step(const struct hny_attention *attention, struct hny_compute *compute, size_t rows,
                              const hny_real *questions, const struct hny_memory *const *memories,
                              hny_real *context, hny_real *const *weights) {
    HNY_PROFILE("attention");
    size_t hidden = attention->hidden, heads = attention->heads, longest = 0;
    for (size_t r = 0; r < rows; r++) longest = memories[r]->length > longest ? memories[r]->length : longest;
    hny_real *query = hny_compute_take(compute, rows, hidden), *vector = normal_vector(attention, compute);
    hny_real *bent = hny_compute_take(compute, 1, hidden), *head = hny_compute_take(compute, heads, longest);
    const hny_real **keys_at = hny_arena_take(compute->arena, longest, sizeof *keys_at);
    const hny_real **values_at = hny_arena_take(compute->arena, longest, sizeof *values_at);
    if (!query || !vector || !bent || !head || !keys_at || !values_at) return HNY_ERROR_MEMORY;
    HNY_TRY(questions_product(attention, compute, rows, questions, query));
    for (size_t r = 0; r < rows; r++) {
        const struct hny_memory *memory = memories[r];
        for (size_t s = 0; s < memory->length; s++) {
            keys_at[s] = memory->keys + s * hidden;
            values_at[s] = memory->values + s * attention->memory;
        }
        attend(attention, query + r * hidden, vector, memory->length, keys_at, values_at, bent, head,
               context + r * attention->memory);
        if (!weights || !weights[r]) continue;
        memset(weights[r], 0, memory->length * sizeof **weights);
        for (size_t h = 0; h < heads; h++)
            hny_add_scaled(weights[r], 1 / (hny_real)heads, head + h * memory->length, memory->length);
    }
    return HNY_OK;
}
