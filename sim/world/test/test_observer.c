/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins how the observer judges a look-up by what was true at its time: the seven outcomes, whose values should exist, links by
 * transaction id, dead hops, abandoned requests, the scopes before and after a fault, detection and join latencies. The network is a fake in this file.
 * Leaves open what real nodes report (test_world). */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/base/error.h"
#include "proto/fact.h"
#include "proto/wire/message.h"
#include "sim/net/trouble.h"
#include "sim/world/aftermath.h"
#include "sim/world/assembly.h"
#include "sim/world/faults.h"
#include "sim/world/lives.h"
#include "sim/world/observer.h"
#include "sim/world/recording.h"

#define PEERS        8u
#define MEASURE_FROM SECONDS(100)

/* ---- the fake network ---- */

struct fake {
    bool holds[PEERS];
    unsigned stopped, started, requests;
    sim_time act_at; /* as last asked for */
};

static struct fake *fake_of(const struct net *net)
{
    return (struct fake *)(uintptr_t)net;
}

unsigned part_index(const struct part *part)
{
    (void)part;
    return 0;
}

struct part *kernel_part_of(struct kernel *kernel, uint32_t node)
{
    (void)kernel, (void)node;
    return NULL;
}

uint32_t kernel_seat(struct part *part, uint32_t node) /* everybody has one */
{
    (void)part;
    return node;
}

void kernel_count(const struct kernel *kernel, struct kernel_counts *out)
{
    (void)kernel;
    *out = (struct kernel_counts){0};
}

void net_start(struct net *net, struct part *part, peer_h peer, sim_time now, const struct node_opts *opts)
{
    (void)part, (void)peer, (void)now, (void)opts;
    fake_of(net)->started++;
}

void net_stop(struct net *net, struct part *part, peer_h peer, sim_time now)
{
    (void)part, (void)peer, (void)now;
    fake_of(net)->stopped++;
}

/* Faults are not looked at here. */
void net_stop_process(struct net *net, struct part *part, peer_h peer, sim_time now)
{
    net_stop(net, part, peer, now);
}

void net_weather(struct net *net, double loss, double latency, sim_time slower)
{
    (void)net, (void)loss, (void)latency, (void)slower;
}

unsigned net_cut(struct net *net, const uint64_t *side)
{
    (void)net, (void)side;
    return 0;
}

void net_uncut(struct net *net, unsigned cut)
{
    (void)net, (void)cut;
}

void net_slow(struct net *net, peer_h peer, double factor)
{
    (void)net, (void)peer, (void)factor;
}

void net_configure(struct net *net, const struct overlay *all, const struct overlay *for_some, const uint64_t *some)
{
    (void)net, (void)all, (void)for_some, (void)some;
}

void recording_event(struct world *w, const char *kind, const char *text)
{
    (void)w, (void)kind, (void)text;
}

uint16_t net_place(const struct net *net, peer_h peer)
{
    (void)net, (void)peer;
    return 0;
}

unsigned net_publish(struct net *net, const struct overlay *o)
{
    (void)net;
    (void)o;
    return 0;
}

void net_hold(struct net *net, peer_h peer, unsigned document)
{
    (void)net;
    (void)peer;
    (void)document;
}

unsigned net_held(const struct net *net, peer_h peer)
{
    (void)net;
    (void)peer;
    return 0;
}

void net_request(struct net *net, struct part *part, peer_h peer, sim_time now, const struct request *request)
{
    (void)part, (void)peer, (void)now, (void)request;
    fake_of(net)->requests++;
}

void net_act_at(struct net *net, struct part *part, peer_h peer, sim_time at)
{
    (void)part, (void)peer;
    fake_of(net)->act_at = at;
}

bool net_online(const struct net *net, peer_h peer)
{
    (void)net, (void)peer;
    return true;
}

/* Peer p stands at p << 60, its user's Resource-ID just before it: everybody owns their own value. */
struct id net_id(const struct net *net, peer_h peer)
{
    (void)net;
    return (struct id){(uint64_t)peer << 60, 0};
}

