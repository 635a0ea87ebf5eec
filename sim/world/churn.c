/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/world/churn.h"

#include <stdlib.h>

#include "sim/kernel/random.h"
#include "sim/kernel/real.h"

/* Counters of STREAM_CHURN. Those of later intervals start at DRAW_CYCLE. */
enum churn_draw { DRAW_ONLINE, DRAW_AGE, DRAW_LEFT, DRAW_STAGGER, DRAW_CYCLE };

/* Nodes that never leave have been there for one to two days: longer than any timer or lifetime. */
#define PERMANENT_AGE MINUTES(24 * 60)
/* Who has never been there is gone for this long: longer than anything is remembered. */
#define NEVER_THERE SECONDS(300000000)
#define DAY_S       86400.0
#define NS_PER_S    1e9
/* Of the daily cycle: how far back the past is run, in cycles and in days, and how often a return may be refused. */
#define PAST_CYCLES 50.0
#define PAST_DAYS   10.0
#define REFUSALS    1000u
/* Cycles of the past are numbered from here. */
#define PAST_CYCLE UINT32_C(0x80000000)

/* ---- opening ---- */

void churn_init(struct churn *c, const struct scenario *s)
{
    *c = (struct churn){.seed = s->seed,
                        .on = s->churn,
                        .permanent = s->bootstrap_nodes,
                        .session = s->session,
                        .offline = s->offline,
                        .online_share = 1,
                        .ids = 1,
                        .graceful = s->graceful};
    law_equilibrium_init(&c->session_age, &s->session);
    law_equilibrium_init(&c->offline_age, &s->offline);
    if (s->churn && s->offline.kind != LAW_NEVER) {
        double on = law_mean(&s->session), off = law_mean(&s->offline);
        c->online_share = on / (on + off);
    }
}

static int open_arrivals(struct churn *c, const struct scenario *s)
{
    const struct law gap = {LAW_EXPONENTIAL, (double)s->poisson_every / NS_PER_S, 0};
    uint32_t count = scenario_population(s) - s->peers;
    sim_time t = 0;
    c->source = CHURN_POISSON;
    c->peers = s->peers;
    c->arrival = malloc(count * sizeof *c->arrival);
    for (uint32_t k = 0; c->arrival && k < count; k++)
        c->arrival[k] = t = time_add(t, law_draw(&gap, random_unit(c->seed, k, STREAM_ARRIVAL, 0)));
    return c->arrival ? 0 : -1;
}

int churn_open(struct churn *c, const struct scenario *s, const struct latency *latency, char *error, size_t error_cap)
{
    churn_init(c, s);
    c->ids = scenario_ids_per_device(s);
    c->amplitude = s->churn ? s->daily_amplitude : 0;
    c->peak_s = (double)s->daily_peak / NS_PER_S;
    c->epoch_s = (double)s->epoch_ms / 1e3;
    c->latency = latency->model == LATENCY_COORDINATES ? latency : NULL;
    if (s->churn && s->poisson_every && open_arrivals(c, s)) {
        snprintf(error, error_cap, "out of memory");
        return -1;
    }
    if (!s->churn || !s->trace_data[0])
        return 0;
    c->source = CHURN_TRACE;
    c->trace_from = s->trace_from;
    return session_trace_load(&c->trace, s->trace_path, error, error_cap);
}

void churn_close(struct churn *c)
{
    free(c->arrival);
    session_trace_free(&c->trace);
}

/* ---- devices ---- */

static uint32_t device_first(const struct churn *c, uint32_t identity)
{
    return identity - (identity - c->permanent) % c->ids;
}

uint32_t churn_next_identity(const struct churn *c, uint32_t identity)
{
    if (c->ids == 1 || identity < c->permanent)
        return identity;
    uint32_t first = device_first(c, identity);
    return first + (identity - first + 1) % c->ids;
}

uint32_t churn_former_identity(const struct churn *c, uint32_t identity)
{
    return c->ids == 1 || identity < c->permanent ? identity : device_first(c, identity) + c->ids - 1;
}

bool churn_is_first_identity(const struct churn *c, uint32_t identity)
{
    return c->ids == 1 || identity < c->permanent || device_first(c, identity) == identity;
}

