#include "pipeline/keys.h"

#include "base/key_file.h"
#include <stdio.h>
#include <string.h>
#include <zmq.h>

bool hny_key_decode(const char *text, size_t size, uint8_t key[HNY_KEY_SIZE]) {
    char copy[HNY_KEY_TEXT];
    if (size != HNY_KEY_TEXT - 1 || memchr(text, '\0', size)) return false;
    memcpy(copy, text, size);
    copy[size] = '\0';
    return zmq_z85_decode(key, copy) != NULL;
}

hny_status hny_keys_make(const char *name) {
    struct hny_key_pair pair;
    char secret[2 * HNY_KEY_TEXT + 32], open[HNY_KEY_TEXT + 1];
    if (zmq_curve_keypair(pair.public_key, pair.secret_key) != 0)
        return hny_fail(HNY_ERROR_IO, "cannot make keys: %s", zmq_strerror(zmq_errno()));
    snprintf(secret, sizeof secret, "public %s\nsecret %s\n", pair.public_key, pair.secret_key);
    snprintf(open, sizeof open, "%s\n", pair.public_key);
    hny_status status = hny_key_files_write(name, secret, open);
    explicit_bzero(secret, sizeof secret);
    explicit_bzero(&pair, sizeof pair);
    return status;
}

hny_status hny_keys_read(const char *path, struct hny_key_pair *pair) {
    char text[256], rest;
    uint8_t key[HNY_KEY_SIZE];
    hny_status status = hny_key_file_read(path, true, text, sizeof text);
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
        HNY_TRY(hny_key_file_read(text, false, file, sizeof file));
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
