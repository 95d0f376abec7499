#include "tokenizer/trainer.h"

#include "base/progress.h"
#include "tests/tokenizer/helpers.h"
#include "tokenizer/tokenizer.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <criterion/redirect.h>
#include <stdlib.h>
#include <string.h>

static const char golden_unigram[] =
    "honyaku tokenizer 1\n"
    "kind unigram\n"
    "form nfc\n"
    "size 276\n"
    "260\t▁low\t-1.607485\n"
    "261\t▁new\t-1.857485\n"
    "262\t▁wide\t-2.190819\n"
    "263\test\t-2.690891\n"
    "264\ter\t-2.693810\n"
    "265\tr\t-3.683223\n"
    "266\ts\t-3.690633\n"
    "267\tt\t-3.690633\n"
    "268\t▁\t-5.077113\n"
    "269\td\t-5.077113\n"
    "270\te\t-5.077113\n"
    "271\ti\t-5.077113\n"
    "272\tl\t-5.077113\n"
    "273\tn\t-5.077113\n"
    "274\to\t-5.077113\n"
    "275\tw\t-5.077113\n"
    "sha256 1ce58d3d753e7ab041f2582cbcb62b9f3f06a69465302f002d042e09b23f7c92\n";
static const char golden_bpe[] = "honyaku tokenizer 1\n"
                                 "kind bpe\n"
                                 "form nfc\n"
                                 "size 272\n"
                                 "260\t▁\t0\n"
                                 "261\tw\t0\n"
                                 "262\tl\t0\n"
                                 "263\to\t0\n"
                                 "264\te\t0\n"
                                 "265\tn\t0\n"
                                 "266\tr\t0\n"
                                 "267\ts\t0\n"
                                 "268\tt\t0\n"
                                 "269\t▁l\t1\n"
                                 "270\t▁lo\t2\n"
                                 "271\t▁low\t3\n"
                                 "sha256 76208ea80e039638d7f090664de636844ace6837f2d7d5346d656b0107c96e12\n";

#define TEXTS(...) ((const char *const[]){__VA_ARGS__, NULL})

static struct hny_tokenizer_options options_of(enum hny_tokenizer_kind kind, size_t vocabulary) {
    struct hny_tokenizer_options options;
    hny_tokenizer_defaults(&options);
    options.kind = kind;
    options.vocabulary = vocabulary;
    return options;
}

/* 3,000 lines of words that share their beginnings, the same for the same SEED. */
static char *invent_text(uint64_t seed) {
    static const char *const parts[] = {"ka", "mi", "no", "ra", "tó", "sen", "über", "人", "間", "です"};
    char *text = malloc(3000 * 200), *to = text;
    for (int line = 0; line < 3000; line++) {
        for (uint32_t words = 1 + next_random(&seed, 6); words > 0; words--) {
            for (uint32_t left = 1 + next_random(&seed, 4); left > 0; left--)
                to = stpcpy(to, parts[next_random(&seed, 1 + next_random(&seed, 10))]);
            to = stpcpy(to, words > 1 ? " " : ".\n");
        }
    }
    return text;
}

Test(trainer, the_same_text_gives_the_same_bytes_at_any_number_of_threads) {
    char *text = invent_text(4);
    for (int kind = 0; kind < 2; kind++) {
        struct hny_tokenizer_options options = options_of((enum hny_tokenizer_kind)kind, 500);
        struct hny_buffer first = {0}, other = {0};
        cr_assert_eq(train_on(TEXTS(text, sample_text), &options, 1, &first), HNY_OK, "%s", hny_message());
        for (size_t threads = 1; threads <= 3; threads++) {
            hny_buffer_clear(&other);
            cr_assert_eq(train_on(TEXTS(text, sample_text), &options, threads, &other), HNY_OK);
            cr_assert_str_eq(other.data, first.data);
        }
        hny_buffer_free(&first);
        hny_buffer_free(&other);
    }
    free(text);
}

Test(trainer, a_small_text_gives_the_unigram_vocabulary_written_here) {
    const char *text = "low lower lowest\nlow new newer newest\nwide wider widest low new\n";
    struct hny_tokenizer_options options = options_of(HNY_TOKENIZER_UNIGRAM, 276);
    options.coverage = 1;
    struct hny_buffer file = {0};
    cr_assert_eq(train_on(TEXTS(text), &options, 1, &file), HNY_OK, "%s", hny_message());
    cr_assert_str_eq(file.data, golden_unigram);
    hny_buffer_free(&file);
}

