/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proto/reload/link.h"

#include <string.h>

#include "proto/fact.h"
#include "proto/reload/topology.h"
#include "proto/reload/work.h"
#include "proto/wire/message.h"

#define GAP MILLIS(10)      /* between an ACK and the next message, RFC 6940 6.6.3.1 */
#define RTO_INITIAL_MS 500u
#define RTO_FLOOR_MS 100u   /* under the RFC's "rounded up to the millisecond" a quiet path would leave no room for the peer's CPU */
#define RTO_MARGIN_MS 50u
#define FRAGMENT_SLACK 32u  /* room for the via list to grow, RFC 6940 6.7, and for cuts that shift */
#define PART_BYTES_MAX 2048u
#define FRAME_BYTES_MAX 2047u /* what every host sends: port.send_begin */
#define SEQUENCE_MASK ((UINT32_C(1) << SEQUENCE_BITS) - 1)
#define RECEIVED_MASK ((UINT32_C(1) << RECEIVED_BITS) - 1)

/* A bitmap of received frames that its link has no room for. */
struct aside {
    struct record r;
    uint32_t bits;
};

struct kept_gap {
    struct record r;
    uint16_t until_ms;
};

static struct waiting_frame *frame_at(const struct call *c, uint32_t at)
{
    return record_at(c, SECTION_WORK, at);
}

/* ---- the order table ---- */

/* The distance as a float of 7 bits of exponent and 9 of mantissa, so that links far and near are told apart equally well; or of 5 and 3, for all that lies
 * beyond 2^97. What has one key is told apart by its Node-ID. */
static uint16_t order_key(struct id d, bool wide)
{
    unsigned zeros = d.hi ? (unsigned)__builtin_clzll(d.hi) : d.lo ? 64u + (unsigned)__builtin_clzll(d.lo) : 127u;
    uint64_t top = zeros >= 64 ? d.lo << (zeros - 64) : zeros ? d.hi << zeros | d.lo >> (64 - zeros) : d.hi;
    uint16_t key = (uint16_t)((127u - zeros) << 9 | (top >> 54 & 511u));
    return wide ? key : key < 96u << 9 ? 0 : (uint16_t)((key - (96u << 9)) >> 6);
}

static inline uint16_t key_at(const void *order, bool wide, uint32_t k)
{
    return wide ? ((const struct order_wide *)order)[k].key : ((const struct order_narrow *)order)[k].key;
}

static inline uint16_t slot_at(const void *order, bool wide, uint32_t k)
{
    return wide ? ((const struct order_wide *)order)[k].slot : ((const struct order_narrow *)order)[k].slot;
}

static void order_put(const struct call *c, uint32_t k, uint16_t key, uint16_t slot)
{
    void *base = section_base(c, SECTION_ORDER);
    if (order_is_wide(c))
        ((struct order_wide *)base)[k] = (struct order_wide){key, slot};
    else
        ((struct order_narrow *)base)[k] = (struct order_narrow){(uint8_t)key, (uint8_t)slot};
}

bool order_has_key(const struct call *c, uint32_t k, struct id distance)
{
    bool wide = order_is_wide(c);
    return key_at(section_base(c, SECTION_ORDER), wide, k) == order_key(distance, wide);
}

uint32_t order_find(const struct call *c, struct id id, bool *exact)
{
    const void *order = section_base(c, SECTION_ORDER);
    struct id d = id_distance(c->n->id, id);
    bool wide = order_is_wide(c);
    uint32_t count = order_count(c), low = 0, high = count;
    uint16_t key = order_key(d, wide);
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (key_at(order, wide, middle) < key)
            low = middle + 1;
        else
            high = middle;
    }
    *exact = false;
    for (; low < count && key_at(order, wide, low) == key; low++) {
        int difference = id_compare(id_distance(c->n->id, link_id(c, slot_at(order, wide, low))), d);
        if (difference >= 0) {
            *exact = difference == 0;
            break;
        }
    }
    return low;
}

uint16_t link_to_id(const struct call *c, struct id id)
{
    bool exact;
    uint32_t k = order_find(c, id, &exact);
    return exact ? order_slot(c, k) : SLOT_NONE;
}

