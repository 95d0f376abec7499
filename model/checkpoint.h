/* Checkpoints on disk: which are whole, which is current, which is best. What is in one is for those who
 * write it.
 *
 *   OUT/checkpoints/step-N/        files, and manifest.json with size and SHA-256 of each
 *   OUT/checkpoints/step-N.R/      the same, saved again at this step: revision 2, 3, …
 *   OUT/checkpoints/step-N.part/   being written, or being removed: nobody's after a crash
 *   OUT/current, OUT/best          pointers: a line "checkpoints/step-N"
 *
 * A step is saved more than once where a run is stopped before the validation that is due then, and validates
 * when it is resumed. What a pointer names is never touched, so the later one gets a name of its own.
 *
 * Files, then their folder, reach the disk before the folder gets its name, and that before a pointer is
 * replaced by a rename: killed or cut off from power at any moment, each pointer names the old checkpoint or
 * the new one, whole. */
#ifndef HNY_MODEL_CHECKPOINT_H
#define HNY_MODEL_CHECKPOINT_H

#include "base/buffer.h"
#include <stdbool.h>
#include <stdint.h>

enum hny_checkpoint_pointer { HNY_CHECKPOINT_CURRENT, HNY_CHECKPOINT_BEST, HNY_CHECKPOINT_POINTERS };

/* To be called once when a run starts or resumes, by the only process that writes to OUT: removes what a
 * crash left in the middle of being written or removed. Checkpoints that are whole stay. A missing OUT is
 * fine. */
hny_status hny_checkpoint_clean(const char *out);

/* A checkpoint while it is written. */
struct hny_checkpoint;

/* Makes the folder for a checkpoint of STEP in OUT, which is made where it is missing. Where pointers name
 * checkpoints of that step it becomes the next revision; one of its name that none names is replaced at
 * commit. */
hny_status hny_checkpoint_begin(struct hny_checkpoint **checkpoint, const char *out, uint64_t step);

/* The folder to write files into (no folders); owned by the checkpoint. */
const char *hny_checkpoint_folder(const struct hny_checkpoint *checkpoint);

/* Makes the checkpoint whole and lasting, and `current` its name. Nulls. On failure `current` is as it was;
 * where only the last fsync failed, it may be new. */
hny_status hny_checkpoint_commit(struct hny_checkpoint **checkpoint);
void hny_checkpoint_abandon(
    struct hny_checkpoint **checkpoint); /* as if never begun; nulls; NULL is allowed */

/* Makes POINTER name the checkpoint of STEP: the current one if it is of that step, else the last revision.
 * HNY_ERROR_USAGE where there is none. */
hny_status hny_checkpoint_point(const char *out, enum hny_checkpoint_pointer pointer, uint64_t step);

/* Where POINTER points: *FOUND false where OUT has no such pointer; else *STEP, and FOLDER, which is cleared
 * first, holds the path of the checkpoint. HNY_ERROR_INPUT where the pointer is no such line or names what is
 * not there. */
hny_status hny_checkpoint_find(const char *out, enum hny_checkpoint_pointer pointer,
                               struct hny_buffer *folder, uint64_t *step, bool *found);

/* Checks every file of the checkpoint FOLDER against its manifest: a missing, cut or changed one is
 * HNY_ERROR_INPUT with its path. */
hny_status hny_checkpoint_verify(const char *folder);

/* *STEPS, which the caller frees, are the COUNT steps that have a whole checkpoint in OUT, rising. */
hny_status hny_checkpoint_list(const char *out, uint64_t **steps, size_t *count);

/* Removes all checkpoints but those of the last KEEP steps, each in its last revision, and those that
 * pointers name. */
hny_status hny_checkpoint_keep(const char *out, size_t keep);

#endif
