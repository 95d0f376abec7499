#include "nn/cell.h"

#include "nn/elementwise.h"

HNY_KERNEL static void lstm_row(size_t hidden, hny_real *restrict gates, const hny_real *restrict recurrent,
                                const hny_real *restrict cell_before, hny_real *restrict cell,
                                hny_real *restrict out) {
    hny_real *restrict zi = gates + HNY_LSTM_INPUT * hidden, *restrict zf = gates + HNY_LSTM_FORGET * hidden;
    hny_real *restrict zg = gates + HNY_LSTM_CANDIDATE * hidden, *restrict zo =
                                                                     gates + HNY_LSTM_OUTPUT * hidden;
    if (recurrent)
        for (size_t k = 0; k < HNY_LSTM_GATES * hidden; k++) gates[k] += recurrent[k];
    for (size_t k = 0; k < hidden; k++) {
        hny_real i = hny_sigmoid(zi[k]), f = hny_sigmoid(zf[k]), g = hny_tanh(zg[k]), o = hny_sigmoid(zo[k]);
        hny_real c = f * cell_before[k] + i * g;
        zi[k] = i;
        zf[k] = f;
        zg[k] = g;
        zo[k] = o;
        cell[k] = c;
        out[k] = o * hny_tanh(c);
    }
}

static void lstm_step(const struct hny_cell_step *s) {
    for (size_t r = 0; r < s->rows; r++) {
        size_t at = r * HNY_LSTM_GATES * s->hidden;
        lstm_row(s->hidden, s->gates + at, s->recurrent ? s->recurrent + at : NULL,
                 s->previous[1] + r * s->previous_stride[1], s->next[1] + r * s->next_stride[1],
                 s->next[0] + r * s->next_stride[0]);
    }
}

HNY_KERNEL static void lstm_row_backward(size_t hidden, hny_real *restrict gates,
                                         const hny_real *restrict cell_before, const hny_real *restrict cell,
                                         hny_real *restrict dh, hny_real *restrict dc) {
    hny_real *restrict zi = gates + HNY_LSTM_INPUT * hidden, *restrict zf = gates + HNY_LSTM_FORGET * hidden;
    hny_real *restrict zg = gates + HNY_LSTM_CANDIDATE * hidden, *restrict zo =
                                                                     gates + HNY_LSTM_OUTPUT * hidden;
    for (size_t k = 0; k < hidden; k++) {
        hny_real i = zi[k], f = zf[k], g = zg[k], o = zo[k], bent = hny_tanh(cell[k]);
        hny_real d = dc[k] + dh[k] * o * (1 - bent * bent);
        zo[k] = dh[k] * bent * o * (1 - o);
        zi[k] = d * g * i * (1 - i);
        zf[k] = d * cell_before[k] * f * (1 - f);
        zg[k] = d * i * (1 - g * g);
        dc[k] = d * f;
        dh[k] = 0;
    }
}

static void lstm_backward(const struct hny_cell_backward *b) {
    const struct hny_cell_step *s = &b->step;
    for (size_t r = 0; r < s->rows; r++)
        lstm_row_backward(s->hidden, s->gates + r * HNY_LSTM_GATES * s->hidden,
                          s->previous[1] + r * s->previous_stride[1], s->next[1] + r * s->next_stride[1],
                          b->d_state[0] + r * s->hidden, b->d_state[1] + r * s->hidden);
}

HNY_KERNEL static void gru_row(size_t hidden, hny_real *restrict gates, const hny_real *restrict recurrent,
                               const hny_real *restrict before, hny_real *restrict out) {
    hny_real *restrict zr = gates + HNY_GRU_RESET * hidden, *restrict zu = gates + HNY_GRU_UPDATE * hidden;
    hny_real *restrict zn = gates + HNY_GRU_CANDIDATE * hidden;
    const hny_real *hr = recurrent + HNY_GRU_RESET * hidden, *hu = recurrent + HNY_GRU_UPDATE * hidden;
    const hny_real *hn = recurrent + HNY_GRU_CANDIDATE * hidden;
    for (size_t k = 0; k < hidden; k++) {
        hny_real reset = hny_sigmoid(zr[k] + hr[k]), update = hny_sigmoid(zu[k] + hu[k]);
        hny_real candidate = hny_tanh(zn[k] + reset * hn[k]);
        zr[k] = reset;
        zu[k] = update;
        zn[k] = candidate;
        out[k] = (1 - update) * candidate + update * before[k];
    }
}

