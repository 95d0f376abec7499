#include "bundle/contents.h"

#include "base/json.h"
#include "bundle/contents_change.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char kind[] = "honyaku bundle";
enum { VERSION = 1, FILES_MOST = 64, NAME_PARTS = 4, FILE_NAME_MOST = 79, ARENA_BYTES = 1 << 16 };

void hny_bundle_free(struct hny_bundle *bundle) {
    for (size_t i = 0; i < bundle->file_count; i++) free(bundle->files[i].tensors);
    free(bundle->files);
    hny_arena_destroy(&bundle->names);
    *bundle = (struct hny_bundle){0};
}

bool hny_bundle_lay_out(struct hny_bundle_tensor *tensor, enum hny_planes_layout layout) {
    if (!hny_safetensors_bytes(&tensor->tensor, &tensor->bytes) || !hny_planes_fit(layout, &tensor->tensor))
        return false;
    tensor->layout = layout;
    tensor->member_count = hny_planes_count(layout, &tensor->tensor);
    for (size_t i = 0; i < tensor->member_count; i++) {
        tensor->members[i].size = hny_planes_size(layout, &tensor->tensor, i);
        if (tensor->members[i].size > HNY_TAR_MOST) return false;
    }
    return true;
}

size_t hny_bundle_batch_end(const struct hny_bundle_file *file, size_t from) {
    size_t end = from, left = HNY_BUNDLE_BATCH;
    for (; end < file->tensor_count; end++) {
        size_t bytes = file->tensors[end].bytes;
        if (end > from && bytes > left) break;
        left = bytes > left ? 0 : left - bytes;
    }
    return end;
}

