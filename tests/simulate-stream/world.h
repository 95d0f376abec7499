/* A world of a stream's stages, with what source and sink have on their disks. */
#ifndef TESTS_SIMULATE_STREAM_WORLD_H
#define TESTS_SIMULATE_STREAM_WORLD_H

#include "base/buffer.h"
#include "pipeline/stream_core.h"
#include "tests/simulate/events.h"

enum {
    MOST_STAGES = 5,
    MOST_LINES = 2000,
    MOST_TEXT = 64,
    MOST_ENDS = 256,
    PLACES = HNY_STREAM_WINDOW + 1,
    TICK = 50
};
#define CALM 20000  /* ms after which the faults end */
#define A_LINE 3000 /* ms that one may take at most, where the window is a single record */

enum breach { NO_BREACH, BREACH_EARLY, BREACH_SEEN, BREACH_TORN, BREACH_AHEAD, BREACHES };

struct stage {
    struct hny_stream_core *core; /* NULL: down */
    unsigned incarnation;
    uint64_t until; /* when it comes back */
    bool finished;
};

/* On the source's disk: the position, and how many lines lie before it; the end's number, once it was
 * decided. In memory: what was given last. */
struct source {
    struct hny_stream_position stored;
    size_t stored_lines;
    uint64_t end;
    uint64_t number;
    size_t line;
    size_t lines_of[PLACES]; /* [number % PLACES] lines up to that number */
    bool ended;
};

/* On the sink's disk: a file, of which all up to SYNCED outlasts a crash, and its position. */
struct sink {
    struct hny_buffer file;
    size_t synced;
    struct hny_stream_position stored;
    size_t stored_size;
    size_t checked; /* bytes that were found right */
    size_t checked_lines;
    unsigned times[MOST_LINES]; /* that a line lies in what is stored */
};

struct world {
    uint64_t chance, now, seed;
    struct events events;
    struct stage stages[MOST_STAGES];
    unsigned count;
    bool source_forgets, sink_forgets, unordered;
    size_t records, bytes;
    struct source source;
    struct sink sink;
    size_t lines, there; /* all, and those that the input has by now */
    unsigned loss, doubling, slow;
    bool cut[MOST_STAGES]; /* the link behind a stage */
    enum breach breach;
    uint64_t ends[MOST_ENDS]; /* all that were given */
    unsigned end_count;
    bool over;
};

/* --- world.c --- */

/* Ends the simulation with WHAT, unless all is FINE. */
void demand(const struct world *world, bool fine, const char *what);
void expect(const struct world *world, hny_status status);

bool faults(const struct world *world);                        /* whether their time has not ended */
bool by_chance(struct world *world, unsigned in_ten_thousand); /* as long as there are faults */
bool is_source(unsigned index);
bool is_sink(const struct world *world, unsigned index);

/* Line LINE, from 0, as it must be stored; some are refused, and stay empty. */
bool is_refused(size_t line);
size_t right_text(const struct world *world, size_t line, char text[MOST_TEXT]);

struct hny_payload *payload_of(const struct world *world, const char *text, size_t size);

/* Sends MESSAGE, whose payload's reference it takes over, as well as the network can at the time. */
void post(struct world *world, unsigned from, unsigned to, const struct hny_link_message *message);
void drop_note(struct event *event);

/* --- disks.c --- */

bool store_sink(struct world *world, struct hny_stream_core *core); /* true: a crash came meanwhile */
void store_source(struct world *world, struct hny_stream_core *core);
void check_whole(const struct world *world);             /* all that the input has is stored */
bool is_end(const struct world *world, uint64_t number); /* whether NUMBER is an end, and stored */

/* --- stages.c --- */

void start_stage(struct world *world, unsigned index);
void stop_stage(struct world *world, unsigned index);
void flush_stage(struct world *world, unsigned index);
void finish_work(struct world *world, struct event *event);

/* --- source.c --- */

void start_source(struct world *world, struct hny_stream_core *core);
void skip_stored(struct world *world, struct hny_stream_core *core); /* passes over what is stored already */
void read_source(struct world *world);
void finish_source(struct world *world); /* the run is over; the input may have grown before the next */

#endif
