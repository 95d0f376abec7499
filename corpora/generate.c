/* generate: sentence pairs out of a synchronous grammar.
 *
 * What a seed gives is the same on every machine: drawing uses whole numbers only. Pairs are numbered; those
 * that repeat a word, are too short or too long, or have a side that came before are passed over. The first
 * pairs kept are the test part, the next the development part, and all others the training part. */
#include "base/file.h"
#include "corpora/derivation.h"
#include "corpora/textset.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define START "Sentence"

enum action { GENERATE, SAMPLE, COUNT, TYPES };

struct options {
    enum action action;
    const char *out;
    uint64_t seed, train, dev, test, least, most;
};

/* An option with a number, its default and what it means. */
static const struct {
    const char *name, *meaning;
    size_t offset;
    uint64_t fallback;
} numbers[] = {
    {"--seed", "number that the corpus is a function of", offsetof(struct options, seed), 1},
    {"--train", "pairs of the training part", offsetof(struct options, train), 16000},
    {"--dev", "pairs of the development part", offsetof(struct options, dev), 500},
    {"--test", "pairs of the test part", offsetof(struct options, test), 500},
    {"--least", "least words of a source sentence", offsetof(struct options, least), 4},
    {"--most", "most words of a source sentence", offsetof(struct options, most), 20},
};

static const struct {
    const char *name, *meaning;
    enum action action;
} actions[] = {
    {"--sample", "print the training pairs to standard output, a tab between the sides", SAMPLE},
    {"--count", "print how many pairs can be derived", COUNT},
    {"--types", "print word types and mean lengths of the corpus", TYPES},
};

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

static uint64_t *number_field(struct options *options, size_t i) {
    return (uint64_t *)((char *)options + numbers[i].offset);
}

static void print_help(FILE *file) {
    fprintf(file, "usage: generate [OPTION]… GRAMMAR…\n\nWrites DIR/{train,dev,test}.LANGUAGE, or:\n");
    for (size_t i = 0; i < COUNT_OF(actions); i++)
        fprintf(file, "  %-12s %s\n", actions[i].name, actions[i].meaning);
    fprintf(file, "\nOptions:\n  %-12s folder to write into\n", "--out DIR");
    for (size_t i = 0; i < COUNT_OF(numbers); i++)
        fprintf(file, "  %-7s N    %s (%llu)\n", numbers[i].name, numbers[i].meaning,
                (unsigned long long)numbers[i].fallback);
}

static hny_status parse_number(const char *name, const char *text, uint64_t *number) {
    char *end = NULL;
    unsigned long long value = text && *text >= '0' && *text <= '9' ? strtoull(text, &end, 10) : 0;
    if (!end || *end || value > UINT32_MAX)
        return hny_fail(HNY_ERROR_USAGE, "%s needs a whole number, not %s", name, text ? text : "nothing");
    *number = value;
    return HNY_OK;
}

/* Reads the options before the grammar's files; *FIRST is the index of the first file. */
static hny_status parse_options(int count, char **arguments, struct options *options, int *first) {
    for (size_t i = 0; i < COUNT_OF(numbers); i++) *number_field(options, i) = numbers[i].fallback;
    int at = 1;
    for (; at < count && arguments[at][0] == '-'; at++) {
        const char *name = arguments[at];
        size_t i = 0;
        if (!strcmp(name, "--out") && at + 1 < count) {
            options->out = arguments[++at];
            continue;
        }
        while (i < COUNT_OF(actions) && strcmp(actions[i].name, name)) i++;
        if (i < COUNT_OF(actions)) {
            options->action = actions[i].action;
            continue;
        }
        for (i = 0; i < COUNT_OF(numbers) && strcmp(numbers[i].name, name);) i++;
        if (i == COUNT_OF(numbers)) return hny_fail(HNY_ERROR_USAGE, "there is no option %s", name);
        HNY_TRY(parse_number(name, at + 1 < count ? arguments[at + 1] : NULL, number_field(options, i)));
        at++;
    }
    *first = at;
    if (at == count) return hny_fail(HNY_ERROR_USAGE, "no grammar given");
    if (options->action == GENERATE && !options->out) return hny_fail(HNY_ERROR_USAGE, "--out is missing");
    return HNY_OK;
}