bool hny_bundle_name_fits(const char *name) {
    static const char known[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    if (strlen(name) > FILE_NAME_MOST || strcmp(name, HNY_BUNDLE_MANIFEST) == 0 ||
        strcmp(name, HNY_SIGNATURE_MEMBER) == 0)
        return false;
    for (size_t part = 0; part < NAME_PARTS; part++) {
        size_t length = strspn(name, known);
        if (length == 0 || name[0] == '.') return false;
        if (!name[length]) return true;
        if (name[length] != '/') return false;
        name += length + 1;
    }
    return false;
}

void hny_bundle_member_name(const struct hny_bundle_file *file, size_t tensor, size_t member, char *text,
                            size_t room) {
    if (tensor != SIZE_MAX)
        snprintf(text, room, "%s.%zu.%zu", file->name, tensor, member);
    else
        snprintf(text, room, "%s%s", file->name, file->split ? ".header" : "");
}

/* --- Writing ------------------------------------------------------------------------------------------- */

static json_t *describe_tensor(const struct hny_bundle_tensor *tensor, bool delta) {
    json_t *shape = json_array(), *members = json_array();
    for (size_t i = 0; i < tensor->tensor.rank; i++)
        json_array_append_new(shape, json_integer((json_int_t)tensor->tensor.shape[i]));
    for (size_t i = 0; i < tensor->member_count; i++)
        json_array_append_new(members, json_string(tensor->members[i].digest));
    json_t *object = json_pack("{s:s, s:s, s:o, s:s, s:o}", "name", tensor->tensor.name, "type",
                               hny_element_name(tensor->tensor.type), "shape", shape, "layout",
                               hny_planes_name(tensor->layout), "sha256", members);
    if (delta) hny_bundle_describe_change(object, tensor);
    return object;
}

static json_t *describe_file(const struct hny_bundle_file *file, bool delta) {
    json_t *object = json_pack("{s:s, s:I, s:s}", "name", file->name, "bytes", (json_int_t)file->bytes,
                               "sha256", file->digest);
    if (!file->split && delta) hny_bundle_describe_same(object, file);
    if (!file->split) return object;
    json_t *tensors = json_array();
    for (size_t i = 0; i < file->tensor_count; i++)
        json_array_append_new(tensors, describe_tensor(&file->tensors[i], delta));
    json_t *header =
        json_pack("{s:I, s:s}", "bytes", (json_int_t)file->first.size, "sha256", file->first.digest);
    if (delta) hny_bundle_describe_same(header, file);
    json_object_set_new(object, "header", header);
    json_object_set_new(object, "tensors", tensors);
    return object;
}

/* Three digits, so that processors which round sums otherwise write the same manifest. */
static double rounded(double number) {
    char text[32];
    snprintf(text, sizeof text, "%.2e", number);
    return strtod(text, NULL);
}

/* NULL in JSON where nothing was lost. */
static json_t *describe_loss(const struct hny_bundle *bundle) {
    const struct hny_bundle_loss *loss = &bundle->loss;
    if (bundle->precision == HNY_PRECISION_F32) return json_null();
    double relative = loss->original_squares > 0 ? loss->squares / loss->original_squares : 0;
    return json_pack("{s:s, s:f, s:f}", "numbers",
                     bundle->precision == HNY_PRECISION_BF16
                         ? "rounded to bfloat16, 8 significant bits"
                         : "rows of matrices rounded to whole numbers from -127 to 127 times a scale",
                     "largest_error", rounded(loss->largest), "relative_square_error", rounded(relative));
}

static json_t *describe(const struct hny_bundle *bundle) {
    json_t *files = json_array();
    for (size_t i = 0; i < bundle->file_count; i++)
        json_array_append_new(files, describe_file(&bundle->files[i], bundle->parent != NULL));
    json_t *object = json_pack(
        "{s:s, s:i, s:s, s:o, s:s?, s:s, s:o, s:o, s:s?, s:o}", "kind", kind, "version", VERSION, "name",
        bundle->name, "release", bundle->release ? json_integer((json_int_t)bundle->release) : json_null(),
        "languages", bundle->languages, "precision", hny_precision_name(bundle->precision), "lost",
        describe_loss(bundle), "scores", hny_scores_describe(&bundle->scores), "parent", bundle->parent,
        "files", files);
    if (object && bundle->parent) json_object_set_new(object, "full", json_string(bundle->full));
    return object;
}

hny_status hny_bundle_print(const struct hny_bundle *bundle, struct hny_buffer *text) {
    json_t *manifest = describe(bundle);
    hny_status status = manifest ? hny_json_print(text, manifest, true)
                                 : hny_fail(HNY_ERROR_MEMORY, "out of memory for the manifest");
    json_decref(manifest);
    return status;
}

hny_status hny_bundle_find_full(const struct hny_bundle *bundle, char full[HNY_DIGEST_TEXT]) {
    struct hny_bundle whole = *bundle;
    struct hny_buffer text = {0};
    whole.parent = NULL;
    hny_status status = hny_bundle_print(&whole, &text);
    if (status == HNY_OK) status = hny_digest_bytes(text.data, text.size, full);
    hny_buffer_free(&text);
    return status;
}

struct hny_signed hny_bundle_signed(const struct hny_bundle *bundle) {
    return (struct hny_signed){bundle->digest, bundle->parent ? bundle->full : NULL};
}

/* --- Reading ------------------------------------------------------------------------------------------- */

/* What is being read, for messages: SOURCE, and the file or tensor. */
struct place {
    const char *source, *name;
};

static hny_status fail_place(const struct place *place, const char *expected) {
    return hny_fail(HNY_ERROR_INPUT, "%s: %s: %s: expected %s", place->source, HNY_BUNDLE_MANIFEST,
                    place->name, expected);
}

static hny_status take_digest(const struct place *place, const json_t *json, char digest[HNY_DIGEST_TEXT]) {
    return hny_bundle_take_digest(json, digest) ? HNY_OK
                                                : fail_place(place, "a SHA-256 of 64 hexadecimal digits");
}

static hny_status take_bytes(const struct place *place, const json_t *json, uint64_t most, uint64_t *bytes) {
    json_int_t value = json_integer_value(json);
    if (!json_is_integer(json) || value < 0 || (uint64_t)value > most)
        return fail_place(place, "a number of bytes that a bundle can hold");
    *bytes = (uint64_t)value;
    return HNY_OK;
}

static hny_status take_name(const struct place *place, struct hny_bundle *bundle, const json_t *json,
                            const char **name) {
    if (!json_is_string(json)) return fail_place(place, "a text");
    *name = hny_arena_text(bundle->names, json_string_value(json), json_string_length(json));
    return *name ? HNY_OK : HNY_ERROR_MEMORY;
}

static hny_status take_shape(const struct place *place, const json_t *json,
                             struct hny_safetensors_tensor *tensor) {
    tensor->rank = json_array_size(json);
    if (!json_is_array(json) || tensor->rank > HNY_SAFETENSORS_RANK)
        return fail_place(place, "a shape of at most 8 dimensions");
    for (size_t i = 0; i < tensor->rank; i++) {
        const json_t *dimension = json_array_get(json, i);
        if (!json_is_integer(dimension) || json_integer_value(dimension) < 1)
            return fail_place(place, "a shape of whole numbers from 1 on");
        tensor->shape[i] = (size_t)json_integer_value(dimension);
    }
    return HNY_OK;
}

static hny_status take_release(const char *source, const json_t *json, uint64_t *release) {
    json_int_t value = json_integer_value(json);
    if (json_is_null(json)) return HNY_OK;
    if (!json_is_integer(json) || value < 1 || (uint64_t)value > HNY_RELEASE_MOST)
        return fail_place(&(struct place){source, "release"}, "null, or a whole number from 1 to 2^53 - 1");
    *release = (uint64_t)value;
    return HNY_OK;
}

/* The index of TEXT among COUNT names; COUNT where it is none of them. */
static size_t find_name(const char *text, size_t count, const char *(*name)(size_t)) {
    size_t i = 0;
    while (text && i < count && strcmp(name(i), text) != 0) i++;
    return text ? i : count;
}

static const char *type_name(size_t i) {
    return hny_element_name((enum hny_element)i);
}

static const char *layout_name(size_t i) {
    return hny_planes_name((enum hny_planes_layout)i);
}

static const char *precision_name(size_t i) {
    return hny_precision_name((enum hny_precision)i);
}

static hny_status take_tensor(struct place place, struct hny_bundle *bundle, const json_t *json,
                              struct hny_bundle_tensor *tensor) {
    HNY_TRY(take_name(&place, bundle, json_object_get(json, "name"), &tensor->tensor.name));
    place.name = tensor->tensor.name;
    size_t type = find_name(json_string_value(json_object_get(json, "type")), HNY_ELEMENT_TYPES, type_name);
    if (type == HNY_ELEMENT_TYPES) return fail_place(&place, "a type like F32, BF16 or I8");
    tensor->tensor.type = (enum hny_element)type;
    HNY_TRY(take_shape(&place, json_object_get(json, "shape"), &tensor->tensor));
    size_t layout =
        find_name(json_string_value(json_object_get(json, "layout")), HNY_PLANES_LAYOUTS, layout_name);
    if (layout == HNY_PLANES_LAYOUTS)
        return fail_place(&place, "a layout that this program knows: bytes, rotated, bf16 or int8");
    if (!hny_bundle_lay_out(tensor, (enum hny_planes_layout)layout))
        return fail_place(&place, "a shape and type that its layout can hold");
    const json_t *digests = json_object_get(json, "sha256");
    if (json_array_size(digests) != tensor->member_count)
        return fail_place(&place, "a SHA-256 for each member");
    for (size_t i = 0; i < tensor->member_count; i++)
        HNY_TRY(take_digest(&place, json_array_get(digests, i), tensor->members[i].digest));
    const char *expected = hny_bundle_take_change(json, bundle->parent != NULL, tensor);
    return expected ? fail_place(&place, expected) : HNY_OK;
}

static hny_status take_tensors(const struct place *place, struct hny_bundle *bundle, const json_t *json,
                               struct hny_bundle_file *file) {
    const json_t *header = json_object_get(json, "header"), *tensors = json_object_get(json, "tensors");
    file->split = true;
    HNY_TRY(take_bytes(place, json_object_get(header, "bytes"),
                       HNY_SAFETENSORS_HEADER_LIMIT + HNY_SAFETENSORS_LENGTH_BYTES, &file->first.size));
    HNY_TRY(take_digest(place, json_object_get(header, "sha256"), file->first.digest));
    if (!json_is_array(tensors)) return fail_place(place, "a list of tensors");
    uint64_t sum = file->first.size;
    size_t room = 0;
    /* One after the other: a list of what is no tensor takes no room. */
    for (size_t i = 0; i < json_array_size(tensors); i++) {
        if (hny_grow(&file->tensors, &room, i + 1, sizeof *file->tensors) != 0) return HNY_ERROR_MEMORY;
        file->tensors[i] = (struct hny_bundle_tensor){0};
        HNY_TRY(take_tensor(*place, bundle, json_array_get(tensors, i), &file->tensors[i]));
        file->tensor_count++;
        if (__builtin_add_overflow(sum, file->tensors[i].bytes, &sum)) sum = UINT64_MAX;
    }
    return sum == file->bytes ? HNY_OK : fail_place(place, "as many bytes as its header and tensors have");
}

static bool same_file(const struct hny_bundle *bundle, const char *name) {
    for (size_t i = 0; i < bundle->file_count; i++)
        if (strcasecmp(bundle->files[i].name, name) == 0) return true;
    return false;
}

static hny_status take_file(const char *source, struct hny_bundle *bundle, const json_t *json) {
    struct hny_bundle_file *file = &bundle->files[bundle->file_count];
    struct place place = {source, "a file"};
    HNY_TRY(take_name(&place, bundle, json_object_get(json, "name"), &file->name));
    if (!hny_bundle_name_fits(file->name))
        return fail_place(&place, "a name within the folder, of letters, digits, \".\", \"_\" and \"-\"");
    place.name = file->name;
    if (same_file(bundle, file->name)) return fail_place(&place, "each file once");
    bundle->file_count++;
    bool split = json_object_get(json, "tensors") != NULL;
    const json_t *first = split ? json_object_get(json, "header") : json;
    const char *expected = hny_bundle_take_same(first, bundle->parent != NULL, file);
    if (expected) return fail_place(&place, expected);
    HNY_TRY(take_bytes(&place, json_object_get(json, "bytes"), split ? INT64_MAX : HNY_BUNDLE_PLAIN_MOST,
                       &file->bytes));
    HNY_TRY(take_digest(&place, json_object_get(json, "sha256"), file->digest));
    if (split) {
        HNY_TRY(take_tensors(&place, bundle, json, file));
    } else {
        file->first.size = file->bytes;
        memcpy(file->first.digest, file->digest, sizeof file->digest);
    }
    if (__builtin_add_overflow(bundle->bytes, file->bytes, &bundle->bytes))
        return fail_place(&place, "files that 64 bits can count");
    return HNY_OK;
}

static hny_status take_files(const char *source, struct hny_bundle *bundle, const json_t *files) {
    if (!json_is_array(files) || json_array_size(files) == 0 || json_array_size(files) > FILES_MOST)
        return fail_place(&(struct place){source, "files"}, "a list of 1 to 64 files");
    bundle->files = hny_allocate(json_array_size(files), sizeof *bundle->files);
    if (!bundle->files) return HNY_ERROR_MEMORY;
    for (size_t i = 0; i < json_array_size(files); i++)
        HNY_TRY(take_file(source, bundle, json_array_get(files, i)));
    return HNY_OK;
}

/* So that it is printed again as it was. */
static void take_loss(struct hny_bundle *bundle, const json_t *json) {
    if (bundle->precision == HNY_PRECISION_F32) return;
    bundle->loss = (struct hny_bundle_loss){
        .largest = json_number_value(json_object_get(json, "largest_error")),
        .squares = json_number_value(json_object_get(json, "relative_square_error")),
        .original_squares = 1,
    };
}

/* The digest of a bundle that is no delta is its own. */
static hny_status take_parent(const char *source, struct hny_bundle *bundle, const json_t *json) {
    struct place place = {source, "parent"};
    const json_t *parent = json_object_get(json, "parent");
    char digest[HNY_DIGEST_TEXT];
    memcpy(bundle->full, bundle->digest, sizeof bundle->full);
    if (json_is_null(parent)) return HNY_OK;
    HNY_TRY(take_digest(&place, parent, digest));
    HNY_TRY(take_name(&place, bundle, parent, &bundle->parent));
    place.name = "full";
    return take_digest(&place, json_object_get(json, "full"), bundle->full);
}

/* Else who signs a delta, and with it the bundle that it makes, would sign what somebody else wrote there. */
static hny_status check_full(const char *source, const struct hny_bundle *bundle) {
    char full[HNY_DIGEST_TEXT];
    if (!bundle->parent) return HNY_OK;
    HNY_TRY(hny_bundle_find_full(bundle, full));
    if (strcmp(full, bundle->full) == 0) return HNY_OK;
    return hny_fail(HNY_ERROR_INPUT,
                    "%s: " HNY_BUNDLE_MANIFEST ": full: %s, but without parent and changes it is %s", source,
                    bundle->full, full);
}

static hny_status take_all(const char *source, struct hny_bundle *bundle, const json_t *json) {
    struct place place = {source, "kind"};
    const char *named = json_string_value(json_object_get(json, "kind"));
    if (!named || strcmp(named, kind) != 0) return fail_place(&place, "\"honyaku bundle\"");
    place.name = "version";
    if (json_integer_value(json_object_get(json, "version")) != VERSION)
        return fail_place(&place, "1: a later program wrote this bundle");
    HNY_TRY(take_parent(source, bundle, json));
    place.name = "name";
    HNY_TRY(take_name(&place, bundle, json_object_get(json, "name"), &bundle->name));
    if (!hny_release_name_fits(bundle->name))
        return fail_place(&place, "1 to 64 letters, digits, \".\", \"_\" and \"-\", the first no \".\"");
    HNY_TRY(take_release(source, json_object_get(json, "release"), &bundle->release));
    HNY_TRY(hny_scores_parse(&bundle->scores, source, json_object_get(json, "scores"), bundle->names));
    place.name = "languages";
    const json_t *languages = json_object_get(json, "languages");
    if (!json_is_null(languages)) HNY_TRY(take_name(&place, bundle, languages, &bundle->languages));
    if (bundle->languages && !hny_release_name_fits(bundle->languages))
        return fail_place(&place, "null, or a pair as en-ja");
    place.name = "precision";
    enum { PRECISIONS = HNY_PRECISION_INT8 + 1 };
    size_t precision =
        find_name(json_string_value(json_object_get(json, "precision")), PRECISIONS, precision_name);
    if (precision == PRECISIONS) return fail_place(&place, "f32, bf16 or int8");
    bundle->precision = (enum hny_precision)precision;
    take_loss(bundle, json_object_get(json, "lost"));
    return take_files(source, bundle, json_object_get(json, "files"));
}

hny_status hny_bundle_parse(struct hny_bundle *bundle, const char *source, const char *text, size_t size) {
    json_t *json = NULL;
    *bundle = (struct hny_bundle){.names = hny_arena_create(ARENA_BYTES)};
    hny_status status = bundle->names ? HNY_OK : HNY_ERROR_MEMORY;
    if (status == HNY_OK) status = hny_digest_bytes(text, size, bundle->digest);
    if (status == HNY_OK) status = hny_json_parse(source, text, size, &json);
    if (status == HNY_OK) status = take_all(source, bundle, json);
    if (status == HNY_OK) status = check_full(source, bundle);
    json_decref(json);
    if (status != HNY_OK) hny_bundle_free(bundle);
    return status;
}
