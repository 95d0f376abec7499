/* Public keys whose signatures are believed. */
#ifndef HNY_BUNDLE_SIGNERS_H
#define HNY_BUNDLE_SIGNERS_H

#include "bundle/signature.h"

/* In the zero state nobody is. */
struct hny_signers {
    char (*keys)[HNY_SIGNER_TEXT];
    size_t count, room;
};

/* Adds TEXT, where it is a public key, else those in the file TEXT: one a line; what follows a space is for
 * people, lines that begin with # too. HNY_ERROR_INPUT where a line is none, or the file has none. */
hny_status hny_signers_add(struct hny_signers *signers, const char *text);
void hny_signers_free(struct hny_signers *signers); /* back to the zero state */

bool hny_signers_have(const struct hny_signers *signers, const char *signer);

#endif
