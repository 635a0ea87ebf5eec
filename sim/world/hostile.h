/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What attackers sent and what became of it, counted over the whole run, warm-up and drain too. */
#ifndef SIM_WORLD_HOSTILE_H
#define SIM_WORLD_HOSTILE_H

#include "sim/hostile/hostile.h"
#include "sim/record/summary.h"

#define HOSTILE_REASONS     128u /* reasons of FACT_DROPPED are -100 .. 27 at index 0 .. 127; error codes and codes of answers from 0 */
#define HOSTILE_FIGURES_MAX 512u

/* Of one partition. Second index: by the first peer, or further on. */
struct hostile_counts {
    uint64_t sent[ATTACKS], arrived[ATTACKS], answered[ATTACKS][2];
    uint64_t dropped[ATTACKS][2][HOSTILE_REASONS], refused[ATTACKS][2][HOSTILE_REASONS];
};

struct world;

void hostile_note(struct hostile_counts *, uint16_t fact, uint64_t attack, uint64_t what);
/* Keys, where anybody attacks (overlay.hostile), all stable:
 *   honest.lookup.{count,success}      of look-ups in the measured phase whose value should exist and that no attacker asked
 *   hostile.peers                      attackers in the population
 *   hostile.KIND.sent, .arrived        datagrams of attacks, sent and come to the peer that they were sent to
 *   hostile.KIND.dropped.REASON        datagrams and messages that a peer dropped without a word
 *   hostile.KIND.refused.ERROR         errors that attackers were answered with
 *   hostile.KIND.answered              answers that they got
 * The last three with .further behind KIND: not by the peer that the attack was sent to. What is 0 is left out, but for sent. */
void hostile_summary(const struct world *, struct summary *);

#endif
