#include "pipeline/gate.h"

#include "base/memory.h"
#include "base/thread.h"
#include "pipeline/parcel.h"
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static const char gate_endpoint[] = "inproc://zeromq.zap.01";
static const char *const domains[] = {[HNY_DOOR_CLIENTS] = "clients",
                                      [HNY_DOOR_WORKERS] = "workers",
                                      [HNY_DOOR_EITHER] = "either",
                                      [HNY_DOOR_ANYBODY] = "anybody"};

struct hny_gate {
    pthread_mutex_t lock; /* of the lists */
    struct hny_key_list lists[HNY_DOORS];
    void *socket; /* REP, the thread's once it runs */
    pthread_t thread;
    bool running;
    atomic_bool ending, failed;
};

bool hny_gate_lists(struct hny_gate *gate, enum hny_door door, const uint8_t key[HNY_KEY_SIZE]) {
    pthread_mutex_lock(&gate->lock);
    bool has = hny_key_list_has(&gate->lists[door], key);
    pthread_mutex_unlock(&gate->lock);
    return has;
}

/* The frames of a request: version, number, domain, address, identity, mechanism, credentials. */
static bool lets_in(struct hny_gate *gate, const struct hny_parcel *request) {
    const struct hny_piece *frames = request->pieces;
    if (request->count != 7 || !hny_piece_is(&frames[5], "CURVE") || frames[6].size != HNY_KEY_SIZE)
        return false;
    bool in = hny_piece_is(&frames[2], domains[HNY_DOOR_ANYBODY]);
    bool either = hny_piece_is(&frames[2], domains[HNY_DOOR_EITHER]);
    for (int door = 0; door < HNY_DOORS; door++)
        if (either || hny_piece_is(&frames[2], domains[door]))
            in = in || hny_gate_lists(gate, (enum hny_door)door, (const uint8_t *)frames[6].data);
    return in;
}

static hny_status answer(struct hny_gate *gate, const struct hny_parcel *request) {
    char user[HNY_KEY_TEXT] = "";
    bool in = lets_in(gate, request), sent;
    if (request->count < 2) return hny_fail(HNY_ERROR_INPUT, "a request of %zu frames", request->count);
    if (in) zmq_z85_encode(user, (const uint8_t *)request->pieces[6].data, HNY_KEY_SIZE);
    const struct hny_piece reply[] = {
        {"1.0", 3}, request->pieces[1], {in ? "200" : "400", 3}, {in ? "OK" : "No", 2}, {user, strlen(user)},
        {"", 0}};
    return hny_parcel_send(gate->socket, reply, sizeof reply / sizeof *reply, &sent);
}

static hny_status serve(struct hny_gate *gate, struct hny_parcel *request) {
    while (!gate->ending) {
        zmq_pollitem_t item = {gate->socket, 0, ZMQ_POLLIN, 0};
        bool any = false;
        if (zmq_poll(&item, 1, 50) < 0 && zmq_errno() != EINTR)
            return hny_zmq_fail("cannot wait at", gate_endpoint);
        if (item.revents & ZMQ_POLLIN) HNY_TRY(hny_parcel_receive(gate->socket, request, &any));
        if (any) HNY_TRY(answer(gate, request));
    }
    return HNY_OK;
}

static void *live(void *argument) {
    struct hny_gate *gate = argument;
    struct hny_parcel request = {0};
    if (serve(gate, &request) != HNY_OK) gate->failed = true;
    hny_parcel_free(&request);
    return NULL;
}

static hny_status start(struct hny_gate *gate, void *context) {
    HNY_TRY(hny_socket_open(&gate->socket, context, ZMQ_REP, 4096, 0));
    if (zmq_bind(gate->socket, gate_endpoint) != 0) return hny_zmq_fail("cannot bind", gate_endpoint);
    HNY_TRY(hny_thread_start(&gate->thread, live, gate));
    gate->running = true;
    return HNY_OK;
}

