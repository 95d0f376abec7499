#include "toy.h"

#include <criterion/criterion.h>
#include <stdlib.h>

enum { EMBEDDING = 8, HIDDEN = 16, MEMORY = 12 };

static void scale(struct toy *toy, const struct hny_tensor *tensor, double by) {
    for (size_t i = 0; i < tensor->count; i++) toy->parameters.values[tensor->offset + i] *= (hny_real)by;
}

void toy_create(struct toy *toy, size_t vocabulary, double sharpness, uint64_t seed) {
    *toy = (struct toy){0};
    struct hny_initialisation initial = {
        .matrix = HNY_INITIAL_UNIFORM, .matrix_scale = 1, .bias_scale = 0.5, .forget_bias = 1};
    struct hny_decoder_config config = {.cell = &hny_cell_lstm,
                                        .layers = 2,
                                        .embedding = EMBEDDING,
                                        .hidden = HIDDEN,
                                        .residual = 3,
                                        .memory = MEMORY,
                                        .heads = 2,
                                        .start = true,
                                        .initial = initial};
    struct hny_parameters *parameters = &toy->parameters;
    cr_assert_eq(hny_decoder_create(&toy->decoder, parameters, &config), HNY_OK, "%s", hny_message());
    toy->embedding = (struct hny_embedding){.vocabulary = vocabulary, .width = EMBEDDING};
    toy->embedding.table =
        hny_parameters_add(parameters, vocabulary, EMBEDDING, HNY_INITIAL_UNIFORM, 1, false, "embedding");
    cr_assert(toy->embedding.table);
    cr_assert_eq(hny_softmax_create(&toy->head, parameters, HIDDEN, vocabulary, NULL, &initial), HNY_OK);
    cr_assert_eq(hny_parameters_allocate(parameters), HNY_OK);
    hny_parameters_initialise(parameters, seed);
    hny_decoder_initialise(toy->decoder, parameters);
    scale(toy, toy->head.weight, sharpness);
    cr_assert_eq(hny_parameters_prepare(parameters, HNY_PRECISION_F32, false), HNY_OK);
    cr_assert_eq(hny_parameters_pack(parameters, NULL), HNY_OK);
    toy->compute.parameters = parameters;
    toy->compute.arena = hny_arena_create((size_t)1 << 20);
    cr_assert(toy->compute.arena);
    cr_assert_eq(hny_products_create(&toy->compute.products), HNY_OK);
    toy->forbidden = hny_allocate(vocabulary, sizeof *toy->forbidden);
    cr_assert(toy->forbidden);
    toy->forbidden[TOY_BEGIN] = true;
}

void toy_free(struct toy *toy) {
    hny_products_destroy(&toy->compute.products);
    hny_arena_destroy(&toy->compute.arena);
    hny_decoder_destroy(&toy->decoder);
    hny_parameters_free(&toy->parameters);
    free(toy->forbidden);
}

struct hny_search_model toy_model(const struct toy *toy) {
    return (struct hny_search_model){.decoder = toy->decoder,
                                     .embedding = &toy->embedding,
                                     .head = &toy->head,
                                     .begin = TOY_BEGIN,
                                     .end = TOY_END,
                                     .forbidden = toy->forbidden};
}

struct hny_memory toy_memory(struct toy *toy, uint64_t sentence, size_t length) {
    struct hny_random stream = hny_random_stream(sentence, HNY_RANDOM_CORPUS, 0, 0);
    struct hny_memory memory = {.length = length,
                                .values = hny_allocate(length * MEMORY, sizeof *memory.values),
                                .keys = hny_allocate(length * HIDDEN, sizeof *memory.keys)};
    cr_assert(memory.values && memory.keys);
    for (size_t i = 0; i < length * MEMORY; i++)
        memory.values[i] = (hny_real)(2 * hny_random_real(&stream, i) - 1);
    hny_arena_reset(toy->compute.arena);
    cr_assert_eq(hny_decoder_keys(toy->decoder, &toy->compute, length, memory.values, memory.keys), HNY_OK);
    return memory;
}

void toy_memory_free(struct hny_memory *memory) {
    free(memory->values);
    free(memory->keys);
}

void toy_run(struct hny_search *search, struct hny_translation *translations, size_t count) {
    for (size_t i = 0; i < count;) {
        bool taken;
        cr_assert_eq(hny_search_take(search, &translations[i], &taken), HNY_OK);
        if (taken) {
            i++;
            continue;
        }
        cr_assert_gt(hny_search_rows(search), 0, "%zu of %zu sentences never came out", count - i, count);
        cr_assert_eq(hny_search_step(search), HNY_OK, "%s", hny_message());
    }
}
