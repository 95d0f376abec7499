/* Connections whose keys do not go together, between real sockets. */
#include "pipeline/connection.h"
#include "pipeline/gate.h"
#include "pipeline/parcel.h"
#include "tests/base/scratch.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

TestSuite(connection, .init = scratch_open, .fini = scratch_close, .timeout = 60);

/* A server with keys, and a client of it. */
struct scene {
    void *context, *server, *client;
    struct hny_gate *gate;
    struct hny_key_files lists[HNY_DOORS];
    struct hny_connection *here, *there; /* the client's, and who knocks at the server */
    char endpoint[256], allowed[256];
};

static void check(hny_status status) {
    cr_assert_eq(status, HNY_OK, "%s", hny_message());
}

static const char *key_file(const char *name, const char *suffix) {
    char path[64];
    snprintf(path, sizeof path, "%s%s", name, suffix);
    return scratch_path(path);
}

static void let_in(const char *name) {
    char key[HNY_KEY_TEXT];
    check(hny_keys_public(key_file(name, ".pub"), key));
    scratch_put("allowed", key, strlen(key));
}

static void open_context(struct scene *scene) {
    *scene = (struct scene){0};
    snprintf(scene->allowed, sizeof scene->allowed, "%s", scratch_path("allowed"));
    const struct hny_key_files files = {{scene->allowed}, 1};
    memcpy(&scene->lists[HNY_DOOR_CLIENTS], &files, sizeof files);
    snprintf(scene->endpoint, sizeof scene->endpoint, "ipc://%s", scratch_path("socket"));
    static const char *const names[] = {"server", "anna", "bert"};
    for (size_t i = 0; i < 3; i++) check(hny_keys_make(scratch_path(names[i])));
    let_in("anna");
    cr_assert_not_null(scene->context = zmq_ctx_new());
    check(hny_gate_create(&scene->gate, scene->context, scene->lists));
}

static void open_server(struct scene *scene) {
    struct hny_key_pair pair;
    check(hny_keys_read(key_file("server", ".key"), &pair));
    check(hny_socket_open(&scene->server, scene->context, ZMQ_ROUTER, HNY_FRAME_BYTES, 0));
    check(hny_gate_guard(scene->server, &pair, HNY_DOOR_CLIENTS));
    check(hny_connection_open(&scene->there, scene->context, scene->server, NULL, true));
    cr_assert_eq(zmq_bind(scene->server, scene->endpoint), 0);
}

/* NAME NULL: without keys. */
static void open_client(struct scene *scene, const char *name, const char *server) {
    check(hny_socket_open(&scene->client, scene->context, ZMQ_DEALER, -1, 0));
    if (name) check(hny_keys_use(scene->client, key_file(name, ".key"), key_file(server, ".pub")));
    check(hny_connection_open(&scene->here, scene->context, scene->client, scene->endpoint, name != NULL));
    cr_assert_eq(zmq_connect(scene->client, scene->endpoint), 0);
}

static void close_scene(struct scene *scene) {
    hny_connection_close(&scene->here);
    hny_connection_close(&scene->there);
    if (scene->client) zmq_close(scene->client);
    if (scene->server) zmq_close(scene->server);
    hny_gate_destroy(&scene->gate);
    zmq_ctx_term(scene->context);
}

/* Lives for so many MILLISECONDS, or until the client's fault is WANTED; whether that came. */
static bool live(struct scene *scene, uint64_t milliseconds, enum hny_connection_fault wanted) {
    uint64_t end = hny_milliseconds() + milliseconds, since;
    while (hny_milliseconds() < end) {
        check(hny_connection_turn(scene->here, hny_milliseconds()));
        if (scene->there) check(hny_connection_turn(scene->there, hny_milliseconds()));
        if (hny_connection_fault(scene->here, &since) == wanted) return true;
        zmq_pollitem_t item = {scene->client, 0, ZMQ_POLLIN, 0}; /* ZeroMQ works while it is asked */
        zmq_poll(&item, 1, 5);
    }
    return false;
}

#define NEVER ((enum hny_connection_fault)99)

Test(connection, a_key_that_is_let_in_later_gets_in_and_knocks_seldom_until_then) {
    struct scene scene;
    uint64_t since;
    bool sent, any = false;
    struct hny_parcel parcel = {0};
    open_context(&scene);
    open_server(&scene);
    open_client(&scene, "bert", "server");
    cr_assert(live(&scene, 2000, HNY_CONNECTION_REFUSED), "fault %d",
              hny_connection_fault(scene.here, &since));
    cr_assert(strstr(hny_connection_words(scene.here), "does not let this key in"));
    live(&scene, 2500, NEVER);
    size_t knocks = hny_connection_failures(scene.there);
    cr_assert(knocks >= 3 && knocks <= 5, "knocked %zu times", knocks);
    cr_assert_not(hny_connection_renewed(scene.here, &since));
    let_in("bert");
    check(hny_gate_renew(scene.gate, scene.lists));
    cr_assert(live(&scene, 2 * HNY_CONNECTION_LONGEST_PAUSE, HNY_CONNECTION_FINE), "it was let in");
    cr_assert(hny_connection_renewed(scene.here, &since));
    cr_assert(since <= hny_milliseconds() && !hny_connection_renewed(scene.here, &since));
    check(hny_parcel_send(scene.client, &(struct hny_piece){"knock", 5}, 1, &sent));
    for (int i = 0; i < 200 && !any; i++, usleep(5000))
        check(hny_parcel_receive(scene.server, &parcel, &any));
    cr_assert(any && hny_piece_is(&parcel.pieces[1], "knock"));
    hny_parcel_free(&parcel);
    close_scene(&scene);
}

Test(connection, an_end_with_another_key_than_was_told_is_not_knocked_at_all_the_time) {
    struct scene scene;
    uint64_t since;
    open_context(&scene);
    open_server(&scene);
    open_client(&scene, "anna", "bert");
    cr_assert(live(&scene, 2000, HNY_CONNECTION_CUT), "fault %d", hny_connection_fault(scene.here, &since));
    live(&scene, 2000, NEVER);
    size_t before = hny_connection_failures(scene.there);
    live(&scene, 2000, NEVER);
    size_t knocks = hny_connection_failures(scene.there) - before;
    cr_assert(knocks <= 3, "knocked %zu times in two seconds, and %zu before", knocks, before);
    close_scene(&scene);
}

Test(connection, an_end_that_is_not_there_yet_is_found) {
    struct scene scene;
    open_context(&scene);
    open_client(&scene, "anna", "server");
    cr_assert(live(&scene, 2000, HNY_CONNECTION_ABSENT));
    cr_assert(strstr(hny_connection_words(scene.here), "no broker is there"));
    open_server(&scene);
    cr_assert(live(&scene, 2000, HNY_CONNECTION_FINE));
    close_scene(&scene);
}

Test(connection, an_end_without_keys_is_told_from_one_that_is_refused) {
    struct scene scene;
    open_context(&scene);
    open_server(&scene);
    open_client(&scene, NULL, NULL);
    cr_assert(live(&scene, 2000, HNY_CONNECTION_UNLIKE));
    cr_assert(strstr(hny_connection_words(scene.here), "wants keys"));
    close_scene(&scene);
}
