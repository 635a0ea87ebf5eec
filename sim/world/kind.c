/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/world/kind.h"

#include "proto/wire/message.h"
#include "sim/chord2003/chord2003.h"
#include "sim/world/converged_chord2003.h"
#include "sim/world/reload_actor.h"

/* ---- RELOAD ---- */

static void reload_laws(const struct scenario *s, struct law law[2])
{
    law[0] = s->update_interval;
    law[1] = s->ping_interval;
}

static const void *reload_config(const struct scenario *s)
{
    (void)s; /* all of it is in struct overlay */
    return NULL;
}

static peer_h reload_known(const struct node *node, struct env *env, unsigned k)
{
    peer_h peer;
    chan_h chan;
    bool routed;
    return node_link_at(node, env, k, &peer, &chan, &routed) ? peer : PEER_NONE;
}

static enum traffic reload_traffic(uint64_t a)
{
    return message_traffic((uint16_t)a);
}

/* ---- chord2003 ---- */

static void chord_laws(const struct scenario *s, struct law law[2])
{
    law[0] = s->stabilize;
    law[1] = s->fix_fingers;
}

static const void *chord_config(const struct scenario *s)
{
    return &s->chord2003;
}

static enum traffic chord_traffic(uint64_t a)
{
    return a < TRAFFIC_CLASSES ? (enum traffic)a : TRAFFIC_OTHER;
}

const struct overlay_kind overlay_kinds[] = {
    [PROTOCOL_RELOAD] = {.group = {.actor = &reload_actor},
                         .laws = reload_laws,
                         .config = reload_config,
                         .build = converged_build,
                         .look = node_look,
                         .finger = node_finger,
                         .known = reload_known,
                         .traffic = reload_traffic},
    [PROTOCOL_CHORD2003] = {.group = {.actor = &chord2003_actor},
                            .names_owner = true,
                            .laws = chord_laws,
                            .config = chord_config,
                            .build = converged_chord2003_build,
                            .look = chord2003_look,
                            .finger = chord2003_finger,
                            .known = chord2003_known,
                            .traffic = chord_traffic},
};
