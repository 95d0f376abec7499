#include "pipeline/language_detector.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite(language_detector);

static struct hny_language_guess best_of(const char *const *codes, size_t count, const char *text) {
    struct hny_language_detector *detector = NULL;
    struct hny_language_guess guess;
    cr_assert_eq(hny_language_detector_create(&detector, codes, count), HNY_OK, "%s", hny_message());
    cr_assert_eq(hny_language_detector_guess(detector, (struct hny_text){text, strlen(text)}, &guess, 1), 1);
    hny_language_detector_destroy(&detector);
    return guess;
}

Test(language_detector, one_language_is_it) {
    static const char *const codes[] = {"en"};
    struct hny_language_guess guess = best_of(codes, 1, "これは日本語です。");
    cr_assert_str_eq(guess.language, "en");
    cr_assert_eq(guess.confidence, 100);
}

Test(language_detector, a_script_tells_even_a_single_character) {
    static const char *const codes[] = {"en", "ja", "ru", "ko", "el", "zh"};
    static const char *const texts[][2] = {{"ね", "ja"},  {"猫がいる", "ja"}, {"Да", "ru"},    {"네", "ko"},
                                           {"ναι", "el"}, {"a", "en"},        {"OKです", "ja"}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        cr_assert_str_eq(best_of(codes, 6, texts[i][0]).language, texts[i][1], "%s", texts[i][0]);
    cr_assert_eq(best_of(codes, 6, "Да").confidence, 100);
}

Test(language_detector, languages_of_one_script_are_told_by_their_words) {
    static const char *const codes[] = {"en", "de", "fr", "es", "it", "pt-BR", "nl", "ja"};
    static const char *const texts[][2] = {
        {"I would like to book a table for two people tomorrow.", "en"},
        {"Ich möchte morgen einen Tisch für zwei Personen bestellen.", "de"},
        {"Je voudrais réserver une table pour deux personnes demain.", "fr"},
        {"Quisiera reservar una mesa para dos personas mañana.", "es"},
        {"Vorrei prenotare un tavolo per due persone per domani.", "it"},
        {"Eu gostaria de reservar uma mesa para duas pessoas amanhã.", "pt-BR"},
        {"Ik wil graag een tafel voor twee personen reserveren voor morgen.", "nl"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct hny_language_guess guess = best_of(codes, 8, texts[i][0]);
        cr_assert_str_eq(guess.language, texts[i][1], "%s", texts[i][0]);
        cr_assert(guess.confidence > 20 && guess.confidence <= 100);
    }
}

Test(language_detector, short_words_are_not_sure) {
    static const char *const codes[] = {"en", "de", "fr"};
    cr_assert_lt(best_of(codes, 3, "Hello").confidence, 30);
    cr_assert_eq(best_of(codes, 3, "123 …").confidence, 0);
    cr_assert_eq(best_of(codes, 3, "").confidence, 0);
    cr_assert_eq(best_of(codes, 3, "これは").confidence, 0);
}

Test(language_detector, a_language_without_n_grams_is_known_by_its_letters) {
    static const char *const codes[] = {"xx", "ja"};
    cr_assert_str_eq(best_of(codes, 2, "こんにちは、世界").language, "ja");
}

Test(language_detector, more_guesses_come_in_order) {
    static const char *const codes[] = {"nb", "nn", "da", "en"};
    struct hny_language_detector *detector = NULL;
    struct hny_language_guess guesses[4];
    static const char text[] = "Jeg har en bok.";
    cr_assert_eq(hny_language_detector_create(&detector, codes, 4), HNY_OK);
    size_t count = hny_language_detector_guess(detector, (struct hny_text){text, strlen(text)}, guesses, 4);
    cr_assert(count >= 1 && count <= 4);
    for (size_t i = 1; i < count; i++) {
        cr_assert_geq(guesses[i - 1].confidence, guesses[i].confidence);
        cr_assert_str_neq(guesses[i - 1].language, guesses[i].language);
    }
    cr_assert_eq(hny_language_detector_guess(detector, (struct hny_text){text, strlen(text)}, guesses, 1), 1);
    hny_language_detector_destroy(&detector);
}
