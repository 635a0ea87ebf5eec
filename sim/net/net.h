/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The virtual host: sites, virtual sockets and DTLS channels, latency, loss, CPU, keepalives. It implements proto/port.h over the kernel.
 *
 * Identity number = peer_h = addr_h = kernel node number; its Node-ID is permute128(seed, number); its IPv4 address is 16.0.0.0 + number, port 6084.
 * An identity is online or not; going online makes a node block, going offline frees it: what then arrives for it is lost without a sign. */
#ifndef SIM_NET_NET_H
#define SIM_NET_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/overlay.h"
#include "sim/kernel/kernel.h"
#include "sim/kernel/law.h"
#include "sim/net/actor.h"
#include "sim/net/latency.h"

struct net;

/* Rates of 0 are unlimited: nothing queues. Of each direction: queue_bytes, 1 .. ACCESS_QUEUE_MAX, and the longest time that a datagram waits there, 0 = any.
 * A line that is free takes any datagram. */
#define ACCESS_QUEUE_MAX (UINT32_C(1) << 30)
struct access_line { uint64_t up_bps, down_bps; uint32_t queue_bytes; sim_time wait_max; };

struct net_config {
    uint64_t seed;
    uint32_t identities;
    uint32_t single_ids;            /* the first so many identities are devices of their own; then ids_per_device of them, one after the other, are */
    uint32_t ids_per_device;        /* one device: one site, place and user name, used in turn. 0 and 1 = each identity is a device */
    const struct actor_group *groups; /* who runs what: ranges by rising `first`, beginning with 0, then shards; where two have one identity, the later. Borrowed */
    unsigned ngroups;
    const struct overlay *overlay;
    const struct latency *latency;
    double loss;                    /* share of datagrams lost on each leg */
    double broken_pairs;            /* share of pairs of devices between which nothing ever arrives */
    double closed;                  /* share of devices that let in only channels which they were asked for by an Attach; single_ids are open */
    uint32_t sign_ns, verify_ns;    /* CPU cost */
    sim_time cpu_backlog;           /* what arrives while the CPU has work for longer than this is dropped; 0: never */
    struct access_line access;      /* of each device */
    uint64_t epoch_ms;              /* unix time of simulated time 0 */
    const struct law *laws;         /* what port.draw samples: law number n (1..nlaws) is laws[n - 1]; borrowed */
    unsigned nlaws;
    enum kernel_engine engine;
    unsigned partitions;
    struct ranks *ranks;            /* NULL: all partitions are here (kernel.h). Else identities of other ranks can be named, located and sent to, and nothing else */
    enum kernel_threads threads;
    sim_time window;                /* 1 ns .. latency->min_delay */
    bool keepalives_one_by_one;     /* an event each, instead of worked out: slow, same results, for tests. Implied where the delay of a datagram is drawn or queues */
    bool weather_delays;            /* net_weather will change delays: keepalives go one by one, so that they feel it */
    bool check_every_event;         /* the actor's check after every event; a violation is printed with seed, node and time, and ends the run with 70 */
};

/* What becomes of a datagram: it leaves, to arrive or to be lost on the way; it arrives at a node, or where nobody is or its channel is not there. */
enum datagram_step { DATAGRAM_SENT, DATAGRAM_LOST, DATAGRAM_ARRIVED, DATAGRAM_NOBODY };

/* What the world gets to see and do. fact is called inside a handler of `peer`, in its part; act when a wake-up set by net_act_at is due. */
struct net_hooks {
    void *world;
    void (*fact)(void *world, struct part *, peer_h, sim_time now, uint16_t what, uint64_t a, uint64_t b);
    sim_time (*act)(void *world, struct part *, peer_h, sim_time now);   /* returns the next time to act */
    /* A datagram of an actor (for RELOAD a DATA or ACK frame), for captures; NULL = no capture. frame: folded bytes as sent, event->len of them; at: when this
     * happens. Called once when it leaves, in the sender's part, and once more when it arrives, in the receiver's. Not called for handshakes, alerts and
     * keepalives, nor for what goes to an address that nobody can have; of what the receiver's CPU drops only the
     * leaving is told. */
    void (*capture)(void *world, struct part *, const struct event *, const uint8_t *frame, sim_time at, enum datagram_step);
    /* An identity has got a seat (kernel.h), its time to act is kept on. May be NULL. It must not call back. */
    void (*seat)(void *world, struct part *, peer_h, uint32_t seat, sim_time act_at);
};

/* User names have 63 characters at most: u, ten digits, @, and this. */
#define NET_OVERLAY_NAME_MAX 51u

