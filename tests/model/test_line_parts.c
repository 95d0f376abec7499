#include "../base/scratch.h"
#include "base/utf8.h"
#include "drawn_model.h"
#include "model/line_parts.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static struct hny_tokenizer *tokenizer;

static void open_all(void) {
    scratch_open();
    tokenizer = drawn_tokenizer();
}

static void close_all(void) {
    hny_tokenizer_close(&tokenizer);
    scratch_close();
}

static struct hny_line_splitter *open_splitter(size_t longest, bool paragraphs) {
    struct hny_line_splitter *splitter;
    struct hny_line_splitter_options options = {.tokenizer = tokenizer,
                                                .vocabulary = hny_tokenizer_size(tokenizer),
                                                .longest = longest,
                                                .paragraphs = paragraphs};
    cr_assert_eq(hny_line_splitter_create(&splitter, &options), HNY_OK);
    return splitter;
}

/* The text of part PART. */
static void part_text(const struct hny_line_parts *parts, size_t part, struct hny_buffer *text) {
    cr_assert_eq(hny_tokenizer_decode(tokenizer, parts->ids.ids + parts->parts[part].first,
                                      parts->parts[part].count, text),
                 HNY_OK);
}

/* Joins parts that were "translated" to themselves. */
static void join_same(struct hny_line_splitter *splitter, const struct hny_line_parts *parts,
                      struct hny_buffer *out) {
    struct hny_buffer *buffers = calloc(parts->part_count + 1, sizeof *buffers);
    struct hny_text *texts = calloc(parts->part_count + 1, sizeof *texts);
    for (size_t i = 0; i < parts->part_count; i++) {
        part_text(parts, i, &buffers[i]);
        texts[i] = (struct hny_text){buffers[i].data, buffers[i].size};
    }
    cr_assert_eq(hny_line_join(splitter, parts, texts, out), HNY_OK);
    for (size_t i = 0; i < parts->part_count; i++) hny_buffer_free(&buffers[i]);
    free(buffers);
    free(texts);
}

/* Splits TEXT and compares the parts' texts with WANTED, each followed by "|"; and the joined line with
 * JOINED. */
static void check(size_t longest, bool paragraphs, const char *text, const char *wanted, const char *joined) {
    struct hny_line_splitter *splitter = open_splitter(longest, paragraphs);
    struct hny_line_parts parts;
    struct hny_buffer found = {0}, line = {0};
    cr_assert_eq(hny_line_split(splitter, text, strlen(text), &parts), HNY_OK, "%s", hny_message());
    for (size_t i = 0; i < parts.part_count; i++) {
        part_text(&parts, i, &found);
        hny_buffer_append(&found, "|", 1);
    }
    cr_assert_str_eq(found.data ? found.data : "", wanted);
    join_same(splitter, &parts, &line);
    cr_assert_str_eq(line.data ? line.data : "", joined);
    hny_buffer_free(&found);
    hny_buffer_free(&line);
    hny_line_parts_free(&parts);
    hny_line_splitter_destroy(&splitter);
}

TestSuite(line_parts, .init = open_all, .fini = close_all);

Test(line_parts, a_line_that_fits_is_one_part) {
    check(100, false, "The old house. A river.", "The old house. A river.|", "The old house. A river.");
    check(100, false, "  a \t house ", "a house|", "a house");
}

Test(line_parts, white_space_and_marks_that_show_nothing_are_no_part) {
    check(100, false, "", "", "");
    check(100, false, " \t \xe3\x80\x80 \xc2\xa0", "\xe3\x80\x80|", "\xe3\x80\x80");
    check(100, false, " \t \xc2\xa0\xef\xbb\xbf", "", "");
    check(100, true, " \t \xc2\xa0\xe2\x80\xa8", "", "");
}

Test(line_parts, a_long_line_is_cut_at_its_sentences_first) {
    check(14, false, "the old house. A quiet river.  The train runs.",
          "the old house.|A quiet river.|The train runs.|", "the old house. A quiet river. The train runs.");
    check(14, false, "電車は静かな川を渡る。東京は朝の電車。子供たち、子供たち、子供たち",
          "電車は静かな川を渡る。|東京は朝の電車。|子供たち、子供たち、子供たち|",
          "電車は静かな川を渡る。東京は朝の電車。子供たち、子供たち、子供たち");
}

Test(line_parts, a_long_sentence_is_cut_behind_a_mark_then_at_a_space_then_anywhere_between_characters) {
    check(9, false, "qqqqqq, qqqqq qq qqq", "qqqqqq,|qqqqq qq|qqq|", "qqqqqq, qqqqq qq qqq");
    check(6, false, "the house of the river near the mountain", "the house of the river near|the mountain|",
          "the house of the river near the mountain");
    check(5, false, "qqqqqqqqqqqqq", "qqqq|qqqq|qqqq|q|", "qqqq qqqq qqqq q");
    check(7, false, "漢漢漢漢漢漢", "漢漢|漢漢|漢漢|", "漢漢漢漢漢漢");
    check(1, false, "漢漢", "漢|漢|", "漢漢");
}

