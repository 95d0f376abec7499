#include "../base/scratch.h"
#include "base/utf8.h"
#include "drawn_model.h"
#include "model/line_output.h"
#include "model/translator.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

static struct hny_model *model;

static void open_all(void) {
    scratch_open();
    model = drawn_model(5, false);
}

static void close_all(void) {
    hny_model_destroy(&model);
    scratch_close();
}

TestSuite(translator, .init = open_all, .fini = close_all);

static struct hny_translator *open_translator(const struct hny_translator_options *options) {
    struct hny_translator *translator;
    cr_assert_eq(hny_translator_create(&translator, model, options), HNY_OK, "%s", hny_message());
    return translator;
}

/* All there is to know of a line, so that two can be compared by their bytes. */
static void describe(const struct hny_line_translation *line, struct hny_buffer *out) {
    hny_buffer_print(out, "%zu parts, %zu translations\n", line->parts.part_count, line->count);
    for (size_t i = 0; i < line->count; i++)
        hny_buffer_print(out, "%a %a %s\n", line->choices[i].score, line->choices[i].log_probability,
                         line->texts[i].data ? line->texts[i].data : "");
    for (size_t p = 0; p < line->parts.part_count; p++)
        for (size_t h = 0; h < line->translations[p].count; h++) {
            const struct hny_hypothesis *hypothesis = &line->translations[p].hypotheses[h];
            for (size_t w = 0; w <= hypothesis->count; w++) {
                hny_buffer_print(out, " %a", (double)hypothesis->word_log_probability[w]);
                for (size_t s = 0; s < line->translations[p].source_length; s++)
                    hny_buffer_print(
                        out, " %a",
                        (double)hypothesis->attention[w * line->translations[p].source_length + s]);
            }
        }
}

/* Takes whatever leaves and puts its description at its tag. */
static size_t take_all(struct hny_translator *translator, bool wait, struct hny_buffer *descriptions) {
    for (size_t count = 0;; count++) {
        struct hny_line_translation line;
        bool taken;
        cr_assert_eq(hny_translator_take(translator, wait, &line, &taken), HNY_OK, "%s", hny_message());
        if (!taken) return count;
        cr_assert_eq(descriptions[line.tag].size, 0, "line %d came twice", (int)line.tag);
        describe(&line, &descriptions[line.tag]);
        hny_line_translation_free(&line);
    }
}

enum { LINES = 40 };

static struct hny_translator_options crowd_options(void) {
    struct hny_translator_options options;
    hny_translator_defaults(&options);
    options.beam = 4;
    options.best = 3;
    options.beta = 0.1;
    options.attention = true;
    options.paragraphs = true;
    return options;
}

Test(translator, a_line_is_the_same_alone_in_any_crowd_in_any_order_with_any_number_of_threads) {
    struct hny_translator_options options = crowd_options();
    struct hny_buffer alone[LINES] = {{0}};
    for (uint64_t i = 0; i < LINES; i++) {
        struct hny_translator *translator = open_translator(&options);
        cr_assert_eq(hny_translator_add(translator, i, drawn_line(i), strlen(drawn_line(i))), HNY_OK);
        cr_assert_eq(take_all(translator, true, alone), 1);
        hny_translator_destroy(&translator);
    }
    for (uint64_t round = 0; round < 9; round++) {
        struct hny_buffer together[LINES] = {{0}};
        options.threads = 1 + round % 3;
        options.rows = round % 2 ? 64 : 3;
        options.unordered = round > 4;
        struct hny_translator *translator = open_translator(&options);
        size_t left = 0;
        for (uint64_t i = 0; i < LINES; i++) {
            uint64_t tag = hny_random_permute(round, LINES, i);
            cr_assert_eq(hny_translator_add(translator, tag, drawn_line(tag), strlen(drawn_line(tag))),
                         HNY_OK);
            if (i % 7 == round % 7) left += take_all(translator, false, together);
        }
        left += take_all(translator, true, together);
        cr_assert_eq(left, LINES);
        cr_assert_eq(hny_translator_lines(translator), 0);
        for (size_t i = 0; i < LINES; i++) {
            cr_assert_eq(together[i].size, alone[i].size);
            cr_assert_arr_eq(together[i].data, alone[i].data, alone[i].size);
            hny_buffer_free(&together[i]);
        }
        hny_translator_destroy(&translator);
    }
    for (size_t i = 0; i < LINES; i++) hny_buffer_free(&alone[i]);
}

