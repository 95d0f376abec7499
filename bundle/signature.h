/* Who answers for a bundle: a signature over its manifest's digest, by Ed25519 (RFC 8032) as OpenSSL computes
 * it. It is a member of its own behind the manifest, so that a bundle can be signed afterwards and keeps its
 * digest. The manifest holds name, release, and the digests of all else. A delta's member also has the
 * signature that the whole bundle would have, so that whoever makes that one has it signed. BUNDLE.md
 * describes member and message; signing_key.h has the files of keys, signers.h who is believed. */
#ifndef HNY_BUNDLE_SIGNATURE_H
#define HNY_BUNDLE_SIGNATURE_H

#include "base/digest.h"
#include <stdbool.h>

#define HNY_SIGNATURE_MEMBER "bundle.signature" /* no file's name */

enum {
    HNY_SIGNER_BYTES = 32,    /* of a key */
    HNY_SIGNER_TEXT = 53,     /* a public key, "ed25519:" and base64 (RFC 4648), with its NUL */
    HNY_SIGNATURE_SIZE = 159, /* bytes of the member, which is text */
    HNY_SIGNATURE_MOST = 254, /* of a delta's */
};

/* A pair of keys. Wiped by who held it (explicit_bzero). */
struct hny_signing_key {
    char signer[HNY_SIGNER_TEXT]; /* the public half */
    unsigned char secret[HNY_SIGNER_BYTES];
};

/* A key's text and back; false where TEXT, SIZE bytes of it, is not exactly what a key is written as. */
void hny_signer_encode(const unsigned char key[HNY_SIGNER_BYTES], char text[HNY_SIGNER_TEXT]);
bool hny_signer_decode(const char *text, size_t size, unsigned char key[HNY_SIGNER_BYTES]);

/* The manifest that is signed. */
struct hny_signed {
    const char *digest; /* of its text */
    const char *full;   /* a delta's: of the manifest of the bundle that it makes; else NULL */
};

size_t hny_signature_size(const struct hny_signed *manifest); /* of its member */

/* The member for MANIFEST, and a NUL behind it. */
hny_status hny_signature_make(const struct hny_signing_key *key, const struct hny_signed *manifest,
                              char member[HNY_SIGNATURE_MOST + 1]);

/* MEMBER, hny_signature_size bytes, must be what the key that it names makes of MANIFEST; else
 * HNY_ERROR_INPUT. The key goes to SIGNER; whether it is to be believed is another question. WHOLE receives
 * the member of the bundle that MANIFEST's makes, which is MEMBER where that is no delta, and a NUL. SOURCE
 * stands for the bundle in messages. */
hny_status hny_signature_check(const char *source, const char *member, const struct hny_signed *manifest,
                               char signer[HNY_SIGNER_TEXT], char whole[HNY_SIGNATURE_SIZE + 1]);

#endif
