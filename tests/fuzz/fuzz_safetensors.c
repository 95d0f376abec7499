/* The reader of safetensors on any bytes: what it takes is whole, in place and not overlapping.
 * Reader: model/safetensors.c */
#include "tests/fuzz/fuzz.h"

#include "base/memory.h"
#include "model/safetensors.h"
#include <string.h>

/* Reads every byte of every tensor, so that the sanitizers see a range outside of the file. */
static void check_tensors(const struct hny_safetensors *file, const unsigned char *end) {
    static volatile unsigned char seen; /* so that reading is not optimised away */
    size_t count = hny_safetensors_count(file);
    const unsigned char *expected = NULL;
    for (size_t i = 0; i < count; i++) {
        const struct hny_safetensors_tensor *tensor = hny_safetensors_at(file, i);
        const unsigned char *data = tensor->data;
        size_t bytes = 0;
        FUZZ_CHECK(hny_safetensors_bytes(tensor, &bytes) && bytes > 0);
        FUZZ_CHECK(bytes == hny_safetensors_elements(tensor) * hny_element_bytes(tensor->type));
        FUZZ_CHECK(tensor->rank <= HNY_SAFETENSORS_RANK && *hny_element_name(tensor->type));
        FUZZ_CHECK((uintptr_t)data % hny_element_bytes(tensor->type) == 0);
        FUZZ_CHECK(i == 0 || data == expected);
        FUZZ_CHECK(hny_safetensors_find(file, tensor->name) == tensor);
        for (size_t j = 0; j < bytes; j++) seen = data[j];
        expected = data + bytes;
    }
    FUZZ_CHECK(count == 0 || expected == end);
    FUZZ_CHECK(!hny_safetensors_at(file, count));
    FUZZ_CHECK(!hny_safetensors_find(file, HNY_SAFETENSORS_METADATA));
    const char *text = hny_safetensors_text(file, "kind");
    if (text) seen = (unsigned char)text[strlen(text)];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct hny_safetensors *file = NULL, *mapped = NULL;
    unsigned char *aligned = hny_allocate(size, 1);
    FUZZ_CHECK(aligned);
    if (size) memcpy(aligned, data, size);
    hny_status status = hny_safetensors_parse(&file, "input", aligned, size);
    FUZZ_CHECK(status == HNY_OK || (!file && *hny_message()));
    FUZZ_CHECK(hny_safetensors_open(&mapped, fuzz_file(data, size)) == status);
    if (status == HNY_OK) {
        check_tensors(file, aligned + size);
        FUZZ_CHECK(hny_safetensors_count(mapped) == hny_safetensors_count(file));
    }
    hny_safetensors_close(&file);
    hny_safetensors_close(&mapped);
    free(aligned);
    return 0;
}
