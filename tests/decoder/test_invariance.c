/* A promise of the search and of every cache: what the network computes for a sentence or a hypothesis is the
 * same bytes alone, in any company and in any order. */
#include "base/random.h"
#include "decoder/decoder.h"
#include "decoder/softmax.h"
#include "encoder/encoder.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARRAY_COUNT(array) (sizeof(array) / sizeof *(array))
#define EXPECT_OK(expression) cr_assert_eq((expression), HNY_OK, "%s", hny_message())

/* Enough hypotheses to pass every size at which a library changes its kernel; widths that no vector divides.
 */
enum { WIDTH = 40, MEMORY = 48, HIDDEN = 48, VOCABULARY = 301, SENTENCES = 61, LONGEST = 17, ROWS = 360 };

struct network {
    struct hny_parameters parameters;
    struct hny_encoder *encoder;
    struct hny_decoder *decoder;
    struct hny_softmax head;
    struct hny_compute compute;
    struct hny_arena *lasting;
};

struct variant {
    const struct hny_cell *cell;
    size_t layers, heads, readout;
    bool rich; /* normalised, learned start, upper layers in both directions, all of them residual */
};

static const struct variant variants[] = {
    {&hny_cell_lstm, 2, 1, 0, false}, {&hny_cell_lstm, 3, 2, 56, true}, {&hny_cell_gru, 2, 4, 0, false},
    {&hny_cell_gru, 1, 1, 40, true},  {&hny_cell_rnn, 3, 1, 0, false},  {&hny_cell_rnn, 2, 2, 33, true},
};

static void make(struct network *network, const struct variant *variant, enum hny_precision precision) {
    struct hny_initialisation initial = {.matrix = HNY_INITIAL_GLOROT, .matrix_scale = 1, .bias_scale = 0.1};
    struct hny_encoder_config encoder = {.cell = variant->cell,
                                         .layers = 2,
                                         .input = WIDTH,
                                         .hidden = MEMORY,
                                         .residual = variant->rich ? 2 : 3,
                                         .bidirectional = variant->rich,
                                         .layer_norm = variant->rich,
                                         .initial = initial};
    struct hny_decoder_config decoder = {.cell = variant->cell,
                                         .layers = variant->layers,
                                         .embedding = WIDTH,
                                         .hidden = HIDDEN,
                                         .residual = variant->rich ? 2 : 3,
                                         .memory = MEMORY,
                                         .heads = variant->heads,
                                         .readout = variant->readout,
                                         .start = variant->rich,
                                         .layer_norm = variant->rich,
                                         .initial = initial};
    *network = (struct network){.compute = {.parameters = &network->parameters, .precision = precision}};
    struct hny_parameters *parameters = &network->parameters;
    EXPECT_OK(hny_encoder_create(&network->encoder, parameters, &encoder));
    EXPECT_OK(hny_decoder_create(&network->decoder, parameters, &decoder));
    EXPECT_OK(hny_softmax_create(&network->head, parameters, hny_decoder_output(network->decoder), VOCABULARY,
                                 NULL, &initial));
    EXPECT_OK(hny_parameters_allocate(parameters));
    hny_parameters_initialise(parameters, 1);
    EXPECT_OK(hny_parameters_prepare(parameters, precision, false));
    EXPECT_OK(hny_parameters_pack(parameters, NULL));
    EXPECT_OK(hny_products_create(&network->compute.products));
    network->compute.arena = hny_arena_create(1 << 20);
    network->lasting = hny_arena_create(1 << 20);
    cr_assert(network->compute.arena && network->lasting);
}

static void unmake(struct network *network) {
    hny_encoder_destroy(&network->encoder);
    hny_decoder_destroy(&network->decoder);
    hny_products_destroy(&network->compute.products);
    hny_arena_destroy(&network->compute.arena);
    hny_arena_destroy(&network->lasting);
    hny_parameters_free(&network->parameters);
}

static hny_real *reals(struct network *network, size_t count) {
    hny_real *taken = hny_arena_take(network->lasting, count, sizeof *taken);
    cr_assert_not_null(taken);
    return taken;
}

/* COUNT numbers within ± 1, a function of NAME alone. */
static void numbers(uint32_t name, hny_real *out, size_t count) {
    struct hny_random stream = hny_random_stream(1, HNY_RANDOM_SAMPLE, name, 0);
    for (size_t i = 0; i < count; i++) out[i] = (hny_real)(2 * hny_random_real(&stream, i) - 1);
}

static size_t length_of(size_t sentence) {
    return 1 + sentence * 7 % LONGEST;
}

/* Sentences of a batch in their places: falling length, else in the order given. */
static void sort(const size_t *order, size_t count, size_t *place) {
    size_t placed = 0;
    for (size_t length = LONGEST; length > 0; length--)
        for (size_t i = 0; i < count; i++)
            if (length_of(order[i]) == length) place[placed++] = order[i];
}

