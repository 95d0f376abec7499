/* Clients, what they ask for, and what they must be told. */
#include "tests/simulate/world.h"

#include <stdio.h>
#include <string.h>

void start_client(struct world *world, unsigned index) {
    struct client *client = &world->clients[index];
    uint8_t uuid[16];
    client->incarnation++;
    client->last = 0;
    memset(client->asks, 0, sizeof client->asks);
    make_uuid(uuid, NODE_CLIENT, index, client->incarnation);
    expect(world, hny_client_core_create(&client->core, uuid, NULL));
    schedule_tick(world, (struct address){NODE_CLIENT, index, client->incarnation});
}

static void check_answer(struct world *world, unsigned index, const struct hny_message *message) {
    struct client *client = &world->clients[index];
    uint64_t number = message->id.sequence;
    demand(world, number > 0 && number <= client->last, "an answer to nothing");
    struct ask *ask = &client->asks[number];
    demand(world, ++ask->answers == 1, "a second answer");
    world->answered++;
    if (message->command == HNY_TRANSLATED) {
        char text[80];
        int size = snprintf(text, sizeof text, "%s%s%u %u %llu %c", ask->twice ? TRANSLATED : "", TRANSLATED,
                            index, client->incarnation, (unsigned long long)number, ask->poison ? 'p' : 'n');
        demand(world,
               message->payload && message->payload->count == 1 &&
                   message->payload->sentences[0].size == (size_t)size &&
                   memcmp(message->payload->sentences[0].data, text, (size_t)size) == 0,
               "another's text");
        return;
    }
    switch (message->refusal) {
    case HNY_REFUSED_DEADLINE:
        demand(world, ask->deadline, "a deadline that nobody set");
        break;
    case HNY_REFUSED_CANCELLED:
        demand(world, ask->cancelled, "cancelled, though nobody asked");
        break;
    case HNY_REFUSED_POISON:
        demand(world, ask->poison || world->losses >= 3, "poison, though no worker was lost");
        break;
    case HNY_REFUSED_LEAVING:
        demand(world, world->drains > 0, "the broker ends, though nobody asked it to");
        break;
    case HNY_REFUSED_MODEL:
    case HNY_REFUSED_BUSY:
        break;
    default:
        demand(world, false, "a refusal without reason");
    }
}

void flush_client(struct world *world, unsigned index) {
    struct client *client = &world->clients[index];
    struct hny_client_action action;
    struct address self = {NODE_CLIENT, index, client->incarnation};
    while (hny_client_core_take(client->core, &action)) {
        if (!action.answer) {
            post(world, self, (struct address){NODE_BROKER, 0, 0}, &action.message);
            continue;
        }
        check_answer(world, index, &action.message);
        if (world->breach == BREACH_TWICE && chance_of(&world->chance, 20))
            check_answer(world, index, &action.message);
        hny_payload_drop(&action.message.payload);
    }
}

void make_request(struct world *world, unsigned index) {
    struct client *client = &world->clients[index];
    if (client->last + 1 >= MOST_REQUESTS) return;
    struct ask *ask = &client->asks[client->last + 1];
    char text[64];
    *ask = (struct ask){.poison = !world->quiet && chance_of(&world->chance, 60),
                        .deadline = chance_of(&world->chance, 500),
                        .twice = chance_of(&world->chance, 1000)};
    int size = snprintf(text, sizeof text, "%u %u %llu %c", index, client->incarnation,
                        (unsigned long long)client->last + 1, ask->poison ? 'p' : 'n');
    struct hny_payload *payload =
        hny_payload_create((struct hny_piece){"", 0}, &(struct hny_piece){text, (size_t)size}, 1);
    demand(world, payload != NULL, "memory");
    static const char *const routes[] = {"", "en-ja", "en-de", "ja-en"};
    snprintf(payload->wants.model, sizeof payload->wants.model, "%s",
             routes[chance_below(&world->chance, 4)]);
    if (ask->twice) {
        strcpy(payload->wants.model, "en-ja");
        strcpy(payload->wants.then, "ja-en");
    }
    /* As if it were so long: its length is all that anybody looks at. */
    if (chance_of(&world->chance, world->quiet ? 1000 : 300))
        payload->bytes = chance_below(&world->chance, HNY_REQUEST_BYTES);
    payload->wants.deadline = ask->deadline ? 1 + (uint32_t)chance_below(&world->chance, 5000) : 0;
    payload->wants.priority = (uint8_t)chance_below(&world->chance, 10);
    uint64_t number;
    expect(world, hny_client_core_translate(client->core, world->now, payload, &number));
    demand(world, number == ++client->last, "numbers out of order");
    hny_payload_drop(&payload);
    world->asked++;
    if (chance_of(&world->chance, 300)) {
        uint64_t which = 1 + chance_below(&world->chance, client->last);
        client->asks[which].cancelled = true;
        expect(world, hny_client_core_cancel(client->core, world->now, which));
    }
    flush_client(world, index);
}
