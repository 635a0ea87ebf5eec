/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keepalives of channels and their silence.
 *
 * Each end of a channel sends at phase + k * interval for all whole k, with a phase of its own that is a hash of who and which channel: no state, and
 * stationary from the first. Number k is also the counter of its draws. Both ends do so independently (RFC 5245 10; RFC 7363 6.3.1).
 *
 * They are two of three packets, so they are normally not sent one by one. Whether number k is lost, and when it arrives, is a function of k: a host works
 * out what a peer's keepalives did whenever somebody asks, and looks ahead for the first gap long enough to be a silence. All that it needs to know of the
 * other side is from when until when it sends, and that comes as a note which takes the time that a packet takes: it arrives before the first and after the
 * last keepalive, so that nothing is known here earlier than there. Notes are the simulator's own: never lost, never counted.
 *
 * Where the delay is drawn for each datagram (exponential latency, jitter), where an access line queues, where the weather changes delays, or when the
 * configuration asks for it, they are sent one by one. Both ways give the same
 * counts, the same silences at the same nanosecond and the same fingerprint; test_net_load.c holds them against each other.
 *
 * Nothing is armed when a packet arrives: watch_due is the earliest time at which anything can be due, and the check at that time finds out. */
#include <assert.h>

#include "proto/base/error.h"
#include "sim/net/host.h"

__extension__ typedef unsigned __int128 wide;

/* STUN header 20, FINGERPRINT 8 (RFC 5389 15.5; RFC 5245 10 wants no other attribute), over UDP in the clear beside DTLS (RFC 7983). */
#define KEEPALIVE_BYTES 28u
/* Keepalives and notes order behind the datagrams that left with them; a node sends fewer than 2^31 of the others. */
#define KEEPALIVE_SEQ UINT32_C(0x80000000)
#define LOOK_AHEAD    64u /* for the next to arrive */
#define QUIET_AHEAD   16u /* for silence: four minutes by default */
#define NOTE_BYTES    8u

/* ---- one direction of one channel ---- */

/* The keepalives of one sender as they pass one point: where they leave, or where they arrive. */
struct grid {
    sim_time first, interval;
    sim_time phase;    /* when number 0 leaves */
    peer_h from, to;
    uint64_t entity; /* of their draws */
    uint64_t block;  /* four share a block of random numbers: this is the last one used */
    uint32_t word[4];
};

static struct grid grid_at(const struct net *n, peer_h sender, uint32_t tag, peer_h to, sim_time interval,
                           sim_time delay)
{
    struct grid g = {.interval = interval, .from = sender, .to = to, .entity = ((uint64_t)tag + 1) << 32 | sender, .block = UINT64_MAX};
    sim_time phase = (sim_time)((wide)hash64_mix(n->phase_key, g.entity) * interval >> 64);
    g.phase = phase;
    g.first = phase + delay;
    return g;
}

/* Number of the first keepalive at this time or later, and the time of a number. */
static uint64_t grid_from(const struct grid *g, sim_time t)
{
    return t <= g->first ? 0 : (t - g->first + g->interval - 1) / g->interval;
}

static sim_time grid_time(const struct grid *g, uint64_t k)
{
    return g->first + k * g->interval;
}

/* Nothing has ever been lost here. */
static bool is_calm(const struct net *n)
{
    return n->weathers == 1 && n->weather[0].loss_32 == 0 && !trouble_may_part(n);
}

static bool grid_lost(const struct net *n, struct grid *g, uint64_t k)
{
    if (is_calm(n))
        return false;
    sim_time sent = g->phase + k * g->interval;
    if (trouble_may_part(n) && trouble_parts(n, g->from, g->to, sent))
        return true;
    uint32_t loss_32 = trouble_weather(n, sent)->loss_32;
    if (loss_32 == 0)
        return false;
    if (k / 4 != g->block) {
        g->block = k / 4;
        random_block_with(n->keepalive_key, g->entity, g->block, g->word);
    }
    return g->word[k % 4] < loss_32;
}

