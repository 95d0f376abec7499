#include "bundle/contents_change.h"

#include <string.h>

static const char key[] = "change", members_key[] = "members";

static bool has_members(enum hny_change change) {
    return change == HNY_CHANGE_XOR || change == HNY_CHANGE_DIFFERENCE;
}

void hny_bundle_describe_change(json_t *object, const struct hny_bundle_tensor *tensor) {
    json_object_set_new(object, key,
                        tensor->change == HNY_CHANGE_WHOLE ? json_null()
                                                           : json_string(hny_change_name(tensor->change)));
    if (!has_members(tensor->change)) return;
    json_t *members = json_array();
    for (size_t i = 0; i < tensor->member_count; i++)
        json_array_append_new(members, json_string(tensor->members[i].changed));
    json_object_set_new(object, members_key, members);
}

void hny_bundle_describe_same(json_t *object, const struct hny_bundle_file *file) {
    json_object_set_new(object, key,
                        file->same ? json_string(hny_change_name(HNY_CHANGE_SAME)) : json_null());
}

bool hny_bundle_take_digest(const json_t *json, char digest[HNY_DIGEST_TEXT]) {
    const char *text = json_string_value(json);
    if (!text || !hny_digest_at(text) || text[HNY_DIGEST_TEXT - 1]) return false;
    memcpy(digest, text, HNY_DIGEST_TEXT);
    return true;
}

const char *hny_bundle_take_change(const json_t *json, bool delta, struct hny_bundle_tensor *tensor) {
    const json_t *value = json_object_get(json, key), *members = json_object_get(json, members_key);
    const char *text = json_string_value(value);
    tensor->change = HNY_CHANGE_WHOLE;
    if (!value || json_is_null(value)) return NULL;
    if (!delta) return "no \"change\" where there is no parent";
    for (int change = HNY_CHANGE_SAME; text && change < HNY_CHANGES; change++)
        if (strcmp(text, hny_change_name((enum hny_change)change)) == 0)
            tensor->change = (enum hny_change)change;
    if (tensor->change == HNY_CHANGE_WHOLE)
        return "a change that this program knows: null, same, xor or difference";
    if (!has_members(tensor->change)) return NULL;
    if (json_array_size(members) != tensor->member_count) return "a SHA-256 in \"members\" for each member";
    for (size_t i = 0; i < tensor->member_count; i++)
        if (!hny_bundle_take_digest(json_array_get(members, i), tensor->members[i].changed))
            return "a SHA-256 of 64 hexadecimal digits";
    return NULL;
}

const char *hny_bundle_take_same(const json_t *json, bool delta, struct hny_bundle_file *file) {
    const json_t *value = json_object_get(json, key);
    const char *text = json_string_value(value);
    file->same = false;
    if (!value || json_is_null(value)) return NULL;
    if (!delta) return "no \"change\" where there is no parent";
    if (!text || strcmp(text, hny_change_name(HNY_CHANGE_SAME)) != 0)
        return "a change that this program knows: null or same";
    file->same = true;
    return NULL;
}
