/* A stand-in for a network that breaks: hands on the connections to one Unix socket to another one, and cuts
 * them all when asked. A process of its own. */
#ifndef HNY_TESTS_BENCH_CUTTER_H
#define HNY_TESTS_BENCH_CUTTER_H

struct cutter;

/* Connections to the path FROM go on to TO, which need not be there yet. Exits on failure. */
struct cutter *cutter_open(const char *from, const char *to);
void cutter_cut(struct cutter *cutter);
void cutter_close(struct cutter *cutter);

#endif
