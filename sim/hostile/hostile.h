/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Attackers: RELOAD peers that are insiders, with certificates, links and a place in the ring like everybody, and that besides send what no honest peer
 * would. They run the same proto code as the others; what they send beyond it goes out over their own channels, in frames and messages of their own making.
 *
 * hostile_actor (actor.h of sim/net) stands in front of every peer of a run with attackers. Who is one is a keyed draw of each identity, so it needs no
 * table and moves no other draw. An attacker sends one attack each `every`, of the selected kinds in turn, to a peer that it is linked to.
 *
 * What becomes of an attack is told by facts beyond those of proto/fact.h (enum hostile_fact). A datagram of an attack is known by its frame's sequence
 * number, which is above what proto ever uses, and further on by its transaction id: only this actor looks at either, no peer does. */
#ifndef SIM_HOSTILE_HOSTILE_H
#define SIM_HOSTILE_HOSTILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/time.h"
#include "proto/fact.h"
#include "sim/net/actor.h"

/* X(name, text in scenarios and results, what it is). */
#define HOSTILE_ATTACKS(X)                                                                       \
    X(TRUNCATED, "truncated", "a message cut anywhere")                                          \
    X(OVERSIZED, "oversized", "a message longer than max-message-size")                          \
    X(LENGTH, "lying-length", "length or the length of a list is not what it says")              \
    X(VIA, "looping-via", "a via list that goes back and forth, for the answer to follow")       \
    X(DESTINATION, "looping-destination", "a destination list that goes round")                  \
    X(OVERLAY, "wrong-overlay", "the hash of another overlay's name")                            \
    X(SIGNER, "wrong-signer", "our signature under the name of the victim")                      \
    X(REPLAY, "replayed", "a request that an honest peer sent through us half a minute ago")     \
    X(TTL, "ttl", "ttl 0, or above initial-ttl")                                                 \
    X(FRAGMENT, "fragments", "fragments that overlap, disagree about the end, or never end")     \
    X(UPDATE, "forged-update", "an Update that names invented neighbours on both sides")         \
    X(LEAVE, "forged-leave", "a Leave for another peer")                                         \
    X(STORE, "store-flood", "values above the limit of their Kind, and at other users' places")  \
    X(ROUTE, "source-route", "a source route through victims to a resource far away")

enum attack {
#define X(name, text, what) ATTACK_##name,
    HOSTILE_ATTACKS(X)
#undef X
    ATTACKS
};

struct hostile_config {
    uint64_t seed;
    double share;            /* of the peers, a draw of each */
    sim_time every;          /* of one attacker, from its joining on */
    uint32_t attacks;        /* bit (1 << enum attack); 0: attackers behave */
    uint32_t spared;         /* the first so many identities are honest: bootstrap nodes */
};

/* Facts of this actor: a = enum attack. Reported by whoever it happens to. */
enum hostile_fact {
    HOSTILE_SENT = 0x4000, /* b: - ; an attacker has sent a datagram */
    HOSTILE_ARRIVED,       /* b: - ; it has come to the peer that it was sent to */
    HOSTILE_DROPPED,       /* b: HOSTILE_AT(reason of FACT_DROPPED, not the first peer) */
    HOSTILE_REFUSED,       /* b: HOSTILE_AT(error code that the attacker was answered with, not by the first peer) */
    HOSTILE_ANSWERED,      /* b: HOSTILE_AT(code of the answer, not by the first peer) */
    HOSTILE_FACTS
};
#define HOSTILE_AT(what, further)  ((uint64_t)(uint16_t)(what) | (uint64_t)(further) << 16)
#define HOSTILE_AT_WHAT(b)         ((int16_t)(uint16_t)(b))
#define HOSTILE_AT_FURTHER(b)      ((unsigned)((b) >> 16) & 1u)

/* struct overlay.actor_config is a struct hostile_config. */
extern const struct actor hostile_actor;

bool hostile_is(const struct hostile_config *, peer_h);
const char *hostile_attack_name(enum attack);
/* "all", "none", or names separated by commas and blanks. false: a name is none of them; it is in `wrong`. */
bool hostile_attacks_read(const char *text, uint32_t *attacks, char *wrong, size_t wrong_cap);
/* Why a peer dropped something: a word for the reason of FACT_DROPPED. */
const char *hostile_reason_name(int reason);

#endif
