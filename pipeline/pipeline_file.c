#include "pipeline/pipeline_file.h"

#include "base/file.h"
#include "pipeline/message.h"
#include <stddef.h>
#include <string.h>

#define FILE_LIMIT ((size_t)1 << 20)

enum type { TEXT, SWITCH, LIST, OBJECT };

/* A key and where its value goes; LIST and OBJECT are read apart. */
struct key {
    const char *name;
    enum type type;
    size_t offset;
};

static const struct key pipeline_keys[] = {
    {"in", TEXT, offsetof(struct hny_pipeline, in)},
    {"stages", LIST, 0},
    {"out", TEXT, offsetof(struct hny_pipeline, out)},
    {"connect", TEXT, offsetof(struct hny_pipeline, connect)},
    {"models", OBJECT, 0},
    {"unordered", SWITCH, offsetof(struct hny_pipeline, unordered)},
    {"follow", SWITCH, offsetof(struct hny_pipeline, follow)},
    {"insecure", SWITCH, offsetof(struct hny_pipeline, insecure)},
    {"key", TEXT, offsetof(struct hny_pipeline, key)},
    {"server-key", TEXT, offsetof(struct hny_pipeline, server_key)},
    {"link-key", TEXT, offsetof(struct hny_pipeline, link_key)},
    {"allow", TEXT, offsetof(struct hny_pipeline, allow)},
    {NULL, TEXT, 0},
};

struct stage_texts {
    const char *work, *model;
};

static const struct key stage_keys[] = {
    {"do", TEXT, offsetof(struct stage_texts, work)},
    {"model", TEXT, offsetof(struct stage_texts, model)},
    {NULL, TEXT, 0},
};

static const char *const type_names[] = {"text", "true or false", "a list", "an object"};

static bool has_type(const json_t *value, enum type type) {
    switch (type) {
    case TEXT:
        return json_is_string(value) && json_string_length(value) > 0 &&
               strlen(json_string_value(value)) == json_string_length(value);
    case SWITCH:
        return json_is_boolean(value);
    case LIST:
        return json_is_array(value);
    case OBJECT:
        return json_is_object(value);
    }
    return false;
}

/* "\"name\", \"name\" …" for messages. */
static hny_status fail_key(const char *where, const char *name, const struct key *keys) {
    struct hny_buffer list = {0};
    hny_status status = HNY_OK;
    for (size_t i = 0; keys[i].name && status == HNY_OK; i++)
        status = hny_buffer_print(&list, "%s\"%s\"", i ? ", " : "", keys[i].name);
    if (status == HNY_OK)
        status = hny_fail(HNY_ERROR_INPUT, "%s: \"%s\" is none of the keys %s", where, name, list.data);
    hny_buffer_free(&list);
    return status;
}

static hny_status fail_value(const char *where, const char *name, const char *what, const json_t *value) {
    struct hny_buffer text = {0};
    hny_status status = hny_json_print(&text, value, false);
    if (status == HNY_OK)
        status = hny_fail(HNY_ERROR_INPUT, "%s: \"%s\" is to be %s, not %.60s", where, name, what, text.data);
    hny_buffer_free(&text);
    return status;
}

/* Texts and switches of OBJECT to INTO. */
static hny_status take(const char *where, const json_t *object, const struct key *keys, void *into) {
    const char *name;
    json_t *value;
    if (!json_is_object(object)) return fail_value(where, "a pipeline", "an object", object);
    json_object_foreach((json_t *)object, name, value) {
        const struct key *key = keys;
        while (key->name && strcmp(key->name, name) != 0) key++;
        if (!key->name) return fail_key(where, name, keys);
        if (!has_type(value, key->type)) return fail_value(where, name, type_names[key->type], value);
        char *field = (char *)into + key->offset;
        if (key->type == TEXT) *(const char **)(void *)field = json_string_value(value);
        if (key->type == SWITCH) *(bool *)field = json_is_true(value);
    }
    return HNY_OK;
}

static bool is_model(const char *name) {
    return strlen(name) < HNY_ROUTE_NAME && !strpbrk(name, "\"\\=");
}

static hny_status take_stage(const char *name, size_t number, const json_t *json,
                             struct hny_pipeline_stage *stage) {
    struct stage_texts texts = {0};
    char where[1024];
    snprintf(where, sizeof where, "%s: stage %zu", name, number);
    if (!json_is_object(json)) return fail_value(name, "stages", "a list of objects", json);
    HNY_TRY(take(where, json, stage_keys, &texts));
    if (!texts.work) return hny_fail(HNY_ERROR_INPUT, "%s: \"do\" is missing", where);
    if (hny_work_read(where, texts.work, &stage->work) != HNY_OK)
        return hny_fail(HNY_ERROR_INPUT, "%s", hny_message());
    if (texts.model && stage->work != HNY_WORK_TRANSLATE)
        return hny_fail(HNY_ERROR_INPUT, "%s: \"model\" is for those that translate, not %s", where,
                        texts.work);
    if (texts.model && !is_model(texts.model))
        return hny_fail(HNY_ERROR_INPUT, "%s: \"model\": %s is no model's name", where, texts.model);
    stage->model = texts.model;
    return HNY_OK;
}

static hny_status take_stages(const char *name, struct hny_pipeline *pipeline) {
    const json_t *list = json_object_get(pipeline->json, "stages");
    size_t count = json_array_size(list), i;
    const json_t *stage;
    if (count == 0 || count > HNY_PIPELINE_STAGES)
        return hny_fail(HNY_ERROR_INPUT, "%s: \"stages\" has %zu stages, not 1 to %d", name, count,
                        HNY_PIPELINE_STAGES);
    json_array_foreach(list, i, stage) HNY_TRY(take_stage(name, i + 1, stage, &pipeline->stages[i]));
    pipeline->stage_count = count;
    return HNY_OK;
}

