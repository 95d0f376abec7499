#include "bundle/signature.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

static const char scheme[] = "ed25519:";
enum { SCHEME = sizeof scheme - 1, KEY = HNY_SIGNER_BYTES, KEY_BASE64 = 44, SIGNED = 64, SIGNED_BASE64 = 88 };
_Static_assert(HNY_SIGNER_TEXT == SCHEME + KEY_BASE64 + 1, "scheme, key, NUL");

/* What is signed stands for nothing else: no other text of this program begins so. */
static const char message_form[] = "honyaku bundle signature 1\n%s\n";
enum { MESSAGE = sizeof message_form - 2 + HNY_DIGEST_TEXT };

/* The member, of a signer and a signature; a delta's has another line. */
static const char member_head[] = "signer ", member_middle[] = "\nsignature ", member_more[] = "whole ";
_Static_assert(HNY_SIGNATURE_SIZE == sizeof member_head - 1 + HNY_SIGNER_TEXT - 1 + sizeof member_middle - 1 +
                                         SIGNED_BASE64 + 1,
               "the member's parts and its last LF");
_Static_assert(HNY_SIGNATURE_MOST == HNY_SIGNATURE_SIZE + sizeof member_more - 1 + SIGNED_BASE64 + 1,
               "and a delta's line");

static hny_status fail_openssl(const char *what) {
    ERR_clear_error();
    return hny_fail(HNY_ERROR_MEMORY, "OpenSSL cannot %s with Ed25519", what);
}

/* SIZE bytes from their base64; false where TEXT is not exactly what they are written as. */
static bool decode(const char *text, unsigned char *bytes, int size) {
    unsigned char room[SIGNED_BASE64], again[SIGNED_BASE64 + 1];
    int length = (size + 2) / 3 * 4;
    if (EVP_DecodeBlock(room, (const unsigned char *)text, length) < size) return false;
    EVP_EncodeBlock(again, room, size);
    memcpy(bytes, room, (size_t)size);
    bool same = memcmp(again, text, (size_t)length) == 0;
    explicit_bzero(room, sizeof room); /* it may be a secret */
    explicit_bzero(again, sizeof again);
    return same;
}

void hny_signer_encode(const unsigned char key[HNY_SIGNER_BYTES], char text[HNY_SIGNER_TEXT]) {
    memcpy(text, scheme, SCHEME);
    EVP_EncodeBlock((unsigned char *)text + SCHEME, key, KEY); /* and its NUL */
}

bool hny_signer_decode(const char *text, size_t size, unsigned char key[HNY_SIGNER_BYTES]) {
    return size == HNY_SIGNER_TEXT - 1 && memcmp(text, scheme, SCHEME) == 0 &&
           decode(text + SCHEME, key, KEY);
}

size_t hny_signature_size(const struct hny_signed *manifest) {
    return manifest->full ? HNY_SIGNATURE_MOST : HNY_SIGNATURE_SIZE;
}

static void print_message(const char *digest, char message[MESSAGE]) {
    snprintf(message, MESSAGE, message_form, digest);
}

/* --- Making -------------------------------------------------------------------------------------------- */

static hny_status sign(const struct hny_signing_key *key, const char *digest, char coded[SIGNED_BASE64 + 1]) {
    unsigned char bytes[SIGNED];
    char message[MESSAGE];
    size_t size = sizeof bytes;
    print_message(digest, message);
    EVP_PKEY *pair = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, key->secret, KEY);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool fine = pair && context && EVP_DigestSignInit(context, NULL, NULL, NULL, pair) == 1 &&
                EVP_DigestSign(context, bytes, &size, (const unsigned char *)message, strlen(message)) == 1;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(pair);
    if (!fine) return fail_openssl("sign");
    EVP_EncodeBlock((unsigned char *)coded, bytes, SIGNED);
    return HNY_OK;
}

