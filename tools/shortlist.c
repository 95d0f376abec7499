/* honyaku shortlist: which words a model's sentences may translate to. */
#include "model/folder.h"
#include "model/folder_shortlist.h"
#include "model/shortlist_training.h"
#include "tools/commands.h"

#include <inttypes.h>
#include <stdio.h>

enum { MOST_BEST = 1000, MOST_FREQUENT = 100000, MOST_ROUNDS = 100 };

static const struct hny_option options[] = {
    {"model", 'm', "DIR", false, false, "the model's folder, which the shortlist is written into"},
    {"src", 0, "FILE", false, false, "source text that the model was trained on; plain, .gz or .zst"},
    {"tgt", 0, "FILE", false, false, "target text; line N translates line N of the source"},
    {"best", 0, "N", false, false, "targets of each source subword at most (default: 100)"},
    {"frequent", 0, "N", false, false,
     "the N most frequent targets are candidates for every sentence (default: 200)"},
    {"rounds", 0, "N", false, false, "rounds of training (default: 5)"},
    {"valid-src", 0, "FILE", false, false,
     "held-out text: how many subwords of its translation the candidates hold is told"},
    {"valid-tgt", 0, "FILE", false, false, "its translation"},
    {NULL, 0, NULL, false, false, NULL},
};

static hny_status tell_cover(const struct hny_arguments *arguments, const struct hny_model *model) {
    const char *source = hny_argument_text(arguments, "valid-src");
    uint64_t inside, all, candidates, sentences;
    if (!source) return HNY_OK;
    HNY_TRY(hny_shortlist_cover(model, source, hny_argument_text(arguments, "valid-tgt"), &inside, &all,
                                &candidates, &sentences));
    if (sentences == 0) return hny_fail(HNY_ERROR_INPUT, "%s: no line has words", source);
    printf("%.2f %% of %" PRIu64 " held-out subwords are among their sentence's candidates, %.0f of %zu in "
           "the mean\n",
           100 * (double)inside / (double)all, all, (double)candidates / (double)sentences,
           model->target_vocabulary);
    return HNY_OK;
}

static hny_status make(const struct hny_arguments *arguments, struct hny_model *model, const char *folder,
                       const struct hny_shortlist_options *chosen) {
    uint64_t pairs = 0;
    hny_shortlist_destroy(&model->shortlist);
    HNY_TRY(hny_shortlist_train(&model->shortlist, model, chosen, &pairs));
    const struct hny_shortlist *made = model->shortlist;
    printf("%" PRIu64 " pairs of lines; %u targets of %zu source subwords, and %zu frequent ones\n", pairs,
           made->first[made->source], made->source, made->frequent_count);
    HNY_TRY(tell_cover(arguments, model));
    HNY_TRY(hny_folder_write_shortlist(folder, made));
    return hny_output_flush();
}

static hny_status run(const struct hny_arguments *arguments) {
    struct hny_shortlist_options chosen;
    struct hny_model *model = NULL;
    const char *folder = hny_argument_text(arguments, "model");
    hny_shortlist_defaults(&chosen);
    chosen.source = hny_argument_text(arguments, "src");
    chosen.target = hny_argument_text(arguments, "tgt");
    if (!folder || !chosen.source || !chosen.target)
        return hny_fail(HNY_ERROR_USAGE, "--model DIR, --src FILE and --tgt FILE are needed");
    if (!hny_argument_text(arguments, "valid-src") != !hny_argument_text(arguments, "valid-tgt"))
        return hny_fail(HNY_ERROR_USAGE, "--valid-src and --valid-tgt belong together");
    HNY_TRY(hny_argument_count(arguments, "best", 1, MOST_BEST, &chosen.best));
    HNY_TRY(hny_argument_count(arguments, "frequent", 0, MOST_FREQUENT, &chosen.frequent));
    HNY_TRY(hny_argument_count(arguments, "rounds", 1, MOST_ROUNDS, &chosen.rounds));
    HNY_TRY(hny_folder_read(&model, folder, NULL));
    hny_status status = make(arguments, model, folder, &chosen);
    hny_model_destroy(&model);
    return status;
}

const struct hny_command hny_command_shortlist = {
    .name = "shortlist",
    .arguments = "",
    .summary = "learn which words a sentence's words translate to, so that translation is quicker",
    .description =
        "Writes shortlist.bin into the model's folder; translate, serve and worker use it with --shortlist. "
        "A "
        "sentence's candidates are then the --best likeliest targets of each of its subwords, by IBM Model 1 "
        "(Brown et al. 1993), the --frequent ones, and, where both sides share a vocabulary, its own "
        "subwords. "
        "The same model and texts give the same file. Memory: 256 MiB, and 80 bytes times --best for each "
        "source subword (256 MB for 32,000), whatever the size of the texts; a temporary file takes 4 bytes "
        "a "
        "subword. Pairs with a side of over 500 subwords are left out.\n"
        "In a folder that training writes, the shortlist goes to the checkpoint that best names: train "
        "first. "
        "A service takes it up with honyaku reload.",
    .example = "honyaku shortlist --model model/ --src train.en --tgt train.de\n"
               "honyaku translate --model model/ --shortlist < in.en > out.de",
    .options = options,
    .least = 0,
    .most = 0,
    .run = run,
};