Test(trainer, a_small_text_gives_the_bpe_vocabulary_written_here) {
    /* (l,o) (lo,w) and so on by hand: " l" is in 4 words, "lo" and "ow" too; the least text goes first. */
    const char *text = "low low lower\nnewest low\n";
    struct hny_tokenizer_options options = options_of(HNY_TOKENIZER_BPE, 273);
    options.coverage = 1;
    struct hny_buffer file = {0};
    cr_assert_eq(train_on(TEXTS(text), &options, 1, &file), HNY_OK, "%s", hny_message());
    cr_assert_str_eq(file.data, golden_bpe);
    hny_buffer_free(&file);
}

/* Words with their counts, as lists of symbols: what the plain trainer below works on. */
struct word {
    char symbols[24][24];
    size_t count;
    uint64_t times;
};

static void merge_plainly(struct word *word, const char *joined) {
    for (size_t i = 0; i + 1 < word->count; i++) {
        char both[48];
        snprintf(both, sizeof both, "%s%s", word->symbols[i], word->symbols[i + 1]);
        if (strcmp(both, joined) != 0) continue;
        strcpy(word->symbols[i], joined);
        memmove(word->symbols + i + 1, word->symbols + i + 2, (word->count - i - 2) * sizeof *word->symbols);
        word->count--;
    }
}

/* The most frequent pair's text; the least of equal ones. Counts all pairs of all words anew. */
static bool best_pair(const struct word *words, size_t word_count, char *best) {
    static char lefts[4096][24], rights[4096][24];
    static uint64_t times[4096];
    size_t pairs = 0, chosen = 0;
    memset(times, 0, sizeof times);
    for (size_t w = 0; w < word_count; w++)
        for (size_t i = 0; i + 1 < words[w].count; i++) {
            size_t p = 0;
            while (p < pairs && (strcmp(lefts[p], words[w].symbols[i]) != 0 ||
                                 strcmp(rights[p], words[w].symbols[i + 1]) != 0))
                p++;
            if (p == pairs) {
                strcpy(lefts[p], words[w].symbols[i]);
                strcpy(rights[p], words[w].symbols[i + 1]);
                pairs++;
            }
            times[p] += words[w].times;
        }
    char text[48], least[48] = "";
    for (size_t p = 0; p < pairs; p++) {
        snprintf(text, sizeof text, "%.23s%.23s", lefts[p], rights[p]);
        bool better = times[p] > times[chosen] || (times[p] == times[chosen] && strcmp(text, least) < 0);
        if (p > 0 && !better) continue;
        chosen = p;
        strcpy(least, text);
    }
    strcpy(best, least);
    return pairs > 0 && times[chosen] >= 2;
}

Test(trainer, bpe_merges_are_those_of_counting_all_pairs_anew) {
    enum { WORDS = 60, MERGES = 120 };
    static struct word words[WORDS];
    char text[20000] = "", *to = text;
    uint64_t state = 17;
    for (size_t w = 0; w < WORDS; w++) {
        char letters[16] = "";
        size_t size = 2 + next_random(&state, 9);
        for (size_t i = 0; i < size; i++) letters[i] = "aaabbcd"[next_random(&state, 7)];
        letters[size] = '\0';
        uint64_t times = 1 + next_random(&state, 20);
        for (uint64_t i = 0; i < times; i++) to += sprintf(to, "%s\n", letters);
        words[w].times = times;
        strcpy(words[w].symbols[0], " ");
        for (size_t i = 0; i < size; i++) snprintf(words[w].symbols[i + 1], 24, "%c", letters[i]);
        words[w].count = size + 1;
    }
    struct hny_tokenizer_options options = options_of(HNY_TOKENIZER_BPE, HNY_ID_PIECES + 5 + MERGES);
    options.coverage = 1;
    struct hny_tokenizer *tokenizer = trained_on(TEXTS(text), &options);
    for (int32_t merge = 0; merge < MERGES; merge++) {
        char best[48], written[64];
        if (!best_pair(words, WORDS, best)) {
            cr_assert_eq(hny_tokenizer_size(tokenizer), (size_t)(HNY_ID_PIECES + 5 + merge));
            break;
        }
        bool mark = best[0] == ' ';
        snprintf(written, sizeof written, "%s%s", mark ? "▁" : "", best + mark);
        cr_assert_str_eq(hny_tokenizer_piece(tokenizer, HNY_ID_PIECES + 5 + merge), written, "merge %d",
                         merge);
        for (size_t w = 0; w < WORDS; w++) merge_plainly(&words[w], best);
    }
    hny_tokenizer_close(&tokenizer);
}

