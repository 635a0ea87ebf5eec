/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to sim/world: what the world keeps of each identity, of each one online, and of each partition.
 *
 * Who may write what: in a handler (act, fact) only the identity it is called for, its session, and its partition's books; at an instant,
 * between two runs of the kernel, everything. Books of a partition hold sums and lists whose order does not matter, because a window runs its
 * events site by site.
 *
 * On several ranks a world holds the identities first..end-1 and the books of their partition, and knows of all others: what can be computed from their number, who has
 * joined (joined_map), and what it asks for at an instant (assembly.h, ranks.h). What is decided at an instant is decided from sums and answers that all
 * ranks have alike, so that all decide alike. */
#ifndef SIM_WORLD_STATE_H
#define SIM_WORLD_STATE_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/checkpoint/stream.h"
#include "sim/kernel/kernel.h"
#include "sim/kernel/random.h"
#include "sim/kernel/reserve.h"
#include "sim/net/net.h"
#include "sim/record/capture.h"
#include "sim/record/progress.h"
#include "sim/record/summary.h"
#include "sim/world/churn.h"
#include "sim/world/hostile.h"
#include "sim/world/kind.h"
#include "sim/world/load.h"
#include "sim/world/measures.h"
#include "sim/world/popularity.h"
#include "sim/world/resends.h"
#include "sim/world/ring.h"
#include "sim/world/world.h"

#define NONE           UINT32_MAX
#define CACHE_MAX      10
#define LEAVE_PATIENCE SECONDS(5) /* a node that was asked to leave is stopped after this at the latest */

/* At each whole second, and at no other time, requests that ended are judged and look-ups learn who may be looked up. It is a constant, so that what is
 * recorded and checked moves neither: a second is long against a window of the kernel (its cost is the lists of what ended and changed, never the
 * population), and short against the end-to-end limit of 15 s and the sessions of devices, whose state it is judged by. */
#define WORLD_TICK SECONDS(1)

enum life_flag {
    LIFE_ONLINE = 1,   /* the process runs */
    LIFE_JOINED = 2,   /* it said JOINED and has not begun to join again, nor to leave */
    LIFE_LEAVING = 4,  /* the user is gone; the process says good-bye */
    LIFE_EXPECTED = 8, /* start: join, present at time 0, and not yet started */
    LIFE_KILLED = 16,  /* offline because a kill took its device */
    LIFE_CLIENT = 64,  /* attaches and never joins: LIFE_JOINED means attached, and it is on no ring. For good */
    LIFE_REBOOT = 32,  /* next_churn is the moment of a reboot (by_fault), not of a departure */
};

/* One for each identity that has lived, by its seat (sim/kernel/kernel.h): who is online or was, who is registered. Of the others, who sleep until they come for
 * the first time, the kernel knows when that is, and there is nothing else to know. 64 bytes. */
struct identity {
    sim_time next_churn; /* when it comes or goes next, TIME_NEVER = not on its own account */
    sim_time changed[3]; /* when its device last came or went, newest first */
    sim_time registered_from,
        registered_until; /* an unexpired successful registration existed without a gap in between; 0, 0 = none. Written at ticks only */
    uint32_t cycle;       /* intervals so far: the counter of its churn draws */
    uint32_t session;     /* in its partition's sessions; NONE = offline */
    uint32_t cache;       /* in its partition's caches; NONE = remembers nobody */
    uint8_t flags;        /* enum life_flag */
    uint8_t by_fault;     /* of the scenario: whose start-up delay it is */
};
static_assert(sizeof(struct identity) == 64, "an identity is one cache line");

/* One for each identity online: 48 bytes. When it began stands in the identity (session_began). */
struct session {
    sim_time next_register, retry_register; /* TIME_NEVER = none planned */
    union {
        sim_time next_lookup;
        sim_time leave_by; /* who is leaving looks nobody up */
    };
    sim_time joined_at;                     /* the last time; TIME_NEVER = not yet */
    uint32_t lookups;                       /* so far: the counter of its draws */
    uint32_t requests;                      /* tags given */
    uint32_t pending;                       /* newest of its requests that await their end; NONE */
    uint32_t place;                         /* on the ring, when it was last built; NONE: it was not joined. Set by ring_build */
};
static_assert(sizeof(struct session) == 48, "byte budget of a session");

/* Addresses that an identity remembers from its last session. */
struct address_cache {
    uint8_t count;
    addr_h address[CACHE_MAX];
};

enum request_state { REQUEST_PENDING, REQUEST_GOT, REQUEST_TIMED_OUT, REQUEST_REFUSED, REQUEST_ABANDONED };

