/* A stage's translations: records go to a broker as an ordinary client's sentences, and come back whole. */
#ifndef HNY_PIPELINE_STAGE_TRANSLATE_H
#define HNY_PIPELINE_STAGE_TRANSLATE_H

#include "pipeline/stage_work.h"

struct hny_stage_translate;
hny_status hny_stage_translate_open(struct hny_stage_translate **translate,
                                    const struct hny_work_options *options);
void hny_stage_translate_close(struct hny_stage_translate **translate); /* nulls; NULL is allowed */

/* As hny_work_give, _take and _socket. */
hny_status hny_stage_translate_give(struct hny_stage_translate *translate, const struct hny_record *record);
hny_status hny_stage_translate_take(struct hny_stage_translate *translate, struct hny_record *record,
                                    bool *any);
void *hny_stage_translate_socket(const struct hny_stage_translate *translate);

#endif
