#include "decoder/top.h"

#include "nn/elementwise.h"

/* Numbers that are looked at together. */
enum { BLOCK = 64 };

void hny_top_offer(struct hny_top *top, int32_t id, hny_real value) {
    bool full = top->count == top->limit;
    if (value != value || (full && !(value > top->choices[top->count - 1].value))) return;
    size_t place = full ? top->count - 1 : top->count++;
    for (; place > 0 && value > top->choices[place - 1].value; place--)
        top->choices[place] = top->choices[place - 1];
    top->choices[place] = (struct hny_choice){id, value};
}

/* The start of the first whole block at FROM or behind that has a number above THRESHOLD; where there is
 * none, of the part of a block that is left. */
HNY_KERNEL static size_t next_block(const hny_real *values, size_t count, size_t from, hny_real threshold) {
    for (; from + BLOCK <= count; from += BLOCK) {
        int above = 0;
        for (size_t k = 0; k < BLOCK; k++) above |= values[from + k] > threshold;
        if (above) break;
    }
    return from;
}

void hny_top_scan(struct hny_top *top, const hny_real *values, size_t count, const bool *refused) {
    for (size_t i = 0; i < count;) {
        if (top->count == top->limit) i = next_block(values, count, i, top->choices[top->limit - 1].value);
        size_t last = count - i < BLOCK ? count : i + BLOCK;
        for (; i < last; i++)
            if (!refused[i]) hny_top_offer(top, (int32_t)i, values[i]);
    }
}