/* A look-up or a registration under way or finished: what the observer needs to judge it later. */
struct record {
    uint64_t tid; /* transaction id; 0 = never sent (we own the key) */
    struct id key; /* what is looked up */
    sim_time started, ended;
    peer_h asker, target; /* target: whose registration it is; PEER_NONE = a random key */
    peer_h answerer;
    uint32_t tag, next; /* next: pending records of one session, or free records */
    uint16_t error;     /* RELOAD error code when refused */
    uint8_t state;      /* enum request_state */
    bool lookup;
    uint8_t values;
    uint8_t links, request_links; /* crossed by the answer, and by the request */
};

struct served {
    uint64_t tid, links;
};
struct link_failure {
    sim_time at;
    peer_h peer;
};
struct joining {
    sim_time started, ended;
    bool joined, client;
};
struct announcement {
    sim_time until;
    uint64_t peer;
};

/* Ends the program with status 4 and a sentence: nothing in a simulation can go on without memory. */
_Noreturn void out_of_memory(void);

/* A growing array; items are addressed by index, never kept by pointer across a push. */
#define LIST(type)                                                                                                     \
    struct {                                                                                                           \
        type *at;                                                                                                      \
        uint32_t count, cap;                                                                                           \
    }
void list_grow(void **at, uint32_t *cap, uint32_t count, size_t item_bytes);
#define LIST_PUSH(list, item)                                                                                          \
    do {                                                                                                               \
        void *list_at = (list)->at;                                                                                    \
        list_grow(&list_at, &(list)->cap, (list)->count, sizeof *(list)->at);                                          \
        (list)->at = list_at;                                                                                          \
        (list)->at[(list)->count++] = (item);                                                                          \
    } while (0)

/* The books of one partition. */
struct books {
    struct identity *identity; /* by seat */
    struct reserve identities;
    LIST(struct session) sessions;
    LIST(uint32_t) free_sessions;
    LIST(struct address_cache) caches;
    LIST(struct record) records;
    uint32_t free_record;
    LIST(uint32_t) finished;    /* records that ended since the last tick */
    LIST(struct served) served; /* fetches answered by nodes of this partition since the last tick */
    LIST(struct link_failure) failures;
    LIST(struct joining) joins;
    struct resends resends;
    LIST(peer_h) changed; /* who joined, or ceased to be joined, since the last tick */
    LIST(peer_h) seated;  /* who has got a seat and no place in the order of the ring yet */
    struct hostile_counts *hostile; /* of the whole run; NULL: nobody attacks */
    struct tally tally;   /* since the last interval was booked */
};

/* Look-ups of a trace: those of identity i are at[next[i]] up to at[next[i + 1]] at first; next[i] moves on. */
struct call_list {
    struct planned_call {
        sim_time at;
        peer_h target;
    } * at;
    uint32_t *next, *end; /* NULL: no trace */
};

/* The measured phase, what of it lies before and after the first fault, and the row of the time series at hand: all time, or
 * none when nothing is recorded. */
enum world_scope { SCOPE_MEASURE, SCOPE_BEFORE, SCOPE_AFTER, SCOPE_ROW, SCOPES };

struct journal;

