/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/scenario/change.h"

#include <stdio.h>
#include <string.h>

#include "sim/scenario/schema.h"

static bool differs(const struct scenario *was, const struct scenario *is, const struct key *key)
{
    return key->size && key->type != KEY_MAP && !strchr(key->path, '[') && key->type != KEY_FAULTS && key->type != KEY_CHECKS &&
           memcmp((const char *)was + key->offset, (const char *)is + key->offset, key->size) != 0;
}

static int check_keys(const struct scenario *was, const struct scenario *is, char *error, size_t error_cap)
{
    for (size_t i = 0; i < schema_count; i++) {
        const struct key *key = &schema[i];
        if (key->running || !differs(was, is, key))
            continue;
        snprintf(error, error_cap, "%s cannot change in a run that goes on: it shapes what stands already. Start a run of its own with it", key->path);
        return -1;
    }
    return 0;
}

static int check_phases(const struct scenario *was, const struct scenario *is, sim_time now, char *error, size_t error_cap)
{
    double now_s = (double)now / 1e9;
    if (was->warmup != is->warmup && now >= was->warmup)
        snprintf(error, error_cap, "phases.warmup cannot change: at the checkpoint, %.9g s, the warm-up is over", now_s);
    else if (was->warmup != is->warmup && is->warmup <= now)
        snprintf(error, error_cap, "phases.warmup must end after the checkpoint, which is of %.9g s", now_s);
    else if (was->measure != is->measure && now >= was->warmup + was->measure)
        snprintf(error, error_cap, "phases.measure cannot change: at the checkpoint, %.9g s, the measured phase is over", now_s);
    else if (was->measure != is->measure && is->warmup + is->measure <= now)
        snprintf(error, error_cap, "phases.measure must end after the checkpoint, which is of %.9g s", now_s);
    else
        return 0;
    return -1;
}

/* Faults that have begun at that time; they stand in the order of time. */
static unsigned begun(const struct scenario *s, sim_time now)
{
    unsigned n = 0;
    while (n < s->faults && s->warmup + s->fault[n].at <= now)
        n++;
    return n;
}

static int check_faults(const struct scenario *was, const struct scenario *is, sim_time now, char *error, size_t error_cap)
{
    unsigned n = begun(was, now), same = 0;
    while (same < n && same < is->faults && memcmp(&was->fault[same], &is->fault[same], sizeof was->fault[same]) == 0)
        same++;
    if (same < n || begun(is, now) != n) {
        snprintf(error, error_cap, "faults[%u] has begun before the checkpoint, which is of %.9g s, or would have: only what comes later can change", same, (double)now / 1e9);
        return -1;
    }
    if (scenario_changes_delays(was) != scenario_changes_delays(is)) {
        snprintf(error, error_cap, "faults: a fault of the kind network that changes delays has keepalives sent one by one from the start of a run: it cannot be %s later",
                 scenario_changes_delays(is) ? "added" : "taken away");
        return -1;
    }
    return 0;
}

/* Figures that leave out a time after faults have been counted from the start of measure on. */
static int check_checks(const struct scenario *was, const struct scenario *is, char *error, size_t error_cap)
{
    for (unsigned i = 0; i < is->checks; i++) {
        bool counted = is->check[i].ring_valid || is->check[i].except == 0;
        for (unsigned k = 0; !counted && k < was->checks; k++)
            counted = !was->check[k].ring_valid && was->check[k].except == is->check[i].except;
        if (counted)
            continue;
        snprintf(error, error_cap, "check[%u].except: no check of the run so far leaves out that time after faults, so it has not been counted", i);
        return -1;
    }
    return 0;
}

int scenario_may_become(const struct scenario *was, const struct scenario *is, sim_time now, char *error, size_t error_cap)
{
    if (check_keys(was, is, error, error_cap) || check_phases(was, is, now, error, error_cap) || check_faults(was, is, now, error, error_cap))
        return -1;
    if (scenario_population(was) != scenario_population(is)) { /* new peers of churn.poisson are planned for the whole run */
        snprintf(error, error_cap, "phases cannot change where churn.poisson brings new peers: their number follows from the length of the run");
        return -1;
    }
    return check_checks(was, is, error, error_cap);
}
