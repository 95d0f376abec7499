#include "pipeline/language_detector.h"

#include "base/memory.h"
#include <libexttextcat/textcat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unicode/uchar.h>
#include <unicode/uscript.h>
#include <unicode/utf8.h>
#include <unistd.h>

enum {
    MOST_SCRIPTS = 8,       /* of a language */
    BYTES_LOOKED_AT = 2048, /* of a text: more costs time and changes nothing */
    SURE_LETTERS = 40,      /* by which n-grams of one script are seldom wrong */
};
static const char fingerprints[] = "/usr/share/libexttextcat/"; /* as Debian lays them */

struct language {
    char code[HNY_LANGUAGE_CODE];
    UScriptCode scripts[MOST_SCRIPTS];
    int32_t script_count;
    size_t letters; /* of the text, that it is written with */
};

struct hny_language_detector {
    struct language languages[HNY_LANGUAGES_DETECTED];
    size_t count;
    void *textcat; /* NULL: no n-grams of any */
    candidate_t *candidates;
};

/* --- Making ----------------------------------------------------------------------------------------- */

static void find_scripts(struct language *language) {
    UErrorCode error = U_ZERO_ERROR;
    language->script_count = uscript_getCode(language->code, language->scripts, MOST_SCRIPTS, &error);
    if (U_FAILURE(error)) language->script_count = 0;
    for (int32_t i = 0; i < language->script_count; i++) /* a letter is Han, whichever way it is written */
        if (language->scripts[i] == USCRIPT_SIMPLIFIED_HAN || language->scripts[i] == USCRIPT_TRADITIONAL_HAN)
            language->scripts[i] = USCRIPT_HAN;
}

/* The name of the n-grams of CODE: its own, or those of its language alone. */
static bool find_fingerprint(const char *code, char *name, size_t size) {
    const char *const tries[] = {code, strncmp(code, "zh", 2) == 0 ? "zh-Hans" : code};
    char path[sizeof fingerprints + 64];
    for (size_t i = 0; i < 3; i++) {
        if (i < 2)
            snprintf(name, size, "%s.lm", tries[i]);
        else
            snprintf(name, size, "%.*s.lm", (int)strcspn(code, "-"), code);
        snprintf(path, sizeof path, "%s%s", fingerprints, name);
        if (access(path, R_OK) == 0) return true;
    }
    return false;
}

/* The library takes its list of n-grams from a file: one in memory. A category is the number of a language.
 */
static hny_status open_textcat(struct hny_language_detector *detector) {
    char path[64], name[64];
    bool any = false;
    int file = memfd_create("languages", MFD_CLOEXEC);
    if (file < 0) return hny_fail_errno("cannot make a file in memory");
    for (size_t i = 0; i < detector->count; i++) {
        if (!find_fingerprint(detector->languages[i].code, name, sizeof name)) continue;
        any = true;
        if (dprintf(file, "%s %zu--utf8\n", name, i) < 0) {
            close(file);
            return hny_fail_errno("cannot write to a file in memory");
        }
    }
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    if (any) detector->textcat = special_textcat_Init(path, fingerprints);
    close(file);
    if (!detector->textcat) return HNY_OK;
    textcat_SetProperty(detector->textcat, TCPROP_MINIMUM_DOCUMENT_SIZE, 1);
    detector->candidates = textcat_GetClassifyFullOutput(detector->textcat);
    return detector->candidates ? HNY_OK : hny_fail(HNY_ERROR_MEMORY, "out of memory for n-grams");
}

hny_status hny_language_detector_create(struct hny_language_detector **detector, const char *const *codes,
                                        size_t count) {
    struct hny_language_detector *made = hny_allocate(1, sizeof *made);
    if (!made) return HNY_ERROR_MEMORY;
    made->count = count < HNY_LANGUAGES_DETECTED ? count : HNY_LANGUAGES_DETECTED;
    for (size_t i = 0; i < made->count; i++) {
        snprintf(made->languages[i].code, HNY_LANGUAGE_CODE, "%s", codes[i]);
        find_scripts(&made->languages[i]);
    }
    hny_status status = made->count > 1 ? open_textcat(made) : HNY_OK;
    if (status != HNY_OK) hny_language_detector_destroy(&made);
    *detector = made;
    return status;
}

