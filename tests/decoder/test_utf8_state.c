#include "base/utf8.h"
#include "decoder/utf8_state.h"

#include <criterion/criterion.h>

/* Whether the states take TEXT from between characters to between characters. */
static bool spelt(const uint8_t *text, size_t size) {
    enum hny_utf8_state state = HNY_UTF8_BETWEEN;
    for (size_t i = 0; i < size && state != HNY_UTF8_REFUSED; i++)
        state = hny_utf8_state_next(state, text[i]);
    return state == HNY_UTF8_BETWEEN;
}

Test(utf8_state, every_character_but_the_control_characters_can_be_spelt) {
    for (uint32_t code = 0; code <= 0x10FFFF; code++) {
        char text[4];
        if (code >= 0xD800 && code <= 0xDFFF) continue;
        bool control = code < 0x20 || (code >= 0x7F && code < 0xA0);
        int size = hny_utf8_encode(code, text);
        cr_assert_eq(spelt((const uint8_t *)text, (size_t)size), !control, "U+%04X", code);
    }
}

Test(utf8_state, what_is_spelt_is_valid) {
    for (uint32_t word = 0; word < 0x1000000; word++) {
        uint8_t text[3] = {(uint8_t)(word >> 16), (uint8_t)(word >> 8), (uint8_t)word};
        if (spelt(text, 3)) cr_assert(hny_utf8_valid((const char *)text, 3), "%06X", word);
    }
    for (uint32_t word = 0; word < 0x1000000; word++) {
        uint8_t text[4] = {(uint8_t)(0xF0 | word >> 20), (uint8_t)(0x80 | (word >> 12 & 0x7F)),
                           (uint8_t)(word >> 6), (uint8_t)(0x80 | (word & 0x3F))};
        if (spelt(text, 4)) cr_assert(hny_utf8_valid((const char *)text, 4), "%06X", word);
    }
}

Test(utf8_state, every_state_can_be_left) {
    for (int state = HNY_UTF8_BETWEEN; state < HNY_UTF8_REFUSED; state++) {
        int fitting = 0;
        for (int byte = 0; byte < 256; byte++)
            fitting += hny_utf8_state_next((enum hny_utf8_state)state, (uint8_t)byte) != HNY_UTF8_REFUSED;
        cr_assert_gt(fitting, 0, "state %d", state);
    }
}
