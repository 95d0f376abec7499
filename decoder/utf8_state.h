/* Which byte may follow which, so that byte pieces spell well-formed UTF-8 (The Unicode Standard, table 3-7)
 * and no control character (U+0000…U+001F, U+007F…U+009F): a text that the search writes never breaks a line.
 */
#ifndef HNY_DECODER_UTF8_STATE_H
#define HNY_DECODER_UTF8_STATE_H

#include <stdint.h>

enum hny_utf8_state {
    HNY_UTF8_BETWEEN, /* between two characters: whole pieces and the end fit here alone */
    HNY_UTF8_ONE,     /* one more continuation byte makes a character */
    HNY_UTF8_TWO,
    HNY_UTF8_THREE,
    HNY_UTF8_C2, /* the lead bytes whose second byte has a narrower range */
    HNY_UTF8_E0,
    HNY_UTF8_ED,
    HNY_UTF8_F0,
    HNY_UTF8_F4,
    HNY_UTF8_REFUSED, /* the byte does not fit */
};

/* The state behind BYTE in STATE, which is not HNY_UTF8_REFUSED. */
enum hny_utf8_state hny_utf8_state_next(enum hny_utf8_state state, uint8_t byte);

#endif
