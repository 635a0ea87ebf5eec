/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Coming and going: applies the churn process, faults and the start to the network. */
#ifndef SIM_WORLD_LIVES_H
#define SIM_WORLD_LIVES_H

#include "sim/world/state.h"

/* Time 0: who is online, who is not, and when each changes next. With start: converged the overlay stands afterwards. 0, or -1. */
int lives_begin(struct world *);
/* The act hook of net: everything that is due for this identity; returns when it wants to act next. */
sim_time lives_act(void *world, struct part *, peer_h, sim_time now);
sim_time lives_next(const struct world *, const struct books *, peer_h);
/* The device fails at once. back: when it returns; 0 = as churn says: without churn, never. process: its host lives and refuses what
 * arrives. At an instant. */
void lives_kill(struct world *, peer_h, sim_time now, sim_time back, bool process);
/* The device says good-bye and goes; it returns as churn says. At an instant. */
void lives_send_off(struct world *, peer_h, sim_time now);
/* The device goes down at `at`, unless it leaves before, and is back after the start-up delay of that fault. At an instant. */
void lives_reboot(struct world *, peer_h, sim_time at, unsigned fault);
/* A device that is offline comes at `at`. At an instant. */
void lives_bring_back(struct world *, peer_h, sim_time at);
/* Identity 0 is the overlay, at time 0. */
void lives_start_first(struct world *);
/* The session of an identity that is in the converged overlay. */
struct session *lives_seed(struct world *, peer_h);
/* Facts. joining: it begins to join, perhaps again. */
void lives_joining(struct world *, struct part *, peer_h);
void lives_joined(struct world *, struct part *, peer_h, sim_time now);
void lives_left(struct world *, struct part *, peer_h, sim_time now);

#endif