/* Of number k, which leaves at `sent`. Where they are worked out the weather changes no delay (net_weather). */
static sim_time delay_of(const struct net *n, const struct channel *c, peer_h self, uint64_t entity, uint64_t k, sim_time sent)
{
    const struct latency *l = n->config.latency;
    sim_time delay = channel_one_way(c);
    if (c->one_way == ONE_WAY_NONE) {
        double u = n->keepalives_one_by_one ? random_unit(n->config.seed, entity, STREAM_JITTER, k) : 0.5;
        delay = latency_one_way(l, location_of(n, self), location_of(n, c->addr), u);
    }
    if (l->jitter.kind != LAW_NEVER)
        delay += latency_jitter(l, random_unit(n->config.seed, entity, STREAM_EXTRA_DELAY, k));
    if (n->keepalives_one_by_one)
        delay = weather_delay(trouble_weather(n, sent), delay);
    return delay < l->min_delay ? l->min_delay : delay;
}

static struct grid grid_own(const struct host *h, const struct channel *c, chan_h slot, peer_h self)
{
    return grid_at(h->net, self, channel_tag(c, slot), c->addr, h->schedule[c->schedule].interval, 0);
}

/* Arrivals here of what the other side sends. Delays are the same both ways (latency.h). */
static struct grid grid_peer(const struct host *h, const struct channel *c, peer_h self)
{
    return grid_at(h->net, c->addr, c->remote, self, h->schedule[c->peer_schedule].interval,
                   delay_of(h->net, c, self, 0, 0, 0));
}

/* ---- when something was last heard ---- */

/* Only a channel that is watched knows. Its 16 bits are in units that double with the length of the silence it waits for, so that they reach back over
 * HEARD_SILENCES of these at least: 5 ms where 30 s are a silence, never more than 1 / 3277 of one or the first unit. Nobody reads them later than HEARD_LOOK + 1 silences
 * after they were written: a node looks at all its channels each HEARD_LOOK silences, and what has not been heard for one it reports then. */
#define HEARD_UNIT     MICROS(625)
#define HEARD_BITS     16u
#define HEARD_SILENCES 10u
#define HEARD_LOOK     8u

static unsigned heard_shift(const struct schedule *s)
{
    uint64_t doubled = s->silent_after ? (s->silent_after - 1) / ((HEARD_UNIT << HEARD_BITS) / HEARD_SILENCES) : 0;
    return doubled ? 64 - (unsigned)__builtin_clzll(doubled) : 0;
}

static uint64_t heard_units(const struct schedule *s, sim_time t)
{
    unsigned shift = heard_shift(s);
    return ((t + HEARD_UNIT - 1) / HEARD_UNIT + (UINT64_C(1) << shift) - 1) >> shift;
}

/* As a channel keeps it: rounded up, so that nothing is silent too early. */
static sim_time heard_round(const struct schedule *s, sim_time t)
{
    return (heard_units(s, t) << heard_shift(s)) * HEARD_UNIT;
}

static void set_heard(const struct host *h, struct channel *c, sim_time t)
{
    c->heard = (uint16_t)heard_units(&h->schedule[c->schedule], t);
}

static sim_time heard(const struct host *h, const struct channel *c, sim_time now)
{
    const struct schedule *s = &h->schedule[c->schedule];
    uint64_t units = heard_units(s, now);
    return ((units - (uint16_t)((uint16_t)units - c->heard)) << heard_shift(s)) * HEARD_UNIT;
}

static bool is_watched(const struct host *h, const struct channel *c)
{
    return h->schedule[c->schedule].silent_after != 0;
}

static void watch(struct online *o, sim_time due)
{
    o->watch_due = time_min(o->watch_due, due);
    o->channel_due = time_min(o->channel_due, due);
}

/* To look ahead costs some 16 draws a channel, and a node has dozens: so what happens to one channel makes that one fresh, and until quiet_s only fresh ones
 * are looked at. To look earlier than needed changes nothing, so whole seconds will do. */
