/* The real processes under chaos: one fault a second, while clients ask. Each client keeps a ledger of the
 * numbers that it gave and what became of them; in the end none may be lost, doubled or swapped for
 * another's.
 *
 *     bench-chaos COMMAND [SECONDS, 600] [SEED, 1]
 *
 * Faults: kill -9 or a stop (up to 9 s) of a worker, of the broker, or of a client; all connections of
 * workers or of clients cut; a worker asked to end. What was killed is started again within a second. */
#include "tests/bench/cutter.h"
#include "tests/bench/limit.h"
#include "tests/bench/service.h"

#include "base/progress.h"
#include "base/random.h"
#include "pipeline/client.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORKERS = 3, CLIENTS = 4, MOST_NUMBERS = 1 << 22, WINDOW = 64, CALM = 60 };

/* What a client has seen, where the others see it too; a client that is killed leaves it for good. */
struct ledger {
    uint64_t asked, translated, refused[HNY_REFUSALS], swapped, doubled, unknown;
    uint8_t answers[MOST_NUMBERS]; /* to each number */
};

struct child {
    pid_t process;
    double due;   /* when it is started again; 0: it runs */
    double awake; /* when it goes on after a stop; 0: it is not stopped */
};

struct scene {
    const char *command;
    char folder[64],
        endpoint[4][96]; /* clients' and workers', each as its connections see it and as the broker does */
    struct cutter *cutters[2];
    struct child broker, workers[WORKERS], clients[CLIENTS];
    struct ledger *ledgers[CLIENTS];
    struct ledger *lost_clients; /* the sum of those that were killed */
    volatile int *over;          /* clients ask no more, and end when all is answered */
    struct hny_random stream;
    uint64_t drawn;
    size_t faults[8];
};

static uint64_t draw(struct scene *scene, uint64_t limit) {
    return hny_random_word(&scene->stream, scene->drawn++) % limit;
}

/* --- Clients ---------------------------------------------------------------------------------------- */

static int write_text(char *text, size_t size, pid_t process, uint64_t number) {
    return snprintf(text, size, "client %d, sentence %llu", (int)process, (unsigned long long)number);
}

static void note_answer(struct ledger *ledger, const struct hny_answer *answer) {
    char text[96];
    int size = write_text(text, sizeof text, getpid(), answer->number);
    if (answer->number == 0 || answer->number > ledger->asked) {
        ledger->unknown++;
        return;
    }
    if (ledger->answers[answer->number]++ > 0) ledger->doubled++;
    if (answer->refusal)
        ledger->refused[answer->refusal]++;
    else if (answer->size == (size_t)size && memcmp(answer->text, text, answer->size) == 0)
        ledger->translated++;
    else
        ledger->swapped++;
}

static void be_client(const char *endpoint, struct ledger *ledger, const volatile int *over) {
    struct hny_client *client = NULL;
    bench_demand(hny_client_open(&client, endpoint) == HNY_OK, "a client");
    while (!*over || hny_client_pending(client) > 0) {
        struct hny_answer answer;
        bool taken;
        uint64_t number;
        while (!*over && hny_client_pending(client) < WINDOW && ledger->asked + 1 < MOST_NUMBERS) {
            char text[96];
            int size = write_text(text, sizeof text, getpid(), ledger->asked + 1);
            bench_demand(hny_client_translate(client, "", text, (size_t)size, &number) == HNY_OK &&
                             number == ledger->asked + 1,
                         "a request");
            ledger->asked = number;
        }
        bench_demand(hny_client_take(client, 5, &answer, &taken) == HNY_OK, "an answer");
        if (!taken) continue;
        note_answer(ledger, &answer);
        hny_answer_free(&answer);
        usleep(200); /* a steady stream, not as fast as it goes */
    }
    hny_client_close(&client);
}

/* --- Processes -------------------------------------------------------------------------------------- */

static void start_broker(struct scene *scene) {
    const char *const words[] = {scene->command, "broker",           "--quiet", "--bind", scene->endpoint[1],
                                 "--workers",    scene->endpoint[3], "--model", "echo",   NULL};
    scene->broker = (struct child){.process = bench_start(words)};
}

static void start_worker(struct scene *scene, size_t index) {
    const char *const words[] = {scene->command, "worker", "--echo", "--connect", scene->endpoint[2], NULL};
    scene->workers[index] = (struct child){.process = bench_start(words)};
}