/* ---- draws ---- */

static double churn_unit(const struct churn *c, uint32_t identity, uint64_t counter)
{
    return random_unit(c->seed, identity, STREAM_CHURN, counter);
}

static bool churn_never_leaves(const struct churn *c, uint32_t identity)
{
    return !c->on || identity < c->permanent;
}

static sim_time churn_ns(double seconds)
{
    return seconds < 9e9 ? (sim_time)(seconds * NS_PER_S) : SECONDS(9000000000);
}

/* ---- the daily cycle; times before time 0 are negative ---- */

static double longitude(const struct churn *c, uint32_t identity)
{
    if (!c->latency)
        return 0;
    uint32_t device = c->ids == 1 || identity < c->permanent ? identity
                                                             : c->permanent + (identity - c->permanent) / c->ids;
    return (double)c->latency->place[latency_locate(c->latency, device).place].longitude;
}

static bool returns_at(const struct churn *c, double day_of_zero, int64_t at, double u)
{
    double local = day_of_zero + (double)at / NS_PER_S / DAY_S;
    return u * (1 + c->amplitude) < 1 + c->amplitude * real_cos_turn(local);
}

/* The first interval is the one that would be drawn without a cycle, so that a small amplitude changes little. */
static int64_t daily_return(const struct churn *c, uint32_t identity, uint32_t cycle, double day_of_zero, int64_t from)
{
    int64_t at = from;
    for (uint64_t k = 0; k < REFUSALS; k++) {
        uint64_t counter = (uint64_t)cycle << 20 | k << 1;
        double u = k == 0 ? churn_unit(c, identity, DRAW_CYCLE + (uint64_t)cycle)
                          : random_unit(c->seed, identity, STREAM_DAILY, counter);
        at += (int64_t)churn_ns(law_quantile(&c->offline, u) / (1 + c->amplitude)) + 1;
        if (returns_at(c, day_of_zero, at, random_unit(c->seed, identity, STREAM_DAILY, counter | 1)))
            break;
    }
    return at;
}

/* Days since some midnight at which the local peak was, at time 0. */
static double day_of_zero(const struct churn *c, uint32_t identity)
{
    return (c->epoch_s - c->peak_s) / DAY_S + longitude(c, identity) / 360;
}

static struct churn_start from_the_past(const struct churn *c, uint32_t identity, struct churn_start start)
{
    double past_s = PAST_CYCLES * (law_mean(&c->session) + law_mean(&c->offline)), day = day_of_zero(c, identity);
    int64_t from = -(int64_t)churn_ns(past_s < PAST_DAYS * DAY_S ? past_s : PAST_DAYS * DAY_S), began, ends;
    bool online = start.online;
    began = from - (int64_t)start.age;
    ends = from + (int64_t)start.left;
    for (uint32_t cycle = PAST_CYCLE; ends <= 0; cycle++) {
        online = !online;
        began = ends;
        ends = online ? began + (int64_t)churn_ns(law_quantile(&c->session,
                                                               churn_unit(c, identity, DRAW_CYCLE + (uint64_t)cycle))) + 1
                      : daily_return(c, identity, cycle, day, began);
    }
    return (struct churn_start){online, (sim_time)-began, (sim_time)ends};
}

/* ---- the trace ---- */

/* The first session of the node that has not ended by then; NULL. */
static const struct session_span *span_after(const struct churn *c, uint32_t identity, sim_time t)
{
    size_t low = c->trace.first[identity - c->permanent], end = c->trace.first[identity - c->permanent + 1], high = end;
    sim_time at = time_add(t, c->trace_from);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (c->trace.span[middle].down <= at)
            low = middle + 1;
        else
            high = middle;
    }
    return low < end ? &c->trace.span[low] : NULL;
}

static sim_time trace_time(const struct churn *c, sim_time t)
{
    return t == TIME_NEVER ? TIME_NEVER : t - c->trace_from;
}