static hny_status take_models(const char *name, struct hny_pipeline *pipeline) {
    json_t *models = json_object_get(pipeline->json, "models"), *folder;
    const char *model;
    if (!models) return HNY_OK;
    if (json_object_size(models) == 0 || json_object_size(models) > HNY_PIPELINE_MODELS)
        return hny_fail(HNY_ERROR_INPUT, "%s: \"models\" has %zu models, not 1 to %d", name,
                        json_object_size(models), HNY_PIPELINE_MODELS);
    json_object_foreach(models, model, folder) {
        if (!has_type(folder, TEXT)) return fail_value(name, model, "a model's folder", folder);
        if (!*model || !is_model(model))
            return hny_fail(HNY_ERROR_INPUT, "%s: \"models\": \"%s\" is no model's name", name, model);
        pipeline->models[pipeline->model_count++] =
            (struct hny_pipeline_model){model, json_string_value(folder)};
    }
    return HNY_OK;
}

static bool serves(const struct hny_pipeline *pipeline, const char *model) {
    for (size_t i = 0; i < pipeline->model_count; i++)
        if (!model || strcmp(model, pipeline->models[i].name) == 0) return true;
    return pipeline->model_count == 0;
}

static hny_status check_keys(const char *name, const struct hny_pipeline *pipeline) {
    const struct hny_edge_trust trust = {pipeline->key, pipeline->link_key, pipeline->allow,
                                         pipeline->insecure};
    if (!pipeline->key != !(pipeline->server_key || pipeline->link_key || pipeline->allow))
        return hny_fail(HNY_ERROR_INPUT,
                        "%s: \"key\" goes together with \"server-key\", \"link-key\" or \"allow\"", name);
    if (pipeline->server_key && pipeline->model_count > 0)
        return hny_fail(HNY_ERROR_INPUT, "%s: \"server-key\" is for a broker that \"connect\" names", name);
    if (pipeline->link_key && pipeline->out_edge.kind != HNY_EDGE_LINK)
        return hny_fail(HNY_ERROR_INPUT, "%s: \"link-key\" is for a link in \"out\"", name);
    if (pipeline->allow && pipeline->in_edge.kind != HNY_EDGE_LINK)
        return hny_fail(HNY_ERROR_INPUT, "%s: \"allow\" is for a link in \"in\"", name);
    if (hny_edge_check(&pipeline->in_edge, &trust) == HNY_OK &&
        hny_edge_check(&pipeline->out_edge, &trust) == HNY_OK)
        return HNY_OK;
    return hny_fail(HNY_ERROR_INPUT, "%s: %s", name, hny_message());
}

/* What does not go together. */
static hny_status check(const char *name, const struct hny_pipeline *pipeline) {
    if (pipeline->connect && pipeline->model_count > 0)
        return hny_fail(HNY_ERROR_INPUT, "%s: either \"connect\" says who translates, or \"models\"", name);
    HNY_TRY(check_keys(name, pipeline));
    if (pipeline->follow && pipeline->in_edge.kind != HNY_EDGE_FILE)
        return hny_fail(HNY_ERROR_INPUT, "%s: \"follow\": only a file can be followed, not %s", name,
                        pipeline->in);
    for (size_t i = 0; i < pipeline->stage_count; i++)
        if (!serves(pipeline, pipeline->stages[i].model))
            return hny_fail(HNY_ERROR_INPUT, "%s: stage %zu: %s is none of \"models\"", name, i + 1,
                            pipeline->stages[i].model);
    return HNY_OK;
}

static hny_status take_edge(const char *name, const char *key, const char *text, bool out,
                            struct hny_edge *edge) {
    char where[1024];
    snprintf(where, sizeof where, "%s: \"%s\"", name, key);
    hny_status status = hny_edge_read(where, text, out, edge);
    return status == HNY_OK ? HNY_OK : hny_fail(HNY_ERROR_INPUT, "%s", hny_message());
}

static hny_status take_all(struct hny_pipeline *pipeline, const char *name) {
    HNY_TRY(take(name, pipeline->json, pipeline_keys, pipeline));
    if (!pipeline->in) pipeline->in = "-";
    if (!pipeline->out) pipeline->out = "-";
    HNY_TRY(take_edge(name, "in", pipeline->in, false, &pipeline->in_edge));
    HNY_TRY(take_edge(name, "out", pipeline->out, true, &pipeline->out_edge));
    HNY_TRY(take_stages(name, pipeline));
    HNY_TRY(take_models(name, pipeline));
    return check(name, pipeline);
}

hny_status hny_pipeline_parse(struct hny_pipeline *pipeline, const char *name, const char *text,
                              size_t size) {
    *pipeline = (struct hny_pipeline){0};
    HNY_TRY(hny_json_parse(name, text, size, &pipeline->json));
    hny_status status = take_all(pipeline, name);
    if (status != HNY_OK) hny_pipeline_free(pipeline);
    return status;
}

hny_status hny_pipeline_load(struct hny_pipeline *pipeline, const char *path) {
    struct hny_buffer text = {0};
    *pipeline = (struct hny_pipeline){0};
    hny_status status = hny_file_read(path, FILE_LIMIT, &text);
    if (status == HNY_OK) status = hny_pipeline_parse(pipeline, path, text.data ? text.data : "", text.size);
    hny_buffer_free(&text);
    return status;
}

void hny_pipeline_free(struct hny_pipeline *pipeline) {
    json_decref(pipeline->json);
    *pipeline = (struct hny_pipeline){0};
}