static void start_client(struct scene *scene, size_t index) {
    memset(scene->ledgers[index], 0, sizeof *scene->ledgers[index]);
    pid_t parent = getpid(), process = fork();
    bench_demand(process >= 0, "a process");
    if (process == 0) {
        if (getppid() != parent) _exit(1);
        be_client(scene->endpoint[0], scene->ledgers[index], scene->over);
        _exit(0);
    }
    scene->clients[index] = (struct child){.process = process};
}

static void kill_child(struct scene *scene, struct child *child, int signal_number) {
    if (child->due > 0) return;
    kill(child->process, signal_number);
    if (child->awake > 0) kill(child->process, SIGCONT);
    if (waitpid(child->process, NULL, 0) != child->process) bench_demand(false, "a process to end");
    child->awake = 0;
    child->due = hny_seconds() + 1e-3 * (double)draw(scene, 1000) + 1e-6;
}

static void stop_child(struct scene *scene, struct child *child) {
    if (child->due > 0 || child->awake > 0) return;
    kill(child->process, SIGSTOP);
    child->awake = hny_seconds() + 1e-3 * (double)draw(scene, 9000) + 1e-6;
}

/* What a client that is killed had asked for concerns nobody any more; how it was served before does. */
static void bury_client(struct scene *scene, size_t index) {
    const struct ledger *from = scene->ledgers[index];
    struct ledger *to = scene->lost_clients;
    to->asked += from->asked;
    to->translated += from->translated;
    to->swapped += from->swapped;
    to->doubled += from->doubled;
    to->unknown += from->unknown;
}

static void one_fault(struct scene *scene) {
    size_t worker = draw(scene, WORKERS), client = draw(scene, CLIENTS), kind = draw(scene, 8);
    scene->faults[kind]++;
    switch (kind) {
    case 0:
        kill_child(scene, &scene->workers[worker], SIGKILL);
        break;
    case 1:
        stop_child(scene, &scene->workers[worker]);
        break;
    case 2:
        kill_child(scene, &scene->broker, SIGKILL);
        break;
    case 3:
        stop_child(scene, &scene->broker);
        break;
    case 4:
        if (scene->clients[client].due > 0) break;
        kill_child(scene, &scene->clients[client], SIGKILL);
        bury_client(scene, client);
        break;
    case 5:
        stop_child(scene, &scene->clients[client]);
        break;
    case 6:
        cutter_cut(scene->cutters[draw(scene, 2)]);
        break;
    default:
        kill_child(scene, &scene->workers[worker], SIGTERM);
    }
}

static void wake(struct child *child, double now) {
    if (child->awake <= 0 || now < child->awake) return;
    kill(child->process, SIGCONT);
    child->awake = 0;
}

static void heal(struct scene *scene, bool at_once) {
    double now = at_once ? 1e300 : hny_seconds();
    wake(&scene->broker, now);
    for (size_t i = 0; i < WORKERS; i++) wake(&scene->workers[i], now);
    for (size_t i = 0; i < CLIENTS; i++) wake(&scene->clients[i], now);
    if (scene->broker.due > 0 && now >= scene->broker.due) start_broker(scene);
    for (size_t i = 0; i < WORKERS; i++)
        if (scene->workers[i].due > 0 && now >= scene->workers[i].due) start_worker(scene, i);
    for (size_t i = 0; i < CLIENTS; i++)
        if (scene->clients[i].due > 0 && now >= scene->clients[i].due) start_client(scene, i);
}

/* --- The scene -------------------------------------------------------------------------------------- */

static void *shared_memory(size_t size) {
    void *memory =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    bench_demand(memory != MAP_FAILED, "shared memory");
    return memory;
}

static void open_scene(struct scene *scene, uint64_t seed) {
    static const char *const names[] = {"clients", "clients-inside", "workers", "workers-inside"};
    snprintf(scene->folder, sizeof scene->folder, "/tmp/honyaku-chaos-XXXXXX");
    bench_demand(mkdtemp(scene->folder) != NULL, "a folder");
    for (size_t i = 0; i < 4; i++)
        snprintf(scene->endpoint[i], sizeof scene->endpoint[i], "ipc://%s/%s", scene->folder, names[i]);
    for (size_t i = 0; i < 2; i++)
        scene->cutters[i] = cutter_open(scene->endpoint[2 * i] + strlen("ipc://"),
                                        scene->endpoint[2 * i + 1] + strlen("ipc://"));
    scene->stream = hny_random_stream(seed, HNY_RANDOM_CORPUS, 0, 1);
    scene->over = shared_memory(sizeof *scene->over);
    scene->lost_clients = shared_memory(sizeof *scene->lost_clients);
    start_broker(scene);
    for (size_t i = 0; i < WORKERS; i++) start_worker(scene, i);
    for (size_t i = 0; i < CLIENTS; i++) {
        scene->ledgers[i] = shared_memory(sizeof *scene->ledgers[i]);
        start_client(scene, i);
    }
}

