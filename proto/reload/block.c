/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proto/reload/block.h"

#include <string.h>

#define ROUND_UP(x) (((x) + 7u) & ~7u)
#define SLACK_SHARE 32u /* a growing section asks for this part of itself beyond its need */
#define TRIM_AT 256u    /* idle bytes that are worth a move */
#define WORK_SLACK 64u  /* idle bytes of the second block that a node may keep */

static const uint32_t first_cap[SECTIONS] = {[SECTION_LINKS] = 128, [SECTION_ORDER] = 32, [SECTION_NEIGHBOURS] = 24};

size_t node_bytes_initial(void)
{
    size_t bytes = sizeof(struct node);
    for (int s = 0; s < SECTION_WORK; s++)
        bytes += first_cap[s];
    return bytes;
}

size_t node_bytes(const struct node *n)
{
    return n->bytes;
}

void block_init(struct node *n, peer_h self, struct id id)
{
    memset(n, 0, sizeof *n);
    n->id = id;
    n->self = self;
    uint32_t at = sizeof *n;
    for (int s = 0; s < SECTION_WORK; s++) {
        n->section[s] = (struct section){.at = (uint16_t)(at / SECTION_UNIT), .cap = (uint16_t)(first_cap[s] / SECTION_UNIT)};
        at += first_cap[s];
    }
    n->bytes = at;
    n->work_due = n->update_at = n->finger_at = n->tidy_at = n->replicate_at = n->expire_at = n->state_at = n->certify_at = TIME_NEVER;
    n->admitting = n->admitted = n->range_from = PEER_NONE;
    n->bootstrap_slot = SLOT_NONE;
    n->replica[0] = n->replica[1] = PEER_NONE;
    for (int i = 0; i < RECENTLY_FAILED; i++)
        n->failed[i] = PEER_NONE;
    for (int i = 0; i < GAPS; i++)
        n->gap[i].slot = SLOT_NONE;
}

/* Gives a section another capacity: moves everything behind it. The memory at hand covers both layouts. */
static void section_resize(struct node *n, enum section_name s, uint32_t cap)
{
    uint32_t start = n->section[s].at * SECTION_UNIT, from = start + n->section[s].cap * SECTION_UNIT, to = start + cap;
    memmove((uint8_t *)n + to, (uint8_t *)n + from, n->bytes - from);
    n->section[s].cap = (uint16_t)(cap / SECTION_UNIT);
    for (int k = (int)s + 1; k < SECTION_WORK; k++)
        n->section[k].at = (uint16_t)(n->section[k - 1].at + n->section[k - 1].cap);
    n->bytes = n->bytes + to - from;
}

static bool work_resize(struct call *c, uint32_t cap)
{
    if (!c->env->port->work(c->env, cap))
        return false;
    c->n->section[SECTION_WORK].cap = (uint16_t)(cap / SECTION_UNIT);
    return true;
}

bool section_reserve(struct call *c, enum section_name s, uint32_t more)
{
    const struct section *x = &c->n->section[s];
    uint32_t held = x->cap * SECTION_UNIT;
    if (x->used + more <= held)
        return true;
    uint32_t cap = ROUND_UP(x->used + more + x->used / SLACK_SHARE), grow = cap - held, whole = c->n->bytes + c->n->section[SECTION_WORK].cap * SECTION_UNIT + grow;
    if (whole > c->o->limits.block_bytes || whole > SECTION_MAX)
        return false;
    if (s == SECTION_WORK)
        return work_resize(c, cap);
    struct node *moved = c->env->port->room(c->env, c->n->bytes + grow);
    if (!moved)
        return false;
    c->n = moved;
    section_resize(c->n, s, cap);
    return true;
}

void block_trim(struct call *c)
{
    uint32_t idle = 0;
    for (int s = 0; s < SECTION_WORK; s++)
        idle += c->n->section[s].cap * SECTION_UNIT - c->n->section[s].used;
    if (idle < TRIM_AT)
        return;
    for (int s = 0; s < SECTION_WORK; s++)
        section_resize(c->n, (enum section_name)s, ROUND_UP(c->n->section[s].used));
    struct node *moved = c->env->port->room(c->env, c->n->bytes);
    if (moved)
        c->n = moved;
}

void work_trim(struct call *c)
{
    uint32_t used = c->n->section[SECTION_WORK].used, cap = c->n->section[SECTION_WORK].cap * SECTION_UNIT;
    if (cap > 0 && (used == 0 || cap > 2 * used + WORK_SLACK))
        work_resize(c, ROUND_UP(used));
}

bool section_insert(struct call *c, enum section_name s, uint32_t offset, uint32_t size)
{
    if (!section_reserve(c, s, size))
        return false;
    uint8_t *at = (uint8_t *)section_base(c, s) + offset;
    uint32_t used = c->n->section[s].used;
    assert(offset <= used);
    memmove(at + size, at, used - offset);
    memset(at, 0, size);
    c->n->section[s].used = used + size;
    return true;
}

void section_remove(struct call *c, enum section_name s, uint32_t offset, uint32_t size)
{
    uint8_t *at = (uint8_t *)section_base(c, s) + offset;
    uint32_t used = c->n->section[s].used;
    assert(offset + size <= used);
    memmove(at, at + size, used - offset - size);
    c->n->section[s].used = used - size;
}

void *record_insert(struct call *c, enum section_name s, uint32_t offset, uint16_t type, uint32_t size)
{
    size = ROUND_UP(size);
    if (!section_insert(c, s, offset, size))
        return NULL;
    struct record *r = record_at(c, s, offset);
    *r = (struct record){.size = size, .type = type, .slot = SLOT_NONE, .due = TIME_NEVER};
    return r;
}

void *record_add(struct call *c, enum section_name s, uint16_t type, uint32_t size)
{
    return record_insert(c, s, c->n->section[s].used, type, size);
}

void record_remove(struct call *c, enum section_name s, uint32_t offset)
{
    section_remove(c, s, offset, ((struct record *)record_at(c, s, offset))->size);
}

void *record_grow(struct call *c, enum section_name s, uint32_t offset, uint32_t size)
{
    size = ROUND_UP(size);
    uint32_t old = ((struct record *)record_at(c, s, offset))->size;
    assert(size >= old);
    if (!section_insert(c, s, offset + old, size - old))
        return NULL;
    struct record *r = record_at(c, s, offset);
    r->size = size;
    return r;
}