/* Reads the sentences ORDER together and teaches each its own words; OUT receives for sentence s its rows,
 * one below the other: [SENTENCES][LONGEST][…]. */
struct reading {
    hny_real *memory; /* [MEMORY] */
    hny_real *keys;   /* [HIDDEN] */
    hny_real *output; /* [decoder's output] */
    hny_real *scores; /* [1] */
};

static struct reading new_reading(struct network *network) {
    size_t rows = SENTENCES * LONGEST;
    return (struct reading){reals(network, rows * MEMORY), reals(network, rows * HIDDEN),
                            reals(network, rows * hny_decoder_output(network->decoder)),
                            reals(network, rows)};
}

static void scatter(const struct hny_sequences *s, const size_t *place, const hny_real *rows, size_t width,
                    hny_real *out) {
    for (size_t b = 0; b < s->batch; b++)
        for (size_t t = 0; t < s->length[b]; t++)
            memcpy(out + (place[b] * LONGEST + t) * width, rows + (s->offset[t] + b) * width,
                   width * sizeof *rows);
}

static void read_together(struct network *network, const size_t *order, size_t count, struct reading *out) {
    struct hny_compute *compute = &network->compute;
    hny_arena_reset(compute->arena);
    size_t place[SENTENCES], length[SENTENCES], own[SENTENCES], wide = hny_decoder_output(network->decoder);
    int32_t aims[SENTENCES * LONGEST];
    struct hny_sequences s;
    sort(order, count, place);
    for (size_t b = 0; b < count; b++) length[b] = length_of(place[b]), own[b] = b;
    EXPECT_OK(hny_sequences_make(&s, compute->arena, length, count));
    hny_real *x = hny_compute_take(compute, s.rows, WIDTH), *memory, *y;
    hny_real *keys = hny_compute_take(compute, s.rows, HIDDEN),
             *scores = hny_compute_take(compute, s.rows, 1),
             *logits = hny_compute_take(compute, s.rows, VOCABULARY);
    cr_assert(x && keys && scores && logits);
    for (size_t t = 0; t < s.steps; t++)
        for (size_t b = 0; b < s.alive[t]; b++) {
            numbers((uint32_t)(place[b] * LONGEST + t), x + (s.offset[t] + b) * WIDTH, WIDTH);
            aims[s.offset[t] + b] = (int32_t)((place[b] * 31 + t * 7) % VOCABULARY);
        }
    struct hny_encoder_run *encoder;
    struct hny_decoder_run *decoder;
    struct hny_loss loss = {0};
    EXPECT_OK(hny_encoder_forward(network->encoder, compute, &s, x, &encoder, &memory));
    EXPECT_OK(hny_decoder_keys(network->decoder, compute, s.rows, memory, keys));
    EXPECT_OK(hny_decoder_forward(network->decoder, compute, &s, x, &s, own, memory, &decoder, &y));
    EXPECT_OK(hny_softmax_loss(&network->head, compute, s.rows, y, aims, 0, &loss, logits, NULL, scores));
    scatter(&s, place, memory, MEMORY, out->memory);
    scatter(&s, place, keys, HIDDEN, out->keys);
    scatter(&s, place, y, wide, out->output);
    scatter(&s, place, scores, 1, out->scores);
}

static void expect_same_rows(const hny_real *found, const hny_real *alone, size_t sentence, size_t width,
                             const char *what) {
    size_t at = sentence * LONGEST * width, bytes = length_of(sentence) * width * sizeof *found;
    cr_assert(memcmp(found + at, alone + at, bytes) == 0, "%s of sentence %zu", what, sentence);
}

static void check_sentences(struct network *network, const struct reading *alone) {
    static const size_t counts[] = {2, 3, 5, 17, 40, SENTENCES};
    struct reading together = new_reading(network);
    for (size_t i = 0; i < ARRAY_COUNT(counts); i++) {
        size_t order[SENTENCES];
        for (size_t k = 0; k < counts[i]; k++) order[k] = hny_random_permute(i, SENTENCES, k);
        read_together(network, order, counts[i], &together);
        for (size_t k = 0; k < counts[i]; k++) {
            expect_same_rows(together.memory, alone->memory, order[k], MEMORY, "memory");
            expect_same_rows(together.keys, alone->keys, order[k], HIDDEN, "keys");
            expect_same_rows(together.output, alone->output, order[k], hny_decoder_output(network->decoder),
                             "decoder's output");
            expect_same_rows(together.scores, alone->scores, order[k], 1, "scores");
        }
    }
}

/* What hypotheses come to in one step, by their numbers. */
struct outcome {
    hny_real *next, *output, *logits, *weights;
};

static struct outcome new_outcome(struct network *network) {
    return (struct outcome){reals(network, ROWS * hny_decoder_state(network->decoder)),
                            reals(network, ROWS * hny_decoder_output(network->decoder)),
                            reals(network, ROWS * VOCABULARY), reals(network, ROWS * LONGEST)};
}

