#include "tools/model_version.h"

#include "model/folder.h"
#include "model/folder_shortlist.h"
#include "tools/depot_watch.h"
#include "tools/signers.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void hny_model_version_close(struct hny_model_version *version) {
    if (version->image >= 0) close(version->image);
    hny_buffer_free(&version->folder);
    hny_place_close(&version->place);
    version->image = -1;
}

/* The folder that holds the files themselves, whatever links lead there now. */
static hny_status resolve(const char *folder, struct hny_buffer *path) {
    struct hny_buffer named = {0};
    hny_status status = hny_folder_resolve(folder, &named);
    char *real = status == HNY_OK ? realpath(named.data, NULL) : NULL;
    if (status == HNY_OK && !real) status = hny_fail_errno("%s", named.data);
    if (status == HNY_OK) status = hny_buffer_append(path, real, strlen(real));
    free(real);
    hny_buffer_free(&named);
    return status;
}

/* Where MODEL lies on this machine, checked. */
static hny_status open_place(struct hny_model_version *version, const struct hny_arguments *arguments,
                             const char *model) {
    struct hny_buffer path = {0};
    hny_status status = hny_argument_model_begin(arguments, model, &path);
    if (status == HNY_OK) status = hny_argument_place(arguments, "model-key", path.data, &version->place);
    hny_buffer_free(&path);
    HNY_TRY(status);
    return resolve(hny_place_folder(version->place), &version->folder);
}

hny_status hny_model_version_open(struct hny_model_version *version, const struct hny_arguments *arguments,
                                  const char *model) {
    const char *name = hny_argument_text(arguments, "precision");
    enum hny_precision precision;
    struct hny_model *made = NULL;
    HNY_TRY(hny_precision_parse(name ? name : "auto", &precision));
    HNY_TRY(open_place(version, arguments, model));
    hny_status status = hny_folder_open_shared(&made, version->folder.data, precision, &version->image);
    if (status == HNY_OK && hny_argument_given(arguments, "shortlist"))
        status = hny_folder_demand_shortlist(made, model);
    hny_model_destroy(&made);
    return status;
}