/* The walk over the numbered pairs, keeping what is new. */
struct walk {
    const struct options *options;
    struct hny_derivation *derivation;
    struct hny_textset *seen[HNY_GRAMMAR_SIDES];
    struct hny_pair pair; /* the pair last kept */
    uint64_t index;       /* of the next pair to look at */
    uint64_t clashes;     /* pairs that gave a source sentence a second translation */
};

/* Pairs looked at in vain before the grammar counts as exhausted. */
#define PATIENCE 1000000u

static hny_status keep_pair(struct walk *walk, bool *kept) {
    bool fresh = true, known[HNY_GRAMMAR_SIDES];
    *kept = false;
    for (size_t side = 0; side < HNY_GRAMMAR_SIDES; side++) {
        const struct hny_buffer *text = &walk->pair.sides[side].text;
        known[side] = hny_textset_has(walk->seen[side], text->data, text->size);
    }
    walk->clashes += known[0] && !known[1];
    if (known[0] || known[1]) return HNY_OK;
    for (size_t side = 0; side < HNY_GRAMMAR_SIDES; side++) {
        const struct hny_buffer *text = &walk->pair.sides[side].text;
        HNY_TRY(hny_textset_add(walk->seen[side], text->data, text->size, &fresh));
    }
    *kept = true;
    return HNY_OK;
}

static hny_status next_pair(struct walk *walk) {
    const struct options *options = walk->options;
    for (uint64_t vain = 0; vain < PATIENCE; vain++) {
        bool kept = false;
        HNY_TRY(hny_derivation_draw(walk->derivation, options->seed, walk->index++, &walk->pair));
        size_t words = walk->pair.sides[0].word_count;
        if (walk->pair.repeats || words < options->least || words > options->most) continue;
        HNY_TRY(keep_pair(walk, &kept));
        if (kept) return HNY_OK;
    }
    return hny_fail(HNY_ERROR_USAGE, "the grammar has no more new pairs of %llu to %llu words",
                    (unsigned long long)options->least, (unsigned long long)options->most);
}

static hny_status begin_walk(struct walk *walk, const struct options *options,
                             const struct hny_expansion *expansion) {
    *walk = (struct walk){.options = options};
    HNY_TRY(hny_derivation_create(&walk->derivation, expansion));
    for (size_t side = 0; side < HNY_GRAMMAR_SIDES; side++) HNY_TRY(hny_textset_create(&walk->seen[side]));
    return HNY_OK;
}

static void end_walk(struct walk *walk) {
    for (size_t side = 0; side < HNY_GRAMMAR_SIDES; side++) hny_textset_destroy(&walk->seen[side]);
    hny_derivation_destroy(&walk->derivation);
    hny_pair_free(&walk->pair);
}

/* Writes the next PAIRS pairs of WALK to DIR/PART.LANGUAGE. */
static hny_status write_part(struct walk *walk, const struct hny_grammar *grammar, const char *part,
                             uint64_t pairs) {
    struct hny_buffer texts[HNY_GRAMMAR_SIDES] = {{0}}, path = {0};
    hny_status status = HNY_OK;
    for (uint64_t i = 0; i < pairs && status == HNY_OK; i++) {
        status = next_pair(walk);
        for (size_t side = 0; side < HNY_GRAMMAR_SIDES && status == HNY_OK; side++)
            status = hny_buffer_print(&texts[side], "%s\n", walk->pair.sides[side].text.data);
    }
    for (size_t side = 0; side < HNY_GRAMMAR_SIDES && status == HNY_OK; side++) {
        hny_buffer_clear(&path);
        status = hny_buffer_print(&path, "%s/%s.%s", walk->options->out, part, grammar->languages[side].name);
        if (status == HNY_OK) status = hny_file_write(path.data, texts[side].data, texts[side].size);
    }
    for (size_t side = 0; side < HNY_GRAMMAR_SIDES; side++) hny_buffer_free(&texts[side]);
    hny_buffer_free(&path);
    return status;
}

static hny_status generate(struct walk *walk, const struct hny_grammar *grammar) {
    const struct options *options = walk->options;
    HNY_TRY(hny_directory_create(options->out));
    HNY_TRY(write_part(walk, grammar, "test", options->test));
    HNY_TRY(write_part(walk, grammar, "dev", options->dev));
    return write_part(walk, grammar, "train", options->train);
}