Test(trainer, the_vocabulary_has_the_size_asked_for) {
    char *text = invent_text(9);
    for (int kind = 0; kind < 2; kind++)
        for (size_t size = 300; size <= 420; size += 60) {
            struct hny_tokenizer_options options = options_of((enum hny_tokenizer_kind)kind, size);
            struct hny_tokenizer *tokenizer = trained_on(TEXTS(text), &options);
            cr_assert_eq(hny_tokenizer_size(tokenizer), size);
            hny_tokenizer_close(&tokenizer);
        }
    free(text);
}

Test(trainer, pieces_hold_one_script_and_digits_stand_apart) {
    const char *text = "abc人間12 人間abc, abc人間12 12abc!\nabc人間12 人間abc, abc人間12 12abc!\n";
    for (int kind = 0; kind < 2; kind++) {
        struct hny_tokenizer_options options = options_of((enum hny_tokenizer_kind)kind, 400);
        struct hny_tokenizer *tokenizer = trained_on(TEXTS(text), &options);
        cr_assert_str_eq(pieces_of(tokenizer, "abc人間12", NULL), "▁abc 人間 12");
        cr_assert_str_eq(pieces_of(tokenizer, "12abc!", NULL), "▁12 abc !");
        hny_tokenizer_close(&tokenizer);
    }
}

Test(trainer, split_digits_leaves_each_digit_a_piece) {
    const char *text = "12 1212 12\n12 1212 12\n１２ １２\n";
    for (int kind = 0; kind < 2; kind++) {
        struct hny_tokenizer_options options = options_of((enum hny_tokenizer_kind)kind, 400);
        struct hny_tokenizer *tokenizer = trained_on(TEXTS(text), &options);
        cr_assert_str_eq(pieces_of(tokenizer, "12", NULL), "▁12");
        hny_tokenizer_close(&tokenizer);
        options.split_digits = true;
        tokenizer = trained_on(TEXTS(text), &options);
        cr_assert_str_eq(pieces_of(tokenizer, "12 １２", NULL), "▁ 1 2 ▁ １ ２");
        hny_tokenizer_close(&tokenizer);
    }
}

Test(trainer, symbols_are_pieces_and_no_piece_holds_a_part_of_one) {
    const char *const symbols[] = {"@sep@", "men"};
    const char *text = "women men@sep@wo\nwomen men@sep@wo\nwomen\n";
    for (int kind = 0; kind < 2; kind++) {
        struct hny_tokenizer_options options = options_of((enum hny_tokenizer_kind)kind, 300);
        options.symbols = symbols;
        options.symbol_count = 2;
        struct hny_tokenizer *tokenizer = trained_on(TEXTS(text), &options);
        cr_assert_str_eq(hny_tokenizer_piece(tokenizer, HNY_ID_PIECES), "@sep@");
        cr_assert_str_eq(pieces_of(tokenizer, "women men@sep@wo", NULL), "▁wo men ▁ men @sep@ wo");
        hny_tokenizer_close(&tokenizer);
    }
}

Test(trainer, characters_beyond_the_coverage_are_spelled_in_bytes) {
    char text[2048] = "";
    for (int i = 0; i < 99; i++) strcat(text, "aaaa aaaa\n");
    strcat(text, "ж\n");
    for (int kind = 0; kind < 2; kind++) {
        struct hny_tokenizer_options options = options_of((enum hny_tokenizer_kind)kind, 300);
        options.coverage = 0.99;
        struct hny_tokenizer *tokenizer = trained_on(TEXTS(text), &options);
        cr_assert_str_eq(pieces_of(tokenizer, "aaaaж", NULL), "▁aaaa <0xD0> <0xB6>");
        hny_tokenizer_close(&tokenizer);
        options.coverage = 1;
        tokenizer = trained_on(TEXTS(text), &options);
        cr_assert_str_eq(pieces_of(tokenizer, "aaaaж", NULL), "▁aaaa ж");
        hny_tokenizer_close(&tokenizer);
    }
}