uint16_t link_to(const struct call *c, peer_h peer)
{
    return peer == PEER_NONE ? SLOT_NONE : link_to_id(c, c->env->port->id_of(c->env, peer));
}

uint16_t link_opening(const struct call *c, peer_h peer)
{
    for (uint16_t s = 0; s < link_slots(c); s++)
        if (link_at(c, s)->state == LINK_OPENING && link_at(c, s)->meant == peer)
            return s;
    return SLOT_NONE;
}

static bool order_insert(struct call *c, uint16_t slot)
{
    uint32_t entry = order_entry_bytes(c);
    if (!section_reserve(c, SECTION_ORDER, entry))
        return false;
    bool exact;
    struct id id = link_id(c, slot);
    uint32_t k = order_find(c, id, &exact), used = c->n->section[SECTION_ORDER].used;
    uint8_t *at = (uint8_t *)section_base(c, SECTION_ORDER) + k * entry;
    memmove(at + entry, at, used - k * entry);
    order_put(c, k, order_key(id_distance(c->n->id, id), order_is_wide(c)), slot);
    c->n->section[SECTION_ORDER].used = used + entry;
    return true;
}

static void order_remove(struct call *c, uint16_t slot)
{
    bool exact;
    uint32_t entry = order_entry_bytes(c), k = order_find(c, link_id(c, slot), &exact), used = c->n->section[SECTION_ORDER].used;
    assert(exact && order_slot(c, k) == slot);
    uint8_t *at = (uint8_t *)section_base(c, SECTION_ORDER) + k * entry;
    memmove(at, at + entry, used - (k + 1) * entry);
    c->n->section[SECTION_ORDER].used = used - entry;
}

/* Before the node has its first link beyond ORDER_NARROW_LINKS: room for wide entries; and after that, them. */
static bool order_widen_reserve(struct call *c)
{
    return section_reserve(c, SECTION_ORDER, order_count(c) * (uint32_t)(sizeof(struct order_wide) - sizeof(struct order_narrow)));
}

static void order_widen(struct call *c)
{
    const struct order_narrow *narrow = section_base(c, SECTION_ORDER);
    uint32_t count = c->n->section[SECTION_ORDER].used / (uint32_t)sizeof *narrow;
    for (uint32_t k = count; k-- > 0;) {
        uint16_t slot = narrow[k].slot;
        order_put(c, k, order_key(id_distance(c->n->id, link_id(c, slot)), true), slot);
    }
    c->n->section[SECTION_ORDER].used = count * (uint32_t)sizeof(struct order_wide);
}

/* ---- opening and ending ---- */

bool link_open(struct call *c, uint16_t slot, peer_h peer)
{
    if (slot >= c->o->limits.links || slot >= LINKS_MAX)
        return false;
    while (link_slots(c) <= slot) {
        bool widen = link_slots(c) == ORDER_NARROW_LINKS;
        if ((widen && !order_widen_reserve(c)) || !section_reserve(c, SECTION_LINKS, sizeof(struct link)))
            return false;
        c->n->section[SECTION_LINKS].used += (uint32_t)sizeof(struct link);
        memset(link_at(c, (uint16_t)(link_slots(c) - 1)), 0, sizeof(struct link));
        if (widen)
            order_widen(c);
    }
    struct link *l = link_at(c, slot);
    assert(l->state == LINK_FREE);
    *l = (struct link){.meant = peer, .state = LINK_OPENING};
    c->n->links_open++;
    return true;
}

static void rtt_sample(struct link *l, uint32_t rtt_ms)
{
    if (rtt_ms > 8000)
        rtt_ms = 8000;
    uint32_t srtt8 = small_get(l->srtt8, SMALL_12_BITS), rttvar4 = small_get(l->rttvar4, SMALL_10_BITS);
    if (srtt8 == 0) {
        srtt8 = rtt_ms * 8 + 1;
        rttvar4 = rtt_ms * 2;
    } else { /* RFC 6298 2.3 with alpha = 1/8, beta = 1/4, in integers. */
        uint32_t srtt = srtt8 / 8, error = rtt_ms > srtt ? rtt_ms - srtt : srtt - rtt_ms;
        rttvar4 = rttvar4 - rttvar4 / 4 + error;
        srtt8 = srtt8 - srtt8 / 8 + rtt_ms;
    }
    l->srtt8 = small_put(srtt8, SMALL_12_BITS) & ((1u << SMALL_12_BITS) - 1);
    l->rttvar4 = small_put(rttvar4, SMALL_10_BITS) & ((1u << SMALL_10_BITS) - 1);
}

