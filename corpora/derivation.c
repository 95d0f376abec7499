#include "corpora/derivation.h"

#include "base/memory.h"
#include "base/random.h"
#include <stdlib.h>
#include <string.h>

#define ARENA_BLOCK_BYTES ((size_t)1 << 18)

/* A choice made: an entry of a class of words, or an alternative with its parts. */
struct node {
    const struct hny_instance *instance;
    const struct hny_entry *entry;
    const struct hny_alternative *alternative;
    const struct hny_choice *choice;
    struct node **children;
};

struct hny_derivation {
    const struct hny_expansion *expansion;
    struct hny_arena *arena; /* of the nodes of the pair at hand */
    struct hny_random stream;
    uint64_t drawn;                /* numbers taken off the stream */
    const struct hny_entry **used; /* [used_count]: words that may come only once */
    size_t used_count, used_capacity;
    struct hny_buffer pieces; /* words and punctuation of a sentence, each with a NUL behind it */
};

/* A number below TOTAL (below 2^32 by the limits on weights). */
static uint64_t draw(struct hny_derivation *derivation, uint64_t total) {
    return (uint64_t)hny_random_word(&derivation->stream, derivation->drawn++) * total >> 32;
}

/* Remembers that ENTRY was used; *REPEATS where a word with its spelling was before. */
static hny_status use_entry(struct hny_derivation *derivation, const struct hny_entry *entry, bool *repeats) {
    for (size_t i = 0; i < derivation->used_count; i++)
        *repeats |= !strcmp(derivation->used[i]->forms[0][0], entry->forms[0][0]);
    if (hny_grow(&derivation->used, &derivation->used_capacity, derivation->used_count + 1,
                 sizeof *derivation->used) != 0)
        return HNY_ERROR_MEMORY;
    derivation->used[derivation->used_count++] = entry;
    return HNY_OK;
}

static hny_status derive_word(struct hny_derivation *derivation, struct node *node, bool *repeats) {
    const struct hny_instance *instance = node->instance;
    uint64_t at = draw(derivation, instance->weight);
    size_t i = 0;
    for (; at >= instance->entries[i]->weight; i++) at -= instance->entries[i]->weight;
    node->entry = instance->entries[i];
    return instance->symbol->repeats ? HNY_OK : use_entry(derivation, node->entry, repeats);
}

static hny_status derive(struct hny_derivation *derivation, const struct hny_instance *instance,
                         struct node **made, bool *repeats) {
    struct node *node = hny_arena_take(derivation->arena, 1, sizeof *node);
    if (!node) return HNY_ERROR_MEMORY;
    *node = (struct node){.instance = instance};
    *made = node;
    if (instance->symbol->words) return derive_word(derivation, node, repeats);
    uint64_t at = draw(derivation, instance->weight);
    const struct hny_group *group = instance->groups;
    for (; at >= group->alternative->weight; group++) at -= group->alternative->weight;
    at = draw(derivation, group->weight);
    const struct hny_choice *choice = group->choices;
    for (; at >= choice->weight; choice++) at -= choice->weight;
    node->alternative = group->alternative;
    node->choice = choice;
    size_t count = group->alternative->child_count;
    node->children = hny_arena_take(derivation->arena, count, sizeof(struct node *));
    if (!node->children) return HNY_ERROR_MEMORY;
    for (size_t i = 0; i < count; i++)
        HNY_TRY(derive(derivation, choice->children[i], &node->children[i], repeats));
    return HNY_OK;
}

/* Appends the words of TEXT as pieces; the first continues the piece before it where GLUED or where it says
 * so itself by a leading "+". */
static hny_status write_text(struct hny_derivation *derivation, const char *text, bool glued) {
    struct hny_buffer *pieces = &derivation->pieces;
    while (*(text += strspn(text, " "))) {
        size_t length = strcspn(text, " ");
        if (text[0] == '+' && length > 1) {
            glued = true;
            text++;
            length--;
        }
        if (glued && pieces->size) pieces->size--; /* over the NUL */
        HNY_TRY(hny_buffer_append(pieces, text, length));
        HNY_TRY(hny_buffer_append(pieces, "", 1));
        glued = false;
        text += length;
    }
    return HNY_OK;
}

static hny_status write_node(struct hny_derivation *derivation, const struct node *node, size_t side,
                             size_t column, bool glued) {
    if (node->entry) return write_text(derivation, node->entry->forms[side][column], glued);
    const struct hny_grammar *grammar = hny_expansion_grammar(derivation->expansion);
    const struct hny_alternative *alternative = node->alternative;
    for (size_t i = 0; i < alternative->token_count[side]; i++) {
        const struct hny_token *token = &alternative->tokens[side][i];
        const char *text = token->text;
        glued |= token->glued;
        if (token->kind == HNY_TOKEN_CHILD) {
            HNY_TRY(write_node(derivation, node->children[token->child], side, node->choice->columns[side][i],
                               glued));
        } else {
            if (token->kind == HNY_TOKEN_VALUE)
                text = grammar->features[alternative->variables[token->variable]]
                           .values[node->choice->values[token->variable]];
            HNY_TRY(write_text(derivation, text, glued));
        }
        glued = false;
    }
    return HNY_OK;
}