hny_status hny_signature_make(const struct hny_signing_key *key, const struct hny_signed *manifest,
                              char member[HNY_SIGNATURE_MOST + 1]) {
    char own[SIGNED_BASE64 + 1], whole[SIGNED_BASE64 + 1];
    HNY_TRY(sign(key, manifest->digest, own));
    int size =
        snprintf(member, HNY_SIGNATURE_MOST + 1, "%s%s%s%s\n", member_head, key->signer, member_middle, own);
    if (!manifest->full) return HNY_OK;
    HNY_TRY(sign(key, manifest->full, whole));
    snprintf(member + size, HNY_SIGNATURE_MOST + 1 - (size_t)size, "%s%s\n", member_more, whole);
    return HNY_OK;
}

/* --- Checking ------------------------------------------------------------------------------------------ */

/* A member, taken apart. */
struct parts {
    char signer[HNY_SIGNER_TEXT];
    unsigned char key[KEY];
    unsigned char own[SIGNED], whole[SIGNED]; /* signatures; the second a delta's alone */
};

/* Goes on behind TEXT; false where *AT does not begin so. */
static bool skip(const char **at, const char *text) {
    size_t size = strlen(text);
    if (memcmp(*at, text, size) != 0) return false;
    *at += size;
    return true;
}

/* The signature at *AT and the LF behind it. */
static bool take_signature(const char **at, unsigned char bytes[SIGNED]) {
    if (!decode(*at, bytes, SIGNED)) return false;
    *at += SIGNED_BASE64;
    return skip(at, "\n");
}

/* False where MEMBER is not exactly what its parts are written as. */
static bool parse_member(const char *member, bool delta, struct parts *parts) {
    const char *at = member;
    if (!skip(&at, member_head)) return false;
    memcpy(parts->signer, at, HNY_SIGNER_TEXT - 1);
    parts->signer[HNY_SIGNER_TEXT - 1] = '\0';
    if (!hny_signer_decode(parts->signer, HNY_SIGNER_TEXT - 1, parts->key)) return false;
    at += HNY_SIGNER_TEXT - 1;
    if (!skip(&at, member_middle) || !take_signature(&at, parts->own)) return false;
    return !delta || (skip(&at, member_more) && take_signature(&at, parts->whole));
}

/* 1: it is; 0: it is not; below: OpenSSL failed. */
static int verify(const unsigned char key[KEY], const unsigned char bytes[SIGNED], const char *digest) {
    char message[MESSAGE];
    print_message(digest, message);
    EVP_PKEY *open = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key, KEY);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    int result = -1;
    if (open && context && EVP_DigestVerifyInit(context, NULL, NULL, NULL, open) == 1)
        result =
            EVP_DigestVerify(context, bytes, SIGNED, (const unsigned char *)message, strlen(message)) == 1;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(open);
    ERR_clear_error();
    return result;
}

hny_status hny_signature_check(const char *source, const char *member, const struct hny_signed *manifest,
                               char signer[HNY_SIGNER_TEXT], char whole[HNY_SIGNATURE_SIZE + 1]) {
    struct parts parts;
    if (!parse_member(member, manifest->full != NULL, &parts))
        return hny_fail(HNY_ERROR_INPUT, "%s: %s: expected a signature by Ed25519 as BUNDLE.md has it",
                        source, HNY_SIGNATURE_MEMBER);
    int result = verify(parts.key, parts.own, manifest->digest);
    if (result == 1 && manifest->full) result = verify(parts.key, parts.whole, manifest->full);
    if (result < 0) return fail_openssl("check a signature");
    if (result == 0)
        return hny_fail(HNY_ERROR_INPUT, "%s: %s: damaged, or of another bundle: not a signature by %s",
                        source, HNY_SIGNATURE_MEMBER, parts.signer);
    memcpy(signer, parts.signer, sizeof parts.signer);
    snprintf(whole, HNY_SIGNATURE_SIZE + 1, "%s%s%s%.*s\n", member_head, signer, member_middle, SIGNED_BASE64,
             member + (manifest->full ? HNY_SIGNATURE_SIZE + sizeof member_more - 1
                                      : HNY_SIGNATURE_SIZE - SIGNED_BASE64 - 1));
    return HNY_OK;
}