sim_time link_rto(const struct call *c, const struct link *l)
{
    if (c->o->rto == RTO_STATIC)
        return c->o->rto_static;
    if (l->srtt8 == 0)
        return MILLIS(RTO_INITIAL_MS);
    uint32_t margin = small_get(l->rttvar4, SMALL_10_BITS);
    if (margin < RTO_MARGIN_MS)
        margin = RTO_MARGIN_MS;
    uint32_t rto = small_get(l->srtt8, SMALL_12_BITS) / 8 + 1 + margin;
    return MILLIS(rto > RTO_FLOOR_MS ? rto : RTO_FLOOR_MS);
}

/* What is kept of this kind for the link; section_used: nothing. */
static uint32_t kept_find(const struct call *c, enum work_type type, uint16_t slot)
{
    uint32_t at = 0;
    for (; at < section_used(c, SECTION_WORK); at = record_next(c, SECTION_WORK, at)) {
        const struct record *r = record_at(c, SECTION_WORK, at);
        if (r->type == type && r->slot == slot)
            break;
    }
    return at;
}

/* ---- gaps after acknowledgements ---- */

/* Time until then, 0 when it is over. */
static uint16_t gap_left_ms(const struct call *c, uint16_t until_ms)
{
    uint16_t wait_ms = (uint16_t)(until_ms - c->env->now / MILLIS(1));
    return wait_ms <= GAP / MILLIS(1) + 2 ? wait_ms : 0;
}

/* Those that are over stay where they are until another needs the room. */
static void gap_begin(struct call *c, uint16_t slot)
{
    uint16_t until_ms = (uint16_t)((c->env->now + GAP + MILLIS(1) - 1) / MILLIS(1));
    if (until_ms == 0) /* as when 0 stood for no gap: the same seed, the same result */
        until_ms = 1;
    for (unsigned k = 0; k < GAPS; k++) {
        struct gap *g = &c->n->gap[k];
        if (gap_left_ms(c, g->until_ms) == 0 || g->slot == SLOT_NONE || g->slot == slot) {
            *g = (struct gap){slot, until_ms};
            return;
        }
    }
    struct kept_gap *k = NULL;
    for (uint32_t at = 0; at < section_used(c, SECTION_WORK) && !k; at = record_next(c, SECTION_WORK, at)) {
        struct kept_gap *x = record_at(c, SECTION_WORK, at);
        if (x->r.type == WORK_GAP && (x->r.slot == slot || gap_left_ms(c, x->until_ms) == 0))
            k = x;
    }
    if (k || (k = record_add(c, SECTION_WORK, WORK_GAP, sizeof *k))) { /* no room: it may send too soon, which harms nobody */
        k->r.slot = slot;
        k->until_ms = until_ms;
    }
}

/* Time to wait for the end of the gap after the last ACK. */
static uint16_t gap_of(const struct call *c, uint16_t slot)
{
    uint16_t wait_ms = 0;
    for (unsigned k = 0; k < GAPS; k++)
        if (c->n->gap[k].slot == slot && gap_left_ms(c, c->n->gap[k].until_ms) > wait_ms)
            wait_ms = gap_left_ms(c, c->n->gap[k].until_ms);
    uint32_t at = kept_find(c, WORK_GAP, slot);
    if (at < section_used(c, SECTION_WORK)) {
        uint16_t kept_ms = gap_left_ms(c, ((const struct kept_gap *)record_at(c, SECTION_WORK, at))->until_ms);
        wait_ms = kept_ms > wait_ms ? kept_ms : wait_ms;
    }
    return wait_ms;
}

void link_gaps_forget(struct call *c)
{
    for (unsigned k = 0; k < GAPS; k++)
        if (gap_left_ms(c, c->n->gap[k].until_ms) == 0)
            c->n->gap[k].slot = SLOT_NONE;
    for (uint32_t at = 0; at < section_used(c, SECTION_WORK);) {
        const struct kept_gap *k = record_at(c, SECTION_WORK, at);
        if (k->r.type == WORK_GAP && gap_left_ms(c, k->until_ms) == 0)
            record_remove(c, SECTION_WORK, at);
        else
            at += k->r.size;
    }
}

