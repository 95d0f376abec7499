#include "model/safetensors.h"

#include "base/buffer.h"
#include "tests/base/scratch.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

TestSuite(safetensors, .init = scratch_open, .fini = scratch_close);

static const float matrix[2][3] = {{1, -2, 0.5f}, {1e30f, -0.0f, 3}};
static const double number = 0.1;
static const int8_t bytes[3] = {-128, 0, 127};
static const uint16_t halves[2] = {0x3F80, 0xC000}; /* 1 and -2 in bfloat16 */
static const int64_t longs[1] = {-9007199254740993};

/* Given in rising alignment, so that the writer has to turn them round. */
static const struct hny_safetensors_tensor given[] = {
    {.name = "bytes", .type = HNY_ELEMENT_I8, .rank = 1, .shape = {3}, .data = bytes},
    {.name = "halves", .type = HNY_ELEMENT_BF16, .rank = 2, .shape = {1, 2}, .data = halves},
    {.name = "matrix \"ü\"", .type = HNY_ELEMENT_F32, .rank = 2, .shape = {2, 3}, .data = matrix},
    {.name = "number", .type = HNY_ELEMENT_F64, .rank = 0, .data = &number},
    {.name = "longs", .type = HNY_ELEMENT_I64, .rank = 1, .shape = {1}, .data = longs},
};
#define GIVEN (sizeof given / sizeof *given)

static const struct hny_safetensors_text texts[] = {{"kind", "a test"}, {"name", "ünï"}};

static const char *write_given(void) {
    const char *path = scratch_path("given.safetensors");
    cr_assert_eq(hny_safetensors_write(path, given, GIVEN, texts, 2), HNY_OK, "%s", hny_message());
    return path;
}

Test(safetensors, what_was_written_is_read_back) {
    struct hny_safetensors *file = NULL;
    cr_assert_eq(hny_safetensors_open(&file, write_given()), HNY_OK, "%s", hny_message());
    cr_assert_eq(hny_safetensors_count(file), GIVEN);
    for (size_t i = 0; i < GIVEN; i++) {
        const struct hny_safetensors_tensor *read = hny_safetensors_find(file, given[i].name);
        cr_assert_not_null(read);
        cr_assert_eq(read->type, given[i].type);
        cr_assert_eq(read->rank, given[i].rank);
        cr_assert_arr_eq(read->shape, given[i].shape, given[i].rank * sizeof(size_t));
        size_t size = hny_safetensors_elements(read) * hny_element_bytes(read->type);
        cr_assert_arr_eq(read->data, given[i].data, size);
        cr_assert_eq((uintptr_t)read->data % hny_element_bytes(read->type), 0);
    }
    cr_assert_str_eq(hny_safetensors_text(file, "name"), "ünï");
    cr_assert_null(hny_safetensors_text(file, "other"));
    cr_assert_null(hny_safetensors_find(file, "other"));
    cr_assert_null(hny_safetensors_at(file, GIVEN));
    hny_safetensors_close(&file);
    cr_assert_null(file);
}

Test(safetensors, tensors_lie_in_order_of_falling_alignment_and_else_as_given) {
    static const char *const expected[] = {"number", "longs", "matrix \"ü\"", "halves", "bytes"};
    struct hny_safetensors *file = NULL;
    cr_assert_eq(hny_safetensors_open(&file, write_given()), HNY_OK, "%s", hny_message());
    for (size_t i = 0; i < GIVEN; i++) cr_assert_str_eq(hny_safetensors_at(file, i)->name, expected[i]);
    cr_assert_eq((uintptr_t)hny_safetensors_at(file, 0)->data % 64, 0);
    hny_safetensors_close(&file);
}

