#include "bundle/signing_key.h"

#include "base/key_file.h"
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

static hny_status fail_openssl(void) {
    ERR_clear_error();
    return hny_fail(HNY_ERROR_MEMORY, "OpenSSL cannot make keys of Ed25519");
}

/* The public half of SECRET. */
static hny_status derive(const unsigned char secret[HNY_SIGNER_BYTES], char signer[HNY_SIGNER_TEXT]) {
    unsigned char key[HNY_SIGNER_BYTES];
    size_t size = sizeof key;
    EVP_PKEY *pair = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, secret, HNY_SIGNER_BYTES);
    bool fine = pair && EVP_PKEY_get_raw_public_key(pair, key, &size) == 1;
    EVP_PKEY_free(pair);
    if (!fine) return fail_openssl();
    hny_signer_encode(key, signer);
    return HNY_OK;
}

static hny_status make_pair(struct hny_signing_key *key) {
    size_t size = sizeof key->secret;
    EVP_PKEY *pair = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    bool fine = pair && EVP_PKEY_get_raw_private_key(pair, key->secret, &size) == 1;
    EVP_PKEY_free(pair);
    return fine ? derive(key->secret, key->signer) : fail_openssl();
}

hny_status hny_signing_key_make(const char *name) {
    struct hny_signing_key key;
    char coded[HNY_SIGNER_TEXT], secret[2 * HNY_SIGNER_TEXT + 32], open[HNY_SIGNER_TEXT + 1];
    HNY_TRY(make_pair(&key));
    hny_signer_encode(key.secret, coded);
    snprintf(secret, sizeof secret, "public %s\nsecret %s\n", key.signer, coded);
    snprintf(open, sizeof open, "%s\n", key.signer);
    hny_status status = hny_key_files_write(name, secret, open);
    explicit_bzero(coded, sizeof coded);
    explicit_bzero(secret, sizeof secret);
    explicit_bzero(&key, sizeof key);
    return status;
}

static bool parse_pair(const char *text, struct hny_signing_key *key) {
    char coded[HNY_SIGNER_TEXT] = {0}, derived[HNY_SIGNER_TEXT], rest;
    bool fine = sscanf(text, "public %52s secret %52s %c", key->signer, coded, &rest) == 2 &&
                hny_signer_decode(coded, strlen(coded), key->secret) &&
                derive(key->secret, derived) == HNY_OK && strcmp(derived, key->signer) == 0;
    explicit_bzero(coded, sizeof coded);
    return fine;
}

hny_status hny_signing_key_read(const char *path, struct hny_signing_key *key) {
    char text[256];
    hny_status status = hny_key_file_read(path, true, text, sizeof text);
    if (status == HNY_OK && !parse_pair(text, key))
        status = hny_fail(HNY_ERROR_INPUT, "%s: is no pair of keys, as honyaku keygen sign makes", path);
    explicit_bzero(text, sizeof text);
    if (status != HNY_OK) explicit_bzero(key, sizeof *key);
    return status;
}
