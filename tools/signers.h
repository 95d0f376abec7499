/* Options that say whose signatures are believed. */
#ifndef HNY_TOOLS_SIGNERS_H
#define HNY_TOOLS_SIGNERS_H

#include "bundle/place.h"
#include "tools/tool.h"

/* Adds all that the option NAME gives to SIGNERS, in the zero state, the caller's to hny_signers_free also
 * after a failure. *WANTED is SIGNERS, or NULL where the option was not given. */
hny_status hny_argument_signers(const struct hny_arguments *arguments, const char *name,
                                struct hny_signers *signers, const struct hny_signers **wanted);

/* hny_place_open of PATH, by those whom the option NAME gives; hny_place_open_model, by those of --model-key.
 */
hny_status hny_argument_place(const struct hny_arguments *arguments, const char *name, const char *path,
                              struct hny_place **place);
hny_status hny_argument_model(const struct hny_arguments *arguments, const char *path,
                              enum hny_precision precision, struct hny_model **model);

#endif
