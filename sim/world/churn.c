/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/world/churn.h"

#include "sim/kernel/random.h"

/* Counters of STREAM_CHURN. Those of later intervals start at DRAW_CYCLE. */
enum churn_draw { DRAW_ONLINE, DRAW_AGE, DRAW_LEFT, DRAW_STAGGER, DRAW_CYCLE };

/* Nodes that never leave have been there for one to two days: longer than any timer or lifetime. */
#define PERMANENT_AGE MINUTES(24 * 60)

void churn_init(struct churn *c, const struct scenario *s)
{
    *c = (struct churn){.seed = s->seed,
                        .on = s->churn,
                        .permanent = s->bootstrap_nodes,
                        .session = s->session,
                        .offline = s->offline,
                        .online_share = 1,
                        .graceful = s->graceful};
    if (s->churn) {
        double on = law_mean(&s->session), off = law_mean(&s->offline);
        c->online_share = on / (on + off);
    }
}

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
    return seconds < 9e9 ? (sim_time)(seconds * 1e9) : SECONDS(9000000000);
}

struct churn_start churn_at_start(const struct churn *c, uint32_t identity)
{
    double u = churn_unit(c, identity, DRAW_AGE);
    if (churn_never_leaves(c, identity))
        return (struct churn_start){true, PERMANENT_AGE + churn_ns(u * 86400), TIME_NEVER};
    bool online = churn_unit(c, identity, DRAW_ONLINE) < c->online_share;
    const struct law *law = online ? &c->session : &c->offline;
    double age = law_residual_quantile(law, u);
    double left = law_remaining_quantile(law, age, churn_unit(c, identity, DRAW_LEFT));
    return (struct churn_start){online, churn_ns(age), churn_ns(left) + 1};
}

sim_time churn_stagger(const struct churn *c, const struct scenario *s, uint32_t identity)
{
    if (identity < s->bootstrap_nodes)
        return SECONDS(identity);
    sim_time spread = time_min(s->warmup / 2, MILLIS(500) * s->peers);
    return SECONDS(s->bootstrap_nodes) + churn_ns(churn_unit(c, identity, DRAW_STAGGER) * ((double)spread / 1e9));
}

sim_time churn_session(const struct churn *c, uint32_t identity, uint32_t cycle)
{
    if (churn_never_leaves(c, identity))
        return TIME_NEVER;
    return law_draw(&c->session, churn_unit(c, identity, DRAW_CYCLE + (uint64_t)cycle));
}

sim_time churn_offline(const struct churn *c, uint32_t identity, uint32_t cycle)
{
    if (!c->on)
        return TIME_NEVER;
    return law_draw(&c->offline, churn_unit(c, identity, DRAW_CYCLE + (uint64_t)cycle));
}

bool churn_graceful(const struct churn *c, uint32_t identity, uint32_t cycle)
{
    return random_unit(c->seed, identity, STREAM_GRACEFUL, cycle) < c->graceful;
}
