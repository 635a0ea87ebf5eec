/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What goes wrong with a network while it runs: other latency and loss, partitions, slow CPUs, dead processes on live hosts, another configuration.
 * All calls between runs, at the present instant; what is under way keeps the delay and the luck that it left with.
 *
 * Keepalives are worked out from draws long after they were sent (keepalive.c), so what the network was like at each time is remembered: at most
 * NET_CHANGES_MAX changes of each kind a run. */
#ifndef SIM_NET_TROUBLE_H
#define SIM_NET_TROUBLE_H

#include "sim/net/net.h"

#define NET_CHANGES_MAX 160u

/* From now on: loss of each leg; delays times `latency` plus `slower`, raised to min_delay as ever. Other delays want config.weather_delays: keepalives
 * that are worked out arrive on a grid. */
void net_weather(struct net *, double loss, double latency, sim_time slower);

/* From now on what is sent between nodes whose bits differ is lost. side: one bit for each identity, copied. Several may last at a time. Returns the
 * number by which it is ended. */
unsigned net_cut(struct net *, const uint64_t *side);
void net_uncut(struct net *, unsigned cut);

/* CPU time of this identity, times the usual one; 1 = as usual. */
void net_slow(struct net *, peer_h, double factor);

/* net_stop, but the host lives: what arrives from now on, until the identity is online again, is refused. An ICMP port unreachable goes back and ends
 * the channel at its sender, CHAN_DOWN. Keepalives are refused too: the first one to arrive of each channel. */
void net_stop_process(struct net *, struct part *, peer_h, sim_time now);

/* Configuration documents (RFC 6940 11.1). net_publish writes and signs one for these parameters, and returns its number, from 0 on: the first one is what
 * everybody has. Nobody has a later one until net_hold says so or it is sent to him. net_held: which one an identity has, online or not; 0 while none was
 * published. */
#define NET_DOCUMENTS_MAX 66u
unsigned net_publish(struct net *, const struct overlay *);
void net_hold(struct net *, peer_h, unsigned document);
unsigned net_held(const struct net *, peer_h);

/* Kinds beside the registered ones (proto/kind.h): a signed kind-block for this one, and its place. Nobody knows it until net_teach_kind says so or it is sent to him. */
unsigned net_publish_kind(struct net *, const struct value_kind *);
void net_teach_kind(struct net *, peer_h, unsigned place);

/* The configuration in force for those who have document 0, 1, .. (an array, as long as there are documents; one if there are none), immutable, lives until
 * the next call; and another array for those that are marked in `some` (one bit an identity; NULL = nobody). What shapes tables and open channels cannot change: limits, fingers, keepalives, crypto, mtu. */
void net_configure(struct net *, const struct overlay *all, const struct overlay *for_some, const uint64_t *some);

#endif