static void gru_step(const struct hny_cell_step *s) {
    for (size_t r = 0; r < s->rows; r++) {
        size_t at = r * HNY_GRU_GATES * s->hidden;
        gru_row(s->hidden, s->gates + at, s->recurrent + at, s->previous[0] + r * s->previous_stride[0],
                s->next[0] + r * s->next_stride[0]);
    }
}

HNY_KERNEL static void gru_row_backward(size_t hidden, hny_real *restrict gates,
                                        const hny_real *restrict recurrent, const hny_real *restrict before,
                                        hny_real *restrict dh, hny_real *restrict d_recurrent) {
    hny_real *restrict zr = gates + HNY_GRU_RESET * hidden, *restrict zu = gates + HNY_GRU_UPDATE * hidden;
    hny_real *restrict zn = gates + HNY_GRU_CANDIDATE * hidden;
    hny_real *restrict dr = d_recurrent + HNY_GRU_RESET * hidden;
    hny_real *restrict du = d_recurrent + HNY_GRU_UPDATE * hidden;
    hny_real *restrict dn = d_recurrent + HNY_GRU_CANDIDATE * hidden;
    const hny_real *hn = recurrent + HNY_GRU_CANDIDATE * hidden;
    for (size_t k = 0; k < hidden; k++) {
        hny_real reset = zr[k], update = zu[k], candidate = zn[k];
        hny_real d_candidate = dh[k] * (1 - update) * (1 - candidate * candidate);
        zr[k] = dr[k] = d_candidate * hn[k] * reset * (1 - reset);
        zu[k] = du[k] = dh[k] * (before[k] - candidate) * update * (1 - update);
        zn[k] = d_candidate;
        dn[k] = d_candidate * reset;
        dh[k] *= update;
    }
}

static void gru_backward(const struct hny_cell_backward *b) {
    const struct hny_cell_step *s = &b->step;
    for (size_t r = 0; r < s->rows; r++) {
        size_t at = r * HNY_GRU_GATES * s->hidden;
        gru_row_backward(s->hidden, s->gates + at, s->recurrent + at,
                         s->previous[0] + r * s->previous_stride[0], b->d_state[0] + r * s->hidden,
                         b->d_recurrent + at);
    }
}

HNY_KERNEL static void rnn_row(size_t hidden, hny_real *restrict gates, const hny_real *restrict recurrent,
                               hny_real *restrict out) {
    if (recurrent)
        for (size_t k = 0; k < hidden; k++) gates[k] += recurrent[k];
    for (size_t k = 0; k < hidden; k++) out[k] = gates[k] = hny_tanh(gates[k]);
}

static void rnn_step(const struct hny_cell_step *s) {
    for (size_t r = 0; r < s->rows; r++)
        rnn_row(s->hidden, s->gates + r * s->hidden, s->recurrent ? s->recurrent + r * s->hidden : NULL,
                s->next[0] + r * s->next_stride[0]);
}

static void rnn_backward(const struct hny_cell_backward *b) {
    size_t count = b->step.rows * b->step.hidden;
    hny_real *gates = b->step.gates, *dh = b->d_state[0];
    for (size_t k = 0; k < count; k++) {
        gates[k] = dh[k] * (1 - gates[k] * gates[k]);
        dh[k] = 0;
    }
}

const struct hny_cell hny_cell_lstm = {.name = "lstm",
                                       .gates = HNY_LSTM_GATES,
                                       .states = 2,
                                       .additive = true,
                                       .forget = HNY_LSTM_FORGET,
                                       .step = lstm_step,
                                       .backward = lstm_backward};
const struct hny_cell hny_cell_gru = {.name = "gru",
                                      .gates = HNY_GRU_GATES,
                                      .states = 1,
                                      .additive = false,
                                      .forget = HNY_GRU_GATES,
                                      .step = gru_step,
                                      .backward = gru_backward};
const struct hny_cell hny_cell_rnn = {.name = "rnn",
                                      .gates = 1,
                                      .states = 1,
                                      .additive = true,
                                      .forget = 1,
                                      .step = rnn_step,
                                      .backward = rnn_backward};

hny_status hny_cell_find(const char *name, const struct hny_cell **cell) {
    static const struct hny_cell *const cells[] = {&hny_cell_lstm, &hny_cell_gru, &hny_cell_rnn};
    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++)
        if (strcmp(cells[i]->name, name) == 0) {
            *cell = cells[i];
            return HNY_OK;
        }
    return hny_fail(HNY_ERROR_USAGE, "unknown cell \"%s\" (known: lstm, gru, rnn)", name);
}
