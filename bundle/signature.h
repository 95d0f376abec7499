/* Who answers for a bundle: a signature over its manifest's digest, by Ed25519 (RFC 8032) as OpenSSL computes
 * it. It is a member of its own behind the manifest, so that a bundle can be signed afterwards and keeps its
 * digest. The manifest holds name, release, and the digests of all else. BUNDLE.md describes member and
 * message; signing_key.h has the files of keys, signers.h who is believed. */
#ifndef HNY_BUNDLE_SIGNATURE_H
#define HNY_BUNDLE_SIGNATURE_H

#include "base/digest.h"
#include <stdbool.h>

#define HNY_SIGNATURE_MEMBER "bundle.signature" /* no file's name */

enum {
    HNY_SIGNER_BYTES = 32,    /* of a key */
    HNY_SIGNER_TEXT = 53,     /* a public key, "ed25519:" and base64 (RFC 4648), with its NUL */
    HNY_SIGNATURE_SIZE = 159, /* bytes of the member, which is text */
};

/* A pair of keys. Wiped by who held it (explicit_bzero). */
struct hny_signing_key {
    char signer[HNY_SIGNER_TEXT]; /* the public half */
    unsigned char secret[HNY_SIGNER_BYTES];
};

/* A key's text and back; false where TEXT, SIZE bytes of it, is not exactly what a key is written as. */
void hny_signer_encode(const unsigned char key[HNY_SIGNER_BYTES], char text[HNY_SIGNER_TEXT]);
bool hny_signer_decode(const char *text, size_t size, unsigned char key[HNY_SIGNER_BYTES]);

/* The member for the manifest that has DIGEST, and a NUL behind it. */
hny_status hny_signature_make(const struct hny_signing_key *key, const char digest[HNY_DIGEST_TEXT],
                              char member[HNY_SIGNATURE_SIZE + 1]);

/* MEMBER must be a signature of DIGEST by the key that it names, which goes to SIGNER; else HNY_ERROR_INPUT.
 * SOURCE stands for the bundle in messages. Whether that key is to be believed is another question. */
hny_status hny_signature_check(const char *source, const char member[HNY_SIGNATURE_SIZE],
                               const char digest[HNY_DIGEST_TEXT], char signer[HNY_SIGNER_TEXT]);

#endif