Test(translator, a_cancelled_line_never_leaves_and_changes_nothing_for_others) {
    struct hny_translator_options options = crowd_options();
    struct hny_buffer undisturbed[LINES] = {{0}};
    struct hny_translator *translator = open_translator(&options);
    for (uint64_t i = 0; i < LINES; i++)
        cr_assert_eq(hny_translator_add(translator, i, drawn_line(i), strlen(drawn_line(i))), HNY_OK);
    take_all(translator, true, undisturbed);
    hny_translator_destroy(&translator);
    for (int ordered = 0; ordered < 2; ordered++) {
        struct hny_buffer lines[LINES] = {{0}};
        size_t left = 0, came;
        options.unordered = !ordered;
        options.threads = 2;
        translator = open_translator(&options);
        for (uint64_t i = 0; i < LINES; i++)
            cr_assert_eq(hny_translator_add(translator, i, drawn_line(i), strlen(drawn_line(i))), HNY_OK);
        came = ordered ? 0 : take_all(translator, false, lines);
        /* Some wait, some are computed, some may be done. */
        for (uint64_t i = 0; i < LINES; i += 3) hny_translator_cancel(translator, i);
        hny_translator_cancel(translator, LINES);
        came += take_all(translator, true, lines);
        cr_assert_eq(hny_translator_lines(translator), 0);
        for (uint64_t i = 0; i < LINES; i++) {
            left += lines[i].size > 0;
            if (i % 3 == 0 && lines[i].size == 0) continue;
            cr_assert_eq(lines[i].size, undisturbed[i].size, "line %d", (int)i);
            cr_assert_eq(memcmp(lines[i].data, undisturbed[i].data, lines[i].size), 0);
        }
        cr_assert_eq(left, came);
        if (ordered) cr_assert_eq(left, LINES - (LINES + 2) / 3);
        for (uint64_t i = 0; i < LINES; i++) hny_buffer_free(&lines[i]);
        hny_translator_destroy(&translator);
    }
    for (uint64_t i = 0; i < LINES; i++) hny_buffer_free(&undisturbed[i]);
}

Test(translator, what_is_cancelled_is_not_computed) {
    struct hny_translator_options options = crowd_options();
    struct hny_translator *translator = open_translator(&options);
    struct hny_buffer lines[LINES] = {{0}};
    for (uint64_t i = 0; i < LINES; i++)
        cr_assert_eq(hny_translator_add(translator, i, drawn_line(i), strlen(drawn_line(i))), HNY_OK);
    for (uint64_t i = 0; i < LINES; i++) hny_translator_cancel(translator, i);
    uint64_t steps = hny_translator_steps(translator);
    take_all(translator, true, lines);
    cr_assert_eq(hny_translator_lines(translator), 0);
    cr_assert(hny_translator_steps(translator) <= steps + 1, "more than the step under way");
    for (uint64_t i = 0; i < LINES; i++) hny_buffer_free(&lines[i]);
    hny_translator_destroy(&translator);
}

Test(translator, lines_leave_in_the_order_of_coming_unless_asked_otherwise) {
    struct hny_translator_options options = crowd_options();
    options.threads = 3;
    struct hny_translator *translator = open_translator(&options);
    for (uint64_t i = 0; i < LINES; i++) {
        const char *text = i % 3 ? drawn_line(i) : "";
        cr_assert_eq(hny_translator_add(translator, 1000 - i, text, strlen(text)), HNY_OK);
    }
    for (uint64_t i = 0; i < LINES; i++) {
        struct hny_line_translation line;
        bool taken;
        cr_assert_eq(hny_translator_take(translator, true, &line, &taken), HNY_OK);
        cr_assert(taken);
        cr_assert_eq(line.tag, 1000 - i);
        hny_line_translation_free(&line);
    }
    hny_translator_destroy(&translator);
}

Test(translator, empty_lines_are_done_at_once) {
    struct hny_translator_options options;
    hny_translator_defaults(&options);
    options.unordered = true;
    struct hny_translator *translator = open_translator(&options);
    struct hny_line_translation line;
    bool taken;
    cr_assert_eq(hny_translator_take(translator, true, &line, &taken), HNY_OK);
    cr_assert_not(taken);
    const char *text = drawn_line(3);
    cr_assert_eq(hny_translator_add(translator, 1, text, strlen(text)), HNY_OK);
    cr_assert_eq(hny_translator_add(translator, 2, " \t ", 3), HNY_OK);
    for (uint64_t i = 0; i < 2; i++) {
        cr_assert_eq(hny_translator_take(translator, true, &line, &taken), HNY_OK);
        cr_assert(taken);
        if (line.tag == 2) cr_assert_eq(line.texts[0].size, 0);
        cr_assert_eq(line.count, 1);
        hny_line_translation_free(&line);
    }
    hny_translator_destroy(&translator);
}

static void translate(struct hny_translator *translator, const char *text, struct hny_buffer *out) {
    hny_buffer_clear(out);
    cr_assert_eq(hny_translator_translate(translator, text, strlen(text), out), HNY_OK, "%s", hny_message());
}

