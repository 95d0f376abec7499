/* Options of commands that read a depot. */
#ifndef HNY_TOOLS_DEPOT_OPTIONS_H
#define HNY_TOOLS_DEPOT_OPTIONS_H

#include "pipeline/depot_source.h"
#include "pipeline/pull.h"
#include "tools/tool.h"

/* Rows of an option table. */
#define HNY_DEPOT_OPTIONS                                                                                      \
    {"ca", 0, "FILE", false, false, "certificates (PEM) to trust in place of the system's"},                   \
        {"plain-http", 0,                                                                                      \
         NULL,         false,                                                                                  \
         false,        "allow http:// to other machines, where whoever is between can change what comes"},     \
        {"patience", 0, "SECONDS", false, false, "with a connection that brings under 1 KiB/s (default: 30)"}, \
        {"own-key", 0,     "FILE",                                                                             \
         false,     false, "for depot://: one's own keys (default: drawn where there is --server-key)"},       \
        {"server-key", 0, "KEY", false, false, "the depot's public key, or the file with it"}, {               \
        "tries", 0, "N", false, false, "of a connection that fails and brings nothing (default: 5)"            \
    }

/* What they ask for: HNY_DEPOT_SOURCE_DEFAULTS and HNY_PULL_DEFAULTS but for what is given. */
hny_status hny_argument_depot(const struct hny_arguments *arguments, struct hny_depot_source_options *source,
                              struct hny_pull_options *pull);

#endif
