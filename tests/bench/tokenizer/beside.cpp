/* The tokenizer beside Debian's sentencepiece, through its C++ API, on texts of your own:
 *
 *     beside VOCABULARY TEXT…
 *
 * For the unigram model and for byte-pair encoding it trains both on the texts (one thread, same size, same
 * character coverage, byte fallback, no normal form: the texts are brought to NFC before), then encodes every
 * line with both, from memory into memory, and prints processor times and pieces a sentence. Each encoding
 * pass begins with a fresh workspace, so words seen before are remembered within a pass only. The status is 1
 * where a target is missed: encoding at least twice as fast, training no slower, pieces a sentence at most 2
 * % more.
 *
 * For the unigram model it also prints what it is trained to raise: the mean logarithmic likelihood of a
 * sentence's best segmentation. There the pieces are fewer, not merely as many: sentencepiece 0.1.97 seeds
 * with the substrings that two different characters follow in the running text, so a word that a space always
 * follows is no seed as a whole; here it is (tokenizer/seeds.h). */
extern "C" {
#include "base/file.h"
#include "base/lines.h"
#include "base/progress.h"
#include "tokenizer/tokenizer.h"
#include "tokenizer/trainer.h"
}
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <limits>
#include <sentencepiece_processor.h>
#include <sentencepiece_trainer.h>
#include <sstream>
#include <string>
#include <vector>

static const int passes = 7; /* the fastest one counts */
static const double coverage = 0.9995;
static const double least_speed = 2, most_training = 1, most_pieces = 1.02;

struct figures {
    double training_seconds, encoding_seconds, pieces;
    double likelihood; /* logarithmic, of a sentence's best segmentation */
};

/* Of this process, so that what else the machine does counts for neither side. */
static double cpu_seconds() {
    return (double)clock() / CLOCKS_PER_SEC;
}

static void check(hny_status status) {
    if (status == HNY_OK) return;
    fprintf(stderr, "beside: %s\n", hny_message());
    exit(2);
}

static void check(const sentencepiece::util::Status &status) {
    if (status.ok()) return;
    fprintf(stderr, "beside: %s\n", status.ToString().c_str());
    exit(2);
}

/* All lines of PATHS in NFC, by a tokenizer without pieces. */
static std::vector<std::string> read_lines(const std::vector<std::string> &paths,
                                           const hny_tokenizer *normaliser) {
    std::vector<std::string> texts;
    for (const std::string &path : paths) {
        hny_lines *lines = nullptr;
        hny_buffer normal = {};
        const char *line = nullptr;
        size_t size = 0;
        bool more = false;
        check(hny_lines_open(&lines, path.c_str()));
        for (check(hny_lines_next(lines, &line, &size, &more)); more;
             check(hny_lines_next(lines, &line, &size, &more))) {
            hny_buffer_clear(&normal);
            check(hny_tokenizer_normalise(normaliser, line, size, &normal));
            if (normal.size > 0) texts.emplace_back(normal.data, normal.size);
        }
        hny_buffer_free(&normal);
        hny_lines_close(&lines);
    }
    return texts;
}

static std::string train_ours(const std::string &path, hny_tokenizer_kind kind, hny_normal_form form,
                              size_t vocabulary, double *seconds) {
    hny_tokenizer_options options;
    hny_tokenizer_defaults(&options);
    options.kind = kind;
    options.form = form;
    options.vocabulary = vocabulary;
    options.coverage = coverage;
    hny_threads *threads = nullptr;
    hny_buffer file = {};
    const char *paths[] = {path.c_str()};
    check(hny_threads_create(&threads, 1));
    double begin = cpu_seconds();
    check(hny_tokenizer_train(paths, 1, &options, threads, &file));
    *seconds = cpu_seconds() - begin;
    std::string text(file.data, file.size);
    hny_threads_destroy(&threads);
    hny_buffer_free(&file);
    return text;
}

static hny_tokenizer *parse(const std::string &text) {
    hny_tokenizer *tokenizer = nullptr;
    check(hny_tokenizer_parse(&tokenizer, "trained", text.data(), text.size()));
    return tokenizer;
}

/* The scores of a tokenizer's file, by id: lines of id, piece and score between tabs. */
static std::vector<double> read_scores(const std::string &file, size_t vocabulary) {
    std::vector<double> scores(vocabulary);
    std::istringstream lines(file);
    for (std::string line; std::getline(lines, line);) {
        size_t first = line.find('\t'), last = line.rfind('\t');
        if (first != std::string::npos && first < last)
            scores.at(std::stoul(line)) = std::stod(line.substr(last + 1));
    }
    return scores;
}

static figures measure_ours(const std::string &path, const std::vector<std::string> &texts,
                            hny_tokenizer_kind kind, size_t vocabulary) {
    figures figures = {0, std::numeric_limits<double>::max(), 0, 0};
    std::string file = train_ours(path, kind, HNY_NORMAL_NFC, vocabulary, &figures.training_seconds);
    hny_tokenizer *tokenizer = parse(file);
    hny_ids ids = {};
    for (int pass = 0; pass < passes; pass++) {
        hny_encoding *encoding = nullptr;
        size_t pieces = 0;
        double begin = cpu_seconds();
        check(hny_encoding_create(&encoding, tokenizer));
        for (const std::string &text : texts) {
            ids.count = 0;
            check(hny_tokenizer_encode(encoding, text.data(), text.size(), nullptr, &ids));
            pieces += ids.count;
        }
        double seconds = cpu_seconds() - begin;
        hny_encoding_destroy(&encoding);
        if (seconds < figures.encoding_seconds) figures.encoding_seconds = seconds;
        figures.pieces = (double)pieces / (double)texts.size();
    }
    std::vector<double> scores = read_scores(file, vocabulary);
    hny_encoding *encoding = nullptr;
    check(hny_encoding_create(&encoding, tokenizer));
    for (const std::string &text : texts) {
        ids.count = 0;
        check(hny_tokenizer_encode(encoding, text.data(), text.size(), nullptr, &ids));
        for (size_t i = 0; i < ids.count; i++) figures.likelihood += scores[(size_t)ids.ids[i]];
    }
    figures.likelihood /= (double)texts.size();
    hny_encoding_destroy(&encoding);
    hny_ids_free(&ids);
    hny_tokenizer_close(&tokenizer);
    return figures;
}

