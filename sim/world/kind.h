/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What kind of overlay it is that lives in the world: everything that the world has to know of a protocol beyond its actor. One table, an entry for each
 * overlay.protocol; whatever else the world does is the same for all of them. */
#ifndef SIM_WORLD_KIND_H
#define SIM_WORLD_KIND_H

#include <stdbool.h>

#include "sim/net/actor.h"
#include "sim/scenario/scenario.h"
#include "sim/world/converged.h"

struct overlay_kind {
    struct actor_group group; /* all peers run this actor */
    bool
        names_owner; /* a look-up asks who is responsible for a key, and is judged by that; else it fetches what a user has stored */
    /* The two laws of intervals, as port.draw numbers them, and struct overlay.actor_config. */
    void (*laws)(const struct scenario *, struct law law[2]);
    const void *(*config)(const struct scenario *);
    /* start: converged. 0, or -1 when memory runs out. */
    int (*build)(struct net *, const struct converged_input *);
    /* Looking at a node: as node_look, node_finger; the k-th peer whose address it knows for its next start, PEER_NONE past the end. */
    void (*look)(const struct node *, struct env *, struct node_view *);
    peer_h (*finger)(const struct node *, struct env *, unsigned i);
    peer_h (*known)(const struct node *, struct env *, unsigned k);
    /* Class of a message, by what FACT_MESSAGE_IN says. */
    enum traffic (*traffic)(uint64_t a);
};

extern const struct overlay_kind overlay_kinds[]; /* by enum overlay_protocol */

#endif
