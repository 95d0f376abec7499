#include "bundle/depot_chain.h"

#include <stdlib.h>
#include <string.h>

#define BYTES_MOST ((uint64_t)1 << 62) /* of a chain: no sum of two overflows */

/* A content, and the best way to it that is known. */
struct node {
    const char *digest;
    uint64_t bytes;                     /* of the chain; UINT64_MAX: there is none yet */
    size_t held;                        /* SIZE_MAX: not held */
    const struct hny_depot_bundle *via; /* the chain's last; NULL: held, or no chain */
};

struct graph {
    const struct hny_depot_index *index;
    const char *content;
    const struct hny_signers *signers;
    struct node *nodes; /* sorted by their digests */
    size_t count;
};

static int compare(const void *a, const void *b) {
    const struct node *left = a, *right = b;
    return strcmp(left->digest, right->digest);
}

static struct node *find(const struct graph *graph, const char *digest) {
    const struct node wanted = {.digest = digest};
    return bsearch(&wanted, graph->nodes, graph->count, sizeof wanted, compare);
}

static hny_status make_nodes(struct graph *graph, const char (*held)[HNY_DIGEST_TEXT], size_t held_count) {
    const struct hny_depot_index *index = graph->index;
    size_t count = index->count + held_count, left = 0;
    graph->nodes = hny_allocate(count, sizeof *graph->nodes);
    if (!graph->nodes) return HNY_ERROR_MEMORY;
    for (size_t i = 0; i < count; i++)
        graph->nodes[i] = (struct node){
            .digest = i < held_count ? held[i] : index->bundles[i - held_count].restores,
            .bytes = UINT64_MAX,
            .held = SIZE_MAX,
        };
    qsort(graph->nodes, count, sizeof *graph->nodes, compare);
    for (size_t i = 0; i < count; i++)
        if (left == 0 || compare(&graph->nodes[left - 1], &graph->nodes[i]) != 0)
            graph->nodes[left++] = graph->nodes[i];
    graph->count = left;
    /* What is wished for is asked for because what is held of it is no good. */
    for (size_t i = 0; i < held_count; i++) {
        struct node *node = find(graph, held[i]);
        if (strcmp(held[i], graph->content) == 0) continue;
        node->bytes = 0;
        node->held = i;
    }
    return HNY_OK;
}

static bool usable(const struct graph *graph, const struct hny_depot_bundle *bundle) {
    return !graph->signers || strcmp(bundle->restores, graph->content) != 0 ||
           hny_signers_have(graph->signers, bundle->key ? bundle->key : "");
}

/* What stands whole; BEST receives that of the content, or stays. */
static void start(const struct graph *graph, const struct hny_depot_bundle **best) {
    for (size_t i = 0; i < graph->index->count; i++) {
        const struct hny_depot_bundle *bundle = &graph->index->bundles[i];
        if (*bundle->parent || !usable(graph, bundle)) continue;
        struct node *node = find(graph, bundle->restores);
        if (bundle->bytes >= node->bytes) continue;
        node->bytes = bundle->bytes;
        node->via = bundle;
        if (strcmp(bundle->restores, graph->content) == 0) *best = bundle;
    }
}

/* Goes on by each delta; false: none makes anything cheaper. */
static bool go_on(const struct graph *graph) {
    bool better = false;
    for (size_t i = 0; i < graph->index->count; i++) {
        const struct hny_depot_bundle *bundle = &graph->index->bundles[i];
        const struct node *parent = *bundle->parent ? find(graph, bundle->parent) : NULL;
        if (!parent || !usable(graph, bundle) || parent->bytes >= BYTES_MOST - bundle->bytes) continue;
        struct node *node = find(graph, bundle->restores);
        if (parent->bytes + bundle->bytes >= node->bytes) continue;
        node->bytes = parent->bytes + bundle->bytes;
        node->via = bundle;
        better = true;
    }
    return better;
}

/* The chain of NODE; it does not go in circles, since each bundle has bytes. */
static bool follow(const struct graph *graph, const struct node *node, struct hny_depot_chain *chain) {
    size_t count = 0;
    chain->bytes = node->bytes;
    while (node->held == SIZE_MAX) {
        if (!node->via || count == HNY_CHAIN_MOST) return false;
        chain->bundles[count++] = node->via;
        if (!*node->via->parent) break;
        node = find(graph, node->via->parent);
    }
    chain->held = node->held;
    chain->count = count;
    for (size_t i = 0; i < count / 2; i++) {
        const struct hny_depot_bundle *other = chain->bundles[i];
        chain->bundles[i] = chain->bundles[count - 1 - i];
        chain->bundles[count - 1 - i] = other;
    }
    return count + (chain->held != SIZE_MAX) <= HNY_CHAIN_MOST;
}

static bool choose(const struct graph *graph, struct hny_depot_chain *chain) {
    const struct hny_depot_bundle *whole = NULL;
    const struct node *node = find(graph, graph->content);
    start(graph, &whole);
    for (int i = 0; i < HNY_CHAIN_MOST && go_on(graph); i++) continue;
    if (!node) return false;
    if (follow(graph, node, chain)) return true;
    if (whole) *chain = (struct hny_depot_chain){SIZE_MAX, {whole}, 1, whole->bytes};
    return whole != NULL;
}

hny_status hny_depot_chain_find(const struct hny_depot_index *index, const char *content,
                                const char (*held)[HNY_DIGEST_TEXT], size_t count,
                                const struct hny_signers *signers, struct hny_depot_chain *chain,
                                bool *found) {
    struct graph graph = {.index = index, .content = content, .signers = signers};
    HNY_TRY(make_nodes(&graph, held, count));
    *chain = (struct hny_depot_chain){.held = SIZE_MAX};
    *found = choose(&graph, chain);
    free(graph.nodes);
    return HNY_OK;
}
