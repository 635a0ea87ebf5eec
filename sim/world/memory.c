/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a run will hold in memory, from the sizes of its structs and from how many of each there will be. */
#include "proto/node.h"
#include "sim/chord2003/chord2003.h"
#include "sim/kernel/budget.h"
#include "sim/world/state.h"

/* Measured with bench/steady.yaml and bench/chord2003.yaml; `make bench` and sim/cli/test/test_memory.sh hold the forecast to what runs use. */
#define REGISTRATION_BYTES_KEPT 26.0   /* a SIP registration without its owner's Node-ID, which needs no rounding */
#define EVENTS_PER_ONLINE       1.8    /* wake-ups that wait: a far one or a near one too, those of who comes within 17 minutes, and half as many forgotten ones */
#define EVENTS_PER_CHORD        2.0
#define REQUESTS_PER_LOOKUP_S   3.0    /* how long a look-up's record is kept, until the tick after its end */
#define MOMENT_BYTES            150.0  /* frames and transactions under way, each node's mean */
#define CHORD_MOMENT_BYTES      10.0
#define FLIGHT_BYTES            50.0
#define CHORD_FLIGHT_BYTES      10.0
#define SLACK_SHARE             0.06   /* of the blocks of nodes, tables of channels and sessions */
#define CHORD_SLACK_SHARE       0.20   /* blocks of 200 bytes are rounded up to lines of 64 */
#define SLACK_PER_PARTITION     3.5e6  /* each size class has a chunk that is not full, but none that nobody has used: */
#define SLACK_PER_FIRST_PEER    1.6e3
#define FIXED_BYTES             19.6e6
#define CHORD_FIXED_BYTES       14.5e6
#define STORM_BYTES             20e3   /* for each peer that falls silent at once: all that had a link to it tell all theirs */
#define STORM_PER_PARTITION     4.5e6  /* and chunks of sizes that nothing else has, */
#define STORM_PER_FIRST_PEER    4.5e3
#define LINE_BYTES              16.0   /* a queue of an access line */

static const struct budget rows_of_world[] = {
    BUDGET(struct identity, 64, PER_LIVED, "world: identity"),
    BUDGET(struct session, 48, PER_ONLINE, "world: session"),
    BUDGET(struct record, 72, PER_REQUEST, "world: request"),
    BUDGET(struct books, 512, PER_PARTITION, "world: books"),
    {"world: place in the order of the ring; on ranks, of each identity", sizeof(uint32_t), PER_LIVED},
    BUDGET(struct ring_place, 8, PER_ONLINE, "world: ring of a sample"),
};

static unsigned append(struct budget *rows, unsigned n, const struct budget *more, unsigned count)
{
    assert(n + count <= BUDGET_ROWS_MAX);
    for (unsigned i = 0; i < count; i++)
        rows[n + i] = more[i];
    return n + count;
}

static double log2_of(double x)
{
    double n = 0;
    for (; x >= 2; x /= 2)
        n++;
    return n + (x - 1); /* linear between powers of two: good enough here */
}

unsigned world_budgets(const struct scenario *s, struct budget *rows)
{
    unsigned count, n = 0;
    const struct budget *layer = kernel_budgets(&count);
    n = append(rows, n, layer, count);
    layer = net_budgets(s->protocol == PROTOCOL_CHORD2003, &count);
    n = append(rows, n, layer, count);
    n = append(rows, n, rows_of_world, sizeof rows_of_world / sizeof *rows_of_world);
    if (s->protocol == PROTOCOL_CHORD2003) {
        uint32_t entries = s->chord2003.successors + (uint32_t)log2_of(s->peers) - (uint32_t)log2_of(s->chord2003.successors);
        const struct budget node = {"chord2003: block, tables included", chord2003_bytes(entries), PER_ONLINE};
        return append(rows, n, &node, 1);
    }
    struct node_costs c = node_costs();
    const struct budget node[] = {
        {"RELOAD: head of a block", c.node, PER_ONLINE},
        {"RELOAD: neighbours", c.neighbour * (s->overlay.predecessors + (uint32_t)s->overlay.successors), PER_ONLINE},
        {"RELOAD: link, and its place in the order", c.link, PER_LINK},
        {"RELOAD: value, besides its own bytes", c.value, PER_VALUE},
    };
    return append(rows, n, node, sizeof node / sizeof *node);
}

/* Share of the peers that a fault takes at once, at the most. */
static double largest_wave(const struct scenario *s)
{
    double wave = 0;
    for (unsigned i = 0; i < s->faults; i++) {
        enum fault_kind kind = s->fault[i].kind;
        bool takes = kind == FAULT_KILL || kind == FAULT_REBOOT || kind == FAULT_LEAVE || kind == FAULT_PARTITION;
        double share = s->fault[i].region[0] ? 0.3 : s->fault[i].share;
        if (takes && share > wave)
            wave = share;
    }
    return wave < 0.5 ? wave : 0.5;
}

/* What is kept of frames that wait, above the 2 % of loss that cost nothing yet: a peer's, for each unit of loss. From 10 % on links are taken for dead as if
 * so many peers fell silent. */
#define LOSS_BYTES 30e3
#define LOSS_FREE  0.02
#define LOSS_STORM 0.10