Test(safetensors, an_independent_reader_reads_the_same) {
    static const char expected[] =
        "{\"kind\": \"a test\", \"name\": \"\\u00fcn\\u00ef\"}\n"
        "number\tF64\t[]\t[0.1]\n"
        "longs\tI64\t[1]\t[-9007199254740993]\n"
        "matrix \"ü\"\tF32\t[2, 3]\t[1.0, -2.0, 0.5, 1.0000000150474662e+30, -0.0, 3.0]\n"
        "halves\tBF16\t[1, 2]\t[1.0, -2.0]\n"
        "bytes\tI8\t[3]\t[-128, 0, 127]\n";
    char command[1024], output[2048] = {0};
    snprintf(command, sizeof command, "PYTHONUTF8=1 LD_PRELOAD= python3 tests/model/read_safetensors.py %s",
             write_given());
    FILE *reader = popen(command, "r");
    cr_assert_not_null(reader);
    size_t size = fread(output, 1, sizeof output - 1, reader);
    cr_assert_eq(pclose(reader), 0, "%s", output);
    cr_assert_eq(size, strlen(expected));
    cr_assert_str_eq(output, expected);
}

Test(safetensors, a_file_without_tensors_is_one) {
    const char *path = scratch_path("none");
    struct hny_safetensors *file = NULL;
    cr_assert_eq(hny_safetensors_write(path, NULL, 0, NULL, 0), HNY_OK, "%s", hny_message());
    cr_assert_eq(hny_safetensors_open(&file, path), HNY_OK, "%s", hny_message());
    cr_assert_eq(hny_safetensors_count(file), 0);
    cr_assert_null(hny_safetensors_text(file, "kind"));
    hny_safetensors_close(&file);
}

static void refuse_write(const struct hny_safetensors_tensor *tensors, size_t count,
                         const struct hny_safetensors_text *metadata, size_t text_count) {
    const char *path = scratch_path("refused");
    cr_assert_eq(hny_safetensors_write(path, tensors, count, metadata, text_count), HNY_ERROR_USAGE);
    cr_assert_not_null(strstr(hny_message(), path));
    cr_assert_eq(scratch_count(), 0);
}

Test(safetensors, what_no_reader_could_take_is_not_written) {
    struct hny_safetensors_tensor tensors[2] = {given[0], given[0]};
    refuse_write(tensors, 2, NULL, 0); /* the same name twice */
    static const char *const names[] = {"__metadata__", "\xFF"};
    for (size_t i = 0; i < 2; i++) {
        tensors[0].name = names[i];
        refuse_write(tensors, 1, NULL, 0);
    }
    tensors[0] = given[0];
    tensors[0].shape[0] = 0;
    refuse_write(tensors, 1, NULL, 0);
    tensors[0].rank = HNY_SAFETENSORS_RANK + 1;
    refuse_write(tensors, 1, NULL, 0);
    tensors[0].rank = 2;
    tensors[0].shape[0] = tensors[0].shape[1] = SIZE_MAX;
    refuse_write(tensors, 1, NULL, 0);
    static const struct hny_safetensors_text twice[] = {{"a", "1"}, {"a", "2"}}, broken[] = {{"a", "\xC3"}};
    refuse_write(given, 1, twice, 2);
    refuse_write(given, 1, broken, 1);
}

/* A file of HEADER, padded by spaces so that data starts at a multiple of 64, and DATA_SIZE bytes of data
 * must be refused with a message that holds the file's name and EXPECTED. */
static void refuse(const char *header, size_t data_size, const char *expected) {
    struct hny_buffer content = {0};
    static const char data[256];
    uint64_t length = (strlen(header) + 8 + 63) / 64 * 64 - 8;
    cr_assert_eq(hny_buffer_append(&content, &length, sizeof length), HNY_OK);
    cr_assert_eq(hny_buffer_print(&content, "%-*s", (int)length, header), HNY_OK);
    /* printf's width counts bytes, so padding is exact whatever the header holds. */
    cr_assert_eq(content.size, length + 8);
    cr_assert_eq(hny_buffer_append(&content, data, data_size), HNY_OK);
    const char *path = scratch_put("bad", content.data, content.size);
    struct hny_safetensors *file = NULL;
    cr_assert_eq(hny_safetensors_open(&file, path), HNY_ERROR_INPUT, "taken: %s", header);
    cr_assert_null(file);
    cr_assert_not_null(strstr(hny_message(), path), "%s", hny_message());
    cr_assert_not_null(strstr(hny_message(), expected), "%s", hny_message());
    hny_buffer_free(&content);
}

