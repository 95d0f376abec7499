#include "tokenizer/trie.h"

#include "tests/tokenizer/helpers.h"
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

Test(trie, every_key_is_found_and_nothing_else) {
    enum { KEYS = 5000, BYTES = 6 };
    static char texts[KEYS][BYTES];
    static struct hny_trie_key keys[KEYS];
    uint64_t state = 3;
    size_t count = 0;
    for (size_t i = 0; i < KEYS; i++) {
        uint32_t size = 1 + next_random(&state, BYTES);
        for (uint32_t j = 0; j < size; j++) texts[i][j] = (char)(1 + next_random(&state, i % 2 ? 255 : 4));
        keys[i] = (struct hny_trie_key){texts[i], size, 0};
    }
    qsort(keys, KEYS, sizeof *keys, hny_trie_key_order);
    for (size_t i = 0; i < KEYS; i++) /* without the doubled ones */
        if (count == 0 || hny_trie_key_order(&keys[count - 1], &keys[i]) != 0) keys[count++] = keys[i];
    for (size_t i = 0; i < count; i++) keys[i].value = (uint32_t)i + 1;
    struct hny_trie trie = {0};
    cr_assert_eq(hny_trie_build(&trie, keys, count), HNY_OK);
    for (size_t i = 0; i < count; i++) cr_assert_eq(hny_trie_find(&trie, keys[i].text, keys[i].size), i + 1);
    for (int round = 0; round < 100000; round++) {
        char text[BYTES];
        uint32_t size = 1 + next_random(&state, BYTES);
        for (uint32_t j = 0; j < size; j++) text[j] = (char)(1 + next_random(&state, round % 2 ? 255 : 4));
        struct hny_trie_key wanted = {text, size, 0};
        const struct hny_trie_key *found = bsearch(&wanted, keys, count, sizeof *keys, hny_trie_key_order);
        cr_assert_eq(hny_trie_find(&trie, text, size), found ? found->value : 0);
    }
    hny_trie_free(&trie);
}

Test(trie, the_longest_key_at_the_front_is_found) {
    const struct hny_trie_key keys[] = {{"a", 1, 1}, {"abc", 3, 2}, {"abcde", 5, 3}};
    struct hny_trie trie = {0};
    uint32_t value = 0;
    cr_assert_eq(hny_trie_build(&trie, keys, 3), HNY_OK);
    cr_assert_eq(hny_trie_longest(&trie, "abcdx", 5, &value), 3);
    cr_assert_eq(value, 2);
    cr_assert_eq(hny_trie_longest(&trie, "xabc", 4, &value), 0);
    hny_trie_free(&trie);
}

Test(trie, one_without_keys_finds_nothing) {
    struct hny_trie trie = {0};
    uint32_t value = 0;
    cr_assert_eq(hny_trie_build(&trie, NULL, 0), HNY_OK);
    cr_assert_eq(hny_trie_find(&trie, "a", 1), 0);
    cr_assert_eq(hny_trie_longest(&trie, "a", 1, &value), 0);
    hny_trie_free(&trie);
}
