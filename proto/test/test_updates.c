/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins what one join, one leave and one failure cost an overlay of 200 peers in Updates, that each Update is booked under its cause, and that nothing is
 * sent while nothing happens. RFC 6940 10.7.1 lets a peer whose neighbour table changes tell all its links: the three predecessors and three successors of
 * the place and the peer itself, seven times the links. One event at a time, nothing periodic, no loss: what is sent after the event is its own. Leaves open
 * overlapping events, which the simulator books the same way (updates.* of summary.json). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/test/overlay.h"

#define PEERS  200u
#define ABSENT 5u /* that come later */
#define EVENTS 5u /* of each kind */

struct cost {
    unsigned sent[UPDATE_CAUSES], all;
};

static double mean_links(struct overlay_net *o)
{
    struct node_view v;
    double links = 0;
    unsigned n = 0;
    for (peer_h p = 0; p < PEERS; p++) {
        struct recorder *r = overlay_node(o, p);
        if (!r)
            continue;
        node_look(r->node, &r->env, &v);
        links += v.links;
        n++;
    }
    return links / n;
}

static void settle(struct overlay_net *o, struct cost *c)
{
    unsigned before[UPDATE_CAUSES], after[UPDATE_CAUSES];
    overlay_updates(o, before);
    overlay_run(o, overlay_now(o) + SECONDS(200));
    overlay_updates(o, after);
    for (unsigned k = 0; k < UPDATE_CAUSES; k++) {
        c->sent[k] += after[k] - before[k];
        c->all += after[k] - before[k];
    }
}

static struct overlay_net *ring_open(const struct overlay *config)
{
    struct overlay_net *o = overlay_open(config, PEERS, MILLIS(50), 0);
    overlay_start(o, 0, &(struct node_opts){.first = true});
    for (peer_h p = 1; p < PEERS - ABSENT; p++) {
        overlay_run(o, overlay_now(o) + SECONDS(1));
        overlay_start(o, p, &(struct node_opts){.first = false});
    }
    overlay_run(o, overlay_now(o) + SECONDS(400));
    return o;
}

static void tell(const char *what, const struct cost *c, double links)
{
    double each = (double)c->all / EVENTS, bound = 7 * links;
    print_message("%-8s %6.1f Updates: join %.1f leave %.1f failure %.1f interval %.1f attach %.1f other %.1f; %.2f x 7 x %.1f links\n", what, each,
                  (double)c->sent[0] / EVENTS, (double)c->sent[1] / EVENTS, (double)c->sent[2] / EVENTS, (double)c->sent[3] / EVENTS,
                  (double)c->sent[4] / EVENTS, (double)c->sent[5] / EVENTS, each / bound, links);
}

/* Of the seven some tell all their links twice: a table that has lost a peer is short until the next one is linked, and then changes again. Coalescing
 * holds back what becomes due while an Update is under way. */
static void expect(const struct cost *c, double links, enum update_cause cause)
{
    double each = (double)c->all / EVENTS;
    assert_true(each > 0.5 * 7 * links && each < 2 * 7 * links);
    for (unsigned k = 0; k < UPDATE_FOR_INTERVAL; k++)
        if (k != cause)
            assert_int_equal(c->sent[k], 0);
    assert_true(c->sent[cause] * 5 > c->all * 4);
    assert_int_equal(c->sent[UPDATE_FOR_INTERVAL], 0);
    assert_true(c->sent[UPDATE_FOR_OTHER] * 50 < c->all);
}

static void an_event_costs_at_most_twice_seven_times_the_links(void **state)
{
    (void)state;
    struct overlay config = overlay_defaults();
    struct cost quiet = {0}, join = {0}, leave = {0}, failure = {0};
    config.update_interval = config.ping_interval = SECONDS(10000000);
    config.partition_check = 0;
    struct overlay_net *o = ring_open(&config);
    settle(o, &quiet);
    assert_int_equal(quiet.all, 0);
    double links = mean_links(o);
    for (unsigned k = 0; k < EVENTS; k++) {
        overlay_start(o, PEERS - ABSENT + k, &(struct node_opts){.first = false});
        settle(o, &join);
    }
    for (unsigned k = 0; k < EVENTS; k++) {
        overlay_request(o, 20 + 30 * k, &(struct request){.op = REQUEST_LEAVE, .tag = 1});
        settle(o, &leave);
    }
    for (unsigned k = 0; k < EVENTS; k++) {
        overlay_kill(o, 30 + 30 * k);
        settle(o, &failure);
    }
    tell("join", &join, links);
    tell("leave", &leave, links);
    tell("failure", &failure, links);
    expect(&join, links, UPDATE_FOR_JOIN);
    expect(&leave, links, UPDATE_FOR_LEAVE);
    expect(&failure, links, UPDATE_FOR_FAILURE);
    overlay_close(o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_costs_at_most_twice_seven_times_the_links),
    };
    return cmocka_run_group_tests_name("updates", tests, NULL, NULL);
}