#define TENSOR(name, dtype, shape, range)                                                                    \
    "\"" name "\":{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":" range "}"

Test(safetensors, duplicate_keys_are_refused) {
    refuse("{" TENSOR("a", "F32", "[1]", "[0,4]") "," TENSOR("a", "F32", "[1]", "[4,8]") "}", 8, "duplicate");
    refuse("{" TENSOR("a", "F32", "[1]", "[0,4]") "," TENSOR("\\u0061", "F32", "[1]", "[4,8]") "}", 8,
           "duplicate");
    refuse("{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4,
           "duplicate");
    refuse("{\"__metadata__\":{\"a\":\"1\",\"a\":\"2\"}}", 0, "duplicate");
}

Test(safetensors, ranges_that_overlap_leave_holes_or_leave_the_file_are_refused) {
    refuse("{" TENSOR("a", "F32", "[2]", "[0,8]") "," TENSOR("b", "F32", "[2]", "[4,12]") "}", 12,
           "no overlap");
    refuse("{" TENSOR("a", "F32", "[1]", "[0,4]") "," TENSOR("b", "F32", "[1]", "[0,4]") "}", 4,
           "no overlap");
    refuse("{" TENSOR("a", "F32", "[1]", "[0,4]") "," TENSOR("b", "F32", "[1]", "[8,12]") "}", 12, "no hole");
    refuse("{" TENSOR("a", "F32", "[1]", "[4,8]") "}", 8, "no hole");
    refuse("{" TENSOR("a", "F32", "[1]", "[0,4]") "}", 5, "behind the last tensor");
    refuse("{}", 1, "behind the last tensor");
    refuse("{" TENSOR("a", "F32", "[2]", "[0,8]") "}", 7, "cut short");
    refuse("{" TENSOR("a", "F32", "[2]", "[8,0]") "}", 8, "[begin, end]");
    refuse("{" TENSOR("a", "U8", "[8]", "[-1,7]") "}", 8, "[begin, end]");
    refuse("{" TENSOR("a", "U8", "[8]", "[0,8,8]") "}", 8, "[begin, end]");
    refuse("{" TENSOR("a", "U8", "[8]", "[0.0,8.0]") "}", 8, "[begin, end]");
    refuse("{" TENSOR("a", "U8", "[8]", "{}") "}", 8, "[begin, end]");
}

Test(safetensors, shapes_that_do_not_fit_their_ranges_are_refused) {
    refuse("{" TENSOR("a", "F32", "[3]", "[0,8]") "}", 8, "as many bytes");
    refuse("{" TENSOR("a", "F32", "[]", "[0,8]") "}", 8, "as many bytes");
    /* 2^62 numbers of four bytes are 2^64 bytes: none, where the product is not checked. */
    refuse("{" TENSOR("a", "F32", "[4611686018427387904]", "[0,0]") "}", 0, "as many bytes");
    refuse("{" TENSOR("a", "U8", "[4294967296,4294967296]", "[0,0]") "}", 0, "as many bytes");
    refuse("{" TENSOR("a", "U8", "[18446744073709551617]", "[0,1]") "}", 1, "JSON");
    refuse("{" TENSOR("a", "U8", "[-1]", "[0,1]") "}", 1, "from 1 on");
    refuse("{" TENSOR("a", "U8", "[1,1,1,1,1,1,1,1,1]", "[0,1]") "}", 1, "8 dimensions");
    refuse("{" TENSOR("a", "U8", "1", "[0,1]") "}", 1, "8 dimensions");
}