struct id net_user(const struct net *net, peer_h peer)
{
    (void)net;
    return (struct id){((uint64_t)peer << 60) - 1, 0};
}

sim_time net_rtt(const struct net *net, peer_h a, peer_h b)
{
    (void)net, (void)a, (void)b;
    return MILLIS(100);
}

static const uint32_t node_number[PEERS] = {0, 1, 2, 3, 4, 5, 6, 7};

const struct node *net_node(const struct net *net, peer_h peer, struct env **env)
{
    *env = (struct env *)(uintptr_t)net;
    return (const struct node *)(const void *)&node_number[peer];
}

bool node_holds(const struct node *node, struct env *env, struct id resource, uint32_t kind, peer_h owner,
                uint8_t *replica)
{
    (void)resource, (void)kind, (void)owner, (void)replica;
    return ((struct fake *)(void *)env)->holds[*(const uint32_t *)(const void *)node];
}

static peer_h knows_nobody(const struct node *node, struct env *env, unsigned k)
{
    (void)node, (void)env, (void)k;
    return PEER_NONE;
}

/* One overlay whose look-ups fetch values, one whose look-ups ask for the owner. */
static const struct overlay_kind stores = {.known = knows_nobody}, names = {.known = knows_nobody, .names_owner = true};

/* ---- a world of eight joined peers at the start of the measured phase ---- */

struct stage {
    struct world world;
    struct scenario scenario;
    struct books books;
    struct identity identity[PEERS];
    node_word node[PEERS];
    struct scope scopes[3];
    struct fake net;
    uint32_t order[PEERS];
    uint64_t joined, online; /* maps */
};

static int stage_open(void **state)
{
    struct stage *s = calloc(1, sizeof *s);
    struct world *w = &s->world;
    s->scenario = (struct scenario){
        .seed = 1, .register_lifetime_s = 3600, .register_every = MINUTES(50), .record_interval = SECONDS(10)};
    *w = (struct world){.scenario = &s->scenario,
                        .kind = &stores,
                        .net = (struct net *)(void *)&s->net,
                        .identities = PEERS,
                        .end = PEERS,
                        .node = s->node,
                        .parts = 1,
                        .here_end = 1,
                        .joined_map = &s->joined,
                        .online_map = &s->online,
                        .books = &s->books,
                        .measure_from = MEASURE_FROM,
                        .measure_to = SECONDS(1000),
                        .scopes = s->scopes,
                        .scope_count = 3,
                        .ring_at = TIME_NEVER};
    w->churn.ids = 1;
    assert_int_equal(faults_open(w), 0);
    assert_int_equal(aftermath_open(w), 0);
    w->overlay.reliability_timer = SECONDS(3);
    w->fault_until[0] = SECONDS(500);
    w->fault_at[0] = SECONDS(500);
    w->ring.order = s->order;
    w->ring.ordered = PEERS;
    w->ring.begun = true;
    s->books.free_record = NONE;
    s->books.identity = s->identity;
    const sim_time edge[] = {w->measure_from, SECONDS(500), w->measure_to};
    for (unsigned i = 0; i < 3; i++) {
        s->scopes[i] = (struct scope){.from = edge[i == 2], .to = edge[i == 1 ? 1 : 2]};
        assert_int_equal(scope_open(&s->scopes[i], false), 0);
    }
    for (uint32_t i = 0; i < PEERS; i++) {
        s->order[i] = i;
        s->node[i] = NODE_SEATED | i;
        s->identity[i] = (struct identity){.next_churn = TIME_NEVER, .session = NONE, .cache = NONE};
        lives_seed(w, i);
    }
    assembly_begin(w);
    *state = s;
    return 0;
}