/* ---- what has been received ---- */

static uint32_t received_of(const struct call *c, uint16_t slot)
{
    uint16_t word = link_at(c, slot)->received;
    if (word != RECEIVED_ASIDE)
        return received_bits(word);
    uint32_t at = kept_find(c, WORK_ASIDE, slot);
    return at < section_used(c, SECTION_WORK) ? ((const struct aside *)record_at(c, SECTION_WORK, at))->bits : 0;
}

static void received_set(struct call *c, uint16_t slot, uint32_t bits)
{
    struct link *l = link_at(c, slot);
    uint32_t at = l->received == RECEIVED_ASIDE ? kept_find(c, WORK_ASIDE, slot) : section_used(c, SECTION_WORK);
    bool kept = at < section_used(c, SECTION_WORK);
    if (received_pack(bits, &l->received)) {
        if (kept)
            record_remove(c, SECTION_WORK, at);
        return;
    }
    struct aside *a = kept ? record_at(c, SECTION_WORK, at) : record_add(c, SECTION_WORK, WORK_ASIDE, sizeof *a);
    l->received = a ? RECEIVED_ASIDE : 0; /* no room: we acknowledge each frame by its own number only */
    if (!a)
        return;
    a->r.slot = slot;
    a->bits = bits;
}

/* The link that had this number is gone. */
static void kept_forget(struct call *c, uint16_t slot)
{
    for (unsigned k = 0; k < GAPS; k++)
        if (c->n->gap[k].slot == slot)
            c->n->gap[k].slot = SLOT_NONE;
    for (uint32_t at = 0; at < section_used(c, SECTION_WORK);) {
        const struct record *r = record_at(c, SECTION_WORK, at);
        if (r->slot == slot && (r->type == WORK_ASIDE || r->type == WORK_GAP))
            record_remove(c, SECTION_WORK, at);
        else
            at += r->size;
    }
}

/* Frames of an older link to the same peer go on over the new one, as if never sent. */
static void frames_move(struct call *c, uint16_t from, uint16_t to)
{
    bool first = true;
    for (uint32_t at = 0; at < section_used(c, SECTION_WORK); at = record_next(c, SECTION_WORK, at)) {
        struct record *r = record_at(c, SECTION_WORK, at);
        if (r->slot != from || r->type == WORK_ASIDE || r->type == WORK_GAP)
            continue;
        r->slot = to;
        if (r->type != WORK_FRAME)
            continue;
        frame_at(c, at)->sends = 0;
        record_due(c, r, first ? c->env->now : TIME_NEVER);
        first = false;
    }
}

bool link_up(struct call *c, uint16_t slot, peer_h peer, sim_time rtt)
{
    if (!section_reserve(c, SECTION_ORDER, order_entry_bytes(c))) /* before an older link gives way */
        return false;
    uint16_t old = link_to(c, peer);
    uint8_t standing = 0, flags = 0;
    assert(old != slot);
    if (old != SLOT_NONE) {
        struct link *o = link_at(c, old);
        standing = o->standing;
        flags = o->flags & (LINK_OURS | LINK_PEER_READY);
        link_at(c, slot)->update_due = o->update_due;
        link_at(c, slot)->update_cause = o->update_cause;
        o->update_due = 0;
        if (o->flags & LINK_SUSPECT)
            standing &= (uint8_t)~LINK_USABLE;
        frames_move(c, old, slot);
        link_drop(c, old, false);
    }
    struct link *l = link_at(c, slot);
    l->tx_next = 0;
    l->srtt8 = 0;
    l->standing = standing & 7u;
    l->state = LINK_UP;
    l->flags |= flags;
    l->idle = 0;
    if (rtt)
        rtt_sample(l, (uint32_t)(rtt / MILLIS(1)) + 1);
    return order_insert(c, slot);
}

