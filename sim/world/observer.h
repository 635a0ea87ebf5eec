/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The observer: outside, omniscient, without influence. Handlers note what happens in the books of their partition; at the next tick, when the
 * whole world stands still, every finished request is judged against what was true at its time: exactly for devices and registrations, as of the
 * tick, at most a second later, for what the peers of the ring hold.
 *
 *   correct      a value came, and the target's device was there when it came
 *   stale        a value came, but the device was gone
 *   absent       no value came, and no unexpired successful registration had existed during the whole look-up (never stored, or expired);
 *                also every look-up of a random key
 *   lost         no value came although it should exist, and neither the true owner nor its next three successors holds it
 *   wrong_owner  no value came although it should exist, and one of those holds it: we asked the wrong peer
 *   timeout      no answer within the end-to-end limit, or none by the end of the drain
 *   error        an error answer other than Error_Not_Found, or the asker itself could not send
 *
 * Overlays without values (chord2003) are asked who is responsible for a key. Then correct means that the answer names the peer that was
 * responsible when it came, wrong_owner that it names another; every key has its owner, so each look-up should succeed.
 *
 * A value should exist when its registration was acknowledged before the look-up began and expires after it ended, or when it came.
 * lookup.success = correct / look-ups whose value should exist, whatever the outcome. A look-up whose asker goes offline in mid-flight is
 * abandoned: counted, and left out of the shares. */
#ifndef SIM_WORLD_OBSERVER_H
#define SIM_WORLD_OBSERVER_H

#include "sim/world/state.h"

/* A request for this key is about to be sent: notes it and returns its tag. */
uint32_t observer_request(struct books *, struct session *, peer_h asker, peer_h target, struct id key, bool lookup,
                          sim_time now);
/* Ends every request of the session that awaits its end. */
void observer_abandon(struct books *, struct session *, sim_time now);
/* The fact hook of net. */
void observer_fact(void *world, struct part *, peer_h, sim_time now, uint16_t what, uint64_t a, uint64_t b);
/* At a tick, after assembly_joined: judges what has finished since the last one. On several ranks all come to it. */
void observer_settle(struct world *);
/* After the drain: what is still under way has failed; in a run that was cut short, in its drain too, nobody knows: abandoned. */
void observer_close(struct world *);

#endif
