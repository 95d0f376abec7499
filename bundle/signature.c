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

/* The member, of a signer and a signature. */
static const char member_form[] = "signer %s\nsignature %s\n";
static const char member_head[] = "signer ", member_middle[] = "\nsignature ";
_Static_assert(HNY_SIGNATURE_SIZE == sizeof member_head - 1 + HNY_SIGNER_TEXT - 1 + sizeof member_middle - 1 +
                                         SIGNED_BASE64 + 1,
               "the member's parts and its last LF");

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

static void print_message(const char digest[HNY_DIGEST_TEXT], char message[MESSAGE]) {
    snprintf(message, MESSAGE, message_form, digest);
}

hny_status hny_signature_make(const struct hny_signing_key *key, const char digest[HNY_DIGEST_TEXT],
                              char member[HNY_SIGNATURE_SIZE + 1]) {
    unsigned char bytes[SIGNED], coded[SIGNED_BASE64 + 1];
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
    EVP_EncodeBlock(coded, bytes, SIGNED);
    snprintf(member, HNY_SIGNATURE_SIZE + 1, member_form, key->signer, (const char *)coded);
    return HNY_OK;
}

/* Takes MEMBER apart; false where it is not exactly what its parts are written as. */
static bool parse_member(const char *member, char signer[HNY_SIGNER_TEXT], unsigned char key[KEY],
                         unsigned char bytes[SIGNED]) {
    const char *at = member;
    if (memcmp(at, member_head, sizeof member_head - 1) != 0) return false;
    at += sizeof member_head - 1;
    memcpy(signer, at, HNY_SIGNER_TEXT - 1);
    signer[HNY_SIGNER_TEXT - 1] = '\0';
    if (!hny_signer_decode(signer, HNY_SIGNER_TEXT - 1, key)) return false;
    at += HNY_SIGNER_TEXT - 1;
    if (memcmp(at, member_middle, sizeof member_middle - 1) != 0) return false;
    at += sizeof member_middle - 1;
    return decode(at, bytes, SIGNED) && at[SIGNED_BASE64] == '\n';
}

/* 1: it is; 0: it is not; below: OpenSSL failed. */
static int verify(const unsigned char key[KEY], const unsigned char bytes[SIGNED], const char *message) {
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

hny_status hny_signature_check(const char *source, const char member[HNY_SIGNATURE_SIZE],
                               const char digest[HNY_DIGEST_TEXT], char signer[HNY_SIGNER_TEXT]) {
    unsigned char key[KEY], bytes[SIGNED];
    char message[MESSAGE], named[HNY_SIGNER_TEXT];
    if (!parse_member(member, named, key, bytes))
        return hny_fail(HNY_ERROR_INPUT, "%s: %s: expected a signature by Ed25519 as BUNDLE.md has it",
                        source, HNY_SIGNATURE_MEMBER);
    print_message(digest, message);
    int result = verify(key, bytes, message);
    if (result < 0) return fail_openssl("check a signature");
    if (result == 0)
        return hny_fail(HNY_ERROR_INPUT, "%s: %s: damaged, or of another bundle: not a signature by %s",
                        source, HNY_SIGNATURE_MEMBER, named);
    memcpy(signer, named, sizeof named);
    return HNY_OK;
}
