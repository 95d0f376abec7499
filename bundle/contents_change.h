/* What the manifest of a delta says beyond that of a whole bundle: what its members are. */
#ifndef HNY_BUNDLE_CONTENTS_CHANGE_H
#define HNY_BUNDLE_CONTENTS_CHANGE_H

#include "base/json.h"
#include "bundle/contents.h"

/* Adds to OBJECT, a tensor's, its change and the digests of its members. */
void hny_bundle_describe_change(json_t *object, const struct hny_bundle_tensor *tensor);

/* Adds to OBJECT, a file's or a header's, whether it is the base's. */
void hny_bundle_describe_same(json_t *object, const struct hny_bundle_file *file);

/* The inverse; DELTA is false where there must be none of it. Returns what was expected where JSON is not so,
 * NULL where it is. */
const char *hny_bundle_take_change(const json_t *json, bool delta, struct hny_bundle_tensor *tensor);
const char *hny_bundle_take_same(const json_t *json, bool delta, struct hny_bundle_file *file);

/* False where JSON is no SHA-256 of 64 hexadecimal digits. */
bool hny_bundle_take_digest(const json_t *json, char digest[HNY_DIGEST_TEXT]);

#endif
