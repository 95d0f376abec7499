/* What goes wrong, and is put right. */
#include "tests/simulate/world.h"

void one_fault(struct world *world) {
    unsigned w = (unsigned)chance_below(&world->chance, world->worker_count);
    unsigned c = (unsigned)chance_below(&world->chance, world->client_count);
    struct worker *worker = &world->workers[w];
    switch (chance_below(&world->chance, 11)) {
    case 0:
        if (worker->core) stop_worker(world, w);
        break;
    case 1:
        worker->stopped = true;
        world->losses++;
        worker->until = world->now + chance_below(&world->chance, 9000);
        break;
    case 2:
        worker->stuck = true;
        world->losses++;
        worker->until = world->now + chance_below(&world->chance, 9000);
        break;
    case 3:
        if (!world->broker || !chance_of(&world->chance, 3000)) break;
        hny_broker_core_destroy(&world->broker);
        world->broker_until = world->now + chance_below(&world->chance, 4000);
        break;
    case 4:
        if (!chance_of(&world->chance, 2000)) break;
        for (uint64_t n = 1; n <= world->clients[c].last; n++) /* nobody waits for them any more */
            if (!world->clients[c].asks[n].answers) world->answered++;
        hny_client_core_destroy(&world->clients[c].core);
        start_client(world, c);
        break;
    case 5:
        world->cut_worker[w] = !world->cut_worker[w];
        world->losses++;
        break;
    case 6:
        world->cut_client[c] = !world->cut_client[c];
        break;
    case 7:
        if (!worker->core) break;
        hny_worker_core_leave(worker->core);
        end_left(world, w);
        break;
    case 8:
        if (!world->broker || !chance_of(&world->chance, 3000)) break;
        hny_broker_core_drain(world->broker);
        world->draining = true;
        world->drains++;
        world->broker_until = world->now + 20000;
        break;
    case 9:
        world->leap += chance_below(&world->chance, 30000);
        break;
    default:
        world->loss = (unsigned)chance_below(&world->chance, 2000);
        world->doubling = (unsigned)chance_below(&world->chance, 2000);
        world->slow = (unsigned)chance_below(&world->chance, 2000);
        world->losses++;
    }
}

void heal(struct world *world) {
    end_drained(world);
    if (!world->broker && (world->now >= world->broker_until || !faults(world))) start_broker(world);
    for (unsigned w = 0; w < world->worker_count; w++) {
        struct worker *worker = &world->workers[w];
        if (world->now < worker->until && faults(world)) continue;
        worker->stopped = worker->stuck = false;
        if (!worker->core && world->now >= worker->until) start_worker(world, w);
    }
}
