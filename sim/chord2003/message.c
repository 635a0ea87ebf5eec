/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/chord2003/message.h"

#include <assert.h>

#include "proto/base/error.h"

/* What each type may carry. */
static const struct shape {
    uint8_t flags, nodes;
} shape[] = {
    [CHORD_FIND] = {CHORD_PURPOSE, CHORD_NODES_MAX},
    [CHORD_FOUND] = {CHORD_PURPOSE | CHORD_OWNER, CHORD_NODES_MAX},
    [CHORD_STABILIZE] = {0, 0},
    [CHORD_STATE] = {CHORD_PREDECESSOR, CHORD_NODES_MAX},
    [CHORD_HINT] = {0, 1},
    [CHORD_PING] = {0, 0},
    [CHORD_PONG] = {0, 0},
    [CHORD_LEAVE] = {CHORD_PREDECESSOR, CHORD_NODES_MAX},
};

int chord2003_decode(struct chord2003_message *m, const uint8_t *b, size_t len)
{
    if (len < CHORD_HEADER_BYTES)
        return ERR_SHORT;
    *m = (struct chord2003_message){
        .type = b[1], .flags = b[2], .nodes = b[3], .transaction = load_be32(b + 4), .node = b + CHORD_HEADER_BYTES};
    if (b[0] != CHORD_MAGIC)
        return ERR_TOKEN;
    if (m->type < CHORD_FIND || m->type > CHORD_LEAVE)
        return ERR_UNKNOWN;
    const struct shape *s = &shape[m->type];
    bool names_nobody = m->flags & (CHORD_OWNER | CHORD_PREDECESSOR) && m->nodes == 0;
    if (m->flags & ~s->flags || (m->flags & CHORD_PURPOSE) > CHORD_FOR_JOIN || m->nodes > s->nodes || names_nobody ||
        (m->type == CHORD_HINT && m->nodes == 0))
        return ERR_VALUE;
    size_t head = CHORD_HEADER_BYTES;
    if (m->type == CHORD_FIND) {
        head += ID_BYTES;
        if (len < head)
            return ERR_SHORT;
        m->key = id_load(b + CHORD_HEADER_BYTES);
        m->node += ID_BYTES;
    }
    size_t whole = head + (size_t)m->nodes * CHORD_NODE_BYTES;
    return len == whole ? 0 : len < whole ? ERR_SHORT : ERR_TRAILING;
}

struct chord2003_writer chord2003_begin(uint8_t *out, enum chord2003_type type, uint8_t flags, uint32_t transaction,
                                        const struct id *key)
{
    assert((type == CHORD_FIND) == (key != NULL));
    out[0] = CHORD_MAGIC;
    out[1] = (uint8_t)type;
    out[2] = flags;
    out[3] = 0;
    store_be32(out + 4, transaction);
    if (key)
        id_store(out + CHORD_HEADER_BYTES, *key);
    return (struct chord2003_writer){out, out + CHORD_HEADER_BYTES + (key ? ID_BYTES : 0)};
}

void chord2003_put_node(struct chord2003_writer *w, const struct ip_port *a)
{
    assert(w->start[3] < CHORD_NODES_MAX && a->version == 4);
    w->start[3]++;
    memcpy(w->end, a->ip, 4);
    store_be16(w->end + 4, a->port);
    w->end += CHORD_NODE_BYTES;
}

struct ip_port chord2003_node(const struct chord2003_message *m, unsigned i)
{
    const uint8_t *b = m->node + i * CHORD_NODE_BYTES;
    struct ip_port a = {.port = load_be16(b + 4), .version = 4};
    memcpy(a.ip, b, 4);
    return a;
}

enum traffic chord2003_traffic(uint8_t type, uint8_t flags)
{
    static const enum traffic look_up[] = {TRAFFIC_LOOKUP, TRAFFIC_PING, TRAFFIC_JOIN_LEAVE, TRAFFIC_OTHER};
    switch ((enum chord2003_type)type) {
    case CHORD_FIND:
    case CHORD_FOUND: return look_up[flags & CHORD_PURPOSE];
    case CHORD_STABILIZE:
    case CHORD_STATE:
    case CHORD_HINT: return TRAFFIC_UPDATE;
    case CHORD_LEAVE: return TRAFFIC_JOIN_LEAVE;
    case CHORD_PING:
    case CHORD_PONG: return TRAFFIC_PING;
    }
    return TRAFFIC_OTHER;
}
