#include "bundle/signers.h"

#include "base/lines.h"
#include "base/memory.h"
#include <stdlib.h>
#include <string.h>

static hny_status add_key(struct hny_signers *signers, const char *text) {
    if (hny_grow(&signers->keys, &signers->room, signers->count + 1, sizeof *signers->keys) != 0)
        return HNY_ERROR_MEMORY;
    memcpy(signers->keys[signers->count], text, HNY_SIGNER_TEXT - 1);
    signers->keys[signers->count++][HNY_SIGNER_TEXT - 1] = '\0';
    return HNY_OK;
}

static hny_status add_lines(struct hny_signers *signers, struct hny_lines *lines) {
    unsigned char key[HNY_SIGNER_BYTES];
    const char *text;
    size_t size, before = signers->count;
    for (bool more;;) {
        HNY_TRY(hny_lines_next(lines, &text, &size, &more));
        if (!more) break;
        const char *space = memchr(text, ' ', size);
        size_t length = space ? (size_t)(space - text) : size;
        if (length == 0 || text[0] == '#') continue;
        if (!hny_signer_decode(text, length, key))
            return hny_fail(HNY_ERROR_INPUT, "%s:%llu: is no public key, as honyaku keygen sign makes",
                            hny_lines_path(lines), (unsigned long long)hny_lines_number(lines));
        HNY_TRY(add_key(signers, text));
    }
    return signers->count > before ? HNY_OK
                                   : hny_fail(HNY_ERROR_INPUT, "%s: no key is in it", hny_lines_path(lines));
}

hny_status hny_signers_add(struct hny_signers *signers, const char *text) {
    struct hny_lines *lines = NULL;
    unsigned char key[HNY_SIGNER_BYTES];
    if (hny_signer_decode(text, strlen(text), key)) return add_key(signers, text);
    HNY_TRY(hny_lines_open(&lines, text));
    hny_status status = add_lines(signers, lines);
    hny_lines_close(&lines);
    return status;
}

void hny_signers_free(struct hny_signers *signers) {
    free(signers->keys);
    *signers = (struct hny_signers){0};
}

bool hny_signers_have(const struct hny_signers *signers, const char *signer) {
    for (size_t i = 0; i < signers->count; i++)
        if (strcmp(signers->keys[i], signer) == 0) return true;
    return false;
}