void hny_language_detector_destroy(struct hny_language_detector **detector) {
    struct hny_language_detector *old = *detector;
    if (!old) return;
    if (old->candidates) textcat_ReleaseClassifyFullOutput(old->textcat, old->candidates);
    if (old->textcat) textcat_Done(old->textcat);
    free(old);
    *detector = NULL;
}

/* --- Looking ---------------------------------------------------------------------------------------- */

static bool is_written_with(const struct language *language, UScriptCode script) {
    for (int32_t i = 0; i < language->script_count; i++)
        if (language->scripts[i] == script) return true;
    return false;
}

/* Counts the letters of each language in TEXT, and of all in return. */
static size_t count_letters(struct hny_language_detector *detector, struct hny_text text) {
    size_t letters = 0;
    for (size_t i = 0; i < detector->count; i++) detector->languages[i].letters = 0;
    for (int32_t at = 0; at < (int32_t)text.size;) {
        UErrorCode error = U_ZERO_ERROR;
        UChar32 code;
        U8_NEXT_OR_FFFD((const uint8_t *)text.data, at, (int32_t)text.size, code);
        UScriptCode script = uscript_getScript(code, &error);
        if (!u_isalpha(code) || script <= USCRIPT_INHERITED) continue;
        letters++;
        for (size_t i = 0; i < detector->count; i++)
            if (is_written_with(&detector->languages[i], script)) detector->languages[i].letters++;
    }
    return letters;
}

static size_t add_guess(struct hny_language_guess *guesses, size_t count, size_t limit,
                        const struct language *language, double confidence) {
    if (count >= limit) return count;
    memcpy(guesses[count].language, language->code, HNY_LANGUAGE_CODE);
    guesses[count].confidence = (double)(int)confidence;
    return count + 1;
}

/* N-grams among the languages that have MOST letters of the text. */
static size_t compare(struct hny_language_detector *detector, struct hny_text text, size_t most, double share,
                      struct hny_language_guess *guesses, size_t limit) {
    int found = detector->textcat
                    ? textcat_ClassifyFull(detector->textcat, text.data, text.size, detector->candidates)
                    : 0;
    size_t alike = 0, count = 0;
    bool fits[HNY_LANGUAGES_DETECTED];
    for (int i = 0; i < found; i++) {
        size_t index = (size_t)atoi(detector->candidates[i].name);
        fits[i] = index < detector->count && detector->languages[index].letters == most;
        alike += fits[i];
    }
    double sure = share * (most < SURE_LETTERS ? (double)most / SURE_LETTERS : 1);
    for (int i = 0; i < found; i++) {
        const struct language *language = &detector->languages[atoi(detector->candidates[i].name)];
        if (fits[i]) count = add_guess(guesses, count, limit, language, sure / (double)alike);
    }
    return count;
}

size_t hny_language_detector_guess(struct hny_language_detector *detector, struct hny_text text,
                                   struct hny_language_guess *guesses, size_t limit) {
    struct language *languages = detector->languages;
    if (detector->count == 1) return add_guess(guesses, 0, limit, &languages[0], 100);
    if (text.size > BYTES_LOOKED_AT) text.size = BYTES_LOOKED_AT; /* a character cut in two is no letter */
    size_t letters = count_letters(detector, text), best = 0, rivals = 0, count = 0;
    for (size_t i = 1; i < detector->count; i++)
        if (languages[i].letters > languages[best].letters) best = i;
    size_t most = languages[best].letters;
    double share = letters > 0 ? 100.0 * (double)most / (double)letters : 0;
    for (size_t i = 0; i < detector->count; i++) rivals += languages[i].letters == most;
    if (rivals > 1 && most > 0) count = compare(detector, text, most, share, guesses, limit);
    return count > 0 ? count : add_guess(guesses, 0, limit, &languages[best], rivals > 1 ? 0 : share);
}
