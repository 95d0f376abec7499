/* Which deltas of a depot make a release. */
#include "bundle/depot_chain.h"
#include "tests/base/scratch.h"
#include "tests/bundle/depot_scene.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(depot_chain, .init = open_depot, .fini = scratch_close);

/* EXPECTED is the chain that makes CONTENT, a letter, out of HELD, letters too: which of these it begins
 * with, or "-", and its bundles; NULL: there is none. */
static void check_chain(const struct hny_depot_index *index, char content, const char *held,
                        const char *expected) {
    char digests[4][HNY_DIGEST_TEXT] = {{0}}, wanted[HNY_DIGEST_TEXT] = "";
    struct hny_depot_chain found;
    struct hny_buffer text = {0};
    bool any;
    for (size_t i = 0; held[i]; i++) memset(digests[i], held[i], HNY_DIGEST_TEXT - 1);
    memset(wanted, content, HNY_DIGEST_TEXT - 1);
    cr_assert_eq(hny_depot_chain_find(index, wanted, (const char(*)[HNY_DIGEST_TEXT])digests, strlen(held),
                                      NULL, &found, &any),
                 HNY_OK);
    cr_assert_eq(any, expected != NULL, "%c from %s", content, held);
    if (!any) return;
    cr_assert_eq(hny_buffer_print(&text, "%c", found.held == SIZE_MAX ? '-' : held[found.held]), HNY_OK);
    for (size_t i = 0; i < found.count; i++)
        cr_assert_eq(hny_buffer_print(&text, " %s%llu%s", found.bundles[i]->name,
                                      (unsigned long long)found.bundles[i]->release,
                                      *found.bundles[i]->parent ? "+" : ""),
                     HNY_OK);
    cr_assert_str_eq(text.data, expected, "%c from %s: %s", content, held, text.data);
    hny_buffer_free(&text);
}

Test(depot_chain, the_chain_of_the_fewest_bytes_is_found) {
    static const char *const bundles[][4] = {
        {"a", "1", "a", "-"}, {"a", "2", "b", "a"}, {"a", "3", "c", "b"}, {"a", "3", "c", "a"},
        {"a", "3", "c", "-"}, {"a", "4", "d", "c"}, {"a", "5", "e", "9"}, {"a", "1", "a", "d"},
    };
    static const uint64_t bytes[] = {100, 10, 10, 30, 120, 5, 1, 1};
    struct hny_depot_index index;
    make_folder();
    write_index(bundles, 8);
    read_depot(&index);
    for (size_t i = 0; i < 8; i++) index.bundles[i].bytes = bytes[strtoul(index.bundles[i].file, NULL, 16)];
    check_chain(&index, 'c', "", "- a3");
    check_chain(&index, 'c', "a", "a a2+ a3+");
    check_chain(&index, 'c', "ba", "b a3+");
    check_chain(&index, 'd', "a", "a a2+ a3+ a4+");
    check_chain(&index, 'd', "", "- a3 a4+");
    check_chain(&index, 'd', "d", "- a3 a4+");
    check_chain(&index, 'a', "d", "d a1+");
    check_chain(&index, 'b', "", "- a1 a2+");
    check_chain(&index, 'e', "a", NULL);
    check_chain(&index, 'e', "9", "9 a5+");
    check_chain(&index, 'f', "a", NULL);
    hny_depot_index_free(&index);
}

/* Release I + 1 builds on I. */
Test(depot_chain, a_chain_is_not_longer_than_can_be_read) {
    enum { COUNT = HNY_CHAIN_MOST + 1 };
    struct hny_depot_index index = {0};
    struct hny_depot_chain found;
    char digests[COUNT + 1][HNY_DIGEST_TEXT];
    bool any, changed;
    for (int i = 0; i <= COUNT; i++) snprintf(digests[i], sizeof digests[i], "%064x", i + 16);
    for (size_t i = 0; i < COUNT; i++) {
        struct hny_depot_bundle bundle = {
            .name = "a", .release = i + 1, .bytes = 1, .published = "2026-11-26T21:00:00Z"};
        memcpy(bundle.file, digests[i], HNY_DIGEST_TEXT);
        memcpy(bundle.restores, digests[i], HNY_DIGEST_TEXT);
        snprintf(bundle.digest, sizeof bundle.digest, "%064zx", i + (i > 0 ? 4096 : 16));
        if (i > 0) memcpy(bundle.parent, digests[i - 1], HNY_DIGEST_TEXT);
        cr_assert_eq(hny_depot_index_add(&index, "index", &bundle, &changed), HNY_OK);
    }
    cr_assert_eq(hny_depot_chain_find(&index, digests[COUNT - 2], NULL, 0, NULL, &found, &any), HNY_OK);
    cr_assert(any && found.count == HNY_CHAIN_MOST);
    cr_assert_eq(hny_depot_chain_find(&index, digests[COUNT - 1], NULL, 0, NULL, &found, &any), HNY_OK);
    cr_assert_not(any);
    /* Held, release 1 is the first of 65 as well; release 2 is not. */
    const char(*held)[HNY_DIGEST_TEXT] = (const char(*)[HNY_DIGEST_TEXT])digests;
    cr_assert_eq(hny_depot_chain_find(&index, digests[COUNT - 1], held, 1, NULL, &found, &any), HNY_OK);
    cr_assert_not(any);
    cr_assert_eq(hny_depot_chain_find(&index, digests[COUNT - 1], held + 1, 1, NULL, &found, &any), HNY_OK);
    cr_assert(any && found.count == HNY_CHAIN_MOST - 1 && found.held == 0);
    hny_depot_index_free(&index);
}
