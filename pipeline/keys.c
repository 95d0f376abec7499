#include "pipeline/keys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

bool hny_key_decode(const char *text, size_t size, uint8_t key[HNY_KEY_SIZE]) {
    char copy[HNY_KEY_TEXT];
    if (size != HNY_KEY_TEXT - 1 || memchr(text, '\0', size)) return false;
    memcpy(copy, text, size);
    copy[size] = '\0';
    return zmq_z85_decode(key, copy) != NULL;
}

/* --- Writing ---------------------------------------------------------------------------------------- */

static hny_status write_new(const char *path, const char *text, mode_t mode) {
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (file < 0)
        return errno == EEXIST ? hny_fail(HNY_ERROR_INPUT, "%s: is there already", path)
                               : hny_fail_errno("%s: cannot be made", path);
    size_t size = strlen(text);
    bool written = write(file, text, size) == (ssize_t)size && fsync(file) == 0;
    hny_status status = written ? HNY_OK : hny_fail_errno("%s: cannot be written", path);
    if (close(file) != 0 && status == HNY_OK) status = hny_fail_errno("%s: cannot be written", path);
    if (status != HNY_OK) unlink(path);
    return status;
}

hny_status hny_keys_make(const char *name) {
    struct hny_key_pair pair;
    char path[4096], text[2 * HNY_KEY_TEXT + 32];
    if (zmq_curve_keypair(pair.public_key, pair.secret_key) != 0)
        return hny_fail(HNY_ERROR_IO, "cannot make keys: %s", zmq_strerror(zmq_errno()));
    if ((size_t)snprintf(path, sizeof path, "%s.key", name) >= sizeof path)
        return hny_fail(HNY_ERROR_USAGE, "a name of %zu bytes is too long", strlen(name));
    snprintf(text, sizeof text, "public %s\nsecret %s\n", pair.public_key, pair.secret_key);
    hny_status status = write_new(path, text, 0600);
    explicit_bzero(text, sizeof text);
    if (status != HNY_OK) return status;
    snprintf(path, sizeof path, "%s.pub", name);
    snprintf(text, sizeof text, "%s\n", pair.public_key);
    status = write_new(path, text, 0644);
    if (status == HNY_OK) return HNY_OK;
    snprintf(path, sizeof path, "%s.key", name);
    unlink(path); /* half a pair is none */
    return status;
}

/* --- Reading ---------------------------------------------------------------------------------------- */

/* At most SIZE - 1 bytes of the file at PATH, which nobody but its owner may read or write where SECRET. */
static hny_status read_small(const char *path, bool secret, char *text, size_t size) {
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return hny_fail_errno("%s: cannot be opened", path);
    struct stat about;
    hny_status status = HNY_OK;
    if (fstat(file, &about) != 0)
        status = hny_fail_errno("%s: cannot be looked at", path);
    else if (secret && (about.st_mode & 077))
        status = hny_fail(HNY_ERROR_INPUT, "%s: others may read or write it (mode %o): chmod 600", path,
                          (unsigned)about.st_mode & 07777);
    ssize_t got = status == HNY_OK ? read(file, text, size - 1) : 0;
    if (got < 0) status = hny_fail_errno("%s: cannot be read", path);
    text[got > 0 ? got : 0] = '\0';
    close(file);
    return status;
}

hny_status hny_keys_read(const char *path, struct hny_key_pair *pair) {
    char text[256], rest;
    uint8_t key[HNY_KEY_SIZE];
    hny_status status = read_small(path, true, text, sizeof text);
    if (status == HNY_OK &&
        (sscanf(text, "public %40s secret %40s %c", pair->public_key, pair->secret_key, &rest) != 2 ||
         !hny_key_decode(pair->public_key, strlen(pair->public_key), key) ||
         !hny_key_decode(pair->secret_key, strlen(pair->secret_key), key)))
        status = hny_fail(HNY_ERROR_INPUT, "%s: is no pair of keys, as honyaku keygen curve makes", path);
    explicit_bzero(text, sizeof text);
    explicit_bzero(key, sizeof key);
    return status;
}

hny_status hny_keys_public(const char *text, char key[HNY_KEY_TEXT]) {
    char file[256];
    uint8_t bytes[HNY_KEY_SIZE];
    if (!hny_key_decode(text, strlen(text), bytes)) {
        HNY_TRY(read_small(text, false, file, sizeof file));
        file[strcspn(file, " \r\n")] = '\0';
        if (!hny_key_decode(file, strlen(file), bytes))
            return hny_fail(HNY_ERROR_INPUT, "%s: is no public key", text);
        text = file;
    }
    memcpy(key, text, HNY_KEY_TEXT);
    return HNY_OK;
}

hny_status hny_keys_use(void *socket, const char *key, const char *server) {
    struct hny_key_pair pair;
    char server_key[HNY_KEY_TEXT];
    if (!key && !server) return HNY_OK;
    if (!key || !server)
        return hny_fail(HNY_ERROR_USAGE, "one's own keys and the server's public key go together");
    HNY_TRY(hny_keys_public(server, server_key));
    HNY_TRY(hny_keys_read(key, &pair));
    bool fine = zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, server_key, HNY_KEY_TEXT) == 0 &&
                zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, pair.public_key, HNY_KEY_TEXT) == 0 &&
                zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, pair.secret_key, HNY_KEY_TEXT) == 0;
    explicit_bzero(&pair, sizeof pair);
    return fine ? HNY_OK
                : hny_fail(HNY_ERROR_IO, "cannot set a socket's keys: %s", zmq_strerror(zmq_errno()));
}