static void watch_fresh(struct online *o, struct channel *c, sim_time due)
{
    c->state = CHANNEL_FRESH;
    watch(o, due);
}

static uint32_t quiet_seconds(sim_time t)
{
    sim_time s = t / SECONDS(1);
    return s < UINT32_MAX ? (uint32_t)s : UINT32_MAX;
}

static bool is_quiet(const struct host *h, const struct online *o, sim_time now)
{
    return !h->net->keepalives_one_by_one && now / SECONDS(1) < o->table->quiet_s;
}

void keepalive_hear(struct host *h, struct online *o, struct channel *c, sim_time now)
{
    set_heard(h, c, now);
    if (c->silent) {
        c->silent = false;
        watch_fresh(o, c, time_add(now, h->schedule[c->schedule].silent_after));
    }
}

/* ---- working out ---- */

static void sweep_sent(struct host *h, struct grid g, sim_time from, sim_time to)
{
    uint64_t k = grid_from(&g, from), end = grid_from(&g, to);
    h->counts.keepalives_sent += end - k;
    for (; k < end; k++)
        h->counts.keepalives_lost += grid_lost(h->net, &g, k);
}

static void sweep_received(struct host *h, struct channel *c, struct grid g, sim_time from, sim_time to)
{
    uint64_t arrived = 0, end = grid_from(&g, to);
    sim_time last = 0;
    for (uint64_t k = grid_from(&g, from); k < end; k++) {
        if (grid_lost(h->net, &g, k))
            continue;
        arrived++;
        last = grid_time(&g, k);
    }
    if (!arrived)
        return;
    if (is_watched(h, c) && (c->silent || last > heard(h, c, to)))
        set_heard(h, c, last);
    c->silent = false;
    h->counts.class_count[TRAFFIC_KEEPALIVE] += arrived;
    h->counts.class_bytes[TRAFFIC_KEEPALIVE] += arrived * (KEEPALIVE_BYTES + UDP_IP_BYTES);
}

/* Brings counts and times of all channels of a node up to this moment, which is before whatever happens at it. */
void keepalive_sweep(struct host *h, struct online *o, peer_h self, sim_time to)
{
    sim_time from = o->table->swept_at;
    if (to <= from || o->used == 0 || h->net->keepalives_one_by_one)
        return;
    o->table->swept_at = to;
    for (chan_h slot = 0; slot < o->used; slot++) {
        struct channel *c = &o->table->slot[slot];
        if (channel_is_up(c) && c->schedule)
            sweep_sent(h, grid_own(h, c, slot, self), from, to);
        if (channel_is_up(c) && c->peer_schedule)
            sweep_received(h, c, grid_peer(h, c, self), from, to);
    }
}

/* The same at what a node does: keepalives leave at the start of the wake-up of their time, after all datagrams of it and before anything else. */
static void sweep_to_present(struct host *h, struct online *o, peer_h self, sim_time now)
{
    keepalive_sweep(h, o, self, now + h->waking);
}

/* The latest time to look at a channel on which something is heard at t. */
static sim_time look_after(sim_time t, sim_time silent_after)
{
    return silent_after < TIME_NEVER / HEARD_LOOK ? time_add(t, HEARD_LOOK * silent_after) : TIME_NEVER;
}

/* The earliest time after now at which silence can be complete, or at which it is worth looking again. A keepalive at the very instant counts first. */
static sim_time silence_possible(struct host *h, const struct channel *c, peer_h self, sim_time now)
{
    const struct schedule *s = &h->schedule[c->schedule];
    sim_time after = s->silent_after, at = c->silent ? TIME_NEVER : time_add(heard(h, c, now), after);
    if (!after || !c->peer_schedule)
        return after ? at : TIME_NEVER;
    struct grid g = grid_peer(h, c, self);
    uint64_t k = grid_from(&g, now + 1), end = k + QUIET_AHEAD;
    sim_time look = c->silent ? TIME_NEVER : look_after(now, after);
    if (is_calm(h->net) && g.interval <= after && grid_time(&g, k) <= at)
        return look_after(c->silent ? grid_time(&g, k) : now, after); /* nothing but a note changes it */
    for (; k < end; k++) {
        sim_time arrival = grid_time(&g, k);
        if (arrival > at || arrival > look)
            return time_min(at, look);
        if (grid_lost(h->net, &g, k))
            continue;
        look = time_min(look, look_after(arrival, after));
        at = time_add(heard_round(s, arrival), after);
    }
    return time_min(at == TIME_NEVER ? grid_time(&g, end) : at, look);
}