static int stage_close(void **state)
{
    struct stage *s = *state;
    struct books *b = &s->books;
    for (unsigned i = 0; i < 3; i++)
        scope_close(&s->scopes[i]);
    free(s->world.ring.at);
    free(s->world.moved.at);
    resends_free(&s->books.resends);
    faults_close(&s->world);
    aftermath_close(&s->world);
    void *const lists[] = {b->sessions.at, b->free_sessions.at, b->caches.at,   b->records.at,
                           b->finished.at, b->served.at,        b->failures.at, b->joins.at,   b->changed.at};
    for (unsigned i = 0; i < sizeof lists / sizeof lists[0]; i++)
        free(lists[i]);
    free(s);
    return 0;
}

static struct session *session(struct stage *s, peer_h peer)
{
    return session_of(&s->books, &s->identity[peer]);
}

static uint32_t look_up(struct stage *s, peer_h asker, peer_h target, sim_time at)
{
    return observer_request(&s->books, session(s, asker), asker, target, net_user(NULL, target), true, at);
}

static void fact(struct stage *s, peer_h peer, sim_time at, enum fact what, uint64_t x, uint64_t y)
{
    observer_fact(&s->world, NULL, peer, at, (uint16_t)what, x, y);
}

static void answer(struct stage *s, peer_h asker, uint32_t tag, sim_time at, unsigned values)
{
    fact(s, asker, at, FACT_REQUEST_ANSWERED, tag, FACT_ANSWER(3, 4, values));
}

static void settle(struct stage *s, sim_time now)
{
    s->world.now = now;
    assembly_joined(&s->world);
    observer_settle(&s->world);
}

static void register_from(struct stage *s, peer_h peer, sim_time from, sim_time until)
{
    s->identity[peer].registered_from = from;
    s->identity[peer].registered_until = until;
}

static void assert_outcome(const struct stage *s, enum outcome outcome, uint64_t expected)
{
    const struct measures *m = s->scopes[0].m;
    for (unsigned i = 0; i < OUTCOMES; i++)
        assert_int_equal(m->outcome[i], i == (unsigned)outcome);
    assert_int_equal(m->expected, expected);
    assert_int_equal(m->expected_correct, expected && outcome == OUTCOME_CORRECT);
}

#define T (MEASURE_FROM + SECONDS(10))

/* ---- outcomes ---- */

static void a_value_of_a_present_device_is_correct(void **state)
{
    struct stage *s = *state;
    register_from(s, 2, SECONDS(1), SECONDS(3000));
    answer(s, 1, look_up(s, 1, 2, T), T + SECONDS(2), 1);
    settle(s, T + SECONDS(9));
    assert_outcome(s, OUTCOME_CORRECT, 1);
    assert_int_equal(s->scopes[0].m->lookup_latency.sum, SECONDS(2));
    assert_int_equal(s->scopes[0].m->stretch_milli, 20000); /* two seconds for a round trip of 100 ms */
}

static void a_value_that_nobody_knows_of_counts_once_it_came(void **state)
{
    struct stage *s = *state; /* stored, but the acknowledgement was lost */
    answer(s, 1, look_up(s, 1, 2, T), T + SECONDS(2), 1);
    settle(s, T + SECONDS(9));
    assert_outcome(s, OUTCOME_CORRECT, 1);
}

static void a_value_of_a_device_that_went_is_stale(void **state)
{
    struct stage *s = *state;
    register_from(s, 2, SECONDS(1), SECONDS(3000));
    uint32_t tag = look_up(s, 1, 2, T);
    lives_kill(&s->world, 2, T + SECONDS(1), 0, false);
    answer(s, 1, tag, T + SECONDS(2), 1);
    settle(s, T + SECONDS(9));
    assert_outcome(s, OUTCOME_STALE, 1);
}

static void a_device_that_goes_after_the_answer_was_still_there(void **state)
{
    struct stage *s = *state;
    register_from(s, 2, SECONDS(1), SECONDS(3000));
    answer(s, 1, look_up(s, 1, 2, T), T + SECONDS(2), 1);
    lives_kill(&s->world, 2, T + SECONDS(3), 0, false);
    settle(s, T + SECONDS(9));
    assert_outcome(s, OUTCOME_CORRECT, 1);
}

