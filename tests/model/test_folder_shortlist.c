#include "model/folder_shortlist.h"

#include "base/file.h"
#include "model/folder.h"
#include "model/manifest.h"
#include "model/shortlist_training.h"
#include "tests/base/scratch.h"
#include "tests/model/drawn_model.h"
#include "model/translator.h"
#include <criterion/criterion.h>
#include <string.h>

TestSuite(folder_shortlist, .init = scratch_open, .fini = scratch_close);

/* A model of bare ids in the scratch folder's "model". */
static struct hny_model *write_model(void) {
    struct hny_model *model = drawn_model(1, true);
    cr_assert_eq(hny_directory_create(scratch_path("model")), HNY_OK);
    cr_assert_eq(hny_folder_write(scratch_path("model"), model, model->parameters.values, NULL, 0, NULL),
                 HNY_OK, "%s", hny_message());
    return model;
}

static struct hny_shortlist *train(const struct hny_model *model) {
    static const char source[] = "270 271\n270 272\n\n273 272\n", target[] = "280 281\n280 282\n\n283 282\n";
    char source_path[4096];
    struct hny_shortlist_options options;
    struct hny_shortlist *made = NULL;
    uint64_t pairs;
    hny_shortlist_defaults(&options);
    scratch_put("source", source, sizeof source - 1);
    scratch_put("target", target, sizeof target - 1);
    snprintf(source_path, sizeof source_path, "%s", scratch_path("source"));
    options.source = source_path;
    options.target = scratch_path("target");
    options.frequent = 1;
    options.best = 1;
    cr_assert_eq(hny_shortlist_train(&made, model, &options, &pairs), HNY_OK, "%s", hny_message());
    cr_assert_eq(pairs, 3);
    return made;
}

static struct hny_model *open_model(void) {
    struct hny_model *model = NULL;
    cr_assert_eq(hny_folder_open(&model, scratch_path("model"), HNY_PRECISION_F32, NULL), HNY_OK, "%s",
                 hny_message());
    return model;
}

Test(folder_shortlist, a_trained_one_is_written_and_read_back) {
    struct hny_model *model = write_model(), *read = NULL;
    struct hny_shortlist *made = train(model);
    cr_assert_eq(made->frequent_count, 1);
    cr_assert_eq(made->frequent[0], 280); /* as often as 282, and the lower id */
    cr_assert_eq(made->first[271] - made->first[270], 1);
    cr_assert_eq(made->targets[made->first[270]], 280);
    cr_assert_eq(made->targets[made->first[272]], 282);
    cr_assert_eq(made->first[280] - made->first[279], 0);
    cr_assert_eq(hny_manifest_write(scratch_path("model")), HNY_OK);
    cr_assert_eq(hny_folder_write_shortlist(scratch_path("model"), made), HNY_OK, "%s", hny_message());
    cr_assert_eq(hny_manifest_check(scratch_path("model")), HNY_OK, "%s", hny_message());
    read = open_model();
    cr_assert_not_null(read->shortlist);
    cr_assert_eq(read->shortlist->first[300], made->first[300]);
    cr_assert_eq(hny_folder_demand_shortlist(read, "model"), HNY_OK);
    hny_model_destroy(&read);
    hny_shortlist_destroy(&made);
    hny_model_destroy(&model);
}

Test(folder_shortlist, one_made_for_other_vocabularies_is_refused) {
    struct hny_model *model = write_model(), *read = NULL;
    struct hny_shortlist *made = train(model);
    made->target = 290;
    cr_assert_eq(hny_folder_write_shortlist(scratch_path("model"), made), HNY_OK);
    cr_assert_eq(hny_folder_open(&read, scratch_path("model"), HNY_PRECISION_F32, NULL), HNY_ERROR_INPUT);
    cr_assert_not_null(strstr(hny_message(), "shortlist.bin: made for 300 and 290 subwords"), "%s",
                       hny_message());
    cr_assert_null(read);
    hny_shortlist_destroy(&made);
    hny_model_destroy(&model);
}

Test(folder_shortlist, a_translator_wants_one_in_vain_where_there_is_none) {
    struct hny_translator_options options;
    struct hny_translator *translator = NULL;
    struct hny_model *model = write_model(), *read = open_model();
    hny_translator_defaults(&options);
    options.shortlist = true;
    cr_assert_eq(hny_translator_create(&translator, read, &options), HNY_ERROR_USAGE);
    cr_assert_eq(hny_folder_demand_shortlist(read, "there"), HNY_ERROR_USAGE);
    cr_assert_not_null(strstr(hny_message(), "there: has no shortlist.bin"));
    hny_model_destroy(&read);
    hny_model_destroy(&model);
}

/* Short lines, long ones, and ids never met. */
Test(folder_shortlist, what_a_line_comes_to_is_the_same_bytes_in_any_company_and_with_any_threads) {
    static const char *const lines[] = {"270",           "",      "271 272 273 270 270 271",
                                        "299 298 297 5", "272 1", "273 273 273 273 273 273 273 273 273 273"};
    enum { LINES = sizeof lines / sizeof *lines, COPIES = 5 };
    struct hny_model *model = write_model();
    struct hny_shortlist *made = train(model);
    cr_assert_eq(hny_folder_write_shortlist(scratch_path("model"), made), HNY_OK);
    struct hny_model *read = open_model();
    struct hny_line_translation alone[LINES], line;
    for (size_t threads = 1; threads <= 3; threads++) {
        struct hny_translator_options options;
        struct hny_translator *translator = NULL;
        hny_translator_defaults(&options);
        options.shortlist = true;
        options.threads = threads;
        options.rows = 20 * threads;
        cr_assert_eq(hny_translator_create(&translator, read, &options), HNY_OK);
        for (size_t i = 0; i < (threads == 1 ? LINES : LINES * COPIES); i++) {
            size_t n = i % LINES;
            bool taken = false;
            cr_assert_eq(hny_translator_add(translator, i, lines[n], strlen(lines[n])), HNY_OK, "%s",
                         hny_message());
            if (threads == 1) /* each by itself */
                cr_assert(hny_translator_take(translator, true, &alone[n], &taken) == HNY_OK && taken);
        }
        for (bool taken = true; taken;) {
            cr_assert_eq(hny_translator_take(translator, true, &line, &taken), HNY_OK);
            if (!taken) break;
            size_t n = line.tag % LINES;
            cr_assert_eq(line.texts[0].size, alone[n].texts[0].size);
            cr_assert(line.texts[0].size == 0 ||
                      memcmp(line.texts[0].data, alone[n].texts[0].data, line.texts[0].size) == 0);
            cr_assert(memcmp(&line.choices[0].score, &alone[n].choices[0].score, sizeof(double)) == 0);
            hny_line_translation_free(&line);
        }
        hny_translator_destroy(&translator);
    }
    for (size_t n = 0; n < LINES; n++) hny_line_translation_free(&alone[n]);
    hny_model_destroy(&read);
    hny_shortlist_destroy(&made);
    hny_model_destroy(&model);
}
