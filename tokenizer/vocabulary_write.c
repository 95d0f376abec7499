#include "base/digest.h"
#include "tokenizer/vocabulary.h"

#include <inttypes.h>

static hny_status write_score(const struct hny_vocabulary *vocabulary, size_t piece,
                              struct hny_buffer *file) {
    int32_t score = vocabulary->pieces[piece].score;
    if (piece < vocabulary->symbol_count) return hny_buffer_print(file, "symbol\n");
    if (vocabulary->kind == HNY_TOKENIZER_BPE) return hny_buffer_print(file, "%" PRId32 "\n", score);
    return hny_buffer_print(file, "%s%" PRId32 ".%06" PRId32 "\n", score < 0 ? "-" : "",
                            -(score / HNY_SCORE_UNIT), -(score % HNY_SCORE_UNIT));
}

hny_status hny_vocabulary_write(const struct hny_vocabulary *vocabulary, struct hny_buffer *file) {
    size_t start = file->size;
    HNY_TRY(hny_buffer_print(file, "honyaku tokenizer 1\nkind %s\nform %s\nsize %zu\n",
                             hny_kind_names[vocabulary->kind], hny_form_names[vocabulary->form],
                             HNY_ID_PIECES + vocabulary->count));
    for (size_t i = 0; i < vocabulary->count; i++) {
        HNY_TRY(hny_buffer_print(file, "%zu\t", HNY_ID_PIECES + i));
        HNY_TRY(hny_piece_write(file, vocabulary->pieces[i].text, vocabulary->pieces[i].size));
        HNY_TRY(hny_buffer_append(file, "\t", 1));
        HNY_TRY(write_score(vocabulary, i, file));
    }
    char digest[HNY_DIGEST_TEXT];
    HNY_TRY(hny_digest_bytes(file->data + start, file->size - start, digest));
    return hny_buffer_print(file, "sha256 %s\n", digest);
}