/* Clients end by themselves when all is answered; those that do not in time are what was lost. */
static bool end_clients(struct scene *scene) {
    double end = hny_seconds() + CALM;
    size_t left = CLIENTS;
    heal(scene, true);
    *scene->over = 1;
    while (left > 0 && hny_seconds() < end) {
        heal(scene, false);
        for (size_t i = 0; i < CLIENTS; i++) {
            struct child *child = &scene->clients[i];
            if (child->process <= 0 || waitpid(child->process, NULL, WNOHANG) != child->process) continue;
            child->process = 0;
            left--;
        }
        usleep(20000);
    }
    for (size_t i = 0; i < CLIENTS; i++)
        if (scene->clients[i].process > 0) kill(scene->clients[i].process, SIGKILL);
    bench_stop(scene->broker.process);
    for (size_t i = 0; i < WORKERS; i++) bench_stop(scene->workers[i].process);
    for (size_t i = 0; i < 2; i++) cutter_close(scene->cutters[i]);
    for (size_t i = 0; i < 4; i++) unlink(scene->endpoint[i] + strlen("ipc://"));
    rmdir(scene->folder);
    return left == 0;
}

static int tell(const struct scene *scene) {
    uint64_t asked = 0, translated = 0, refused[HNY_REFUSALS] = {0}, lost = 0,
             doubled = scene->lost_clients->doubled,
             swapped = scene->lost_clients->swapped + scene->lost_clients->unknown;
    for (size_t i = 0; i < CLIENTS; i++) {
        const struct ledger *ledger = scene->ledgers[i];
        asked += ledger->asked;
        translated += ledger->translated;
        doubled += ledger->doubled;
        swapped += ledger->swapped + ledger->unknown;
        for (int r = 0; r < HNY_REFUSALS; r++) refused[r] += ledger->refused[r];
        for (uint64_t n = 1; n <= ledger->asked; n++) lost += ledger->answers[n] == 0;
    }
    printf("workers: %zu killed, %zu stopped, %zu asked to end; broker: %zu killed, %zu stopped; clients: "
           "%zu killed, %zu "
           "stopped; connections: %zu times cut\n",
           scene->faults[0], scene->faults[1], scene->faults[7], scene->faults[2], scene->faults[3],
           scene->faults[4], scene->faults[5], scene->faults[6]);
    printf("clients that lived: %llu asked, %llu translated", (unsigned long long)asked,
           (unsigned long long)translated);
    for (int r = 1; r < HNY_REFUSALS; r++)
        if (refused[r])
            printf(", %llu %s", (unsigned long long)refused[r], hny_refusal_name((enum hny_refusal)r));
    printf("; clients that were killed: %llu asked, %llu translated before\n",
           (unsigned long long)scene->lost_clients->asked,
           (unsigned long long)scene->lost_clients->translated);
    bench_row("chaos", "0, 0, 0", "%llu lost, %llu doubled, %llu swapped", (unsigned long long)lost,
              (unsigned long long)doubled, (unsigned long long)swapped);
    return lost + doubled + swapped == 0 ? 0 : 1;
}

int main(int count, char **arguments) {
    static struct scene scene;
    bench_demand(count >= 2, "usage: chaos COMMAND [SECONDS] [SEED]");
    double seconds = count > 2 ? strtod(arguments[2], NULL) : 600;
    scene.command = arguments[1];
    open_scene(&scene, count > 3 ? strtoull(arguments[3], NULL, 10) : 1);
    double begin = hny_seconds();
    for (size_t second = 1; (double)second <= seconds; second++) {
        while (hny_seconds() - begin < (double)second) {
            heal(&scene, false);
            usleep(10000);
        }
        one_fault(&scene);
        hny_progress_show("%zu of %.0f seconds", second, seconds);
    }
    hny_progress_end();
    if (!end_clients(&scene)) printf("clients were still waiting %d seconds after the last fault\n", CALM);
    return tell(&scene);
}
