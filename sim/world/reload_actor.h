/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The RELOAD peer of proto/node.h as an actor of the network. */
#ifndef SIM_WORLD_RELOAD_ACTOR_H
#define SIM_WORLD_RELOAD_ACTOR_H

#include "sim/net/actor.h"

extern const struct actor reload_actor;

#endif
