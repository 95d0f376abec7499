#include "decoder/utf8_state.h"

#include <stddef.h>

struct transition {
    uint8_t state;
    uint8_t first, last; /* the bytes that fit */
    uint8_t next;
};

static const struct transition transitions[] = {
    {HNY_UTF8_BETWEEN, 0x20, 0x7E, HNY_UTF8_BETWEEN},
    {HNY_UTF8_BETWEEN, 0xC2, 0xC2, HNY_UTF8_C2},
    {HNY_UTF8_BETWEEN, 0xC3, 0xDF, HNY_UTF8_ONE},
    {HNY_UTF8_BETWEEN, 0xE0, 0xE0, HNY_UTF8_E0},
    {HNY_UTF8_BETWEEN, 0xE1, 0xEC, HNY_UTF8_TWO},
    {HNY_UTF8_BETWEEN, 0xED, 0xED, HNY_UTF8_ED},
    {HNY_UTF8_BETWEEN, 0xEE, 0xEF, HNY_UTF8_TWO},
    {HNY_UTF8_BETWEEN, 0xF0, 0xF0, HNY_UTF8_F0},
    {HNY_UTF8_BETWEEN, 0xF1, 0xF3, HNY_UTF8_THREE},
    {HNY_UTF8_BETWEEN, 0xF4, 0xF4, HNY_UTF8_F4},
    {HNY_UTF8_ONE, 0x80, 0xBF, HNY_UTF8_BETWEEN},
    {HNY_UTF8_TWO, 0x80, 0xBF, HNY_UTF8_ONE},
    {HNY_UTF8_THREE, 0x80, 0xBF, HNY_UTF8_TWO},
    {HNY_UTF8_C2, 0xA0, 0xBF, HNY_UTF8_BETWEEN}, /* below A0: the control characters from U+0080 on */
    {HNY_UTF8_E0, 0xA0, 0xBF, HNY_UTF8_ONE},     /* below A0: longer than needed */
    {HNY_UTF8_ED, 0x80, 0x9F, HNY_UTF8_ONE},     /* above 9F: surrogates */
    {HNY_UTF8_F0, 0x90, 0xBF, HNY_UTF8_TWO},     /* below 90: longer than needed */
    {HNY_UTF8_F4, 0x80, 0x8F, HNY_UTF8_TWO},     /* above 8F: beyond U+10FFFF */
};

enum hny_utf8_state hny_utf8_state_next(enum hny_utf8_state state, uint8_t byte) {
    for (size_t i = 0; i < sizeof transitions / sizeof *transitions; i++)
        if (transitions[i].state == state && transitions[i].first <= byte && byte <= transitions[i].last)
            return transitions[i].next;
    return HNY_UTF8_REFUSED;
}
