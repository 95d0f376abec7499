/* Keys of connections: CurveZMQ (RFC 26), one pair a broker, client or worker. */
#ifndef HNY_PIPELINE_KEYS_H
#define HNY_PIPELINE_KEYS_H

#include "base/status.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    HNY_KEY_TEXT = 41,
    HNY_KEY_SIZE = 32
}; /* Z85 (RFC 32) with its NUL, and the bytes that it stands for */

struct hny_key_pair {
    char public_key[HNY_KEY_TEXT], secret_key[HNY_KEY_TEXT];
};

/* A new pair in NAME.key, for its owner's eyes alone (mode 600), and its public half in NAME.pub.
 * HNY_ERROR_INPUT where either file is there already. */
hny_status hny_keys_make(const char *name);

/* The pair in PATH. HNY_ERROR_INPUT where it is none, or others than the owner may read or write the file. */
hny_status hny_keys_read(const char *path, struct hny_key_pair *pair);

/* A public key: TEXT itself where it is one, else the file TEXT. */
hny_status hny_keys_public(const char *text, char key[HNY_KEY_TEXT]);

/* SOCKET becomes a client with the pair in the file KEY of the server whose public key is SERVER, or in the
 * file SERVER. Before connecting. Both NULL: it goes without keys. HNY_ERROR_USAGE where only one is. */
hny_status hny_keys_use(void *socket, const char *key, const char *server);

/* TEXT, SIZE bytes of it, as a key; false where it is none. */
bool hny_key_decode(const char *text, size_t size, uint8_t key[HNY_KEY_SIZE]);

#endif