void link_drop(struct call *c, uint16_t slot, bool closed)
{
    struct link *l = link_at(c, slot);
    assert(l->state != LINK_FREE);
    if (l->state == LINK_UP)
        order_remove(c, slot);
    if (!closed) {
        struct chan_args args = {.chan = slot};
        c->env->port->channel(c->env, CHAN_CLOSE, &args);
    }
    if (l->update_due)
        c->n->updates_due--;
    *l = (struct link){.state = LINK_FREE};
    c->n->links_open--;
    kept_forget(c, slot);
    for (uint32_t at = 0; at < section_used(c, SECTION_WORK);) {
        struct record *r = record_at(c, SECTION_WORK, at);
        if (r->slot == slot && r->type == WORK_FRAME) {
            record_remove(c, SECTION_WORK, at);
            continue;
        }
        if (r->slot == slot) {
            /* A transaction or reassembly that depended on this link ends when it is looked at next. */
            r->slot = SLOT_NONE;
            if (r->type == WORK_TRANSACTION)
                record_due(c, r, c->env->now);
        }
        at += r->size;
    }
}

void link_lost(struct call *c, uint16_t slot, bool closed)
{
    for (uint32_t at = 0; at < section_used(c, SECTION_WORK); at = record_next(c, SECTION_WORK, at)) {
        const struct waiting_frame *f = frame_at(c, at);
        if (f->r.slot == slot && f->r.type == WORK_FRAME)
            c->env->port->fact(c->env, FACT_DEAD_HOP, f->tid, f->code);
    }
    link_drop(c, slot, closed);
}

/* ---- sending ---- */

static void frame_transmit(struct call *c, struct waiting_frame *f)
{
    struct link *l = link_at(c, f->r.slot);
    size_t cap = FRAME_DATA_BYTES + (size_t)f->len;
    uint8_t *out = c->env->port->send_begin(c->env, cap);
    struct writer w = writer_on(out, cap, false);
    frame_put_data(&w, l->tx_next, f->true_len);
    put_bytes(&w, f->message, f->len);
    assert(w.err == 0);
    if (f->sends == 0)
        f->first_sent = c->env->now;
    f->sequence[f->sends] = l->tx_next;
    l->tx_next = (l->tx_next + 1u) & SEQUENCE_MASK;
    f->after_us[f->sends] = (uint32_t)((c->env->now - f->first_sent) / MICROS(1));
    f->sends++;
    record_due(c, &f->r, time_add(c->env->now, link_rto(c, l) << (f->sends - 1)));
    c->env->port->send(c->env, f->r.slot, ADDR_NONE, cap, FRAME_DATA_BYTES + (size_t)f->true_len, (enum traffic)f->traffic);
}

struct queueing {
    struct call *c;
    uint64_t tid;
    uint16_t slot, code;
};

unsigned link_queue(const struct call *c, uint16_t slot)
{
    unsigned frames = 0;
    for (uint32_t at = 0; at < section_used(c, SECTION_WORK); at = record_next(c, SECTION_WORK, at)) {
        const struct record *r = record_at(c, SECTION_WORK, at);
        frames += r->type == WORK_FRAME && r->slot == slot;
    }
    return frames;
}

static uint32_t queue_held(const struct call *c)
{
    uint32_t held = 0;
    for (uint32_t at = 0; at < section_used(c, SECTION_WORK); at = record_next(c, SECTION_WORK, at)) {
        const struct record *r = record_at(c, SECTION_WORK, at);
        held += r->type == WORK_FRAME ? r->size : 0;
    }
    return held;
}

bool link_carries(const struct call *c, uint16_t slot, uint64_t tid)
{
    for (uint32_t at = 0; at < section_used(c, SECTION_WORK); at = record_next(c, SECTION_WORK, at)) {
        const struct waiting_frame *f = frame_at(c, at);
        if (f->r.type == WORK_FRAME && f->r.slot == slot && f->tid == tid)
            return true;
    }
    return false;
}

/* The first frame that waits for this link gets this time: it is the only one with a time. */
static void frame_next(struct call *c, uint16_t slot, sim_time at_time)
{
    for (uint32_t at = 0; at < section_used(c, SECTION_WORK); at = record_next(c, SECTION_WORK, at)) {
        struct record *r = record_at(c, SECTION_WORK, at);
        if (r->type == WORK_FRAME && r->slot == slot) {
            record_due(c, r, at_time);
            return;
        }
    }
}

/* A fragment that finds no room takes along the earlier ones of its message that have not left yet: they are of no use alone, and a full
 * queue that took one part of each message would carry nothing at all. What waited behind them moves up. */
