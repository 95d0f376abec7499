/* Which languages are served, and by which model: what the gateway knows from the broker's state.
 *
 * A model whose name is a pair translates it: "en-ja", "pt-BR-en", "zh-Hans-ja". A language's code is BCP
 * 47's (RFC 5646) in its usual spelling: 2 or 3 small letters, then perhaps a script (Hans), then perhaps a
 * region (BR, 419). The spelling tells where the source ends. Models of other names can be given a pair. */
#ifndef HNY_PIPELINE_LANGUAGES_H
#define HNY_PIPELINE_LANGUAGES_H

#include "base/json.h"
#include "pipeline/message.h"

enum { HNY_LANGUAGE_CODE = 16 }; /* bytes of a code, its NUL included */

struct hny_pair {
    char source[HNY_LANGUAGE_CODE], target[HNY_LANGUAGE_CODE];
    char model[HNY_ROUTE_NAME]; /* that translates it; "" for the broker's first */
};

/* Zero-initialise; free with hny_languages_free. */
struct hny_languages {
    struct hny_pair *pairs;
    size_t count, capacity;
};
void hny_languages_free(struct hny_languages *languages);

/* Reads "en-ja", whose model has the same name, or "en-ja=NAME"; false for what is no pair. */
bool hny_pair_read(const char *text, struct hny_pair *pair);

/* A pair that is there already keeps its model. */
hny_status hny_languages_add(struct hny_languages *languages, const struct hny_pair *pair);

/* Adds the pairs among the models of STATE (what honyaku status --json prints) that have workers. What was
 * there stays: a model all of whose workers are being started again is still served. */
hny_status hny_languages_learn(struct hny_languages *languages, const json_t *state);

const struct hny_pair *hny_languages_find(const struct hny_languages *languages, const char *source,
                                          const char *target);                   /* NULL: not served */
bool hny_languages_has(const struct hny_languages *languages, const char *code); /* as source or target */

/* Each language that is a source, once, in the order of coming: writes at most LIMIT codes and returns how
 * many there are. */
size_t hny_languages_sources(const struct hny_languages *languages, const char **codes, size_t limit);

/* Its English name as ICU has it, or the code itself. */
void hny_language_name(const char *code, char *name, size_t size);

/* LibreTranslate's list: [{"code": "en", "name": "English", "targets": ["en", "ja"]}, …]. Each language is
 * among its own targets, since a text comes back as it is then. */
hny_status hny_languages_write(const struct hny_languages *languages, struct hny_buffer *out);

#endif
