/* honyaku pack: a model becomes one small file. */
#include "base/progress.h"
#include "base/threads.h"
#include "bundle/bundle.h"
#include "bundle/frame_code.h"
#include "bundle/peek.h"
#include "bundle/signing_key.h"
#include "bundle/testing.h"
#include "tools/bases.h"
#include "tools/commands.h"

#include <string.h>

enum { MOST_THREADS = 256, MOST_BEAM = 1000 };

static const struct hny_option options[] = {
    {"output", 'o', "FILE", false, false, "the bundle, NAME.tar.zst; - for standard output"},
    {"precision", 'p', "NAME", false, false,
     "f32: nothing is lost; bf16 or int8: rounded (default: f32, or that of --delta-from)"},
    {"level", 'l', "N", false, false,
     "how long to look for repetitions, 0 to 19; weights have few (default: 1)"},
    {"threads", 't', "N", false, false, "threads (default: one a processor); the bytes stay the same"},
    {"name", 'n', "NAME[@RELEASE]", false, false,
     "what the manifest calls the model, as en-ja@3: a later one has a higher number (default: model)"},
    {"languages", 0, "PAIR", false, false, "what the manifest says of its languages, as en-ja"},
    {"sign", 's', "FILE", false, false, "put in the signature of these keys, from honyaku keygen sign"},
    {"test-src", 0, "FILE", false, false,
     "translate this text, plain, .gz or .zst, and state what the translations score"},
    {"test-ref", 0, "FILE", false, false, "the translations to hold them against, line by line"},
    {"beam", 'b', "N", false, false, "hypotheses kept at each step of the test; 1 is greedy (default: 5)"},
    {"tokenize", 0, "NAME", false, false,
     "BLEU's tokeniser for the test: 13a, char, intl or none (default: 13a)"},
    {"with-optimizer", 0, NULL, false, false, "MODEL is a training's folder: all that it needs to go on"},
    {"delta-from", 0, "FILE", false, false, "make a delta: what has changed since that bundle, and no more"},
    HNY_BASES_OPTION,
    {"flatten", 0, NULL, false, false,
     "make one bundle of a whole one and the deltas that build on it, given in their order"},
    {NULL, 0, NULL, false, false, NULL},
};

static hny_status read_name(const char *text, struct hny_release *release, struct hny_pack_options *chosen) {
    if (!text) return HNY_OK;
    HNY_TRY(hny_release_parse(release, text));
    if (release->number == HNY_RELEASE_LATEST)
        return hny_fail(HNY_ERROR_USAGE, "--name %s: expected a number: latest is the highest of those made",
                        text);
    chosen->name = release->name;
    chosen->release = release->number;
    return HNY_OK;
}

static hny_status read_options(const struct hny_arguments *arguments, struct hny_pack_options *chosen) {
    const char *precision = hny_argument_text(arguments, "precision");
    size_t level = (size_t)chosen->level;
    if (precision && strcmp(precision, "auto") == 0)
        return hny_fail(HNY_ERROR_USAGE,
                        "--precision auto: expected f32, bf16 or int8: it decides what is kept");
    HNY_TRY(hny_precision_parse(precision ? precision : "f32", &chosen->precision));
    HNY_TRY(hny_argument_count(arguments, "level", 0, HNY_FRAME_LEVEL_MOST, &level));
    HNY_TRY(hny_argument_count(arguments, "threads", 1, MOST_THREADS, &chosen->threads));
    chosen->level = (int)level;
    chosen->languages = hny_argument_text(arguments, "languages");
    chosen->optimiser = hny_argument_given(arguments, "with-optimizer");
    return HNY_OK;
}

/* A delta has its base's. */
static hny_status take_precision(const char *base, struct hny_pack_options *chosen) {
    struct hny_bundle bundle;
    HNY_TRY(hny_bundle_peek(base, &bundle));
    chosen->precision = bundle.precision;
    hny_bundle_free(&bundle);
    return HNY_OK;
}

/* BASES receives what a delta is made from, and OPTIONS point to it. */
static hny_status read_bases(const struct hny_arguments *arguments, struct hny_bases *bases,
                             struct hny_pack_options *chosen) {
    const char *from = hny_argument_text(arguments, "delta-from");
    HNY_TRY(hny_bases_read(bases, arguments));
    if (!from && bases->count > 0)
        return hny_fail(HNY_ERROR_USAGE, "--base goes with --delta-from, where that is a delta itself");
    if (!from) return HNY_OK;
    HNY_TRY(hny_bases_add(bases, from));
    for (size_t i = 0; i < bases->count; i++)
        if (strcmp(bases->files[i], "-") == 0)
            return hny_fail(HNY_ERROR_USAGE, "--delta-from -: expected a file: it is read twice");
    if (!hny_argument_given(arguments, "precision")) HNY_TRY(take_precision(from, chosen));
    chosen->bases = bases->files;
    chosen->base_count = bases->count;
    return HNY_OK;
}

static hny_status flatten(const struct hny_arguments *arguments, const char *to,
                          const struct hny_pack_options *chosen, struct hny_bundle *bundle, uint64_t *bytes) {
    static const char *const others[] = {"precision", "name", "languages", "with-optimizer", "test-src"};
    struct hny_bases chain = {0};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (hny_argument_given(arguments, others[i]))
            return hny_fail(HNY_ERROR_USAGE, "--%s does not go with --flatten: the newest bundle says it",
                            others[i]);
    for (size_t i = 0; i < hny_argument_rest(arguments); i++) {
        const char *file = hny_argument_rest_at(arguments, i);
        if (strcmp(file, "-") == 0)
            return hny_fail(HNY_ERROR_USAGE, "--flatten -: expected a file: it is read twice");
        HNY_TRY(hny_bases_add(&chain, file));
    }
    return hny_bundle_flatten(chain.files, chain.count, to, chosen, bundle, bytes);
}