/* Steps COUNT hypotheses together; hypothesis h is of sentence h % SENTENCES and stands anywhere. */
static void step_together(struct network *network, const struct hny_memory *memories, const size_t *order,
                          size_t count, struct outcome *out) {
    struct hny_compute *compute = &network->compute;
    hny_arena_reset(compute->arena);
    size_t state = hny_decoder_state(network->decoder), wide = hny_decoder_output(network->decoder);
    hny_real *x = hny_compute_take(compute, count, WIDTH),
             *previous = hny_compute_take(compute, count, state);
    hny_real *next = hny_compute_take(compute, count, state), *y = hny_compute_take(compute, count, wide);
    hny_real *logits = hny_compute_take(compute, count, VOCABULARY), *weights[ROWS];
    const struct hny_memory *memory[ROWS];
    cr_assert(x && previous && next && y && logits);
    for (size_t r = 0; r < count; r++) {
        size_t h = order[r];
        numbers((uint32_t)h, x + r * WIDTH, WIDTH);
        numbers((uint32_t)(h + ROWS), previous + r * state, state);
        memory[r] = &memories[h % SENTENCES];
        weights[r] = out->weights + h * LONGEST;
        if (h % 3 == 0) /* at its beginning */
            EXPECT_OK(hny_decoder_begin(network->decoder, compute, memory[r], previous + r * state));
    }
    EXPECT_OK(hny_decoder_step(network->decoder, compute, count, x, previous, memory, next, y, weights));
    EXPECT_OK(hny_softmax_logits(&network->head, compute, count, y, logits));
    for (size_t r = 0; r < count; r++) {
        memcpy(out->next + order[r] * state, next + r * state, state * sizeof *next);
        memcpy(out->output + order[r] * wide, y + r * wide, wide * sizeof *y);
        memcpy(out->logits + order[r] * VOCABULARY, logits + r * VOCABULARY, VOCABULARY * sizeof *logits);
    }
}

static void expect_same(const hny_real *found, const hny_real *alone, size_t hypothesis, size_t width,
                        size_t count, const char *what) {
    cr_assert(memcmp(found + hypothesis * width, alone + hypothesis * width, count * sizeof *found) == 0,
              "%s of hypothesis %zu", what, hypothesis);
}

static void check_hypotheses(struct network *network, const struct hny_memory *memories) {
    static const size_t counts[] = {2, 3, 8, 15, 33, 64, 333, ROWS};
    struct outcome alone = new_outcome(network), together = new_outcome(network);
    size_t state = hny_decoder_state(network->decoder), wide = hny_decoder_output(network->decoder);
    for (size_t h = 0; h < ROWS; h++) step_together(network, memories, &h, 1, &alone);
    for (size_t i = 0; i < ARRAY_COUNT(counts); i++) {
        size_t order[ROWS];
        for (size_t k = 0; k < counts[i]; k++) order[k] = hny_random_permute(i, ROWS, k);
        step_together(network, memories, order, counts[i], &together);
        for (size_t k = 0; k < counts[i]; k++) {
            size_t h = order[k];
            expect_same(together.next, alone.next, h, state, state, "state");
            expect_same(together.output, alone.output, h, wide, wide, "output");
            expect_same(together.logits, alone.logits, h, VOCABULARY, VOCABULARY, "logits");
            expect_same(together.weights, alone.weights, h, LONGEST, memories[h % SENTENCES].length,
                        "attention");
        }
    }
}

static void check_all(enum hny_precision precision) {
    for (size_t v = 0; v < ARRAY_COUNT(variants); v++) {
        struct network network;
        struct hny_memory memories[SENTENCES];
        make(&network, &variants[v], precision);
        struct reading alone = new_reading(&network);
        for (size_t s = 0; s < SENTENCES; s++) {
            read_together(&network, &s, 1, &alone);
            memories[s] = (struct hny_memory){length_of(s), alone.memory + s * LONGEST * MEMORY,
                                              alone.keys + s * LONGEST * HIDDEN};
        }
        check_sentences(&network, &alone);
        check_hypotheses(&network, memories);
        unmake(&network);
    }
}

Test(invariance, in_float32_every_row_is_the_same_bytes_alone_and_in_any_batch) {
    check_all(HNY_PRECISION_F32);
}

/* Where the processor has no such products there is nothing to promise. */
Test(invariance, in_bfloat16_every_row_is_the_same_bytes_alone_and_in_any_batch) {
    if (hny_precision_supported(HNY_PRECISION_BF16)) check_all(HNY_PRECISION_BF16);
}

Test(invariance, in_int8_every_row_is_the_same_bytes_alone_and_in_any_batch) {
    if (hny_precision_supported(HNY_PRECISION_INT8)) check_all(HNY_PRECISION_INT8);
}