static void frames_recall(struct call *c, const struct queueing *q)
{
    sim_time due = TIME_NEVER;
    for (uint32_t at = 0; at < section_used(c, SECTION_WORK);) {
        const struct waiting_frame *f = frame_at(c, at);
        if (f->r.type == WORK_FRAME && f->r.slot == q->slot && f->tid == q->tid && f->code == q->code && f->sends == 0) {
            due = time_min(due, f->r.due);
            record_remove(c, SECTION_WORK, at);
        } else {
            at += f->r.size;
        }
    }
    if (due != TIME_NEVER)
        frame_next(c, q->slot, due);
}

/* The same message or fragment, sent again end to end, still waits to be sent here: once is enough. */
static bool frame_waits(const struct call *c, const struct queueing *q, const uint8_t *message, uint32_t true_len)
{
    for (uint32_t at = 0; at < section_used(c, SECTION_WORK); at = record_next(c, SECTION_WORK, at)) {
        const struct waiting_frame *f = frame_at(c, at);
        if (f->r.type == WORK_FRAME && f->r.slot == q->slot && f->tid == q->tid && f->code == q->code && f->sends == 0 &&
            f->true_len == true_len && memcmp(f->message + 12, message + 12, 4) == 0)
            return true;
    }
    return false;
}

static int frame_queue(void *arg, const uint8_t *message, size_t len, uint32_t true_len)
{
    struct queueing *q = arg;
    struct call *c = q->c;
    if (frame_waits(c, q, message, true_len))
        return 0;
    unsigned before = link_queue(c, q->slot);
    if (before >= c->o->limits.queue_messages || true_len > UINT16_MAX) {
        c->env->port->fact(c->env, FACT_DROPPED, DROP_QUEUE_FULL, q->code);
        frames_recall(c, q);
        return ERR_NO_ROOM;
    }
    if (FRAME_DATA_BYTES + len > FRAME_BYTES_MAX) {
        c->env->port->fact(c->env, FACT_DROPPED, (uint64_t)(int64_t)ERR_TOO_LARGE, q->code);
        return ERR_TOO_LARGE;
    }
    if (queue_held(c) + len > c->o->limits.queue_bytes) {
        c->env->port->fact(c->env, FACT_DROPPED, DROP_LIMIT, q->code);
        frames_recall(c, q);
        return ERR_NO_ROOM;
    }
    struct waiting_frame *f = record_add(c, SECTION_WORK, WORK_FRAME, (uint32_t)(offsetof(struct waiting_frame, message) + len));
    if (!f) {
        frames_recall(c, q);
        return ERR_NO_ROOM;
    }
    f->r.slot = q->slot;
    f->tid = q->tid;
    f->code = q->code;
    f->traffic = (uint8_t)message_traffic(q->code);
    f->len = (uint16_t)len;
    f->true_len = (uint16_t)true_len;
    memcpy(f->message, message, len);
    if (before)
        return 0;
    uint16_t wait_ms = gap_of(c, q->slot);
    if (wait_ms == 0)
        frame_transmit(c, f);
    else
        record_due(c, &f->r, (c->env->now / MILLIS(1) + wait_ms) * MILLIS(1));
    return 0;
}

int link_send(struct call *c, uint16_t slot, const uint8_t *message, size_t len, uint32_t true_len, uint16_t code, uint64_t tid)
{
    assert(link_at(c, slot)->state == LINK_UP);
    struct queueing q = {.c = c, .tid = tid, .slot = slot, .code = code};
    uint32_t limit = c->o->link_mtu - FRAME_DATA_BYTES;
    if (true_len <= limit)
        return frame_queue(&q, message, len, true_len);
    uint8_t part[PART_BYTES_MAX];
    int parts = fragment_split(message, len, limit - FRAGMENT_SLACK, part, sizeof part, frame_queue, &q);
    if (parts < 0 && parts != ERR_NO_ROOM && parts != ERR_TOO_LARGE) /* those have been reported */
        c->env->port->fact(c->env, FACT_DROPPED, (uint64_t)(int64_t)parts, code);
    return parts < 0 ? parts : 0;
}

/* ---- receiving ---- */