static void no_value_of_one_that_never_registered_is_absent(void **state)
{
    struct stage *s = *state;
    answer(s, 1, look_up(s, 1, 2, T), T + SECONDS(2), 0);
    settle(s, T + SECONDS(9));
    assert_outcome(s, OUTCOME_ABSENT, 0);
}

static void a_registration_that_expires_on_the_way_is_absent(void **state)
{
    struct stage *s = *state;
    register_from(s, 2, SECONDS(1), T + SECONDS(1));
    answer(s, 1, look_up(s, 1, 2, T), T + SECONDS(2), 0);
    settle(s, T + SECONDS(9));
    assert_outcome(s, OUTCOME_ABSENT, 0);
}

static void a_value_that_nobody_near_the_owner_holds_is_lost(void **state)
{
    struct stage *s = *state;
    register_from(s, 2, SECONDS(1), SECONDS(3000));
    s->net.holds[6] = s->net.holds[1] = true; /* four steps behind the owner, and before it */
    answer(s, 1, look_up(s, 1, 2, T), T + SECONDS(2), 0);
    settle(s, T + SECONDS(9));
    assert_outcome(s, OUTCOME_LOST, 1);
}

static void a_value_that_the_owner_or_a_successor_holds_was_sought_in_the_wrong_place(void **state)
{
    struct stage *s = *state;
    register_from(s, 2, SECONDS(1), SECONDS(3000));
    s->net.holds[5] = true;
    fact(s, 1, T + SECONDS(2), FACT_REQUEST_FAILED, look_up(s, 1, 2, T), ERROR_NOT_FOUND | 3 << 16);
    settle(s, T + SECONDS(9));
    assert_outcome(s, OUTCOME_WRONG_OWNER, 1);
    assert_int_equal(s->scopes[0].m->lookup_latency.count, 1); /* Error_Not_Found is an answer */
    assert_int_equal(s->scopes[0].m->lookup_links.sum, 3);
}

static void silence_is_a_timeout(void **state)
{
    struct stage *s = *state;
    register_from(s, 2, SECONDS(1), SECONDS(3000));
    fact(s, 1, T + SECONDS(15), FACT_REQUEST_FAILED, look_up(s, 1, 2, T), 0);
    settle(s, T + SECONDS(20));
    assert_outcome(s, OUTCOME_TIMEOUT, 1);
    assert_int_equal(s->scopes[0].m->lookup_failures, 1);
    assert_int_equal(s->scopes[0].m->lookup_latency.count, 0);
}

static void another_error_is_an_error(void **state)
{
    struct stage *s = *state;
    register_from(s, 2, SECONDS(1), SECONDS(3000));
    fact(s, 1, T + SECONDS(1), FACT_REQUEST_FAILED, look_up(s, 1, 2, T), ERROR_TTL_EXCEEDED);
    settle(s, T + SECONDS(20));
    assert_outcome(s, OUTCOME_ERROR, 1);
}

static void a_request_that_the_asker_itself_refuses_is_an_error(void **state)
{
    struct stage *s = *state;
    register_from(s, 2, SECONDS(1), SECONDS(3000));
    fact(s, 1, T, FACT_REQUEST_FAILED, look_up(s, 1, 2, T), FACT_FAILED_HERE(ERR_NO_ROOM));
    settle(s, T + SECONDS(20));
    assert_outcome(s, OUTCOME_ERROR, 1);
}

static void what_is_under_way_after_the_drain_has_timed_out(void **state)
{
    struct stage *s = *state;
    register_from(s, 2, SECONDS(1), SECONDS(3000));
    look_up(s, 1, 2, T);
    s->world.now = T + SECONDS(16);
    observer_close(&s->world);
    assert_outcome(s, OUTCOME_TIMEOUT, 1);
}

static void the_look_up_of_an_asker_who_goes_is_abandoned(void **state)
{
    struct stage *s = *state;
    register_from(s, 2, SECONDS(1), SECONDS(3000));
    uint32_t tag = look_up(s, 1, 2, T);
    lives_kill(&s->world, 1, T + SECONDS(1), 0, false);
    answer(s, 1, tag, T + SECONDS(2), 1); /* too late for anybody */
    settle(s, T + SECONDS(9));
    assert_int_equal(s->scopes[0].m->lookups, 1);
    assert_int_equal(s->scopes[0].m->abandoned, 1);
    assert_int_equal(s->scopes[0].m->expected, 0);
}

