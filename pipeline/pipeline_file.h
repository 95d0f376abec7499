/* A pipeline written down in one JSON file:
 *
 *     {"in": "file:in.txt",
 *      "stages": [{"do": "split"}, {"do": "translate", "model": "en-ja"}, {"do": "join"}],
 *      "out": "file:out.txt",
 *      "connect": "tcp://127.0.0.1:5555"}
 *
 * "in" and "out" are edges (pipeline/edge.h), and may be left out: "-"; a link leads from or to a stage or
 * another pipeline elsewhere. Instead of "connect" there may be "models": {"en-ja": "folder"}, which are
 * served by the pipeline itself then. Further keys: "unordered", "follow" and "insecure", true or false;
 * "key", with "server-key" for the broker, "link-key" for a link in "out", "allow" for one in "in". */
#ifndef HNY_PIPELINE_PIPELINE_FILE_H
#define HNY_PIPELINE_PIPELINE_FILE_H

#include "base/json.h"
#include "pipeline/edge.h"
#include "pipeline/stage_work.h"

enum { HNY_PIPELINE_STAGES = 32, HNY_PIPELINE_MODELS = 16 };

struct hny_pipeline_stage {
    enum hny_work_kind work;
    const char *model; /* NULL: the broker's first */
};

struct hny_pipeline_model {
    const char *name, *folder;
};

/* Texts lie in JSON, which is its owner's. */
struct hny_pipeline {
    json_t *json;
    const char *in, *out, *connect, *key, *server_key, *link_key, *allow; /* all but IN and OUT may be NULL */
    struct hny_edge in_edge, out_edge;
    bool unordered, follow, insecure;
    struct hny_pipeline_stage stages[HNY_PIPELINE_STAGES];
    size_t stage_count;
    struct hny_pipeline_model models[HNY_PIPELINE_MODELS];
    size_t model_count;
};

/* Reads TEXT of SIZE bytes; NAME stands for it in messages, which name key and value at fault
 * (HNY_ERROR_INPUT). Free with hny_pipeline_free, not needed after a failure. */
hny_status hny_pipeline_parse(struct hny_pipeline *pipeline, const char *name, const char *text, size_t size);
hny_status hny_pipeline_load(struct hny_pipeline *pipeline, const char *path);
void hny_pipeline_free(struct hny_pipeline *pipeline); /* back to the zero state */

#endif
