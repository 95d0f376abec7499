#include "pipeline/http_form.h"

#include "pipeline/libretranslate.h"
#include <microhttpd.h>
#include <string.h>

enum { FORM_BYTES = 4096 }; /* of a form that are looked at at a time */

/* The field that the form's reader is at: its value comes in parts. */
struct field {
    json_t *fields;
    char name[64];
    struct hny_buffer value;
    bool any;
    hny_status status;
};

static void end_field(struct field *field) {
    const struct hny_text value = {field->value.data ? field->value.data : "", field->value.size};
    if (field->any && field->status == HNY_OK)
        field->status = hny_form_add(field->fields, field->name, value);
    hny_buffer_clear(&field->value);
    field->any = false;
}

static enum MHD_Result read_field(void *context, enum MHD_ValueKind kind, const char *name,
                                  const char *file_name, const char *type, const char *encoding,
                                  const char *data, uint64_t offset, size_t size) {
    struct field *field = context;
    (void)kind, (void)file_name, (void)type, (void)encoding;
    if (offset == 0) end_field(field);
    if (!name || strlen(name) >= sizeof field->name) return MHD_YES; /* none that is looked for */
    field->any = true;
    memcpy(field->name, name, strlen(name) + 1);
    if (field->status == HNY_OK) field->status = hny_buffer_append(&field->value, data, size);
    return field->status == HNY_OK ? MHD_YES : MHD_NO;
}

hny_status hny_http_form_read(struct MHD_Connection *connection, struct hny_text body, json_t *fields) {
    struct field field = {.fields = fields};
    struct MHD_PostProcessor *reader = MHD_create_post_processor(connection, FORM_BYTES, read_field, &field);
    if (!reader) return hny_fail(HNY_ERROR_INPUT, "Invalid request: a form without a boundary");
    bool fine = body.size == 0 || MHD_post_process(reader, body.data, body.size) == MHD_YES;
    fine = MHD_destroy_post_processor(reader) == MHD_YES && fine;
    end_field(&field);
    hny_buffer_free(&field.value);
    HNY_TRY(field.status);
    return fine ? HNY_OK : hny_fail(HNY_ERROR_INPUT, "Invalid request: the form is malformed");
}