static struct churn_start trace_at_start(const struct churn *c, uint32_t identity)
{
    const struct session_span *span = span_after(c, identity, 0);
    if (span && span->up <= c->trace_from)
        return (struct churn_start){true, c->trace_from - span->up, trace_time(c, span->down)};
    size_t first = c->trace.first[identity - c->permanent], next = c->trace.first[identity - c->permanent + 1];
    size_t k = span ? (size_t)(span - c->trace.span) : next;
    sim_time gone = k > first ? c->trace_from - c->trace.span[k - 1].down : NEVER_THERE;
    return (struct churn_start){false, gone, span ? trace_time(c, span->up) : TIME_NEVER};
}

/* ---- what the world asks ---- */

static struct churn_start poisson_at_start(const struct churn *c, uint32_t identity)
{
    if (identity >= c->peers)
        return (struct churn_start){false, NEVER_THERE, c->arrival[identity - c->peers]};
    double age = law_equilibrium_quantile(&c->session_age, churn_unit(c, identity, DRAW_AGE));
    return (struct churn_start){true, churn_ns(age),
                                churn_ns(law_quantile(&c->session, churn_unit(c, identity, DRAW_LEFT))) + 1};
}

struct churn_start churn_at_start(const struct churn *c, uint32_t identity)
{
    double u = churn_unit(c, identity, DRAW_AGE);
    if (churn_never_leaves(c, identity))
        return (struct churn_start){true, PERMANENT_AGE + churn_ns(u * DAY_S), TIME_NEVER};
    if (!churn_is_first_identity(c, identity))
        return (struct churn_start){false, NEVER_THERE, TIME_NEVER};
    if (c->source == CHURN_TRACE)
        return trace_at_start(c, identity);
    if (c->source == CHURN_POISSON)
        return poisson_at_start(c, identity);
    bool online = churn_unit(c, identity, DRAW_ONLINE) < c->online_share;
    const struct law *law = online ? &c->session : &c->offline;
    double age = law_equilibrium_quantile(online ? &c->session_age : &c->offline_age, u);
    double left = law_remaining_quantile(law, age, churn_unit(c, identity, DRAW_LEFT));
    struct churn_start start = {online, churn_ns(age), churn_ns(left) + 1};
    return c->amplitude > 0 ? from_the_past(c, identity, start) : start;
}

sim_time churn_stagger(const struct churn *c, const struct scenario *s, uint32_t identity)
{
    if (identity < s->bootstrap_nodes)
        return SECONDS(identity);
    sim_time spread = time_min(s->warmup / 2, MILLIS(500) * s->peers);
    return SECONDS(s->bootstrap_nodes) + churn_ns(churn_unit(c, identity, DRAW_STAGGER) * ((double)spread / 1e9));
}

sim_time churn_departure(const struct churn *c, uint32_t identity, uint32_t cycle, sim_time now)
{
    if (churn_never_leaves(c, identity))
        return TIME_NEVER;
    if (c->source == CHURN_TRACE) {
        const struct session_span *span = span_after(c, identity, now);
        return span ? trace_time(c, span->down) : TIME_NEVER; /* brought back by a fault after its last session: stays */
    }
    return time_add(now, law_draw(&c->session, churn_unit(c, identity, DRAW_CYCLE + (uint64_t)cycle)));
}

sim_time churn_return(const struct churn *c, uint32_t identity, uint32_t cycle, sim_time now)
{
    if (!c->on || c->source == CHURN_POISSON || (identity < c->permanent && c->source == CHURN_TRACE))
        return TIME_NEVER;
    if (c->source == CHURN_TRACE) {
        const struct session_span *span = span_after(c, identity, now);
        if (span && trace_time(c, span->up) <= now) /* taken in mid-session */
            span = (size_t)(span - c->trace.span) + 1 < c->trace.first[identity - c->permanent + 1] ? span + 1 : NULL;
        return span ? trace_time(c, span->up) : TIME_NEVER;
    }
    if (c->amplitude > 0)
        return (sim_time)daily_return(c, identity, cycle, day_of_zero(c, identity), (int64_t)now);
    return time_add(now, law_draw(&c->offline, churn_unit(c, identity, DRAW_CYCLE + (uint64_t)cycle)));
}

bool churn_graceful(const struct churn *c, uint32_t identity, uint32_t cycle)
{
    return random_unit(c->seed, identity, STREAM_GRACEFUL, cycle) < c->graceful;
}
