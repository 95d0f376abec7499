#include "bundle/place.h"

#include "base/file.h"
#include "base/memory.h"
#include "base/temporary.h"
#include "base/threads.h"
#include "bundle/bundle.h"
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct hny_place {
    struct hny_bundle bundle; /* that was unpacked; else in the zero state */
    struct hny_buffer folder;
    struct hny_temporary temporary; /* that holds it; none where the folder is the caller's */
};

static hny_status fill(struct hny_place *place, const char *model, const struct hny_signers *signers) {
    struct stat about;
    /* What is not there is for the reader of folders to explain. */
    bool there = stat(model, &about) == 0;
    if (there && S_ISDIR(about.st_mode) && signers)
        return hny_fail(HNY_ERROR_INPUT, "%s: a folder, which nobody signed; expected a bundle", model);
    if (!there || S_ISDIR(about.st_mode)) return hny_buffer_print(&place->folder, "%s", model);
    HNY_TRY(hny_temporary_open(&place->temporary, NULL));
    HNY_TRY(hny_path_join(&place->folder, place->temporary.path.data, "model"));
    const struct hny_read_options options = {.threads = hny_processors(), .signers = signers};
    return hny_bundle_unpack(model, place->folder.data, &options, &place->bundle);
}

hny_status hny_place_open(struct hny_place **place, const char *model, const struct hny_signers *signers) {
    struct hny_place *made = hny_allocate(1, sizeof *made);
    if (!made) return HNY_ERROR_MEMORY;
    hny_status status = fill(made, model, signers);
    if (status == HNY_OK)
        *place = made;
    else
        hny_place_close(&made);
    return status;
}

const char *hny_place_folder(const struct hny_place *place) {
    return place->folder.data;
}

const struct hny_bundle *hny_place_bundle(const struct hny_place *place) {
    return place->bundle.names ? &place->bundle : NULL;
}

void hny_place_close(struct hny_place **place) {
    if (!*place) return;
    (void)hny_temporary_close(&(*place)->temporary); /* nobody needs what may stay */
    hny_bundle_free(&(*place)->bundle);
    hny_buffer_free(&(*place)->folder);
    free(*place);
    *place = NULL;
}

hny_status hny_place_open_model(struct hny_model **model, const char *path, enum hny_precision precision,
                                const struct hny_signers *signers) {
    struct hny_place *place = NULL;
    HNY_TRY(hny_place_open(&place, path, signers));
    hny_status status = hny_folder_open(model, hny_place_folder(place), precision, NULL);
    hny_place_close(&place);
    return status;
}

const char *hny_place_name(char *path) {
    static const char suffix[] = ".tar.zst";
    char *name = basename(path);
    size_t length = strlen(name);
    if (length > sizeof suffix - 1 && strcmp(name + length - (sizeof suffix - 1), suffix) == 0)
        name[length - (sizeof suffix - 1)] = '\0';
    return name;
}