/* ---- what the two sides tell each other ---- */

/* Notes of a node are numbered as it sends them (how far the others of its partition have counted does not matter), so that of two at one instant the later
 * one holds. */
static void note_send(struct host *h, const struct channel *c, peer_h self, sim_time interval, sim_time now)
{
    uint8_t b[NOTE_BYTES];
    if (h->net->keepalives_one_by_one || !channel_knows_remote(c))
        return;
    store_be64(b, interval);
    struct event e = {.at = now + delay_of(h->net, c, self, 0, 0, now),
                      .dst = c->addr,
                      .src = self,
                      .seq = KEEPALIVE_SEQ | h->notes++,
                      .chan = c->remote,
                      .len = NOTE_BYTES,
                      .class = TRAFFIC_KEEPALIVE,
                      .flags = KIND_NOTE};
    kernel_post(h->part, &e, b);
}

static unsigned schedule_index(struct host *h, sim_time interval, sim_time silent_after)
{
    for (unsigned k = 1; k < SCHEDULES; k++) {
        struct schedule *s = &h->schedule[k];
        if (s->interval == 0)
            *s = (struct schedule){interval, silent_after};
        if (s->interval == interval && s->silent_after == silent_after)
            return k;
    }
    return 0;
}

/* Of the settings of a peer only the interval matters here. */
static unsigned schedule_of_peer(struct host *h, sim_time interval)
{
    for (unsigned k = 1; k < SCHEDULES; k++)
        if (h->schedule[k].interval == interval)
            return k;
    unsigned k = schedule_index(h, interval, 0);
    assert(k); /* nodes of one run share one configuration; SCHEDULES leaves room for its changes */
    return k;
}

unsigned keepalive_schedule(struct host *h, const struct schedule *s)
{
    return schedule_index(h, s->interval, s->silent_after);
}

void keepalive_receive_note(struct host *h, struct identity *id, const struct event *e, const uint8_t *bytes)
{
    struct online *o = id->online;
    struct channel *c = channel_find(o, e->chan, e->src);
    if (!c)
        return;
    keepalive_sweep(h, o, e->dst, e->at);
    sim_time interval = load_be64(bytes);
    c->peer_schedule = interval ? schedule_of_peer(h, interval) & (SCHEDULES - 1) : 0;
    if (channel_is_up(c) && c->schedule) {
        sim_time due = silence_possible(h, c, e->dst, e->at);
        watch(o, due);
        if (quiet_seconds(due) < o->table->quiet_s)
            o->table->quiet_s = quiet_seconds(due);
    }
}

void keepalive_assume_peer(struct host *h, struct channel *c, sim_time interval)
{
    if (!h->net->keepalives_one_by_one)
        c->peer_schedule = schedule_of_peer(h, interval) & (SCHEDULES - 1);
}

/* ---- life of a channel ---- */

void keepalive_up(struct host *h, struct online *o, chan_h slot, peer_h self, sim_time now)
{
    sweep_to_present(h, o, self, now);
    o->table->slot[slot].state = CHANNEL_UP;
}

