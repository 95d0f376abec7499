/* Whether a file has the digest that it should have, found out beside whatever is made of it. */
#ifndef HNY_MODEL_FILE_CHECK_H
#define HNY_MODEL_FILE_CHECK_H

#include "base/status.h"

/* PATH must have the SHA-256 WANTED, 64 digits: else HNY_ERROR_INPUT, which says that it is damaged. */
hny_status hny_file_check(const char *path, const char *wanted);

/* The same by a thread of its own, which _begin starts. PATH is opened before it returns: what becomes of the
 * name afterwards does not matter to who reads what _descriptor gives, which is open until _destroy. That
 * waits for the thread. */
struct hny_file_checking;
hny_status hny_file_check_begin(struct hny_file_checking **checking, const char *path, const char *wanted);
int hny_file_check_descriptor(const struct hny_file_checking *checking); /* at any place of the file */
void hny_file_check_destroy(struct hny_file_checking **checking);        /* nulls; NULL is allowed */

/* Waits for what hny_file_check would return, and returns it with its message. Any thread may ask, and again.
 */
hny_status hny_file_check_result(struct hny_file_checking *checking);

#endif
