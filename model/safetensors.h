/* Tensors in a file, in the safetensors format: eight bytes that hold the length of a JSON header
 * (little-endian), the header, then the tensors' bytes, one behind the other without holes. The header maps
 * each name to its type, shape and range of bytes; the key __metadata__ maps names to texts. Written so that
 * the data starts at a multiple of 64 and the tensors lie in order of falling alignment, hence each at a
 * multiple of its own element.
 *
 * The format has no checksum: whoever needs one (model/checkpoint, the model's folder) keeps the file's
 * SHA-256. */
#ifndef HNY_MODEL_SAFETENSORS_H
#define HNY_MODEL_SAFETENSORS_H

#include "base/status.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum hny_element {
    HNY_ELEMENT_F64,
    HNY_ELEMENT_F32,
    HNY_ELEMENT_F16,
    HNY_ELEMENT_BF16,
    HNY_ELEMENT_I64,
    HNY_ELEMENT_I32,
    HNY_ELEMENT_I16,
    HNY_ELEMENT_I8,
    HNY_ELEMENT_U64,
    HNY_ELEMENT_U32,
    HNY_ELEMENT_U16,
    HNY_ELEMENT_U8,
    HNY_ELEMENT_BOOL, /* a byte, 0 or 1 */
    HNY_ELEMENT_TYPES,
};

const char *hny_element_name(enum hny_element type); /* as the header writes it: "F32" */
size_t hny_element_bytes(enum hny_element type);

#define HNY_SAFETENSORS_RANK 8 /* dimensions of a tensor at most */

#define HNY_SAFETENSORS_LENGTH_BYTES sizeof(uint64_t) /* what stands before the header */
#define HNY_SAFETENSORS_METADATA "__metadata__"       /* the key of the header that is no tensor */

/* Longest header that is read or written: room for tens of thousands of tensors. */
#define HNY_SAFETENSORS_HEADER_LIMIT ((size_t)8 << 20)

struct hny_safetensors_tensor {
    const char *name; /* valid UTF-8, any but "__metadata__" */
    enum hny_element type;
    size_t rank;                        /* 0 (a single number) to HNY_SAFETENSORS_RANK */
    size_t shape[HNY_SAFETENSORS_RANK]; /* the first RANK count, each at least 1; the last varies fastest */
    const void *data;                   /* little-endian, at a multiple of the element's bytes */
};

/* The product of the shape; no overflow in tensors that were read. */
size_t hny_safetensors_elements(const struct hny_safetensors_tensor *tensor);

/* The bytes of its data; false where no size_t holds them. */
bool hny_safetensors_bytes(const struct hny_safetensors_tensor *tensor, size_t *bytes);

struct hny_safetensors_text {
    const char *key; /* both valid UTF-8 */
    const char *value;
};

/* Replaces PATH, whole or not at all, by COUNT tensors and TEXT_COUNT texts of metadata. Each tensor's bytes
 * go from its DATA straight to the file: no copy of them is made. The same tensors give the same bytes.
 * HNY_ERROR_USAGE where a name comes twice, or a name, rank or shape is not as above. */
hny_status hny_safetensors_write(const char *path, const struct hny_safetensors_tensor *tensors, size_t count,
                                 const struct hny_safetensors_text *texts, size_t text_count);

struct hny_safetensors;

/* Maps PATH for reading and checks all of its header. HNY_ERROR_INPUT with file and what was expected where:
 * the file or its header breaks off; the header is longer than the limit, not UTF-8, not a JSON object, or
 * holds a key twice; a type is unknown; a dimension is 0 or not a count; a range's size is not what type and
 * shape ask for; ranges overlap, leave a hole, or do not end where the file ends; a tensor lies at no
 * multiple of its element. (The format itself allows empty tensors and odd places; no model has use for the
 * ones, and the others cannot be mapped.) */
hny_status hny_safetensors_open(struct hny_safetensors **file, const char *path);

/* The same of an open file, which may be closed afterwards; NAME stands for it in messages. */
hny_status hny_safetensors_open_descriptor(struct hny_safetensors **file, int descriptor, const char *name);

/* The same from SIZE bytes of memory at a multiple of 8, which must outlive the file; NAME stands for it in
 * messages. */
hny_status hny_safetensors_parse(struct hny_safetensors **file, const char *name, const void *data,
                                 size_t size);

void hny_safetensors_close(
    struct hny_safetensors **file); /* nulls; NULL is allowed; tensors become invalid */

/* The tensors in the order of their bytes. Names and data belong to the file. */
size_t hny_safetensors_count(const struct hny_safetensors *file);
const struct hny_safetensors_tensor *hny_safetensors_at(const struct hny_safetensors *file, size_t index);
const struct hny_safetensors_tensor *hny_safetensors_find(const struct hny_safetensors *file,
                                                          const char *name);

/* The metadata text of KEY, owned by the file; NULL where there is none. */
const char *hny_safetensors_text(const struct hny_safetensors *file, const char *key);

#endif
