/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/world/resends.h"

#include <stddef.h>
#include <stdlib.h>

#include "sim/world/state.h"

/* The entry of this transaction, or the free one where it belongs. resent = 0 means free. */
static struct resend *resend_at(const struct resend_table *t, uint64_t tid)
{
    uint32_t i = (uint32_t)(tid >> 32 ^ tid) & t->mask;
    while (t->slot[i].resent && t->slot[i].tid != tid)
        i = (i + 1) & t->mask;
    return &t->slot[i];
}

static struct resend *resend_find(const struct resend_table *t, uint64_t tid)
{
    struct resend *r = t->slot ? resend_at(t, tid) : NULL;
    return r && r->resent ? r : NULL;
}

static void table_grow(struct resend_table *t)
{
    struct resend_table bigger = {.mask = t->slot ? 2 * t->mask + 1 : 63, .used = t->used};
    bigger.slot = calloc(bigger.mask + (size_t)1, sizeof *bigger.slot);
    if (!bigger.slot)
        out_of_memory();
    for (uint32_t i = 0; t->slot && i <= t->mask; i++)
        if (t->slot[i].resent)
            *resend_at(&bigger, t->slot[i].tid) = t->slot[i];
    free(t->slot);
    *t = bigger;
}

void resends_note(struct resends *r, uint64_t tid)
{
    struct resend *old = resend_find(&r->before, tid);
    if (old) {
        old->resent++;
        return;
    }
    if (!r->now.slot || 2 * r->now.used >= r->now.mask)
        table_grow(&r->now);
    struct resend *entry = resend_at(&r->now, tid);
    r->now.used += entry->resent == 0;
    entry->tid = tid;
    entry->resent++;
}

bool resends_late(struct resends *r, uint64_t tid)
{
    struct resend *entry = resend_find(&r->now, tid);
    if (!entry)
        entry = resend_find(&r->before, tid);
    if (!entry || entry->late >= entry->resent)
        return false;
    entry->late++;
    return true;
}

void resends_turn(struct resends *r, sim_time now, sim_time span)
{
    if (now - r->since < span)
        return;
    free(r->before.slot);
    r->before = r->now;
    r->now = (struct resend_table){0};
    r->since = now;
}

void resends_free(struct resends *r)
{
    free(r->now.slot);
    free(r->before.slot);
}

/* ---- for a checkpoint ---- */

static void table_put(const struct resend_table *t, struct stream *s)
{
    uint32_t n = 0;
    for (uint32_t i = 0; t->slot && i <= t->mask; i++)
        n += t->slot[i].resent != 0;
    stream_put_u32(s, n);
    for (uint32_t i = 0; t->slot && i <= t->mask; i++)
        if (t->slot[i].resent)
            STREAM_PUT(s, t->slot[i]);
}

static void table_get(struct resend_table *t, struct stream_reader *r)
{
    for (uint32_t n = stream_get_u32(r); n > 0 && !r->bad; n--) {
        struct resend was;
        STREAM_GET(r, was);
        if (!was.resent)
            continue;
        if (!t->slot || 2 * t->used >= t->mask)
            table_grow(t);
        struct resend *entry = resend_at(t, was.tid);
        t->used += entry->resent == 0;
        entry->tid = was.tid;
        entry->resent = entry->resent > was.resent ? entry->resent : was.resent;
        entry->late = entry->late > was.late ? entry->late : was.late;
    }
}

void resends_put(const struct resends *r, struct stream *s)
{
    stream_put_u64(s, r->since);
    table_put(&r->now, s);
    table_put(&r->before, s);
}

void resends_get(struct resends *r, struct stream_reader *in)
{
    r->since = stream_get_u64(in);
    table_get(&r->now, in);
    table_get(&r->before, in);
}
