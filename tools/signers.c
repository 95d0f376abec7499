#include "tools/signers.h"

hny_status hny_argument_signers(const struct hny_arguments *arguments, const char *name,
                                struct hny_signers *signers, const struct hny_signers **wanted) {
    *wanted = hny_argument_given(arguments, name) ? signers : NULL;
    for (size_t i = 0; i < hny_argument_times(arguments, name); i++)
        HNY_TRY(hny_signers_add(signers, hny_argument_at(arguments, name, i)));
    return HNY_OK;
}

hny_status hny_argument_place(const struct hny_arguments *arguments, const char *name, const char *path,
                              struct hny_place **place) {
    struct hny_signers signers = {0};
    const struct hny_signers *wanted;
    hny_status status = hny_argument_signers(arguments, name, &signers, &wanted);
    if (status == HNY_OK) status = hny_place_open(place, path, wanted);
    hny_signers_free(&signers);
    return status;
}

hny_status hny_argument_model(const struct hny_arguments *arguments, const char *path,
                              enum hny_precision precision, struct hny_model **model) {
    struct hny_signers signers = {0};
    const struct hny_signers *wanted;
    hny_status status = hny_argument_signers(arguments, "model-key", &signers, &wanted);
    if (status == HNY_OK) status = hny_place_open_model(model, path, precision, wanted);
    hny_signers_free(&signers);
    return status;
}