/* ---- accounting ---- */

static void links_follow_the_transaction(void **state)
{
    struct stage *s = *state;
    register_from(s, 2, SECONDS(1), SECONDS(3000));
    uint32_t tag = look_up(s, 1, 2, T);
    fact(s, 1, T, FACT_REQUEST_SENT, tag, 0xfeed);
    fact(s, 3, T + SECONDS(1), FACT_REQUEST_SERVED, 0xfeed, 7 << 16 | FETCH_REQ);
    settle(s, T + SECONDS(1)); /* still under way at one instant */
    answer(s, 1, tag, T + SECONDS(2), 1);
    settle(s, T + SECONDS(9));
    assert_int_equal(s->scopes[0].m->lookup_links.sum, 7);
}

/* The link that swallowed a request is given up half a minute later, when the look-up has gone another way and been judged. */
static void a_dead_hop_counts_however_late_it_is_told(void **state)
{
    struct stage *s = *state;
    struct summary figures;
    register_from(s, 2, SECONDS(1), SECONDS(3000));
    for (unsigned i = 0; i < 2; i++) {
        uint32_t tag = look_up(s, 1, 2, T);
        fact(s, 1, T, FACT_REQUEST_SENT, tag, 0xfeed + i);
        answer(s, 1, tag, T + SECONDS(2), 1);
    }
    settle(s, T + SECONDS(2));
    fact(s, 4, T + SECONDS(30), FACT_DEAD_HOP, 0xfeed, FETCH_REQ);
    fact(s, 4, T + SECONDS(30), FACT_DEAD_HOP, 0xfeed, FETCH_ANS); /* on the way back: no matter */
    settle(s, T + SECONDS(30));
    tally_add(&s->scopes[0].m->tally, &s->books.tally);
    measures_summary(s->scopes[0].m, SECONDS(15), &figures);
    assert_true(figures.lookup_dead_hops_mean == 0.5);
}

static void look_ups_of_the_warm_up_do_not_count(void **state)
{
    struct stage *s = *state;
    answer(s, 1, look_up(s, 1, 2, MEASURE_FROM - 1), T, 1);
    settle(s, T + SECONDS(9));
    assert_int_equal(s->scopes[0].m->lookups, 0);
    assert_int_equal(s->scopes[0].m->outcome[OUTCOME_CORRECT], 0);
}

static void before_and_after_the_fault_go_by_the_start(void **state)
{
    struct stage *s = *state;
    answer(s, 1, look_up(s, 1, 2, SECONDS(499)), SECONDS(501), 1);
    answer(s, 1, look_up(s, 1, 2, SECONDS(500)), SECONDS(501), 1);
    answer(s, 1, look_up(s, 1, 2, SECONDS(502)), SECONDS(503), 1);
    settle(s, SECONDS(510));
    assert_int_equal(s->scopes[0].m->lookups, 3);
    assert_int_equal(s->scopes[1].m->lookups, 1);
    assert_int_equal(s->scopes[2].m->lookups, 2);
}

static void a_guard_time_leaves_look_ups_out(void **state)
{
    struct stage *s = *state;
    const struct scope scope = {
        .from = SECONDS(100), .to = SECONDS(1000), .guard = SECONDS(60), .fault = s->world.fault_at, .until = s->world.fault_until, .faults = 1};
    assert_true(scope_covers(&scope, SECONDS(500) - 1));
    assert_false(scope_covers(&scope, SECONDS(500)));
    assert_false(scope_covers(&scope, SECONDS(560) - 1));
    assert_true(scope_covers(&scope, SECONDS(560)));
    assert_false(scope_covers(&scope, SECONDS(1000)));
}