Test(trainer, where_the_characters_alone_are_too_many_the_rarest_are_spelled_in_bytes) {
    for (int kind = 0; kind < 2; kind++) {
        struct hny_tokenizer_options options = options_of((enum hny_tokenizer_kind)kind, HNY_ID_PIECES + 3);
        options.coverage = 1;
        struct hny_tokenizer *tokenizer = trained_on(TEXTS("abcbcbc\ncc\n"), &options);
        cr_assert_eq(hny_tokenizer_size(tokenizer), HNY_ID_PIECES + 3);
        cr_assert_str_eq(pieces_of(tokenizer, "abc", NULL), "▁ <0x61> b c");
        hny_tokenizer_close(&tokenizer);
    }
}

Test(trainer, a_joint_vocabulary_serves_both_texts) {
    for (int kind = 0; kind < 2; kind++) {
        struct hny_tokenizer_options options = options_of((enum hny_tokenizer_kind)kind, 400);
        struct hny_tokenizer *tokenizer =
            trained_on(TEXTS("house house house\nhouse\n", "maison maison maison\nmaison\n"), &options);
        cr_assert_str_eq(pieces_of(tokenizer, "house maison", NULL), "▁house ▁maison");
        hny_tokenizer_close(&tokenizer);
    }
}

Test(trainer, full_width_signs_survive) {
    struct hny_tokenizer_options options = options_of(HNY_TOKENIZER_UNIGRAM, 400);
    struct hny_tokenizer *tokenizer = trained_on(TEXTS(sample_text), &options);
    struct hny_encoding *encoding = NULL;
    struct hny_buffer normal = {0};
    const char *text = "何時？　１２時！";
    cr_assert_eq(hny_encoding_create(&encoding, tokenizer), HNY_OK);
    cr_assert_eq(hny_tokenizer_normalise(tokenizer, text, strlen(text), &normal), HNY_OK);
    cr_assert_str_eq(normal.data, text);
    assert_round_trip(tokenizer, encoding, text, strlen(text), NULL);
    hny_buffer_free(&normal);
    hny_encoding_destroy(&encoding);
    hny_tokenizer_close(&tokenizer);
}

Test(trainer, an_empty_text_gives_bytes_and_the_boundary) {
    for (int kind = 0; kind < 2; kind++) {
        struct hny_tokenizer_options options = options_of((enum hny_tokenizer_kind)kind, 400);
        struct hny_tokenizer *tokenizer = trained_on(TEXTS("\n \n"), &options);
        cr_assert_eq(hny_tokenizer_size(tokenizer), HNY_ID_PIECES + 1);
        cr_assert_str_eq(pieces_of(tokenizer, "a", NULL), "▁ <0x61>");
        hny_tokenizer_close(&tokenizer);
    }
}

Test(trainer, fewer_pieces_than_asked_for_are_said, .init = cr_redirect_stderr) {
    struct hny_tokenizer_options options = options_of(HNY_TOKENIZER_BPE, 1000);
    struct hny_tokenizer *tokenizer = trained_on(TEXTS("abab\n"), &options);
    char said[128];
    snprintf(said, sizeof said, "tokenizer: the text supports %zu ids, fewer than the 1000 asked for",
             hny_tokenizer_size(tokenizer));
    hny_tokenizer_close(&tokenizer);
    fflush(stderr);
    char heard[4096];
    FILE *stream = cr_get_redirected_stderr();
    size_t size = fread(heard, 1, sizeof heard - 1, stream);
    heard[size] = '\0';
    cr_assert(strstr(heard, said), "%s", heard);
}

