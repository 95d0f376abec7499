#include "pipeline/attention_picture.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite(attention_picture);

static void draw(const char *lines, struct hny_buffer *out) {
    json_t *json = NULL;
    cr_assert_eq(hny_json_parse("lines", lines, strlen(lines), &json), HNY_OK, "%s", hny_message());
    cr_assert_eq(hny_attention_picture_write(json, out), HNY_OK, "%s", hny_message());
    json_decref(json);
}

static size_t count(const char *text, const char *what) {
    size_t times = 0;
    for (; (text = strstr(text, what)); text++) times++;
    return times;
}

Test(attention_picture, each_part_is_drawn) {
    struct hny_buffer out = {0};
    draw("[{\"parts\":[{\"source\":[\"▁a<\",\"b\"],\"target\":[\"▁c\"],\"attention\":[[0.5,0.25,0.25],[0,0,1]"
         "]},"
         "{\"source\":[\"second\"],\"target\":[\"zweiter\"],\"attention\":[[0.5,0.5]]}]},"
         "{\"parts\":[{\"source\":[\"third\"],\"target\":[\"dritter\"],\"attention\":[[1]]}]}]",
         &out);
    cr_assert_eq(strncmp(out.data, "<?xml", 5), 0);
    static const char *const pieces[] = {">▁a&lt;<",  ">b<",     ">▁c<",     ">second<",
                                         ">zweiter<", ">third<", ">dritter<"};
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++)
        cr_assert_eq(count(out.data, pieces[i]), 1, "%s", pieces[i]);
    cr_assert_eq(count(out.data, ">&lt;/s&gt;<"), 3, "the end's row and columns");
    hny_buffer_free(&out);
}

Test(attention_picture, what_is_malformed_is_left_out) {
    static const char *const cases[] = {
        "[]",
        "{}",
        "7",
        "[7]",
        "[{}]",
        "[{\"parts\":7}]",
        "[{\"parts\":[7]}]",
        "[{\"parts\":[{}]}]",
        "[{\"parts\":[{\"source\":[],\"target\":[],\"attention\":[]}]}]",
        "[{\"parts\":[{\"source\":[\"a\"],\"target\":[\"b\"],\"attention\":[[1,1,1]]}]}]",
        "[{\"parts\":[{\"source\":[\"a\"],\"target\":[\"b\"],\"attention\":[[1],[1,1]]}]}]",
        "[{\"parts\":[{\"source\":[\"a\"],\"target\":[\"b\"],\"attention\":[]}]}]",
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct hny_buffer out = {0};
        draw(cases[i], &out);
        cr_assert_eq(out.size, 0, "%s", cases[i]);
        hny_buffer_free(&out);
    }
    struct hny_buffer out = {0};
    draw("[{\"parts\":[{\"source\":[1],\"target\":[null],\"attention\":[[\"x\"]]}]}]", &out);
    cr_assert_gt(out.size, 0);
    hny_buffer_free(&out);
}