static figures measure_theirs(const std::string &path, const std::vector<std::string> &texts,
                              const char *kind, size_t vocabulary) {
    figures figures = {0, std::numeric_limits<double>::max(), 0, 0};
    std::string model;
    double begin = cpu_seconds();
    check(sentencepiece::SentencePieceTrainer::Train({{"input", path},
                                                      {"model_type", kind},
                                                      {"vocab_size", std::to_string(vocabulary)},
                                                      {"character_coverage", std::to_string(coverage)},
                                                      {"normalization_rule_name", "identity"},
                                                      {"byte_fallback", "true"},
                                                      {"pad_id", "3"},
                                                      {"num_threads", "1"},
                                                      {"minloglevel", "2"}},
                                                     nullptr, &model));
    figures.training_seconds = cpu_seconds() - begin;
    sentencepiece::SentencePieceProcessor processor;
    check(processor.LoadFromSerializedProto(model));
    std::vector<int> ids;
    for (int pass = 0; pass < passes; pass++) {
        size_t pieces = 0;
        begin = cpu_seconds();
        for (const std::string &text : texts) {
            check(processor.Encode(text, &ids));
            pieces += ids.size();
        }
        double seconds = cpu_seconds() - begin;
        if (seconds < figures.encoding_seconds) figures.encoding_seconds = seconds;
        figures.pieces = (double)pieces / (double)texts.size();
    }
    for (const std::string &text : texts) {
        check(processor.Encode(text, &ids));
        for (int id : ids) figures.likelihood += processor.GetScore(id);
    }
    figures.likelihood /= (double)texts.size();
    return figures;
}

static void print_row(const char *kind, const char *whose, const figures &figures, size_t sentences) {
    printf("%-8s %-14s %10.3f %16.3f %14.3f\n", kind, whose, figures.training_seconds,
           figures.encoding_seconds * 1e6 / (double)sentences, figures.pieces);
}

/* Prints one kind's figures; true where all targets are met. */
static bool compare(const std::string &path, const std::vector<std::string> &texts, hny_tokenizer_kind kind,
                    const char *name, size_t vocabulary) {
    figures ours = measure_ours(path, texts, kind, vocabulary);
    figures theirs = measure_theirs(path, texts, name, vocabulary);
    double speed = theirs.encoding_seconds / ours.encoding_seconds;
    double training = ours.training_seconds / theirs.training_seconds, pieces = ours.pieces / theirs.pieces;
    bool met = speed >= least_speed && training <= most_training && pieces <= most_pieces;
    print_row(name, "honyaku", ours, texts.size());
    print_row(name, "sentencepiece", theirs, texts.size());
    printf("%-8s encoding %.2f times as fast, training in %.3f of the time, %+.2f %% pieces: %s\n", name,
           speed, training, 100 * (pieces - 1), met ? "met" : "MISSED");
    if (kind == HNY_TOKENIZER_UNIGRAM)
        printf("%-8s logarithmic likelihood a sentence: honyaku %.3f, sentencepiece %.3f\n", name,
               ours.likelihood, theirs.likelihood);
    return met;
}

int main(int count, char **arguments) {
    if (count < 3) {
        fprintf(stderr, "usage: beside VOCABULARY TEXT...\n");
        return 2;
    }
    size_t vocabulary = (size_t)strtoul(arguments[1], nullptr, 10);
    char folder[] = "/tmp/beside-XXXXXX";
    if (!mkdtemp(folder)) return 2;
    std::string path = std::string(folder) + "/text", joined;
    hny_progress_quiet(true);

    double seconds = 0;
    check(hny_file_write(path.c_str(), "", 0));
    hny_tokenizer *normaliser =
        parse(train_ours(path, HNY_TOKENIZER_BPE, HNY_NORMAL_NFC, HNY_ID_PIECES + 1, &seconds));
    std::vector<std::string> texts = read_lines({arguments + 2, arguments + count}, normaliser);
    hny_tokenizer_close(&normaliser);
    for (const std::string &text : texts) joined += text + "\n";
    check(hny_file_write(path.c_str(), joined.data(), joined.size()));

    printf("%zu sentences, %zu bytes, %zu ids\n", texts.size(), joined.size(), vocabulary);
    printf("%-8s %-14s %10s %16s %14s\n", "kind", "", "training s", "encoding us/sent", "pieces/sent");
    bool met = compare(path, texts, HNY_TOKENIZER_UNIGRAM, "unigram", vocabulary);
    met = compare(path, texts, HNY_TOKENIZER_BPE, "bpe", vocabulary) && met;
    check(hny_directory_remove(folder));
    return met ? 0 : 1;
}