/* True where SOUND changes a word before NEXT, in lower case or with a capital. */
static bool sound_applies(const struct hny_sound *sound, const char *next) {
    size_t longest = 0;
    bool applies = false;
    for (size_t i = 0; i < sound->count; i++) {
        size_t length = strlen(sound->prefixes[i]);
        if (length <= longest || strncasecmp(next, sound->prefixes[i], length)) continue;
        longest = length;
        applies = sound->applies[i];
    }
    return applies;
}

/* What PIECE becomes before NEXT. */
static const char *sounded(const struct hny_grammar *grammar, size_t side, const char *piece,
                           const char *next) {
    for (size_t i = 0; i < grammar->sound_count; i++) {
        const struct hny_sound *sound = &grammar->sounds[i];
        if (sound->side == side && !strcmp(sound->from, piece) && sound_applies(sound, next))
            return sound->to;
    }
    return piece;
}

/* Joins the pieces into the sentence as LANGUAGE writes it. */
static hny_status join_pieces(const struct hny_derivation *derivation, size_t side,
                              struct hny_sentence *sentence) {
    const struct hny_grammar *grammar = hny_expansion_grammar(derivation->expansion);
    const struct hny_language *language = &grammar->languages[side];
    const char *piece = derivation->pieces.data, *end = piece + derivation->pieces.size;
    hny_buffer_clear(&sentence->text);
    hny_buffer_clear(&sentence->words);
    sentence->word_count = 0;
    while (piece < end) {
        const char *next = piece + strlen(piece) + 1;
        bool mark = hny_language_punctuation(language, piece);
        const char *text = sounded(grammar, side, piece, next < end ? next : "");
        if (language->spaces && !mark && sentence->text.size)
            HNY_TRY(hny_buffer_append(&sentence->text, " ", 1));
        HNY_TRY(hny_buffer_append(&sentence->text, text, strlen(text)));
        if (!mark) {
            HNY_TRY(hny_buffer_append(&sentence->words, text, strlen(text) + 1));
            sentence->word_count++;
        }
        piece = next;
    }
    char *first = sentence->text.data;
    if (language->capital && sentence->text.size && *first >= 'a' && *first <= 'z') *first += 'A' - 'a';
    return HNY_OK;
}

hny_status hny_derivation_draw(struct hny_derivation *derivation, uint64_t seed, uint64_t index,
                               struct hny_pair *pair) {
    struct node *root = NULL;
    derivation->stream = hny_random_stream(seed, HNY_RANDOM_CORPUS, (uint32_t)(index >> 32), (uint32_t)index);
    derivation->drawn = 0;
    derivation->used_count = 0;
    pair->repeats = false;
    hny_arena_reset(derivation->arena);
    HNY_TRY(derive(derivation, hny_expansion_start(derivation->expansion), &root, &pair->repeats));
    for (size_t side = 0; side < HNY_GRAMMAR_SIDES; side++) {
        hny_buffer_clear(&derivation->pieces);
        HNY_TRY(write_node(derivation, root, side, 0, false));
        HNY_TRY(join_pieces(derivation, side, &pair->sides[side]));
    }
    return HNY_OK;
}

void hny_pair_free(struct hny_pair *pair) {
    for (size_t side = 0; side < HNY_GRAMMAR_SIDES; side++) {
        hny_buffer_free(&pair->sides[side].text);
        hny_buffer_free(&pair->sides[side].words);
    }
    *pair = (struct hny_pair){0};
}

hny_status hny_derivation_create(struct hny_derivation **derivation, const struct hny_expansion *expansion) {
    struct hny_derivation *made = calloc(1, sizeof *made);
    if (!made) return hny_fail(HNY_ERROR_MEMORY, "out of memory for a derivation");
    made->expansion = expansion;
    if (!(made->arena = hny_arena_create(ARENA_BLOCK_BYTES))) {
        free(made);
        return HNY_ERROR_MEMORY;
    }
    *derivation = made;
    return HNY_OK;
}

void hny_derivation_destroy(struct hny_derivation **derivation) {
    struct hny_derivation *old = *derivation;
    *derivation = NULL;
    if (!old) return;
    hny_arena_destroy(&old->arena);
    hny_buffer_free(&old->pieces);
    free(old->used);
    free(old);
}
