#include "tests/pipeline/pull_scene.h"

#include "base/file.h"
#include "bundle/depot.h"
#include "tests/base/scratch.h"
#include "tests/bundle/small.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct fake fake;

static hny_status fake_index(void *context, struct hny_buffer *text) {
    struct hny_buffer whole = {0};
    (void)context;
    const char *to = fake.indexes++ > 0 && fake.then ? fake.then : fake.to;
    cr_assert_eq(hny_file_read(scratch_path("depot/index.json"), HNY_CARRIER_INDEX_MOST, &whole), HNY_OK);
    const char *place = fake.from ? strstr(whole.data, fake.from) : NULL;
    cr_assert(!fake.from || place, "%s", fake.from);
    hny_status status = place ? hny_buffer_print(text, "%.*s%s%s", (int)(place - whole.data), whole.data, to,
                                                 place + strlen(fake.from))
                              : hny_buffer_append(text, whole.data, whole.size);
    hny_buffer_free(&whole);
    return status;
}

static hny_status hand_on(char *data, uint64_t size, hny_status (*take)(void *, const void *, size_t),
                          void *taker) {
    enum { PIECE = 777 };
    for (uint64_t at = 0; at < size;) {
        size_t piece = size - at < PIECE ? (size_t)(size - at) : PIECE;
        fake.bytes += piece;
        HNY_TRY(take(taker, data + at, piece));
        at += piece;
    }
    return HNY_OK;
}

static hny_status fake_fetch(void *context, const char *file, uint64_t offset, uint64_t end,
                             hny_status (*take)(void *, const void *, size_t), void *taker) {
    struct hny_buffer path = {0}, whole = {0};
    (void)context;
    if (fake.fetches++ == 0) fake.offset = offset;
    if (fake.silent) return hny_fail(HNY_ERROR_IO, "nothing comes");
    cr_assert_eq(hny_depot_path(&path, scratch_path("depot"), file), HNY_OK);
    bool there = hny_path_exists(path.data) && strcmp(file, fake.lacks) != 0;
    hny_status status =
        there ? hny_file_read(path.data, 1 << 20, &whole) : hny_fail(HNY_ERROR_INPUT, "no such file");
    uint64_t size = whole.size < end ? whole.size : end;
    if (status == HNY_OK && strcmp(file, fake.spoils) == 0) whole.data[size / 2] ^= 1;
    if (status == HNY_OK && fake.alters) whole.data[size / 2] ^= 1;
    if (status == HNY_OK && fake.longer) status = hny_buffer_append(&whole, "", 1), size++;
    if (status == HNY_OK && fake.cut) size--;
    bool breaks = fake.most > 0 && size - offset > fake.most;
    if (status == HNY_OK)
        status = hand_on(whole.data + offset, breaks ? fake.most : size - offset, take, taker);
    if (status == HNY_OK && breaks) status = hny_fail(HNY_ERROR_IO, "broken off");
    hny_buffer_free(&path);
    hny_buffer_free(&whole);
    return status;
}

static void fake_close(void *context) {
    (void)context;
}

const struct hny_carrier carrier = {fake_index, fake_fetch, fake_close, &fake};
const struct hny_pull_options options = {.reading = HNY_READ_DEFAULTS, .tries = 3, .pause_ms = 0};

/* --- The scene ----------------------------------------------------------------------------------------- */

void publish_file(const char *file) {
    cr_assert_eq(hny_depot_publish(scratch_path("depot"), scratch_path(file), &small_options, NULL, NULL),
                 HNY_OK, "%s", hny_message());
}

static void publish(uint64_t release, enum hny_precision precision) {
    char file[32];
    snprintf(file, sizeof file, "file%llu", (unsigned long long)release);
    small_pack_release("model", file, "en-ja", release, precision);
    publish_file(file);
}

void open_pulling(void) {
    scratch_open();
    small_write("model");
    publish(1, HNY_PRECISION_F32);
    publish(2, HNY_PRECISION_F32);
    fake = (struct fake){0};
    cr_assert_eq(hny_directory_create(scratch_path("here")), HNY_OK);
}

hny_status pull_all(const char *wanted, const char *to, bool into, struct hny_pulled *pulled) {
    fake.indexes = fake.fetches = 0;
    fake.bytes = 0;
    return hny_pull(&carrier, "depot", wanted, scratch_path(to), into, &options, pulled);
}

hny_status pull(const char *wanted, struct hny_pulled *pulled) {
    return pull_all(wanted, "here/file", false, pulled);
}

void check_same(const char *a, const char *b) {
    struct hny_buffer left = {0}, right = {0};
    cr_assert_eq(hny_file_read(scratch_path(a), 1 << 20, &left), HNY_OK, "%s", hny_message());
    cr_assert_eq(hny_file_read(scratch_path(b), 1 << 20, &right), HNY_OK, "%s", hny_message());
    cr_assert(left.size == right.size && memcmp(left.data, right.data, left.size) == 0, "%s and %s", a, b);
    hny_buffer_free(&left);
    hny_buffer_free(&right);
}

void copy_part(const char *from, const char *to, double part) {
    struct hny_buffer bytes = {0};
    cr_assert_eq(hny_file_read(scratch_path(from), 1 << 20, &bytes), HNY_OK);
    scratch_put(to, bytes.data, (size_t)((double)bytes.size * part));
    hny_buffer_free(&bytes);
}

const char *partial_of(const char *file) {
    static char name[128];
    char digest[HNY_DIGEST_TEXT];
    cr_assert_eq(hny_digest_file(scratch_path(file), digest), HNY_OK);
    snprintf(name, sizeof name, "here/file.%.16s.pulling", digest);
    return name;
}

size_t count_here(void) {
    char command[600], answer[16] = "";
    snprintf(command, sizeof command, "ls %s | wc -l", scratch_path("here"));
    FILE *output = popen(command, "r");
    cr_assert(output && fgets(answer, sizeof answer, output));
    pclose(output);
    return strtoul(answer, NULL, 10);
}

uint64_t size_of(const char *file) {
    struct stat about;
    cr_assert_eq(stat(scratch_path(file), &about), 0);
    return (uint64_t)about.st_size;
}