static void a_registration_counts_from_its_acknowledgement_and_expires(void **state)
{
    struct stage *s = *state;
    uint32_t tag = observer_request(&s->books, session(s, 2), 2, 2, net_user(NULL, 2), false, T);
    answer(s, 2, tag, T + SECONDS(1), 0);
    settle(s, T + SECONDS(2));
    assert_int_equal(s->identity[2].registered_from, T + SECONDS(1));
    assert_int_equal(s->identity[2].registered_until, T + SECONDS(3600));
    tag = observer_request(&s->books, session(s, 2), 2, 2, net_user(NULL, 2), false, T + MINUTES(50));
    answer(s, 2, tag, T + MINUTES(51), 0);
    settle(s, T + MINUTES(52));
    assert_int_equal(s->identity[2].registered_from, T + SECONDS(1)); /* no gap */
    assert_int_equal(s->identity[2].registered_until, T + MINUTES(110));
    assert_int_equal(s->scopes[0].m->registrations, 1); /* the other began after the measured phase */
    assert_int_equal(s->scopes[0].m->registration_good, 1);
}

static void a_failed_registration_is_tried_again(void **state)
{
    struct stage *s = *state;
    uint32_t tag = observer_request(&s->books, session(s, 2), 2, 2, net_user(NULL, 2), false, T);
    fact(s, 2, T + SECONDS(15), FACT_REQUEST_FAILED, tag, 0);
    assert_true(session(s, 2)->retry_register == T + SECONDS(45));
    assert_int_equal(s->identity[2].registered_until, 0);
}

static void who_dies_saying_good_bye_has_left(void **state)
{
    struct stage *s = *state;
    s->world.churn = (struct churn){.ids = 1,
        .on = true, .session = {LAW_FIXED, 600, 0}, .offline = {LAW_FIXED, 600, 0}, .online_share = 0.5, .graceful = 1};
    s->identity[2].next_churn = T;
    lives_act(&s->world, NULL, 2, T);
    lives_kill(&s->world, 2, T + SECONDS(1), 0, false);
    assert_int_equal(s->books.tally.leaves, 1);
    assert_int_equal(s->books.tally.crashes, 0);
    assert_int_equal(s->net.stopped, 1);
}

/* A peer that lost the ring: what fell due while it joined again is done once it is back, each thing once. */
static void who_joins_again_goes_on_with_its_work(void **state)
{
    struct stage *s = *state;
    session(s, 2)->next_register = T + MINUTES(5);
    session(s, 2)->next_lookup = T + MINUTES(400);
    fact(s, 2, T, FACT_JOIN_STARTED, 1, 0);
    assert_true(lives_act(&s->world, NULL, 2, T + MINUTES(5)) == TIME_NEVER); /* nothing while it is off the ring */
    assert_int_equal(s->net.requests, 0);
    fact(s, 2, T + MINUTES(120), FACT_JOINED, 0, 0);
    assert_true(s->net.act_at <= T + MINUTES(120));
    assert_true(session(s, 2)->joined_at == T + MINUTES(120)); /* ring_judge gives it time to settle */
    assert_int_equal(s->books.joins.count, 0);                 /* it did not come online */
    assert_true(lives_act(&s->world, NULL, 2, T + MINUTES(120)) == T + MINUTES(155));
    assert_int_equal(s->net.requests, 1);
}

static void detection_counts_from_the_death(void **state)
{
    struct stage *s = *state;
    lives_kill(&s->world, 5, T, 0, false);
    fact(s, 4, T + SECONDS(31), FACT_LINK_FAILED, 5, 0);
    fact(s, 3, T + SECONDS(33), FACT_LINK_FAILED, 5, 0);
    fact(s, 3, T + SECONDS(33), FACT_LINK_FAILED, 6, 0); /* alive: a false alarm */
    settle(s, T + SECONDS(40));
    assert_int_equal(s->scopes[0].m->detect_latency.count, 2);
    assert_int_equal(s->scopes[0].m->detect_latency.sum, SECONDS(64));
    assert_int_equal(s->books.tally.link_failures_live, 1);
}