/* 0, -EINVAL for a configuration that breaks a rule above, or -ENOMEM. */
int net_open(struct net **, const struct net_config *, const struct net_hooks *);
void net_close(struct net *);
struct kernel *net_kernel(struct net *);
/* NULL: one rank. */
struct ranks *net_ranks(const struct net *);
unsigned net_rank_of(const struct net *, peer_h);
/* The identities that live here, from first up to end: all of them but on several ranks. */
void net_here(const struct net *, uint32_t *first, uint32_t *end);

/* Brings an identity online. From act, or between runs. */
void net_start(struct net *, struct part *, peer_h, sim_time now, const struct node_opts *);
/* The process is gone at once: block freed, channels dead, no farewell. Allowed inside act and fact handlers of the same peer (takes effect when the
 * handler returns) and between runs. */
void net_stop(struct net *, struct part *, peer_h, sim_time now);
bool net_online(const struct net *, peer_h);
void net_request(struct net *, struct part *, peer_h, sim_time now, const struct request *);
/* Time of the next act of this identity (online or not). */
void net_act_at(struct net *, struct part *, peer_h, sim_time);

/* Building mid-life nodes (converged start): between runs, before time 0. net_seed_begin makes the block and calls node_seed; net_seed_link opens a
 * channel between two seeded nodes without a handshake and calls node_seed_link on both; the env is valid until the next net call. A node's channels get
 * slots 0, 1, 2, ... in the order of calls. On several ranks each calls it for the pairs of which one end or both live there; far: the slot of the other end, if that
 * lives elsewhere. */
struct node *net_seed_begin(struct net *, peer_h, const struct node_seed *, struct env **);
struct seed_edge { uint8_t a_predecessor, a_successor, b_predecessor, b_successor; }; /* what b is to a, and a to b; 0 = not a neighbour */
void net_seed_link(struct net *, peer_h a, peer_h b, const struct seed_edge *, uint16_t far);
/* Asks memory for what net_seed_link will need of a peer, in SEED_TOUCHES steps from 0 on, each some edges after the one before. */
#define SEED_TOUCHES 4u
void net_seed_touch(const struct net *, peer_h, unsigned step);
struct node *net_seed_node(struct net *, peer_h, struct env **);
void net_seed_end(struct net *, peer_h);

/* Looking from outside. The env serves node_look, node_holds, node_check; valid until the next net call. */
const struct node *net_node(const struct net *, peer_h, struct env **);
struct id net_id(const struct net *, peer_h);                   /* ID_WILDCARD: not an identity */
peer_h net_peer(const struct net *, struct id);                 /* PEER_NONE: not an identity */
/* Resource-ID of the user name of the identity's device "u<number, 10 digits>@<overlay>": first 16 bytes of its SHA-1 (RFC 6940 10.2). */
struct id net_user(const struct net *, peer_h);
size_t net_user_name(const struct net *, peer_h, char out[64]);
/* The modulus of its modelled key, where certificates are self-signed (256 bytes). */
void net_modulus(const struct net *, peer_h, uint8_t out[256]);
/* Place of the latency model where the identity's device is; 0 where the model has none. */
uint16_t net_place(const struct net *, peer_h);
/* Round trip between two identities with nothing queued, ns. */
sim_time net_rtt(const struct net *, peer_h a, peer_h b);

struct budget;
struct net_counts {
    uint64_t sent, delivered, lost, dead, dropped;               /* datagrams without keepalives: lost = by loss; dead = receiver offline or channel
                                                                    gone; dropped = its CPU was too far behind */
    uint64_t uplink_dropped, downlink_dropped;                   /* the queue before the access line was full */
    uint64_t uplink_wait_ns, downlink_wait_ns;                   /* in that queue, all datagrams together, keepalives too */
    uint64_t class_count[TRAFFIC_CLASSES], class_bytes[TRAFFIC_CLASSES]; /* delivered; bytes with UDP/IP and DTLS overhead */
    uint64_t keepalives_sent, keepalives_lost, keepalives_dropped, keepalives_dead; /* dropped: by an access line; dead: none of these nor delivered; those
                                                                    under way are among them */
    uint64_t message_bytes;                                      /* of datagrams of actors but acknowledgements delivered: true bytes less the actor's framing */
    uint64_t clamped, legs;
    uint64_t handshakes, handshakes_failed;
    uint64_t wakes;                                              /* in which a node, the world or a timer of the host acted */
    uint64_t events;                                             /* datagrams delivered, keepalives too, and wakes; equal for each engine */
    uint64_t node_bytes, online;                                 /* now */
    uint64_t in_flight;                                          /* now, as given to and taken from the kernel: sent = delivered + lost + dead + dropped + uplink_dropped + downlink_dropped + in_flight */
};
/* Of those that live here; sums over all ranks are what the names say. Between runs. Not free: it goes through all channels to bring keepalives up to date. */
void net_count(const struct net *, struct net_counts *);
size_t net_memory(const struct net *);
/* Byte budgets of this folder. */
const struct budget *net_budgets(bool connectionless, unsigned *count);

#endif
