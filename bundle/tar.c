#include "bundle/tar.h"

#include <stdio.h>
#include <string.h>

/* The fields of a header; names as in POSIX. */
struct header {
    char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], chksum[8], typeflag, linkname[100];
    char magic[6], version[2], uname[32], gname[32], devmajor[8], devminor[8], prefix[155], rest[12];
};
_Static_assert(sizeof(struct header) == HNY_TAR_BLOCK, "a header is one block");

hny_status hny_tar_header(unsigned char block[HNY_TAR_BLOCK], const char *name, uint64_t size) {
    struct header header = {.typeflag = '0', .magic = "ustar", .version = {'0', '0'}};
    if (strlen(name) >= sizeof header.name)
        return hny_fail(HNY_ERROR_USAGE, "%s: a member's name has at most %zu bytes", name,
                        sizeof header.name - 1);
    if (size > HNY_TAR_MOST)
        return hny_fail(HNY_ERROR_USAGE, "%s: a member has at most %llu bytes", name,
                        (unsigned long long)HNY_TAR_MOST);
    memcpy(header.name, name, strlen(name));
    memcpy(header.mode, "0000644", sizeof header.mode);
    memcpy(header.uid, "0000000", sizeof header.uid);
    memcpy(header.gid, "0000000", sizeof header.gid);
    memcpy(header.mtime, "00000000000", sizeof header.mtime);
    memcpy(header.devmajor, "0000000", sizeof header.devmajor);
    memcpy(header.devminor, "0000000", sizeof header.devminor);
    snprintf(header.size, sizeof header.size, "%011llo", (unsigned long long)size);
    memset(header.chksum, ' ', sizeof header.chksum); /* while it is counted */
    memcpy(block, &header, sizeof header);
    unsigned sum = 0;
    for (size_t i = 0; i < HNY_TAR_BLOCK; i++) sum += block[i];
    snprintf((char *)block + offsetof(struct header, chksum), sizeof header.chksum, "%06o", sum);
    return HNY_OK;
}

static const char *kind_of(char typeflag) {
    static const struct {
        char flag;
        const char *kind;
    } kinds[] = {
        {'0', "a plain file"}, {'1', "a hard link"}, {'2', "a symbolic link"}, {'3', "a character device"},
        {'4', "a device"},     {'5', "a folder"},    {'6', "a pipe"},          {0, "a plain file"}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (kinds[i].flag == typeflag) return kinds[i].kind;
    return "of an unknown kind";
}

/* Puts a foreign name into TEXT so that a terminal can show it. */
static void show_name(const char *name, size_t size, char *text, size_t room) {
    size_t count = 0;
    for (; count < size && count + 1 < room && name[count]; count++)
        text[count] = (char)(name[count] >= ' ' && name[count] <= '~' ? name[count] : '?');
    text[count] = '\0';
}

hny_status hny_tar_check(const unsigned char block[HNY_TAR_BLOCK], const char *name, uint64_t size,
                         const char *source) {
    unsigned char expected[HNY_TAR_BLOCK];
    HNY_TRY(hny_tar_header(expected, name, size));
    if (memcmp(block, expected, sizeof expected) == 0) return HNY_OK;
    struct header header;
    char found[sizeof header.name + 1], shown_size[sizeof header.size + 1];
    memcpy(&header, block, sizeof header);
    show_name(header.name, sizeof header.name, found, sizeof found);
    show_name(header.size, sizeof header.size, shown_size, sizeof shown_size);
    if (memcmp(header.magic, "ustar", sizeof header.magic) != 0)
        return hny_fail(HNY_ERROR_INPUT, "%s: expected the header of the member %s", source, name);
    if (strcmp(found, name) != 0 || header.prefix[0])
        return hny_fail(HNY_ERROR_INPUT, "%s: expected the member %s, not \"%s\" (%s)", source, name, found,
                        kind_of(header.typeflag));
    if (header.typeflag != '0')
        return hny_fail(HNY_ERROR_INPUT, "%s: %s: %s, expected a plain file", source, name,
                        kind_of(header.typeflag));
    return hny_fail(HNY_ERROR_INPUT,
                    "%s: %s: its header (size %s in octal) is not that of a plain file of %llu bytes", source,
                    name, shown_size, (unsigned long long)size);
}

hny_status hny_tar_size(const unsigned char block[HNY_TAR_BLOCK], const char *source, uint64_t *size) {
    const char *digits = (const char *)block + offsetof(struct header, size);
    *size = 0;
    for (size_t i = 0; i + 1 < sizeof((struct header *)0)->size; i++) {
        if (digits[i] < '0' || digits[i] > '7')
            return hny_fail(HNY_ERROR_INPUT, "%s: not a bundle: expected a tar's header", source);
        *size = *size << 3 | (uint64_t)(digits[i] - '0');
    }
    return HNY_OK;
}

size_t hny_tar_padding(uint64_t size) {
    return (size_t)(-size % HNY_TAR_BLOCK);
}