static bool is_local(const char *endpoint) {
    static const char *const local[] = {"tcp://127.", "tcp://[::1]", "tcp://localhost:", "ipc://"};
    for (size_t i = 0; i < sizeof local / sizeof *local; i++)
        if (strncmp(endpoint, local[i], strlen(local[i])) == 0) return true;
    return false;
}

hny_status hny_door_check(const char *endpoint, bool guarded, bool insecure, const char *hint) {
    if (guarded || insecure || is_local(endpoint)) return HNY_OK;
    return hny_fail(HNY_ERROR_USAGE,
                    "%s may be reached from other machines by anybody: use %s, a loopback address, or say "
                    "--insecure",
                    endpoint, hint);
}

hny_status hny_doors_check(const char *const endpoints[HNY_DOORS], const char *key,
                           const struct hny_key_files lists[HNY_DOORS], bool insecure) {
    bool any = false;
    for (int door = 0; door < HNY_DOORS; door++) any = any || lists[door].count > 0;
    if (any != (key != NULL))
        return hny_fail(HNY_ERROR_USAGE, "--key and a list of keys that are let in (--allow) go together");
    for (int door = 0; door < HNY_DOORS; door++)
        HNY_TRY(hny_door_check(endpoints[door], lists[door].count > 0, insecure, "--key and --allow"));
    return HNY_OK;
}

hny_status hny_gate_create(struct hny_gate **gate, void *context,
                           const struct hny_key_files lists[HNY_DOORS]) {
    struct hny_gate *made = hny_allocate(1, sizeof *made);
    if (!made) return HNY_ERROR_MEMORY;
    pthread_mutex_init(&made->lock, NULL);
    hny_status status = hny_gate_renew(made, lists);
    if (status == HNY_OK) status = start(made, context);
    if (status != HNY_OK) hny_gate_destroy(&made);
    *gate = made;
    return status;
}

hny_status hny_gate_renew(struct hny_gate *gate, const struct hny_key_files lists[HNY_DOORS]) {
    struct hny_key_list renewed[HNY_DOORS] = {0};
    hny_status status = HNY_OK;
    for (int door = 0; door < HNY_DOORS && status == HNY_OK; door++)
        status = hny_key_list_read(&lists[door], &renewed[door]);
    for (int door = 0; door < HNY_DOORS && status == HNY_OK; door++) {
        struct hny_key_list old = gate->lists[door];
        pthread_mutex_lock(&gate->lock);
        gate->lists[door] = renewed[door];
        pthread_mutex_unlock(&gate->lock);
        renewed[door] = old;
    }
    for (int door = 0; door < HNY_DOORS; door++) hny_key_list_free(&renewed[door]);
    return status;
}

void hny_gate_destroy(struct hny_gate **gate) {
    struct hny_gate *old = *gate;
    if (!old) return;
    old->ending = true;
    if (old->running) pthread_join(old->thread, NULL);
    if (old->socket) zmq_close(old->socket);
    for (int door = 0; door < HNY_DOORS; door++) hny_key_list_free(&old->lists[door]);
    pthread_mutex_destroy(&old->lock);
    free(old);
    *gate = NULL;
}

hny_status hny_gate_check(const struct hny_gate *gate) {
    return gate && gate->failed ? hny_fail(HNY_ERROR_IO, "the check of keys has failed: nobody can connect")
                                : HNY_OK;
}

hny_status hny_gate_guard(void *socket, const struct hny_key_pair *pair, enum hny_door door) {
    int server = 1;
    bool fine = zmq_setsockopt(socket, ZMQ_CURVE_SERVER, &server, sizeof server) == 0 &&
                zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, pair->secret_key, HNY_KEY_TEXT) == 0 &&
                zmq_setsockopt(socket, ZMQ_ZAP_DOMAIN, domains[door], strlen(domains[door])) == 0;
    return fine ? HNY_OK : hny_zmq_fail("cannot set", "a socket's keys");
}
