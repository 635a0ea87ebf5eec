/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/world/reload_actor.h"

#include "proto/wire/frame.h"

const struct actor reload_actor = {
    .name = "reload",
    .frame_bytes = FRAME_DATA_BYTES,
    .bytes_initial = node_bytes_initial,
    .bytes = node_bytes,
    .start = node_start,
    .receive = node_receive,
    .channel = node_channel,
    .wake = node_wake,
    .request = node_request,
    .touch = node_touch,
    .check = node_check,
    .seed = node_seed,
    .seed_link = node_seed_link,
    .seed_end = node_seed_end,
};