/* How many numbers `a` lies ahead of `b`, going up. */
static uint32_t sequence_ahead(uint32_t a, uint32_t b)
{
    return (a - b) & RECEIVED_MASK;
}

void link_received(struct call *c, uint16_t slot, uint32_t sequence)
{
    struct link *l = link_at(c, slot);
    uint32_t received, bits = received_of(c, slot), had = bits;
    if (!(l->flags & LINK_RECEIVED)) {
        l->flags |= LINK_RECEIVED;
        l->rx_last = sequence & RECEIVED_MASK;
        bits = 0;
    } else if (sequence_ahead(sequence, l->rx_last) != 0) {
        uint32_t ahead = sequence_ahead(sequence, l->rx_last), behind = sequence_ahead(l->rx_last, sequence);
        if (ahead < behind) {
            bits = ahead > 32 ? 0 : (ahead == 32 ? 0 : bits << ahead) | UINT32_C(1) << (ahead - 1);
            l->rx_last = sequence & RECEIVED_MASK;
        } else if (behind <= 32) {
            bits |= UINT32_C(1) << (behind - 1);
        }
    }
    uint32_t behind = sequence_ahead(l->rx_last, sequence);
    received = behind < 32 ? bits >> behind : 0;
    if (bits != had)
        received_set(c, slot, bits);
    uint8_t *out = c->env->port->send_begin(c->env, FRAME_ACK_BYTES);
    struct writer w = writer_on(out, FRAME_ACK_BYTES, false);
    frame_put_ack(&w, sequence, received);
    c->env->port->send(c->env, slot, ADDR_NONE, FRAME_ACK_BYTES, FRAME_ACK_BYTES, TRAFFIC_ACK);
}

/* The acknowledgement names one of the transmissions of this frame, directly or in its bitmap. */
static bool frame_named(const struct waiting_frame *f, const struct frame *ack, int *which)
{
    *which = -1;
    bool named = false;
    for (int i = 0; i < f->sends; i++) {
        uint32_t behind = ack->sequence - f->sequence[i];
        if (behind == 0)
            *which = i;
        named |= behind == 0 || (behind <= 32 && ack->received >> (behind - 1) & 1);
    }
    return named;
}

void link_acked(struct call *c, uint16_t slot, const struct frame *ack)
{
    struct link *l = link_at(c, slot);
    for (uint32_t at = 0; at < section_used(c, SECTION_WORK); at = record_next(c, SECTION_WORK, at)) {
        struct waiting_frame *f = frame_at(c, at);
        if (f->r.type != WORK_FRAME || f->r.slot != slot)
            continue;
        int which;
        if (!frame_named(f, ack, &which))
            return;
        if (which >= 0)
            rtt_sample(l, (uint32_t)((c->env->now - f->first_sent - MICROS(f->after_us[which]) + MILLIS(1) - 1) / MILLIS(1)));
        record_remove(c, SECTION_WORK, at);
        gap_begin(c, slot);
        frame_next(c, slot, (c->env->now + GAP + MILLIS(1) - 1) / MILLIS(1) * MILLIS(1));
        if (l->flags & LINK_SUSPECT) {
            l->flags &= (uint8_t)~LINK_SUSPECT;
            topology_link_restored(c, slot);
        }
        return;
    }
}

bool link_frame_due(struct call *c, uint32_t at)
{
    struct waiting_frame *f = frame_at(c, at);
    uint16_t slot = f->r.slot;
    if (f->sends == FRAME_SENDS) {
        uint8_t standing = (uint8_t)(link_at(c, slot)->standing | (link_at(c, slot)->stood ? LINK_STOOD : 0));
        peer_h peer = link_peer(c, slot);
        c->env->port->fact(c->env, FACT_LINK_FAILED, peer, c->env->now - f->first_sent);
        link_lost(c, slot, false);
        topology_link_lost(c, peer, standing, true);
        return false;
    }
    frame_transmit(c, f);
    struct link *l = link_at(c, slot);
    if (f->sends - 1 == c->o->suspect_after && !(l->flags & LINK_SUSPECT)) {
        l->flags |= LINK_SUSPECT;
        c->env->port->fact(c->env, FACT_LINK_SUSPECT, link_peer(c, slot), c->env->now - f->first_sent);
        topology_link_suspect(c, slot);
    }
    return true;
}
