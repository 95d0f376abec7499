#include "base/digest.h"

#include "base/memory.h"
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define READ_BYTES ((size_t)1 << 18)

struct hny_digest {
    EVP_MD_CTX *context;
};

static hny_status fail_openssl(void) {
    return hny_fail(HNY_ERROR_MEMORY, "OpenSSL cannot compute SHA-256");
}

hny_status hny_digest_open(struct hny_digest **digest) {
    struct hny_digest *made = hny_allocate(1, sizeof *made);
    if (!made) return HNY_ERROR_MEMORY;
    made->context = EVP_MD_CTX_new();
    if (!made->context || EVP_DigestInit_ex(made->context, EVP_sha256(), NULL) != 1) {
        hny_digest_close(&made, NULL);
        return fail_openssl();
    }
    *digest = made;
    return HNY_OK;
}

hny_status hny_digest_add(struct hny_digest *digest, const void *data, size_t size) {
    return EVP_DigestUpdate(digest->context, data, size) == 1 ? HNY_OK : fail_openssl();
}

hny_status hny_digest_close(struct hny_digest **digest, char text[HNY_DIGEST_TEXT]) {
    if (!*digest) return HNY_OK;
    unsigned char bytes[EVP_MAX_MD_SIZE];
    hny_status status = HNY_OK;
    if (text && EVP_DigestFinal_ex((*digest)->context, bytes, NULL) != 1) status = fail_openssl();
    for (size_t i = 0; text && status == HNY_OK && i < (HNY_DIGEST_TEXT - 1) / 2; i++)
        snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    EVP_MD_CTX_free((*digest)->context);
    free(*digest);
    *digest = NULL;
    return status;
}

hny_status hny_digest_bytes(const void *data, size_t size, char text[HNY_DIGEST_TEXT]) {
    struct hny_digest *digest = NULL;
    HNY_TRY(hny_digest_open(&digest));
    hny_status status = hny_digest_add(digest, data, size);
    hny_status closed = hny_digest_close(&digest, status == HNY_OK ? text : NULL);
    return status == HNY_OK ? closed : status;
}

/* Adds all that FD still gives. */
static hny_status add_rest(struct hny_digest *digest, int fd, const char *path, unsigned char *room) {
    for (;;) {
        ssize_t got = read(fd, room, READ_BYTES);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return hny_fail_errno("%s: cannot be read", path);
        if (got == 0) return HNY_OK;
        HNY_TRY(hny_digest_add(digest, room, (size_t)got));
    }
}

hny_status hny_digest_descriptor(int fd, const char *path, char text[HNY_DIGEST_TEXT]) {
    struct hny_digest *digest = NULL;
    unsigned char *room = hny_allocate(READ_BYTES, 1);
    hny_status status = room ? hny_digest_open(&digest) : HNY_ERROR_MEMORY;
    if (status == HNY_OK) status = add_rest(digest, fd, path, room);
    hny_status closed = hny_digest_close(&digest, status == HNY_OK ? text : NULL);
    free(room);
    return status == HNY_OK ? closed : status;
}

hny_status hny_digest_file(const char *path, char text[HNY_DIGEST_TEXT]) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return hny_fail_errno("%s: cannot be opened", path);
    hny_status status = hny_digest_descriptor(fd, path, text);
    close(fd);
    return status;
}

bool hny_digest_at(const char *text) {
    size_t digits = 0;
    while (digits < HNY_DIGEST_TEXT - 1 && text[digits] && strchr("0123456789abcdef", text[digits])) digits++;
    return digits == HNY_DIGEST_TEXT - 1;
}
