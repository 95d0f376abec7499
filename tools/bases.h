/* The option --base of commands that read deltas. */
#ifndef HNY_TOOLS_BASES_H
#define HNY_TOOLS_BASES_H

#include "bundle/chain.h"
#include "tools/tool.h"

/* A row of a table of options. */
#define HNY_BASES_OPTION                                                                                     \
    {                                                                                                        \
        "base", 0, "FILE", false, false,                                                                     \
            "what a delta builds on; where that is a delta itself, what it builds on goes before it"         \
    }

/* A chain of bundles, the oldest first. */
struct hny_bases {
    const char *files[HNY_CHAIN_MOST];
    size_t count;
};

/* Adds one; HNY_ERROR_USAGE where there are too many. */
hny_status hny_bases_add(struct hny_bases *bases, const char *file);

/* Adds each --base in the order given. */
hny_status hny_bases_read(struct hny_bases *bases, const struct hny_arguments *arguments);

#endif