struct world {
    const struct scenario *scenario;
    const struct overlay_kind *kind; /* what the peers are */
    struct world_options options;
    struct overlay overlay;
    struct latency latency;
    struct law laws[2]; /* as port.draw numbers them: update interval, ping interval */
    struct net *net;
    struct kernel *kernel;
    struct ranks *ranks; /* NULL: this one alone */
    uint32_t identities;
    uint32_t first, end;   /* the identities that live here */
    const node_word *node; /* of the kernel: who of them has a seat */
    unsigned parts, here, here_end; /* partitions, and which of them are here */
    struct books *books; /* of each partition */
    struct churn churn;
    struct popularity popularity;
    uint64_t *joined_map;                  /* who has joined, as of assembly_joined, one bit an identity; of all ranks, as the next three */
    uint64_t *online_map;                  /* who was joined at the last tick */
    sim_time *registered_until;            /* as in struct identity, for those who choose whom to look up; NULL unless target: registered */
    LIST(uint32_t) moved;                  /* who joined, or ceased to be joined, since the last tick, as far as joined_map knows */
    LIST(struct announcement) announced;   /* registrations of this rank that the others have not heard of */
    uint64_t online;                       /* processes running when the last interval was booked */
    sim_time now, next_instant;            /* the last instant, and the one that ends the present run of the kernel */
    sim_time tick_at;                      /* the last tick */
    sim_time booked_at, next_booking;      /* the interval that is being measured */
    uint64_t online_rest_ns;               /* of peers x time booked in whole microseconds */
    sim_time measure_from, measure_to, drain_to;
    sim_time fault_at[FAULTS_MAX];    /* absolute, ascending */
    sim_time fault_until[FAULTS_MAX]; /* its end; TIME_NEVER: not in this run */
    struct faults *faults;
    struct aftermath *aftermath;
    struct spread *spread; /* NULL: no configuration changes by spreading */
    struct call_list calls;
    struct load load;
    struct ring ring; /* as of ring_at */
    sim_time ring_at;
    struct scope *scopes; /* numbered by enum world_scope, then those of checks */
    unsigned scope_count;
    struct totals totals; /* of the network and kernel at the last instant */
    struct capture *capture;
    struct journal *journal; /* NULL = no output folder */
    struct check_result *checks;
    unsigned check_count;
    struct progress progress;
    struct actor_group group;     /* whose actor all peers run */
    struct summary summary;
    struct summary_more *more; /* HOSTILE_FIGURES_MAX, where anybody attacks; what hostile_summary has filled in */
    double begin_wall_s, begin_cpu_s, start_cpu_s;
    double run_cpu_s, run_from_cpu_s; /* of the run without its start: until it is done, what it took before the checkpoint that it goes on from; and what the process had taken when it began */
    double run_wall_s;            /* of warm-up and measured phase; before they are over: when they began */
    struct ranks_spent run_spent; /* of this rank, as run_wall_s */
    struct summary_rank *rank;    /* of all ranks, for the summary; NULL: one process, or no clock */
    uint64_t empty_rss_bytes, run_events, run_datagrams;
    uint64_t seen_events; /* of the kernel, on all ranks, when they last agreed to go on */
    bool cpu_taken;
    bool refused; /* the checkpoint to go on from */
    bool cut; /* it was stopped before its end */
    volatile bool interrupted;
    volatile bool checkpoint_wanted; /* somebody asks this process for a checkpoint; */
    bool checkpoint_asked;           /* and all know of it */
    struct {
        bool loss, lookups, registrations;
    } changed; /* in a run that goes on: the scenario says otherwise than before */
    struct stream recorded;          /* of a run that goes on: what it had recorded, until the journal is open */
};

/* Whether this identity lives here. */
static inline bool world_holds(const struct world *w, peer_h peer)
{
    return peer - w->first < w->end - w->first;
}

static inline struct books *world_books(struct world *w, const struct part *part)
{
    return &w->books[part_index(part)];
}

/* Another life, the same kind of device. */
static inline void life_set(struct identity *id, uint8_t flags)
{
    id->flags = (uint8_t)((id->flags & LIFE_CLIENT) | flags);
}

/* When the process of this identity, which is online, was started: its device has come since, and has gone if it says good-bye. */
static inline sim_time session_began(const struct identity *id)
{
    return id->changed[id->flags & LIFE_LEAVING ? 1 : 0];
}

static inline struct session *session_of(struct books *b, const struct identity *id)
{
    return &b->sessions.at[id->session];
}

/* What is known of an identity that lives here; of a sleeper, that it is offline and always was. */
static inline const struct identity *identity_of(const struct world *w, peer_h peer)
{
    static const struct identity sleeper = {.next_churn = TIME_NEVER, .session = NONE, .cache = NONE};
    assert(world_holds(w, peer));
    node_word word = w->node[peer];
    return node_is_seated(word) ? &w->books[node_part(word)].identity[node_seat(word)] : &sleeper;
}

/* Whether the device attaches as a client, whatever identity it uses; of any rank's. */
static inline bool identity_is_client(const struct world *w, peer_h self)
{
    uint32_t fixed = w->churn.permanent, device = self < fixed ? self : fixed + (self - fixed) / w->churn.ids;
    return w->scenario->clients > 0 && self >= fixed && self >= w->scenario->bootstrap_nodes &&
           random_unit(w->scenario->seed, device, STREAM_CLIENT, 0) < w->scenario->clients;
}

/* The same to write on. A sleeper gets its seat. */
struct identity *identity_own(struct world *, peer_h);

/* The figures of the measured phase so far that do not depend on the machine. */
void world_figures(const struct world *, struct summary *);

/* Whether the process of this identity's user was there at time t, as far back as its last three changes tell. since (if not NULL): when that began. Asked at ticks
 * about the second before: three are enough unless a device changes four times within that second, which under Kad's laws happens to one change in some
 * millions; then its state before the third is told. */
bool identity_present_at(const struct identity *, sim_time t, sim_time *since);

#endif
