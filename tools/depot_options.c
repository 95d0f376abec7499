#include "tools/depot_options.h"

hny_status hny_argument_depot(const struct hny_arguments *arguments, struct hny_depot_source_options *source,
                              struct hny_pull_options *pull) {
    enum { PATIENCE_MOST = 3600, TRIES_MOST = 1000 };
    size_t patience = source->web.patience, tries = pull->tries;
    HNY_TRY(hny_argument_count(arguments, "patience", 1, PATIENCE_MOST, &patience));
    HNY_TRY(hny_argument_count(arguments, "tries", 1, TRIES_MOST, &tries));
    source->web.patience = (unsigned)patience;
    source->web.ca = hny_argument_text(arguments, "ca");
    source->web.plain = hny_argument_given(arguments, "plain-http");
    source->key = hny_argument_text(arguments, "own-key");
    source->server = hny_argument_text(arguments, "server-key");
    pull->tries = (unsigned)tries;
    return HNY_OK;
}