Test(translator, line_n_of_a_translated_text_is_that_of_line_n) {
    struct hny_translator *translator = open_translator(NULL);
    struct hny_buffer one = {0}, two = {0}, out = {0}, wanted = {0};
    translate(translator, "the old house", &one);
    translate(translator, "電車は静か", &two);
    cr_assert_gt(one.size, 0);
    cr_assert_gt(two.size, 0);
    cr_assert_null(memchr(one.data, '\n', one.size));
    hny_buffer_print(&wanted, "\n%s\n\n%s\n%s\n  ", one.data, two.data, one.data);
    wanted.size -= 2; /* the last line is white space alone */
    translate(translator, "\nthe old house\r\n \t \n電車は静か\nthe old house\n  ", &out);
    cr_assert_eq(out.size, wanted.size);
    cr_assert_arr_eq(out.data, wanted.data, wanted.size);
    hny_buffer_clear(&wanted);
    hny_buffer_print(&wanted, "%s\n%s", two.data, one.data);
    translate(translator, "電車は静か\nthe old house", &out);
    cr_assert_str_eq(out.data, wanted.data);
    translate(translator, "", &out);
    cr_assert_eq(out.size, 0);
    cr_assert(out.data);
    hny_buffer_free(&one);
    hny_buffer_free(&two);
    hny_buffer_free(&out);
    hny_buffer_free(&wanted);
    hny_translator_destroy(&translator);
}

Test(translator, whatever_comes_in_what_comes_out_is_valid_and_keeps_its_lines) {
    struct hny_translator_options options = crowd_options();
    options.best = 1;
    options.attention = false;
    struct hny_translator *translator = open_translator(&options);
    struct hny_buffer text = {0}, out = {0};
    struct hny_random stream = hny_random_stream(1, HNY_RANDOM_CORPUS, 0, 0);
    size_t lines = 0, found = 0;
    for (uint64_t i = 0; i < 3000; i++) {
        char byte = (char)hny_random_word(&stream, i);
        lines += byte == '\n';
        hny_buffer_append(&text, &byte, 1);
    }
    cr_assert_eq(hny_translator_translate(translator, text.data, text.size, &out), HNY_OK);
    cr_assert(hny_utf8_valid(out.data, out.size));
    for (size_t i = 0; i < out.size; i++) {
        unsigned char byte = (unsigned char)out.data[i];
        found += byte == '\n';
        cr_assert(byte >= 0x20 || byte == '\n' || byte == '\t');
        cr_assert_neq(byte, 0x7F);
    }
    cr_assert_eq(found, lines);
    hny_buffer_free(&text);
    hny_buffer_free(&out);
    hny_translator_destroy(&translator);
}

Test(translator, max_length_and_the_factor_bound_a_translation) {
    struct hny_translator_options options;
    struct hny_line_translation line;
    bool taken;
    hny_translator_defaults(&options);
    options.length_factor = 0.01;
    for (size_t most = 0; most < 4; most++) {
        options.max_length = most;
        struct hny_translator *translator = open_translator(&options);
        for (uint64_t i = 0; i < 10; i++) {
            cr_assert_eq(hny_translator_add(translator, i, drawn_line(i), strlen(drawn_line(i))), HNY_OK);
            cr_assert_eq(hny_translator_take(translator, true, &line, &taken), HNY_OK);
            for (size_t p = 0; p < line.parts.part_count; p++)
                cr_assert_leq(line.translations[p].hypotheses[0].count, most ? most : 10);
            hny_line_translation_free(&line);
        }
        hny_translator_destroy(&translator);
    }
}

/* A hundred words, numbers, capitals and repeated letters, by a model that would never end. */
Test(translator, short_lines_are_not_rambled_about) {
    struct hny_translator *translator = open_translator(NULL);
    struct hny_line_translation line;
    FILE *file = fopen("tests/model/short_lines.txt", "re");
    char text[256];
    size_t lines = 0, cut = 0;
    cr_assert_not_null(file);
    for (; fgets(text, sizeof text, file); lines++) {
        bool taken;
        cr_assert_eq(hny_translator_add(translator, lines, text, strcspn(text, "\n")), HNY_OK);
        cr_assert_eq(hny_translator_take(translator, true, &line, &taken), HNY_OK);
        cr_assert(taken);
        for (size_t p = 0; p < line.parts.part_count; p++) {
            size_t source = line.parts.parts[p].count, most = 3 * source < 10 ? 10 : 3 * source;
            cr_assert_leq(line.translations[p].hypotheses[0].count, most, "%s", text);
            cut += !line.translations[p].hypotheses[0].ended;
        }
        hny_line_translation_free(&line);
    }
    cr_assert_eq(lines, 100);
    cr_assert_gt(cut, 50, "the limit was hardly needed");
    fclose(file);
    hny_translator_destroy(&translator);
}

