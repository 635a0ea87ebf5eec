/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/world/load.h"

#include <stdlib.h>

#include "sim/kernel/random.h"
#include "sim/world/state.h"

static uint32_t count_blocks(const struct world *w)
{
    return (w->identities - 1) / w->load.stride + 1;
}

int load_open(struct world *w)
{
    struct load *l = &w->load;
    l->all = calloc(1, sizeof *l->all);
    l->fresh = w->ranks ? calloc(1, sizeof *l->fresh) : l->all;
    if (!l->all || !l->fresh)
        return -1;
    if (!w->options.out)
        return 0;
    l->from = w->measure_from;
    l->length = w->measure_to - w->measure_from;
    l->stride = (w->identities - 1) / LOAD_NODES + 1;
    uint32_t blocks = count_blocks(w);
    l->pick = malloc(blocks * sizeof *l->pick);
    l->messages = calloc(blocks, sizeof *l->messages);
    l->online = calloc(blocks, sizeof *l->online);
    if (!l->pick || !l->messages || !l->online)
        return -1;
    for (uint32_t k = 0; k < blocks; k++) {
        uint64_t pick = (uint64_t)k * l->stride + random_below(w->scenario->seed, k, STREAM_SAMPLE, 0, l->stride);
        l->pick[k] = pick < w->identities ? (peer_h)pick : PEER_NONE;
    }
    return 0;
}

void load_close(struct world *w)
{
    free(w->load.pick);
    free(w->load.messages);
    free(w->load.online);
    if (w->load.fresh != w->load.all)
        free(w->load.fresh);
    free(w->load.all);
}

/* What of a session lies in the time that counts. */
static sim_time counted(const struct load *l, sim_time started, sim_time ended)
{
    sim_time from = started > l->from ? started : l->from, to = time_min(ended, l->from + l->length);
    return to > from ? to - from : 0;
}

void load_gone(struct load *l, peer_h self, sim_time started, sim_time now)
{
    if (l->length && l->pick[self / l->stride] == self)
        l->online[self / l->stride] += counted(l, started, now);
}

void load_end(struct world *w)
{
    struct load *l = &w->load;
    sim_time least = time_min(w->scenario->record_interval, l->length);
    for (uint32_t k = 0; l->length && k < count_blocks(w); k++) {
        if (!world_holds(w, l->pick[k])) /* or PEER_NONE */
            continue;
        const struct identity *id = identity_of(w, l->pick[k]);
        if (id->session != NONE)
            l->online[k] += counted(l, session_began(id), w->now);
        if (l->online[k] >= least)
            histogram_add(&l->fresh->rate, (uint64_t)(l->messages[k] * (LOAD_PARTS * 1e9) / (double)l->online[k] + 0.5));
    }
    l->length = 0;
}

void load_owns(struct load *l, struct id span, uint32_t peers)
{
    __extension__ typedef unsigned __int128 wide;
    histogram_add(&l->fresh->ring_share, peers == 1 ? LOAD_PARTS : (uint64_t)((wide)span.hi * peers * LOAD_PARTS >> 64));
}

/* ---- for a checkpoint ---- */

void load_put(const struct world *w, struct stream *s)
{
    stream_put_u32(s, w->load.length == 0); /* counted to the end */
    stream_put(s, w->load.all, sizeof *w->load.all);
}

void load_get(struct world *w, struct stream_reader *r)
{
    if (stream_get_u32(r))
        w->load.length = 0;
    stream_get(r, w->load.all, sizeof *w->load.all);
}

static bool is_counted(const struct load *l, peer_h peer)
{
    return l->stride && l->pick[peer / l->stride] == peer;
}

void load_put_peer(const struct world *w, peer_h peer, struct stream *s)
{
    const struct load *l = &w->load;
    if (!is_counted(l, peer))
        return;
    STREAM_PUT(s, l->messages[peer / l->stride]);
    STREAM_PUT(s, l->online[peer / l->stride]);
}

void load_get_peer(struct world *w, peer_h peer, struct stream_reader *r)
{
    struct load *l = &w->load;
    if (!is_counted(l, peer))
        return;
    STREAM_GET(r, l->messages[peer / l->stride]);
    STREAM_GET(r, l->online[peer / l->stride]);
}
