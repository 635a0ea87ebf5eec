/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Access lines: the rate at which a device's datagrams leave and come, each direction a queue of finite length, first in, first out.
 *
 *   node, CPU ──► [ queue │ uplink ] ──► network: delay, jitter, loss ──► [ queue │ downlink ] ──► CPU, node
 *
 * A direction is one number, when it will be free again. On the way out it is asked when a datagram is sent. On the way in a datagram first arrives at the far
 * end of the line, in the total order of events at its site, and is posted again for the time when its last bit is through. So the order in which
 * lines take datagrams is the order of events, whatever engine or partition runs them.
 *
 * Sizes are those on a real wire, UDP, IPv4 and DTLS included; what lies below IP (PPP, ATM cells) is part of the rate. A line belongs to the device: it
 * outlives sessions, and what a node had handed to it leaves after the node's death. Nobody at home, the line carries what comes all the same. */
#include <assert.h>
#include <stdlib.h>

#include "sim/kernel/fetch.h"
#include "sim/net/host.h"
#include "sim/rank/slice.h"

#define BITS_PER_S_NS UINT64_C(8000000000) /* bits of a byte times ns of a second */

struct line {
    sim_time up_free, down_free;
};

/* By device, of which there are no more than identities: from first up to end are here. */
static void devices_here(const struct net *n, uint32_t *first, uint32_t *end)
{
    *first = device_of(n, n->first);
    *end = n->end > n->first ? device_of(n, n->end - 1) + 1 : *first;
}

int access_open(struct net *n)
{
    uint32_t first, end;
    const struct access_line *a = &n->config.access;
    if (!a->up_bps && !a->down_bps)
        return 0;
    assert(a->queue_bytes > 0 && a->queue_bytes <= ACCESS_QUEUE_MAX);
    devices_here(n, &first, &end);
    n->line = slice_open(sizeof *n->line, n->config.identities, first, end);
    return n->line ? 0 : -1;
}

void access_close(struct net *n)
{
    uint32_t first, end;
    devices_here(n, &first, &end);
    slice_close(n->line, sizeof *n->line, n->config.identities, first, end);
}

size_t access_memory(const struct net *n)
{
    return n->line ? (n->end - n->first) * sizeof *n->line : 0;
}

void access_approach(const struct net *n, peer_h peer)
{
    fetch_line(&n->line[device_of(n, peer)]);
}

/* When the last bit is through; TIME_NEVER: no room in the queue, which holds what is on the line and is not through yet. */
static sim_time pass(const struct access_line *a, uint64_t bps, sim_time *free_at, sim_time at, uint32_t bytes, uint64_t *wait_ns)
{
    sim_time start = *free_at > at ? *free_at : at;
    sim_time end = start + (bytes * BITS_PER_S_NS + bps - 1) / bps;
    if (start > at && end - at > a->queue_bytes * BITS_PER_S_NS / bps)
        return TIME_NEVER;
    if (a->wait_max && start - at > a->wait_max)
        return TIME_NEVER;
    *wait_ns += start - at;
    return *free_at = end;
}

sim_time access_up(struct host *h, peer_h self, sim_time at, uint32_t bytes)
{
    const struct access_line *a = &h->net->config.access;
    if (!a->up_bps)
        return at;
    return pass(a, a->up_bps, &h->net->line[device_of(h->net, self)].up_free, at, bytes, &h->counts.uplink_wait_ns);
}

bool access_down(struct host *h, const struct event *e, const uint8_t *bytes)
{
    const struct access_line *a = &h->net->config.access;
    struct event through = *e;
    if (!a->down_bps || e->chan & ACCESS_PASSED || event_is_uncounted_refusal(e))
        return false;
    through.at = pass(a, a->down_bps, &h->net->line[device_of(h->net, e->dst)].down_free, e->at, wire_bytes(e), &h->counts.downlink_wait_ns);
    if (through.at != TIME_NEVER) {
        through.chan |= ACCESS_PASSED;
        kernel_post(h->part, &through, bytes);
    } else if (e->flags == KIND_KEEPALIVE) {
        h->counts.keepalives_dropped++;
    } else {
        h->counts.downlink_dropped++;
        h->counts.in_flight--;
    }
    return true;
}

static bool is_first_of_device(const struct net *n, peer_h peer)
{
    return peer == 0 || device_of(n, peer - 1) != device_of(n, peer);
}

void access_put(const struct net *n, peer_h peer, struct stream *s)
{
    if (is_first_of_device(n, peer))
        STREAM_PUT(s, n->line[device_of(n, peer)]);
}

void access_get(struct net *n, peer_h peer, struct stream_reader *r)
{
    if (is_first_of_device(n, peer))
        STREAM_GET(r, n->line[device_of(n, peer)]);
}