int keepalive_set(struct host *h, struct online *o, chan_h slot, peer_h self, const struct schedule *s, sim_time now)
{
    struct channel *c = &o->table->slot[slot];
    unsigned k = s->interval ? schedule_index(h, s->interval, s->silent_after) : 0;
    if (s->interval && !k)
        return ERR_NO_ROOM;
    sweep_to_present(h, o, self, now);
    if (h->schedule[c->schedule].interval != s->interval)
        note_send(h, c, self, s->interval, now);
    /* Who was not watched owed nothing: what is missed counts from now on. What is longer ago than the new silence need not be told apart. */
    sim_time last = is_watched(h, c) && !c->silent ? heard(h, c, now) : now;
    if (now > s->silent_after && last < now - s->silent_after)
        last = now - s->silent_after;
    last = time_min(last, now); /* it was rounded up */
    c->schedule = k & (SCHEDULES - 1);
    c->silent = c->silent && is_watched(h, c);
    set_heard(h, c, last);
    if (is_watched(h, c))
        watch_fresh(o, c, c->silent ? now : time_add(heard(h, c, now), s->silent_after));
    if (k && h->net->keepalives_one_by_one) {
        struct grid g = grid_own(h, c, slot, self);
        watch(o, grid_time(&g, grid_from(&g, now + h->waking)));
    }
    return 0;
}

/* Before the channel goes: what it sent so far counts, and the other side is told that nothing more comes. */
void keepalive_end(struct host *h, struct online *o, chan_h slot, peer_h self, sim_time now)
{
    const struct channel *c = &o->table->slot[slot];
    sweep_to_present(h, o, self, now);
    if (channel_is_up(c) && c->schedule)
        note_send(h, c, self, 0, now);
}

void keepalive_end_all(struct host *h, struct online *o, peer_h self, sim_time now)
{
    for (chan_h slot = 0; slot < o->used; slot++)
        keepalive_end(h, o, slot, self, now);
}

/* ---- one by one ---- */

/* They cost the node no CPU and do not wait for it: the host's own, sent beside DTLS. */
static void send_one(struct host *h, const struct channel *c, chan_h slot, peer_h self, struct grid *g, uint64_t k)
{
    h->counts.keepalives_sent++;
    sim_time left_at = access_up(h, self, grid_time(g, k), KEEPALIVE_BYTES + UDP_IP_BYTES);
    if (left_at == TIME_NEVER) {
        h->counts.keepalives_dropped++;
        return;
    }
    if (grid_lost(h->net, g, k)) {
        h->counts.keepalives_lost++;
        return;
    }
    struct event e = {.at = left_at + delay_of(h->net, c, self, g->entity, k, grid_time(g, k)),
                      .dst = c->addr,
                      .src = self,
                      .seq = KEEPALIVE_SEQ | channel_tag(c, slot),
                      .chan = c->remote,
                      .true_len = KEEPALIVE_BYTES,
                      .class = TRAFFIC_KEEPALIVE,
                      .flags = KIND_KEEPALIVE};
    kernel_post(h->part, &e, NULL);
}

void keepalive_send_due(struct host *h, const struct online *o, peer_h self, sim_time now)
{
    for (chan_h slot = 0; h->net->keepalives_one_by_one && slot < o->used; slot++) {
        const struct channel *c = &o->table->slot[slot];
        if (!channel_is_up(c) || !c->schedule)
            continue;
        struct grid g = grid_own(h, c, slot, self);
        uint64_t k = grid_from(&g, now);
        if (grid_time(&g, k) == now)
            send_one(h, c, slot, self, &g, k);
    }
}

static sim_time next_to_send(struct host *h, const struct channel *c, chan_h slot, peer_h self, sim_time now)
{
    if (!h->net->keepalives_one_by_one)
        return TIME_NEVER;
    struct grid g = grid_own(h, c, slot, self);
    return grid_time(&g, grid_from(&g, now + 1));
}

void keepalive_receive(struct host *h, struct identity *id, const struct event *e)
{
    struct channel *c = channel_find(id->online, e->chan, e->src);
    if (!c || !channel_is_up(c))
        return;
    keepalive_hear(h, id->online, c, e->at);
    h->counts.class_count[TRAFFIC_KEEPALIVE]++;
    h->counts.class_bytes[TRAFFIC_KEEPALIVE] += KEEPALIVE_BYTES + UDP_IP_BYTES;
}