static double highest_loss(const struct scenario *s)
{
    double loss = s->loss;
    for (unsigned i = 0; i < s->faults; i++)
        if (s->fault[i].kind == FAULT_NETWORK && s->fault[i].loss != NETWORK_UNCHANGED && s->fault[i].loss > loss)
            loss = s->fault[i].loss;
    return loss;
}

static double storm_share(const struct scenario *s)
{
    double wave = largest_wave(s), storm = 8 * (highest_loss(s) - LOSS_STORM);
    storm = storm < 0 ? 0 : storm > 0.5 ? 0.5 : storm;
    return storm > wave ? storm : wave;
}

static double trouble_bytes(const struct scenario *s)
{
    double loss = highest_loss(s);
    return STORM_BYTES * storm_share(s) + (loss > LOSS_FREE ? LOSS_BYTES * ((loss < 0.2 ? loss : 0.2) - LOSS_FREE) : 0);
}

/* What so many peers need each, as far as a partition's share of it is not reached. */
static double first_peers(double peers, double each, double partitions, double most)
{
    return peers * each < partitions * most ? peers * each : partitions * most;
}

/* A peer has a link to each finger and neighbour, and nearly as many have one to it. Two finds of the largest fingers meet, and the nearest are neighbours. */
static double links_of(const struct scenario *s)
{
    double links = 2 * log2_of(s->peers) + s->overlay.predecessors + s->overlay.successors - 4.8;
    return s->protocol == PROTOCOL_CHORD2003 ? 0 : links < s->peers - 1 ? links : s->peers - 1;
}

/* Registrations that live: of who is online, and of who left no longer ago than what remained of them. */
static double registered_of(const struct scenario *s, double session_s)
{
    if (!s->register_every || s->protocol == PROTOCOL_CHORD2003)
        return 0;
    double outlives_s = s->register_lifetime_s - (double)s->register_every / 2e9;
    return s->peers * (1 + (session_s > 0 && outlives_s > 0 ? outlives_s / session_s : 0));
}

static void count_all(const struct scenario *s, struct memory_forecast *f)
{
    double seconds = (double)(s->warmup + s->measure) / 1e9, session_s = s->churn ? law_mean(&s->session) : 0;
    double registered = registered_of(s, session_s), per_s = s->lookup_every ? 1e9 / (double)scenario_lookup_gap(s) : 0;
    bool chord = s->protocol == PROTOCOL_CHORD2003;
    f->identities = scenario_population(s);
    f->online = s->peers;
    f->lived = (registered > f->online ? registered : f->online) + (session_s > 0 ? s->peers * seconds / session_s : 0);
    f->lived = f->lived < f->identities ? f->lived : f->identities;
    f->links = s->peers * links_of(s);
    f->values = registered * 3;
    f->value_bytes = REGISTRATION_BYTES_KEPT;
    f->events = s->peers * (chord ? EVENTS_PER_CHORD : EVENTS_PER_ONLINE);
    f->requests = s->peers * per_s * REQUESTS_PER_LOOKUP_S;
}

static double count_of(const struct memory_forecast *f, enum budget_per per)
{
    switch (per) {
    case PER_IDENTITY: return f->identities;
    case PER_LIVED: return f->lived;
    case PER_ONLINE: return f->online;
    case PER_LINK: return f->links;
    case PER_VALUE: return f->values;
    case PER_EVENT: return f->events;
    case PER_REQUEST: return f->requests;
    case PER_PARTITION: return f->partitions;
    case PER_JOINING:
    case BUDGET_PERS: break;
    }
    return 0; /* handshakes last a second */
}

struct memory_forecast world_memory(const struct scenario *s, unsigned partitions)
{
    struct memory_forecast f = {.partitions = partitions};
    struct budget rows[BUDGET_ROWS_MAX];
    bool chord = s->protocol == PROTOCOL_CHORD2003;
    double slabs = 0;
    unsigned n = world_budgets(s, rows);
    count_all(s, &f);
    for (unsigned i = 0; i < n; i++) {
        double bytes = rows[i].bytes * count_of(&f, rows[i].per);
        f.structs += bytes;
        slabs += rows[i].per == PER_ONLINE || rows[i].per == PER_LINK || rows[i].per == PER_VALUE ? bytes : 0;
    }
    f.structs += f.values * f.value_bytes;
    if (s->access_up || s->access_down)
        f.structs += f.identities * LINE_BYTES;
    f.moment = f.online * (chord ? CHORD_MOMENT_BYTES : MOMENT_BYTES + trouble_bytes(s));
    f.slack = slabs * (chord ? CHORD_SLACK_SHARE : SLACK_SHARE) + first_peers(f.online, SLACK_PER_FIRST_PEER, partitions, SLACK_PER_PARTITION);
    if (!chord && storm_share(s) > 0)
        f.slack += first_peers(f.online, STORM_PER_FIRST_PEER, partitions, STORM_PER_PARTITION);
    f.flight = f.online * (chord ? CHORD_FLIGHT_BYTES : FLIGHT_BYTES);
    f.fixed = chord ? CHORD_FIXED_BYTES : FIXED_BYTES;
    f.total = f.structs + f.moment + f.slack + f.flight + f.fixed;
    return f;
}