static hny_status sample(struct walk *walk) {
    for (uint64_t i = 0; i < walk->options->train; i++) {
        HNY_TRY(next_pair(walk));
        printf("%s\t%s\n", walk->pair.sides[0].text.data, walk->pair.sides[1].text.data);
    }
    return HNY_OK;
}

/* True for a word of digits, which would swell the count of types without being learnt as a word. */
static bool has_digit(const char *word) {
    return strpbrk(word, "0123456789") != NULL;
}

static hny_status print_types(struct walk *walk, const struct hny_grammar *grammar) {
    struct hny_textset *types[HNY_GRAMMAR_SIDES] = {NULL};
    size_t words[HNY_GRAMMAR_SIDES] = {0}, digits[HNY_GRAMMAR_SIDES] = {0};
    const struct options *options = walk->options;
    uint64_t pairs = options->train + options->dev + options->test;
    hny_status status = HNY_OK;
    for (size_t side = 0; side < HNY_GRAMMAR_SIDES && status == HNY_OK; side++)
        status = hny_textset_create(&types[side]);
    for (uint64_t i = 0; i < pairs && status == HNY_OK; i++) {
        if ((status = next_pair(walk)) != HNY_OK) break;
        for (size_t side = 0; side < HNY_GRAMMAR_SIDES; side++) {
            const struct hny_sentence *sentence = &walk->pair.sides[side];
            const char *word = sentence->words.data;
            words[side] += sentence->word_count;
            for (size_t j = 0; j < sentence->word_count && status == HNY_OK; j++, word += strlen(word) + 1) {
                bool fresh = false;
                status = hny_textset_add(types[side], word, strlen(word), &fresh);
                digits[side] += fresh && has_digit(word);
            }
        }
    }
    for (size_t side = 0; side < HNY_GRAMMAR_SIDES && status == HNY_OK; side++)
        printf("%s: %zu word types, %zu without digits, %.2f words a sentence\n",
               grammar->languages[side].name, hny_textset_count(types[side]),
               hny_textset_count(types[side]) - digits[side],
               pairs ? (double)words[side] / (double)pairs : 0.0);
    if (status == HNY_OK)
        printf("%llu of %llu drawn pairs kept; %llu gave a source a second translation\n",
               (unsigned long long)pairs, (unsigned long long)walk->index, (unsigned long long)walk->clashes);
    for (size_t side = 0; side < HNY_GRAMMAR_SIDES; side++) hny_textset_destroy(&types[side]);
    return status;
}

static hny_status run(const struct options *options, const char *const *paths, size_t count) {
    struct hny_grammar *grammar = NULL;
    struct hny_expansion *expansion = NULL;
    struct walk walk = {0};
    hny_status status = hny_grammar_read(&grammar, paths, count);
    if (status == HNY_OK) status = hny_expansion_create(&expansion, grammar, START);
    if (status == HNY_OK) status = begin_walk(&walk, options, expansion);
    if (status == HNY_OK) {
        switch (options->action) {
        case GENERATE:
            status = generate(&walk, grammar);
            break;
        case SAMPLE:
            status = sample(&walk);
            break;
        case TYPES:
            status = print_types(&walk, grammar);
            break;
        case COUNT:
            printf("%.4g derivable pairs of %llu to %llu words\n",
                   hny_expansion_count(expansion, options->least, options->most),
                   (unsigned long long)options->least, (unsigned long long)options->most);
            break;
        }
    }
    end_walk(&walk);
    hny_expansion_destroy(&expansion);
    hny_grammar_destroy(&grammar);
    if (status == HNY_OK && (fflush(stdout) || ferror(stdout)))
        status = hny_fail_errno("cannot write to standard output");
    return status;
}

int main(int count, char **arguments) {
    struct options options = {0};
    int first = 0;
    if (count > 1 && !strcmp(arguments[1], "--help")) {
        print_help(stdout);
        return 0;
    }
    hny_status status = parse_options(count, arguments, &options, &first);
    if (status == HNY_OK)
        status = run(&options, (const char *const *)arguments + first, (size_t)(count - first));
    if (status == HNY_OK) return 0;
    fprintf(stderr, "generate: %s\n", hny_message());
    if (status == HNY_ERROR_USAGE) fprintf(stderr, "generate: try generate --help\n");
    return 1;
}
