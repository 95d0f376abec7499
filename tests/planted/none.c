/* A program without a test must not count as one that passed. */
#include <criterion/criterion.h>

TestSuite(planted);
