/* LibreTranslate's API (docs.libretranslate.com, guides/api_usage) as bodies: requests read, answers written.
 * Pure functions; HTTP is pipeline/gateway.h. */
#ifndef HNY_PIPELINE_LIBRETRANSLATE_H
#define HNY_PIPELINE_LIBRETRANSLATE_H

#include "base/json.h"
#include "model/text.h"
#include "pipeline/languages.h"

struct hny_text_limits {
    size_t characters;   /* code points of all texts of a request */
    size_t texts;        /* of a list */
    size_t alternatives; /* of a text */
};
void hny_text_limits_defaults(struct hny_text_limits *limits);

struct hny_text_request {
    json_t *body;           /* that the texts lie in */
    struct hny_text *texts; /* [count] valid UTF-8 without NUL, perhaps empty */
    size_t count;
    size_t characters;                                         /* of all */
    bool list;                                                 /* q was a list: so is the answer */
    char source[HNY_LANGUAGE_CODE], target[HNY_LANGUAGE_CODE]; /* "auto" may be the source */
    bool html;
    size_t alternatives;
    bool attention; /* honyaku's own key "attention": true: a picture of it comes back with a single text */
};
void hny_text_request_free(struct hny_text_request *request); /* back to the zero state */

/* A form's fields as the body's object; the first of a name counts, CRLF is LF. HNY_ERROR_INPUT for text that
 * is not UTF-8, or has NUL in it. FIELDS begins as json_object(). */
hny_status hny_form_add(json_t *fields, const char *name, struct hny_text value);

/* BODY of /translate; with ONLY_TEXT that of /detect, where q alone is looked at. Takes over the reference.
 * HNY_ERROR_INPUT: hny_message() is what to answer with status 400. REQUEST is freed on failure. */
hny_status hny_text_request_read(struct hny_text_request *request, const struct hny_text_limits *limits,
                                 json_t *body, bool only_text);

struct hny_language_guess {
    char language[HNY_LANGUAGE_CODE];
    double confidence; /* 0 to 100 */
};

struct hny_text_answer {
    struct hny_buffer text;
    struct hny_buffer *alternatives; /* [alternative_count] */
    size_t alternative_count;
    struct hny_language_guess guess; /* where the source was auto */
};
void hny_text_answer_free(struct hny_text_answer *answer);

/* Appends the answer to REQUEST, its texts' in ANSWERS [count]. PICTURE: the SVG of the attention, or empty.
 */
hny_status hny_text_answer_write(const struct hny_text_request *request,
                                 const struct hny_text_answer *answers, const struct hny_buffer *picture,
                                 struct hny_buffer *out);

hny_status hny_guesses_write(const struct hny_language_guess *guesses, size_t count, struct hny_buffer *out);

/* /frontend/settings: SECONDS is how long a page should wait. */
hny_status hny_settings_write(const struct hny_text_limits *limits, const struct hny_languages *languages,
                              unsigned seconds, struct hny_buffer *out);

/* {"error": MESSAGE} */
hny_status hny_error_write(const char *message, struct hny_buffer *out);

/* What HTTP says of a refusal: the one table of it. */
struct hny_http_refusal {
    unsigned status;
    const char *message;
};
const struct hny_http_refusal *hny_http_refusal(enum hny_refusal refusal);

#endif