Test(translator, options_out_of_range_are_refused) {
    struct hny_translator_options good, wrong[10];
    struct hny_translator *translator = NULL;
    hny_translator_defaults(&good);
    for (size_t i = 0; i < 10; i++) wrong[i] = good;
    wrong[0].beam = 0;
    wrong[1].best = 6;
    wrong[2].best = 0;
    wrong[3].alpha = -0.5;
    wrong[4].alpha = NAN;
    wrong[5].beta = INFINITY;
    wrong[6].length_factor = 0;
    wrong[7].length_factor = NAN;
    wrong[8].rows = 0;
    wrong[9].beta = -1;
    for (size_t i = 0; i < 10; i++)
        cr_assert_eq(hny_translator_create(&translator, model, &wrong[i]), HNY_ERROR_USAGE, "%zu", i);
    cr_assert_null(translator);
}

Test(translator, damaged_weights_are_an_error_at_every_call) {
    struct hny_translator_options options;
    hny_translator_defaults(&options);
    options.threads = 2;
    model->parameters.values[model->head.bias->offset + 7] = NAN;
    struct hny_translator *translator = open_translator(&options);
    struct hny_buffer out = {0};
    for (size_t i = 0; i < 2; i++) {
        cr_assert_eq(hny_translator_translate(translator, "\n\nthe house\na river\n", 19, &out),
                     HNY_ERROR_NUMERIC);
        cr_assert_neq(*hny_message(), '\0');
        if (i == 0) cr_assert_str_eq(out.data, "\n\n");
        struct hny_line_translation line;
        bool taken;
        cr_assert_eq(hny_translator_take(translator, true, &line, &taken), HNY_ERROR_NUMERIC);
        if (i == 0) cr_assert_eq(hny_translator_lines(translator), 2);
        break;
    }
    hny_buffer_free(&out);
    hny_translator_destroy(&translator);
}

Test(translator, it_can_be_destroyed_in_the_middle_of_its_work) {
    for (size_t threads = 1; threads < 4; threads++) {
        struct hny_translator_options options = crowd_options();
        options.threads = threads;
        struct hny_translator *translator = open_translator(&options);
        for (uint64_t i = 0; i < LINES; i++)
            cr_assert_eq(hny_translator_add(translator, i, drawn_line(i), strlen(drawn_line(i))), HNY_OK);
        struct hny_line_translation line;
        bool taken;
        cr_assert_eq(hny_translator_take(translator, true, &line, &taken), HNY_OK);
        hny_line_translation_free(&line);
        hny_translator_destroy(&translator);
        cr_assert_null(translator);
    }
}

Test(translator_of_ids, a_model_of_bare_ids_translates_ids, .init = scratch_open, .fini = scratch_close) {
    model = drawn_model(3, true);
    struct hny_translator *translator = open_translator(NULL);
    struct hny_buffer out = {0};
    translate(translator, "5 6 7\n\n299", &out);
    for (const char *at = out.data; *at; at++) cr_assert(strchr("0123456789 \n", *at));
    cr_assert_eq(hny_translator_translate(translator, "5 6\n5 six\n7", 11, &out), HNY_ERROR_INPUT);
    cr_assert_eq(hny_translator_lines(translator), 0);
    hny_buffer_clear(&out);
    translate(translator, "5 6", &out);
    hny_buffer_free(&out);
    hny_translator_destroy(&translator);
    hny_model_destroy(&model);
}

Test(translator, what_a_line_takes_at_least_is_not_more_than_what_is_written) {
    struct hny_translator_options options = crowd_options();
    struct hny_translator *translator = open_translator(&options);
    struct hny_line_translation line;
    bool taken;
    cr_assert_eq(hny_translator_add(translator, 0, drawn_line(3), strlen(drawn_line(3))), HNY_OK);
    cr_assert_eq(hny_translator_take(translator, true, &line, &taken), HNY_OK);
    cr_assert(taken && line.count == 3);
    for (unsigned bits = 0; bits < 32; bits++) {
        struct hny_line_style style = {bits & 1, bits >> 1 & 1, bits >> 2 & 1, bits >> 3 & 1, bits >> 4 & 1};
        struct hny_buffer out = {0};
        cr_assert_eq(hny_line_write(&style, model, 1, &line, &out), HNY_OK, "%s", hny_message());
        uint64_t least = hny_line_least(&style, &line);
        cr_assert_leq(least, out.size, "style %u: %d for %zu bytes", bits, (int)least, out.size);
        if (style.json && style.alignment) /* which is the most of it, at some 20 bytes a number */
            cr_assert_geq(least * 8, out.size, "style %u: %d for %zu bytes", bits, (int)least, out.size);
        hny_buffer_free(&out);
    }
    hny_line_translation_free(&line);
    hny_translator_destroy(&translator);
}