/* ---- when the network changes, or a process dies on a live host ---- */

void keepalive_watch(struct host *h, peer_h self, sim_time now)
{
    struct online *o = identity_of(h, self)->online;
    if (o->slots > 0)
        o->table->quiet_s = 0;
    watch(o, now);
    kernel_wake_at(h->part, self, host_due(identity_of(h, self)));
}

/* All channels of a start in mid-life were heard at one time; looked at all at once, they would make one window of everybody. To look earlier changes nothing. */
void keepalive_spread(struct host *h, peer_h self, sim_time now)
{
    struct online *o = identity_of(h, self)->online;
    if (o->watch_due == TIME_NEVER || o->watch_due <= now || h->net->keepalives_one_by_one)
        return;
    o->watch_due = now + 1 + hash64_mix(h->net->phase_key, self) % (o->watch_due - now);
    o->channel_due = time_min(o->channel_due, o->watch_due);
}

sim_time keepalive_next_arrival(struct host *h, const struct channel *c, peer_h self, sim_time now, sim_time *back)
{
    *back = delay_of(h->net, c, self, 0, 0, now);
    struct grid g = grid_at(h->net, c->addr, c->remote, self, h->schedule[c->schedule].interval, 0);
    uint64_t k = grid_from(&g, now > *back ? now - *back : 0), end = k + LOOK_AHEAD;
    for (; k < end; k++) {
        sim_time sent = grid_time(&g, k), at = sent + delay_of(h->net, c, self, g.entity, k, sent);
        if (at >= now && !grid_lost(h->net, &g, k))
            return at;
    }
    return TIME_NEVER;
}

/* ---- wake-ups ---- */

static void report_silent(struct host *h, struct online *o, chan_h slot, peer_h self, sim_time now)
{
    struct channel *c = &o->table->slot[slot];
    struct chan_info info = {c->addr, c->addr, 0};
    c->silent = true;
    call_begin(h, self, now);
    h->counts.wakes++;
    call_channel(h, o, slot, CHAN_SILENT, &info);
    call_end(h);
}

/* Does what is due on this channel; the next time that anything can be. */
static sim_time check(struct host *h, struct identity *id, chan_h slot, peer_h self, sim_time now)
{
    struct online *o = id->online;
    struct channel *c = &o->table->slot[slot];
    if (!channel_is_up(c) || !c->schedule)
        return TIME_NEVER;
    c->state = CHANNEL_UP;
    sim_time after = h->schedule[c->schedule].silent_after;
    sim_time next = next_to_send(h, c, slot, self, now);
    if (after && !c->silent && time_add(heard(h, c, now), after) <= now) {
        uint32_t tag = channel_tag(c, slot);
        report_silent(h, o, slot, self, now);
        /* The node may have closed it, and what stands there now has armed itself. */
        if (id->online != o || slot >= o->used || channel_tag(c = &o->table->slot[slot], slot) != tag ||
            !channel_is_up(c) || !c->schedule)
            return next;
    }
    return time_min(next, silence_possible(h, c, self, now));
}

void keepalive_wake(struct host *h, struct identity *id, peer_h self, sim_time now)
{
    struct online *o = id->online;
    bool quiet = is_quiet(h, o, now);
    sim_time due = quiet ? o->table->quiet_s * SECONDS(1) : TIME_NEVER;
    /* Wake-ups come after all datagrams of their time. */
    keepalive_sweep(h, o, self, now + 1);
    o->watch_due = TIME_NEVER;
    for (chan_h slot = 0; id->online == o && slot < o->used; slot++)
        if (!quiet || o->table->slot[slot].state == CHANNEL_FRESH)
            due = time_min(due, check(h, id, slot, self, now));
    if (id->online != o)
        return;
    o->watch_due = time_min(o->watch_due, due);
    if (o->slots > 0)
        o->table->quiet_s = quiet_seconds(due);
}
