/* The fields of a form, as browsers and curl send it: application/x-www-form-urlencoded or
 * multipart/form-data (RFC 7578), read by libmicrohttpd. */
#ifndef HNY_PIPELINE_HTTP_FORM_H
#define HNY_PIPELINE_HTTP_FORM_H

#include "base/json.h"
#include "model/text.h"

struct MHD_Connection;

/* Adds the fields of BODY to FIELDS, an object (hny_form_add of pipeline/libretranslate.h). CONNECTION: what
 * it came by, whose Content-Type says how it is written. HNY_ERROR_INPUT for a form that is malformed. */
hny_status hny_http_form_read(struct MHD_Connection *connection, struct hny_text body, json_t *fields);

#endif