Test(line_parts, paragraphs_are_split_into_sentences_and_keep_their_spacing) {
    check(100, true, " The house. A river?\tThe train!  ", "The house.|A river?|The train!|",
          " The house. A river?\tThe train!  ");
    check(100, true, "電車は静か。東京！", "電車は静か。|東京！|", "電車は静か。東京！");
    check(9, true, "Qq!  Qqqqqq, qqqqqqq qq. Qqqqqq.", "Qq!|Qqqqqq,|qqqqqqq|qq.|Qqqqqq.|",
          "Qq!  Qqqqqq, qqqqqqq qq. Qqqqqq.");
}

Test(line_parts, control_characters_of_the_spacing_do_not_get_through) {
    check(100, true, "The house.\r\r\fThe river.\v\xc2\x85The train.\xe2\x80\xa8",
          "The house.|The river.|The train.|", "The house.   The river.  The train. ");
}

static void without_spaces(struct hny_buffer *text) {
    size_t kept = 0;
    for (size_t i = 0; i < text->size; i++) {
        bool ideographic = strncmp(text->data + i, "\xe3\x80\x80", 3) == 0;
        if (ideographic) i += 2;
        if (!ideographic && text->data[i] != ' ' && text->data[i] != '\t') text->data[kept++] = text->data[i];
    }
    text->data[text->size = kept] = '\0';
}

Test(line_parts, whatever_the_text_its_parts_are_no_longer_than_asked_for_and_all_of_it_is_there) {
    for (uint64_t seed = 0; seed < 300; seed++) {
        struct hny_random stream = hny_random_stream(seed, HNY_RANDOM_CORPUS, 0, 0);
        struct hny_buffer text = {0}, normal = {0}, line = {0};
        size_t longest = 1 + hny_random_word(&stream, 0) % 20, lines = hny_random_word(&stream, 1) % 8;
        for (uint64_t i = 0; i < lines; i++)
            hny_buffer_print(&text, "%s%s", drawn_line(seed * 10 + i), i % 3 ? " " : "");
        for (uint64_t i = 0; i < 30; i++) {
            char character[4];
            uint32_t code = hny_random_word(&stream, 2 + i) % (i % 2 ? 0xD800 : 0x180);
            hny_buffer_append(&text, character, (size_t)hny_utf8_encode(code, character));
        }
        struct hny_line_splitter *splitter = open_splitter(longest, seed % 2);
        struct hny_line_parts parts;
        cr_assert_eq(hny_line_split(splitter, text.data, text.size, &parts), HNY_OK);
        join_same(splitter, &parts, &line);
        cr_assert_eq(hny_tokenizer_normalise(tokenizer, text.data, text.size, &normal), HNY_OK);
        /* A cut may leave a space or take one; nothing else is lost. */
        without_spaces(&normal);
        without_spaces(&line);
        cr_assert_str_eq(line.data, normal.data, "seed %d: \"%s\" became \"%s\"", (int)seed, normal.data,
                         line.data);
        for (size_t p = 0; p < parts.part_count; p++)
            cr_assert(parts.parts[p].count > 0 && parts.parts[p].count <= longest + 6,
                      "%zu ids instead of %zu", parts.parts[p].count, longest);
        hny_line_parts_free(&parts);
        hny_line_splitter_destroy(&splitter);
        hny_buffer_free(&text);
        hny_buffer_free(&normal);
        hny_buffer_free(&line);
    }
}

Test(line_parts, lines_of_bare_ids_are_cut_by_number) {
    struct hny_line_splitter *splitter;
    struct hny_line_splitter_options options = {.vocabulary = 50, .longest = 3, .paragraphs = true};
    struct hny_line_parts parts;
    struct hny_buffer out = {0};
    cr_assert_eq(hny_line_splitter_create(&splitter, &options), HNY_OK);
    cr_assert_eq(hny_line_split(splitter, "5 6 7 8 9 10 11", 15, &parts), HNY_OK);
    cr_assert_eq(parts.part_count, 3);
    cr_assert_eq(parts.parts[1].first, 3);
    cr_assert_eq(parts.parts[2].count, 1);
    const struct hny_text texts[] = {{"5 6 7", 5}, {"8", 1}, {"", 0}};
    cr_assert_eq(hny_line_join(splitter, &parts, texts, &out), HNY_OK);
    cr_assert_str_eq(out.data, "5 6 7 8 ");
    hny_line_parts_free(&parts);
    cr_assert_eq(hny_line_split(splitter, "5 50", 4, &parts), HNY_ERROR_INPUT);
    cr_assert_eq(parts.part_count, 0);
    hny_buffer_free(&out);
    hny_line_splitter_destroy(&splitter);
}