Test(safetensors, empty_tensors_are_refused) {
    refuse("{" TENSOR("a", "F32", "[0]", "[0,0]") "}", 0, "no empty tensor");
    refuse("{" TENSOR("a", "F32", "[4294967296,0]", "[0,0]") "," TENSOR("b", "U8", "[1]", "[0,1]") "}", 1,
           "no empty tensor");
}

Test(safetensors, unknown_types_and_keys_are_refused) {
    refuse("{" TENSOR("a", "F31", "[1]", "[0,4]") "}", 4, "dtype");
    refuse("{\"a\":{\"dtype\":1,\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "dtype");
    refuse("{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", 0, "the keys");
    refuse("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4],\"more\":1}}", 4, "the keys");
    refuse("{\"a\":[]}", 0, "the keys");
    refuse("{\"__metadata__\":[]}", 0, "map of texts");
    refuse("{\"__metadata__\":{\"a\":1}}", 0, "expected a text");
}

Test(safetensors, headers_that_are_no_utf8_or_no_json_object_are_refused) {
    refuse("{\"__metadata__\":{\"a\":\"\xFF\"}}", 0, "JSON");
    refuse("{\"__metadata__\":{\"a\":\"\xED\xA0\x80\"}}", 0, "JSON");
    refuse("{\"a\\u0000b\":1}", 0, "JSON");
    refuse("{", 0, "JSON");
    refuse("{} {}", 0, "JSON");
    refuse(" {}", 0, "begins with {");
    refuse("[]", 0, "begins with {");
}

Test(safetensors, tensors_at_no_multiple_of_their_element_are_refused) {
    refuse("{" TENSOR("a", "U8", "[1]", "[0,1]") "," TENSOR("b", "F32", "[1]", "[1,5]") "}", 5, "multiple");
}

static void refuse_bytes(uint64_t length, const char *rest, const char *expected) {
    char content[64];
    memcpy(content, &length, 8);
    memcpy(content + 8, rest, strlen(rest));
    struct hny_safetensors *file = NULL;
    const char *path = scratch_put("bytes", content, 8 + strlen(rest));
    cr_assert_eq(hny_safetensors_open(&file, path), HNY_ERROR_INPUT);
    cr_assert_not_null(strstr(hny_message(), expected), "%s", hny_message());
}

Test(safetensors, files_that_break_off_and_headers_that_are_too_long_are_refused) {
    refuse_bytes(3, "{}", "cut short");
    refuse_bytes(UINT64_MAX, "{}", "at most");
    refuse_bytes(HNY_SAFETENSORS_HEADER_LIMIT + 1, "{}", "at most");
    refuse_bytes(0, "", "begins with {");
    struct hny_safetensors *file = NULL;
    cr_assert_eq(hny_safetensors_open(&file, scratch_put("short", "1234567", 7)), HNY_ERROR_INPUT);
    cr_assert_eq(hny_safetensors_open(&file, scratch_put("empty", "", 0)), HNY_ERROR_INPUT);
    cr_assert_eq(hny_safetensors_open(&file, scratch_path("missing")), HNY_ERROR_IO);
}

Test(safetensors, every_file_cut_short_anywhere_is_refused) {
    struct hny_buffer content = {0};
    FILE *whole = fopen(write_given(), "rb");
    char block[1024];
    size_t size = fread(block, 1, sizeof block, whole);
    fclose(whole);
    cr_assert_eq(hny_buffer_append(&content, block, size), HNY_OK);
    struct hny_safetensors *file = NULL;
    for (size_t cut = 0; cut < size; cut++)
        cr_assert_eq(hny_safetensors_parse(&file, "cut", content.data, cut), HNY_ERROR_INPUT,
                     "taken: %zu bytes", cut);
    cr_assert_eq(hny_safetensors_parse(&file, "whole", content.data, size), HNY_OK, "%s", hny_message());
    hny_safetensors_close(&file);
    hny_buffer_free(&content);
}
