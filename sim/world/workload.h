/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What users do: every device registers soon after it has joined and then periodically, and looks others up at random times. */
#ifndef SIM_WORLD_WORKLOAD_H
#define SIM_WORLD_WORKLOAD_H

#include "sim/world/state.h"

#define REGISTRATION_BYTES 64

void workload_joined(struct world *, struct session *, peer_h, sim_time now);
/* The session of an identity that is in mid-session at time 0, having registered that long ago (0 = not yet). */
void workload_seeded(struct world *, struct session *, peer_h, sim_time registered_ago);
/* The look-ups of a trace, if the scenario has one. 0, or -1 with a message. */
int workload_open_calls(struct world *, char *error, size_t error_cap);
void workload_close_calls(struct world *);
sim_time workload_next_call(const struct world *, peer_h);
/* Those that are due go out, or are skipped where the asker has not joined. */
void workload_calls_due(struct world *, struct part *, peer_h, sim_time now);
/* Look-ups of this identity come at another rate from now on. */
void workload_replan(struct world *, struct session *, peer_h, sim_time now);
/* The scenario says otherwise than before how often all look up or register: those who are there plan anew. At an instant. */
void workload_changed(struct world *, bool lookups, bool registrations);
/* Sends what is due. */
void workload_due(struct world *, struct part *, peer_h, sim_time now);
sim_time workload_next(const struct session *);
/* The registration failed: it is tried again soon, not only when the next is due. */
void workload_register_failed(struct session *, sim_time now);
/* DataValue contents of the identity's registration: where to route to for it (RFC 7904 section 4.1). Returns the length. */
size_t workload_registration(struct world *, peer_h, uint8_t value[REGISTRATION_BYTES]);

#endif