Test(trainer, too_many_lines_are_sampled_which_is_said, .init = cr_redirect_stderr) {
    char *text = invent_text(3);
    struct hny_tokenizer_options options = options_of(HNY_TOKENIZER_UNIGRAM, 300);
    struct hny_buffer whole = {0}, part = {0}, again = {0}, other = {0};
    cr_assert_eq(train_on(TEXTS(text), &options, 1, &whole), HNY_OK);
    options.line_limit = 1000;
    cr_assert_eq(train_on(TEXTS(text), &options, 1, &part), HNY_OK);
    cr_assert_eq(train_on(TEXTS(text), &options, 2, &again), HNY_OK);
    options.seed = 1;
    cr_assert_eq(train_on(TEXTS(text), &options, 1, &other), HNY_OK);
    cr_assert_str_eq(part.data, again.data);
    cr_assert_str_neq(part.data, whole.data);
    cr_assert_str_neq(part.data, other.data);
    hny_buffer_free(&whole);
    hny_buffer_free(&part);
    hny_buffer_free(&again);
    hny_buffer_free(&other);
    free(text);
    fflush(stderr);
    char heard[4096];
    FILE *stream = cr_get_redirected_stderr();
    size_t size = fread(heard, 1, sizeof heard - 1, stream);
    heard[size] = '\0';
    cr_assert(strstr(heard, " of 3000 lines, drawn by the seed"), "%s", heard);
}

Test(trainer, the_sample_is_cut_to_the_memory_given) {
    char *text = invent_text(3);
    struct hny_tokenizer_options options = options_of(HNY_TOKENIZER_BPE, 300);
    struct hny_buffer whole = {0}, part = {0};
    cr_assert_eq(train_on(TEXTS(text), &options, 1, &whole), HNY_OK);
    options.memory_bytes = 200000;
    cr_assert_eq(train_on(TEXTS(text), &options, 1, &part), HNY_OK);
    cr_assert_str_neq(part.data, whole.data);
    options.memory_bytes = 0; /* not even one line */
    hny_buffer_clear(&part);
    cr_assert_eq(train_on(TEXTS(text), &options, 1, &part), HNY_OK);
    hny_buffer_free(&whole);
    hny_buffer_free(&part);
    free(text);
}

Test(trainer, options_that_make_no_sense_are_refused) {
    struct hny_tokenizer_options good = options_of(HNY_TOKENIZER_UNIGRAM, 300), bad[12];
    static const char *const symbols[][2] = {{"a", "a"},         {"a b", "c"}, {"", "c"},    {"<unk>", "c"},
                                             {"e\xCC\x81", "c"}, {"▁a", "c"},  {"\xFF", "c"}};
    size_t count = 0;
    for (size_t i = 0; i < 12; i++) bad[i] = good;
    bad[count++].vocabulary = HNY_ID_PIECES;
    bad[count++].vocabulary = SIZE_MAX;
    bad[count++].coverage = 0;
    bad[count++].coverage = 1.5;
    bad[count++].longest_piece = 0;
    bad[count++].longest_piece = 64;
    bad[count++].line_limit = 0;
    bad[count++].kind = (enum hny_tokenizer_kind)7;
    bad[count++].form = (enum hny_normal_form)7;
    struct hny_buffer file = {0};
    for (size_t i = 0; i < count; i++)
        cr_assert_eq(train_on(TEXTS("a\n"), &bad[i], 1, &file), HNY_ERROR_USAGE, "%zu", i);
    for (size_t i = 0; i < sizeof symbols / sizeof *symbols; i++) {
        struct hny_tokenizer_options options = good;
        options.symbols = symbols[i];
        options.symbol_count = 2;
        cr_assert_eq(train_on(TEXTS("a\n"), &options, 1, &file), HNY_ERROR_USAGE, "symbols %zu", i);
    }
    cr_assert_eq(hny_tokenizer_train(NULL, 0, &good, NULL, &file), HNY_ERROR_USAGE);
    cr_assert_eq(file.size, 0);
    const char *missing[] = {"/missing/text"};
    struct hny_threads *threads = NULL;
    cr_assert_eq(hny_threads_create(&threads, 1), HNY_OK);
    cr_assert_eq(hny_tokenizer_train(missing, 1, &good, threads, &file), HNY_ERROR_IO);
    cr_assert(strstr(hny_message(), "/missing/text"));
    hny_threads_destroy(&threads);
    hny_buffer_free(&file);
}