static hny_status pack(const struct hny_arguments *arguments, const char *to,
                       const struct hny_pack_options *chosen) {
    struct hny_bundle bundle;
    uint64_t bytes;
    HNY_TRY(hny_argument_given(arguments, "flatten")
                ? flatten(arguments, to, chosen, &bundle, &bytes)
                : hny_bundle_pack(hny_argument_rest_at(arguments, 0), to, chosen, &bundle, &bytes));
    hny_progress_note("%s: %llu bytes for %llu, %s, digest %s%s%s", to, (unsigned long long)bytes,
                      (unsigned long long)bundle.bytes, hny_precision_name(bundle.precision), bundle.digest,
                      *bundle.signer ? ", signed by " : "", bundle.signer);
    hny_bundle_free(&bundle);
    return HNY_OK;
}

/* Scores MODEL where a test is asked for; CHOSEN then points to SCORES. */
static hny_status test(const struct hny_arguments *arguments, const char *model,
                       struct hny_bundle_scores *scores, struct hny_pack_options *chosen) {
    const char *tokenizer = hny_argument_text(arguments, "tokenize");
    size_t beam = 5;
    struct hny_testing_options testing = {.source = hny_argument_text(arguments, "test-src"),
                                          .reference = hny_argument_text(arguments, "test-ref")};
    if (!testing.source != !testing.reference)
        return hny_fail(HNY_ERROR_USAGE, "--test-src and --test-ref go together");
    HNY_TRY(hny_argument_count(arguments, "beam", 1, MOST_BEAM, &beam));
    if (tokenizer) HNY_TRY(hny_metric_tokenizer_named(tokenizer, &testing.tokenizer));
    if (!testing.source) return HNY_OK;
    testing.beam = beam;
    HNY_TRY(hny_testing_run(model, chosen, &testing, scores));
    hny_progress_note("BLEU %.2f before, %.2f after; chrF %.2f before, %.2f after; %llu lines",
                      scores->before.bleu, scores->after.bleu, scores->before.chrf, scores->after.chrf,
                      (unsigned long long)scores->lines);
    chosen->scores = scores;
    return HNY_OK;
}

static hny_status run(const struct hny_arguments *arguments) {
    struct hny_pack_options chosen = HNY_PACK_DEFAULTS;
    struct hny_release release;
    struct hny_bases bases = {0};
    struct hny_signing_key key;
    struct hny_bundle_scores scores = {0};
    const char *model = hny_argument_rest_at(arguments, 0), *to = hny_argument_text(arguments, "output"),
               *sign = hny_argument_text(arguments, "sign");
    if (!to) return hny_fail(HNY_ERROR_USAGE, "-o FILE says where the bundle goes");
    if (!hny_argument_given(arguments, "flatten") && hny_argument_rest(arguments) != 1)
        return hny_fail(HNY_ERROR_USAGE, "\"%s\": expected one MODEL", hny_argument_rest_at(arguments, 1));
    chosen.threads = hny_processors();
    HNY_TRY(read_options(arguments, &chosen));
    HNY_TRY(read_name(hny_argument_text(arguments, "name"), &release, &chosen));
    HNY_TRY(read_bases(arguments, &bases, &chosen));
    if (sign) {
        HNY_TRY(hny_signing_key_read(sign, &key));
        chosen.sign = &key;
    }
    hny_status status = test(arguments, model, &scores, &chosen);
    if (status == HNY_OK) status = pack(arguments, to, &chosen);
    if (sign) explicit_bzero(&key, sizeof key);
    hny_testing_free(&scores);
    return status;
}

const struct hny_command hny_command_pack = {
    .name = "pack",
    .arguments = "MODEL | --flatten BUNDLE DELTA…",
    .summary = "make one small file of a model",
    .description =
        "The file is a tar of zstd frames: zstd -t checks it, tar --zstd -tf lists it, and its first member, "
        "bundle.json, says what is in it. The same model gives the same bytes. With f32 honyaku unpack gives "
        "the "
        "folder back bit for bit; what bf16 and int8 lose is said in bundle.json. A model packed as int8 "
        "translates with --precision int8 as the one that it was made from.\n"
        "With --test-src and --test-ref the bundle states what translations of that text score by BLEU and "
        "chrF: before, by the model in float32, and after, by what is unpacked, in int8 where the bundle "
        "is.\n"
        "With --delta-from the file is a delta: it holds what has changed since that bundle, in the same "
        "precision, and is unpacked with --base. Where FILE is a delta itself, --base gives what it builds "
        "on. "
        "--flatten gives the bytes that packing the newest model would have given, with the signature of "
        "whoever signed the newest bundle; with --delta-from, the delta to it.",
    .example = "honyaku pack model/ -o en-ja.tar.zst\n"
               "honyaku pack model/ --precision int8 -o - | ssh elsewhere honyaku unpack - -o model/\n"
               "honyaku pack newer/ --delta-from en-ja.tar.zst -o delta.tar.zst\n"
               "honyaku pack --flatten en-ja.tar.zst delta.tar.zst -o newer.tar.zst",
    .options = options,
    .least = 1,
    .most = HNY_CHAIN_MOST,
    .run = run,
};
