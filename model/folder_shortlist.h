/* The shortlist of a model's folder: the file shortlist.bin (decoder/shortlist.h), whose digest stands in
 * config.json like those of the other files. */
#ifndef HNY_MODEL_FOLDER_SHORTLIST_H
#define HNY_MODEL_FOLDER_SHORTLIST_H

#include "model/model.h"

extern const char hny_folder_shortlist_name[]; /* "shortlist.bin" */

/* Reads FOLDER's, whose digest is checked, into MODEL; one that was made for other vocabularies or tokenizers
 * is HNY_ERROR_INPUT. */
hny_status hny_folder_read_shortlist(const char *folder, struct hny_model *model);

/* The same where the config.json of FOLDER, or of the one that its pointer `best` names, has one; else MODEL,
 * which was read from there (hny_folder_read: digests are checked), stays without. */
hny_status hny_folder_find_shortlist(const char *folder, struct hny_model *model);

/* Writes it into FOLDER, or the one that its pointer `best` names: config.json first forgets a former one,
 * and learns of the new one last, so that a process killed at any moment leaves a model that can be opened. A
 * checkpoint's manifest.json is put right behind that: killed right before, training cannot go on from there
 * until this was done again. */
hny_status hny_folder_write_shortlist(const char *folder, const struct hny_shortlist *shortlist);

/* The SHA-256 of TOKENIZER's file; zeros where it is NULL. */
hny_status hny_folder_tokenizer_digest(const struct hny_tokenizer *tokenizer, char digest[HNY_DIGEST_TEXT]);

/* HNY_ERROR_USAGE, naming the file in FOLDER (as the user calls it), where MODEL has no shortlist. */
hny_status hny_folder_demand_shortlist(const struct hny_model *model, const char *folder);

#endif
