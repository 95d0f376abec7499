/* Where a model lies: in a folder, or in a bundle, which is unpacked into a private folder while it is
 * needed. Whoever takes a model folder takes a bundle through here. */
#ifndef HNY_BUNDLE_PLACE_H
#define HNY_BUNDLE_PLACE_H

#include "bundle/contents.h"
#include "bundle/signers.h"
#include "model/folder.h"

/* MODEL is a folder, or a bundle: any file that is none. A bundle is checked as hny_bundle_unpack does and
 * unpacked into a folder of its own in TMPDIR (/tmp), which only this user can enter and which goes with the
 * place: a disk or memory there must hold the model once. (A file and not memory, since what reads a folder
 * maps it, checks it, and serves several processes from it.) With SIGNERS one of
 * them must have signed the bundle, and a folder, which nobody signs, is HNY_ERROR_INPUT. */
struct hny_place;
hny_status hny_place_open(struct hny_place **place, const char *model, const struct hny_signers *signers);
const char *hny_place_folder(const struct hny_place *place); /* owned by the place */
/* What the bundle says of itself, owned by the place; NULL where the model is a folder. */
const struct hny_bundle *hny_place_bundle(const struct hny_place *place);
void hny_place_close(struct hny_place **place); /* nulls; NULL is allowed */

/* hny_folder_open of what MODEL is; nothing of an unpacked bundle is left when it returns. */
hny_status hny_place_open_model(struct hny_model **model, const char *path, enum hny_precision precision,
                                const struct hny_signers *signers);

/* The last part of PATH without ".tar.zst", which is cut off in place: what a model is called by default. */
const char *hny_place_name(char *path);

#endif
