#include "pipeline/bare.h"

#include <criterion/criterion.h>

TestSuite(bare);

static struct hny_message ask_keyed(struct hny_bare *bare, uint64_t now, uint8_t who, const uint8_t *key) {
    const struct hny_peer peer = {.size = 1, .bytes = {who}};
    struct hny_message message;
    cr_assert_eq(hny_bare_ask(bare, now, &peer, key, (struct hny_piece){"text", 4}, &message), HNY_OK);
    hny_payload_drop(&message.payload);
    return message;
}

static struct hny_message ask(struct hny_bare *bare, uint64_t now, uint8_t who) {
    return ask_keyed(bare, now, who, NULL);
}

/* Whether the answer to ASKED goes back. */
static bool answered(struct hny_bare *bare, const struct hny_message *asked) {
    const struct hny_message message = {
        .command = HNY_REFUSED, .id = asked->id, .refusal = HNY_REFUSED_DEADLINE};
    struct hny_message received;
    struct hny_buffer text = {0};
    bool any;
    cr_assert_eq(hny_bare_answer(bare, &message, &text, &any, &received), HNY_OK);
    hny_buffer_free(&text);
    return any;
}

Test(bare, who_has_gone_makes_room_and_who_waits_stays) {
    struct hny_bare *bare = NULL;
    cr_assert_eq(hny_bare_create(&bare, 7, 2), HNY_OK);
    struct hny_message first = ask(bare, 5000, 1), second = ask(bare, 5000, 2), third = ask(bare, 5000, 3);
    cr_assert(first.command == HNY_TRANSLATE && second.command == HNY_TRANSLATE);
    cr_assert(third.command == HNY_REFUSED && third.refusal == HNY_REFUSED_BUSY);
    cr_assert(answered(bare, &first));
    third = ask(bare, 7000, 3);
    cr_assert_eq(third.command, HNY_TRANSLATE);
    cr_assert(answered(bare, &second) && answered(bare, &third) && !answered(bare, &first));
    hny_bare_destroy(&bare);
}

Test(bare, a_routing_id_under_another_key_is_somebody_else) {
    static const uint8_t one[HNY_KEY_SIZE] = {1}, other[HNY_KEY_SIZE] = {2};
    struct hny_bare *bare = NULL;
    cr_assert_eq(hny_bare_create(&bare, 7, 10), HNY_OK);
    struct hny_message first = ask_keyed(bare, 5000, 1, one);
    cr_assert_arr_eq(hny_bare_key(bare, first.id.uuid), one, HNY_KEY_SIZE);
    struct hny_message second = ask_keyed(bare, 5000, 1, other);
    cr_assert_eq(second.command, HNY_TRANSLATE);
    cr_assert_arr_neq(first.id.uuid, second.id.uuid, sizeof first.id.uuid);
    cr_assert_arr_eq(hny_bare_key(bare, second.id.uuid), other, HNY_KEY_SIZE);
    cr_assert(!answered(bare, &first), "what the one asked for is not told the other");
    cr_assert(answered(bare, &second));
    struct hny_message third = ask(bare, 6000, 2);
    cr_assert_null(hny_bare_key(bare, third.id.uuid));
    hny_bare_destroy(&bare);
}
