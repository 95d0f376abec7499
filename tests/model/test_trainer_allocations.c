#include "model/trainer.h"

#include <criterion/criterion.h>
#include <stdatomic.h>

/* The program's allocations pass through here, so that they can be counted; the sanitizers need them
 * themselves. Small ones are left out: oneDNN makes some in every product. */
#if !defined(__SANITIZE_ADDRESS__) && defined(__GLIBC__)
#define COUNTING 1
enum { SMALL = 4096 };

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
void *malloc(size_t size);
void *calloc(size_t count, size_t size);
void *realloc(void *memory, size_t size);
int posix_memalign(void **memory, size_t alignment, size_t size);

static atomic_bool counting;
static atomic_size_t counted;

static size_t count(size_t size) {
    if (counting && size >= SMALL) counted++;
    return size;
}

void *malloc(size_t size) {
    return __libc_malloc(count(size));
}

void *calloc(size_t number, size_t size) {
    count(number * size);
    return __libc_calloc(number, size);
}

void *realloc(void *memory, size_t size) {
    return __libc_realloc(memory, count(size));
}

int posix_memalign(void **memory, size_t alignment, size_t size) {
    *memory = __libc_memalign(alignment, count(size));
    return *memory ? 0 : 12;
}
#endif

#ifdef COUNTING

static void check(hny_status status) {
    cr_assert_eq(status, HNY_OK, "%s", hny_message());
}

Test(trainer, warm_updates_allocate_nothing) {
    enum { PAIRS = 600, LONGEST = 20, BATCHES = 4, IN_A_ROW = 2 * BATCHES, MOST = 200 };
    static int32_t ids[LONGEST];
    static struct hny_pair pairs[BATCHES][PAIRS];
    struct hny_config config;
    struct hny_model *model = NULL;
    struct hny_threads *threads = NULL;
    struct hny_trainer *trainer = NULL;
    hny_config_defaults(&config);
    config.hidden = config.embedding = config.readout = 64;
    config.dropout = config.target_word_dropout = 0.1;
    check(hny_model_create(&model, &config, 1000, 1000));
    hny_model_initialise(model, 1);
    check(hny_threads_create(&threads, 2));
    check(hny_trainer_create(&trainer, model, threads, hny_precision_fastest()));
    for (size_t i = 0; i < LONGEST; i++) ids[i] = (int32_t)(300 + i);
    for (size_t b = 0; b < BATCHES; b++)
        for (size_t p = 0; p < PAIRS; p++)
            pairs[b][p] = (struct hny_pair){ids, ids, 1 + p % LONGEST, 1 + (b + p) % LONGEST};
    /* Which thread computes what is left to chance, and each makes its products when it meets them first. */
    size_t without = 0;
    for (size_t update = 0; update < MOST && without < IN_A_ROW; update++) {
        const struct hny_trainer_batch batch = {pairs[update % BATCHES], PAIRS - update % BATCHES};
        struct hny_loss loss;
        double norm;
        counted = 0;
        counting = true;
        check(hny_trainer_update(trainer, &batch, 1, update + 1, 0.001, &loss, &norm));
        counting = false;
        without = counted == 0 ? without + 1 : 0;
    }
    cr_assert_eq(without, IN_A_ROW, "no %d updates in a row without allocations", IN_A_ROW);
    counted = 0;
    counting = true;
    void *volatile memory = malloc(SMALL);
    counting = false;
    free(memory);
    cr_assert_eq(counted, 1, "allocations are not counted");
    hny_trainer_destroy(&trainer);
    hny_model_destroy(&model);
    hny_threads_destroy(&threads);
}

#endif