/* Key k belongs to peer k + 1: it is one more than the id of peer k. */
static uint32_t ask_for(struct stage *s, uint64_t k, sim_time at)
{
    s->world.kind = &names;
    return observer_request(&s->books, session(s, 1), 1, PEER_NONE, (struct id){(k << 60) + 1, 0}, true, at);
}

static void an_owner_is_right_when_it_was_responsible_as_the_answer_came(void **state)
{
    struct stage *s = *state;
    answer(s, 1, ask_for(s, 2, T), T + SECONDS(2), 0); /* names peer 3 */
    answer(s, 1, ask_for(s, 2, T), T + SECONDS(4), 0); /* it has gone by then */
    answer(s, 1, ask_for(s, 1, T), T + SECONDS(4), 0); /* peer 2 is gone */
    answer(s, 1, ask_for(s, 1, T), T + SECONDS(2), 0); /* but was there then */
    answer(s, 1, ask_for(s, 7, T), T + SECONDS(2), 0); /* round the ring: peer 0 */
    lives_kill(&s->world, 3, T + SECONDS(3), 0, false);
    settle(s, T + SECONDS(9));
    const struct measures *m = s->scopes[0].m;
    assert_int_equal(m->outcome[OUTCOME_CORRECT], 1);
    assert_int_equal(m->outcome[OUTCOME_WRONG_OWNER], 4);
    assert_int_equal(m->expected, 5);
    assert_int_equal(m->expected_correct, 1);
    assert_int_equal(m->lookup_links.sum, 5 * 4);
}

static void who_has_not_joined_owns_nothing(void **state)
{
    struct stage *s = *state;
    session(s, 2)->joined_at = T + SECONDS(3);
    answer(s, 1, ask_for(s, 1, T), T + SECONDS(2), 0); /* names peer 3: right, peer 2 joins a second later */
    answer(s, 1, ask_for(s, 1, T), T + SECONDS(3), 0);
    settle(s, T + SECONDS(9));
    assert_int_equal(s->scopes[0].m->outcome[OUTCOME_CORRECT], 1);
    assert_int_equal(s->scopes[0].m->outcome[OUTCOME_WRONG_OWNER], 1);
}

static void dead_hops_of_an_iterative_look_up_are_counted(void **state)
{
    struct stage *s = *state;
    uint32_t one = ask_for(s, 2, T), other = ask_for(s, 2, T);
    fact(s, 1, T, FACT_DEAD_HOP, one, 0);
    fact(s, 1, T, FACT_DEAD_HOP, one, 0);
    fact(s, 1, T, FACT_DEAD_HOP, other, 0);

    answer(s, 1, one, T + SECONDS(1), 0);
    fact(s, 1, T + SECONDS(2), FACT_REQUEST_FAILED, other, 0);
    settle(s, T + SECONDS(9));
    assert_int_equal(s->books.tally.dead_hops, 3);
    assert_int_equal(s->scopes[0].m->outcome[OUTCOME_TIMEOUT], 1);
}

static void presence_is_told_back_over_three_changes(void **state)
{
    struct stage *s = *state;
    struct identity *id = &s->identity[1];
    sim_time since;
    id->changed[0] = 40, id->changed[1] = 30, id->changed[2] = 20; /* now online: on at 40, off at 30, on at 20 */
    assert_true(identity_present_at(id, 45, &since) && since == 40);
    assert_true(!identity_present_at(id, 39, &since) && since == 30);
    assert_true(identity_present_at(id, 29, &since) && since == 20);
    assert_false(identity_present_at(id, 19, NULL));
    assert_true(session_began(id) == 40);
    life_set(id, LIFE_ONLINE | LIFE_LEAVING); /* off at 40, and its process, which began at 30, says good-bye */
    assert_true(session_began(id) == 30);
}

