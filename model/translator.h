/* Translating text, line by line. In C it is this much:
 *
 *     struct hny_model *model = NULL;
 *     struct hny_translator *translator = NULL;
 *     struct hny_buffer out = {0};
 *     hny_status status = hny_folder_open(&model, "model/", HNY_PRECISION_F32, NULL);
 *     if (status == HNY_OK) status = hny_translator_create(&translator, model, NULL);
 *     if (status == HNY_OK) status = hny_translator_translate(translator, "Good morning.", 13, &out);
 *     if (status == HNY_OK) puts(out.data); else fprintf(stderr, "%s\n", hny_message());
 *     hny_buffer_free(&out);
 *     hny_translator_destroy(&translator);
 *     hny_model_destroy(&model);
 *
 * For many lines, or for more than the text: add lines and take their translations. A line's translation and
 * scores are the same bytes whatever was added before or behind it and whatever the number of threads. */
#ifndef HNY_MODEL_TRANSLATOR_H
#define HNY_MODEL_TRANSLATOR_H

#include "decoder/search.h"
#include "model/line_best.h"
#include "model/line_parts.h"
#include "model/model.h"

struct hny_translator_options {
    size_t beam;          /* hypotheses that live at once; 5 */
    size_t best;          /* translations of a line, at most beam; 1 */
    double alpha;         /* length normalisation (decoder/search.h); 1 */
    double beta;          /* coverage penalty; 0 */
    double length_factor; /* ids at most: this times the source's, but 10 are always allowed; 3 */
    size_t max_length;    /* …and never more than this; 0: no such limit */
    size_t longest;  /* ids that are translated at once (model/line_parts.h); 0: what training took at most */
    bool paragraphs; /* each sentence of a line by itself; false */
    bool attention;  /* keep it; false */
    bool shortlist;  /* the words of the model's shortlist alone: faster; P is theirs alone; false */
    bool unordered;  /* lines leave as they are done, not in the order of coming; false */
    size_t threads;  /* 1; 0: as many as there are processors */
    size_t rows;     /* hypotheses that a thread computes at once: decides speed and memory alone; 64 */
};
void hny_translator_defaults(struct hny_translator_options *options);

struct hny_translator;

/* MODEL (its weights packed: hny_folder_open) must outlive the translator and may serve several. OPTIONS
 * NULL: the standard ones. HNY_ERROR_USAGE where they are out of range or want a shortlist that is not there.
 * One thread at a time may use a translator. */
hny_status hny_translator_create(struct hny_translator **translator, const struct hny_model *model,
                                 const struct hny_translator_options *options);
void hny_translator_destroy(struct hny_translator **translator); /* nulls; NULL is allowed */

/* Appends the translation of TEXT (SIZE bytes) to OUT: line N of it is that of line N, with the same ends of
 * lines (LF; a CR before it is dropped). A line without a word stays empty, whatever white space it has. What
 * is added is valid UTF-8, and but for these LF has no control character (tabs between sentences excepted). A
 * failure leaves whole lines in OUT. Not between lines that were added and not yet taken (HNY_ERROR_USAGE).
 */
hny_status hny_translator_translate(struct hny_translator *translator, const char *text, size_t size,
                                    struct hny_buffer *out);

/* A line comes in, without its end. TAG, its number for example, comes back with the translation. Returns at
 * once. Where the model has no tokenizer and TEXT is not of ids: HNY_ERROR_INPUT, and the line is not in. */
hny_status hny_translator_add(struct hny_translator *translator, uint64_t tag, const char *text, size_t size);

/* The same for a line that wants other than the translator's options: BEAM and BEST are 0 for those,
 * ATTENTION adds to theirs. HNY_ERROR_USAGE where there are fewer hypotheses than are wanted, and then the
 * line is not in. */
struct hny_line_wants {
    size_t beam, best;
    bool attention;
};
hny_status hny_translator_add_wanting(struct hny_translator *translator, uint64_t tag, const char *text,
                                      size_t size, const struct hny_line_wants *wants);

/* The line TAG, or all that have it, is not wanted any more: it never leaves, and no more is computed for it
 * than the step under way. Unknown tags are ignored. */
void hny_translator_cancel(struct hny_translator *translator, uint64_t tag);

/* A line and its translations. */
struct hny_line_translation {
    uint64_t tag;
    struct hny_line_parts parts;
    struct hny_translation *translations; /* [parts.part_count] */
    size_t count;                         /* translations of the whole line: 1 to options.best */
    struct hny_line_choice *choices;      /* [count] best first */
    struct hny_buffer *texts;             /* [count] */
};
void hny_line_translation_free(struct hny_line_translation *line); /* back to the zero state */

/* The next line leaves; it becomes the caller's. *TAKEN false where none is inside or, unless WAIT, where
 * none is ready. No line leaves, nor any text from hny_translator_translate, before the model is settled
 * (hny_model_settle). After a failure (HNY_ERROR_INPUT: the weights are damaged; HNY_ERROR_MEMORY,
 * HNY_ERROR_NUMERIC) the translator can only be destroyed.
 */
hny_status hny_translator_take(struct hny_translator *translator, bool wait,
                               struct hny_line_translation *line, bool *taken);

/* For a program that waits for other things too: a file descriptor that is readable since something was done
 * that hny_translator_take may not have given yet; whoever waits reads its 8 bytes before taking. */
int hny_translator_notice(const struct hny_translator *translator);

/* Grows while lines are inside, unless the translator hangs. Any thread may ask. */
uint64_t hny_translator_steps(const struct hny_translator *translator);

size_t hny_translator_lines(const struct hny_translator *translator); /* inside */

/* Whether so much is inside that more would only take memory: time to take before adding. */
bool hny_translator_full(struct hny_translator *translator);

#endif
