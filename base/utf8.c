#include "base/utf8.h"

#include <string.h>

#define REPLACEMENT "\xEF\xBF\xBD"

/* What may follow a leading byte: The Unicode Standard, table 3-7. Only the second byte's range is narrowed.
 */
struct lead {
    unsigned char first, last; /* leading bytes */
    unsigned char low, high;   /* the second byte */
    unsigned char trailing;    /* bytes behind the leading one */
    unsigned char bits;        /* of the leading byte that belong to the code point */
};
static const struct lead leads[] = {
    {0xC2, 0xDF, 0x80, 0xBF, 1, 0x1F}, {0xE0, 0xE0, 0xA0, 0xBF, 2, 0x0F}, {0xE1, 0xEC, 0x80, 0xBF, 2, 0x0F},
    {0xED, 0xED, 0x80, 0x9F, 2, 0x0F}, {0xEE, 0xEF, 0x80, 0xBF, 2, 0x0F}, {0xF0, 0xF0, 0x90, 0xBF, 3, 0x07},
    {0xF1, 0xF3, 0x80, 0xBF, 3, 0x07}, {0xF4, 0xF4, 0x80, 0x8F, 3, 0x07},
};

static const struct lead *find_lead(unsigned char byte) {
    for (size_t i = 0; i < sizeof leads / sizeof *leads; i++)
        if (byte >= leads[i].first && byte <= leads[i].last) return &leads[i];
    return NULL;
}

int hny_utf8_decode(const char *text, size_t size, uint32_t *code) {
    const unsigned char *bytes = (const unsigned char *)text;
    if (bytes[0] < 0x80) {
        *code = bytes[0];
        return 1;
    }
    *code = 0xFFFD;
    const struct lead *lead = find_lead(bytes[0]);
    if (!lead) return -1;
    uint32_t value = bytes[0] & lead->bits;
    unsigned char low = lead->low, high = lead->high;
    for (int i = 1; i <= lead->trailing; i++) {
        if ((size_t)i >= size || bytes[i] < low || bytes[i] > high) return -i;
        value = value << 6 | (bytes[i] & 0x3F);
        low = 0x80;
        high = 0xBF;
    }
    *code = value;
    return lead->trailing + 1;
}

int hny_utf8_encode(uint32_t code, char text[4]) {
    if (code < 0x80) {
        text[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        text[0] = (char)(0xC0 | code >> 6);
        text[1] = (char)(0x80 | (code & 0x3F));
        return 2;
    }
    if (code < 0x10000) {
        text[0] = (char)(0xE0 | code >> 12);
        text[1] = (char)(0x80 | (code >> 6 & 0x3F));
        text[2] = (char)(0x80 | (code & 0x3F));
        return 3;
    }
    text[0] = (char)(0xF0 | code >> 18);
    text[1] = (char)(0x80 | (code >> 12 & 0x3F));
    text[2] = (char)(0x80 | (code >> 6 & 0x3F));
    text[3] = (char)(0x80 | (code & 0x3F));
    return 4;
}

/* Bytes of valid UTF-8 that TEXT begins with; *BROKEN is the length of the broken part behind them, 0 at the
 * end. */
static size_t valid_prefix(const char *text, size_t size, size_t *broken) {
    size_t at = 0;
    while (at < size) {
        uint64_t eight;
        if (size - at >= sizeof eight) {
            memcpy(&eight, text + at, sizeof eight);
            if ((eight & 0x8080808080808080u) == 0) {
                at += sizeof eight;
                continue;
            }
        }
        uint32_t code;
        int length = hny_utf8_decode(text + at, size - at, &code);
        if (length < 0) {
            *broken = (size_t)-length;
            return at;
        }
        at += (size_t)length;
    }
    *broken = 0;
    return at;
}

bool hny_utf8_valid(const char *text, size_t size) {
    size_t broken;
    return valid_prefix(text, size, &broken) == size;
}

hny_status hny_utf8_repair(struct hny_buffer *out, const char *text, size_t size, size_t *replaced) {
    size_t before = out->size, count = 0;
    do {
        size_t broken;
        size_t valid = valid_prefix(text, size, &broken);
        hny_status status = hny_buffer_append(out, text, valid);
        if (status == HNY_OK && broken) status = hny_buffer_append(out, REPLACEMENT, strlen(REPLACEMENT));
        if (status != HNY_OK) {
            out->size = before;
            if (out->data) out->data[before] = '\0';
            return status;
        }
        count += broken != 0;
        text += valid + broken;
        size -= valid + broken;
    } while (size > 0);
    if (replaced) *replaced += count;
    return HNY_OK;
}