/* Clients are counted apart. */
static void a_session_too_short_to_join_says_nothing(void **state)
{
    struct stage *s = *state;
    const struct joining joins[] = {{T, T + SECONDS(4), true, false},
                                    {T, T + SECONDS(14), false, false},
                                    {T, T + SECONDS(16), false, false},
                                    {T, T + SECONDS(2), true, true},
                                    {T, T + SECONDS(14), false, true}};
    for (unsigned i = 0; i < 5; i++)
        LIST_PUSH(&s->books.joins, joins[i]);
    settle(s, T + SECONDS(20));
    const struct measures *m = s->scopes[0].m;
    assert_int_equal(m->joins.count, 3);
    assert_int_equal(m->joins.good, 1);
    assert_int_equal(m->joins.bad, 1);
    assert_int_equal(m->joins.latency.sum, SECONDS(4));
    assert_int_equal(m->attaches.count, 2);
    assert_int_equal(m->attaches.good, 1);
    assert_int_equal(m->attaches.bad, 0);
    assert_int_equal(m->attaches.latency.sum, SECONDS(2));
}

static void only_late_answers_of_resent_requests_are_spurious(void **state)
{
    struct stage *s = *state;
    fact(s, 1, T, FACT_LATE_ANSWER, 0xaaa, 0); /* doubled by a link */
    fact(s, 1, T, FACT_RESENT, 0xbbb, 1);
    fact(s, 1, T, FACT_RESENT, 0xbbb, 2);
    for (unsigned i = 0; i < 3; i++)
        fact(s, 1, T, FACT_LATE_ANSWER, 0xbbb, 0); /* two show something, the third was doubled */
    assert_int_equal(s->books.tally.resent, 2);
    assert_int_equal(s->books.tally.spurious, 2);
    fact(s, 1, T, FACT_RESENT, 0xccc, 1);
    settle(s, T + SECONDS(16)); /* one generation on, still known */
    fact(s, 1, T + SECONDS(17), FACT_LATE_ANSWER, 0xccc, 0);
    assert_int_equal(s->books.tally.spurious, 3);
    for (uint64_t tid = 1; tid <= 1000; tid++)
        fact(s, 1, T, FACT_RESENT, tid << 32, 1);
    for (uint64_t tid = 1; tid <= 1000; tid++)
        fact(s, 1, T, FACT_LATE_ANSWER, tid << 32, 0);
    assert_int_equal(s->books.tally.spurious, 1003);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, stage_open, stage_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_value_of_a_present_device_is_correct),
        TEST(a_value_that_nobody_knows_of_counts_once_it_came),
        TEST(a_value_of_a_device_that_went_is_stale),
        TEST(a_device_that_goes_after_the_answer_was_still_there),
        TEST(no_value_of_one_that_never_registered_is_absent),
        TEST(a_registration_that_expires_on_the_way_is_absent),
        TEST(a_value_that_nobody_near_the_owner_holds_is_lost),
        TEST(a_value_that_the_owner_or_a_successor_holds_was_sought_in_the_wrong_place),
        TEST(silence_is_a_timeout),
        TEST(another_error_is_an_error),
        TEST(a_request_that_the_asker_itself_refuses_is_an_error),
        TEST(what_is_under_way_after_the_drain_has_timed_out),
        TEST(the_look_up_of_an_asker_who_goes_is_abandoned),
        TEST(links_follow_the_transaction),
        TEST(a_dead_hop_counts_however_late_it_is_told),
        TEST(look_ups_of_the_warm_up_do_not_count),
        TEST(before_and_after_the_fault_go_by_the_start),
        TEST(a_guard_time_leaves_look_ups_out),
        TEST(a_registration_counts_from_its_acknowledgement_and_expires),
        TEST(a_failed_registration_is_tried_again),
        TEST(who_dies_saying_good_bye_has_left),
        TEST(who_joins_again_goes_on_with_its_work),
        TEST(detection_counts_from_the_death),
        TEST(an_owner_is_right_when_it_was_responsible_as_the_answer_came),
        TEST(who_has_not_joined_owns_nothing),
        TEST(dead_hops_of_an_iterative_look_up_are_counted),
        TEST(presence_is_told_back_over_three_changes),
        TEST(a_session_too_short_to_join_says_nothing),
        TEST(only_late_answers_of_resent_requests_are_spurious),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
