/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to sim/hostile: what an attacker keeps, and how an attack is marked and made. */
#ifndef SIM_HOSTILE_ATTACK_H
#define SIM_HOSTILE_ATTACK_H

#include <assert.h>

#include "proto/overlay.h"
#include "proto/wire/frame.h"
#include "proto/wire/message.h"
#include "sim/hostile/hostile.h"

#define HEARD_BYTES 1500u
#define REMEMBERED  8u

/* Behind the peer's own memory, at the end of its block: 1,700 bytes of an attacker, none of an honest peer. */
struct hostile_state {
    sim_time next;          /* attack */
    uint64_t attacks;       /* so far, in this session */
    struct {
        uint64_t tid;       /* 0 = none, or what came of it is known */
        uint8_t attack;
    } sent[REMEMBERED];
    unsigned sents;
    sim_time heard_at;      /* TIME_NEVER = nothing yet */
    uint16_t heard_len, heard_true;
    uint8_t heard[HEARD_BYTES]; /* a request of another's, as it came */
};
static_assert(sizeof(struct hostile_state) <= 1704, "what an attacker costs more than a peer");

/* Sends the next attack of the peer in this node; its time has come. */
void attack_send(const struct node *, struct env *, const struct hostile_config *, struct hostile_state *);
/* The attack that a received datagram belongs to, ATTACKS if it is none. *further: it has been forwarded since. */
enum attack attack_of(const struct dgram *, uint64_t seed, bool *further);

#endif
