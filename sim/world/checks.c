/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/world/checks.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "sim/world/assembly.h"

/* A peer that joined less than this ago need not stand on the ring yet. */
#define RING_SETTLE SECONDS(60)
/* Up to so many peers, every node's invariants are looked at in each sample; above, at the end only. */
#define NODE_CHECK_PEERS 2000u
#define FINDING_MAX      128u

enum { CHECK_NODES, CHECK_DATAGRAMS, SAFETY_CHECKS };

__attribute__((format(printf, 3, 4))) static void check_fail(struct world *w, struct check_result *r,
                                                             const char *format, ...)
{
    va_list arguments;
    if (r->failed)
        return; /* the first finding is the one to look at */
    r->failed = true;
    r->failed_at = w->now;
    va_start(arguments, format);
    vsnprintf(r->text, sizeof r->text, format, arguments);
    va_end(arguments);
}

/* The scope whose guard is the check's; a new one if there is none yet. */
static unsigned scope_for(struct world *w, sim_time guard)
{
    for (unsigned i = 0; i < w->scope_count; i++)
        if (w->scopes[i].from == w->measure_from && w->scopes[i].to == w->measure_to && w->scopes[i].guard == guard)
            return i;
    w->scopes[w->scope_count] = w->scopes[0];
    w->scopes[w->scope_count].guard = guard;
    if (scope_open(&w->scopes[w->scope_count], ranks_many(w->ranks)))
        out_of_memory();
    return w->scope_count++;
}

int checks_open(struct world *w, char *error, size_t error_cap)
{
    const struct scenario *s = w->scenario;
    struct summary blank;
    double value;
    summary_init(&blank);
    w->check_count = SAFETY_CHECKS + s->checks;
    w->checks = calloc(w->check_count, sizeof *w->checks);
    if (!w->checks)
        out_of_memory();
    for (unsigned i = 0; i < s->checks; i++) {
        struct check_result *r = &w->checks[SAFETY_CHECKS + i];
        r->check = &s->check[i];
        if (!r->check->ring_valid && !summary_value(&blank, r->check->metric, &value)) {
            snprintf(error, error_cap, "check: there is no figure \"%s\"", r->check->metric);
            return -1;
        }
        r->scope = r->check->ring_valid ? 0 : scope_for(w, r->check->except);
    }
    return 0;
}

void checks_close(struct world *w)
{
    free(w->checks);
}

/* ---- while it runs ---- */

/* Whether the ring has to be correct now: the time it is given after the start of measure, and after each fault, is over. */
static bool ring_must_hold(const struct world *w, const struct check *c)
{
    bool must = w->now >= time_add(w->measure_from, c->within);
    for (unsigned i = 0; must && i < w->scenario->faults; i++) {
        sim_time over = w->fault_until[i] == TIME_NEVER ? w->fault_at[i] : w->fault_until[i];
        must = w->now < w->fault_at[i] || w->now >= time_add(over, c->within);
    }
    return must;
}

static void sample_ring(struct world *w, struct check_result *r)
{
    uint32_t outside;
    enum ring_verdict verdict = ring_judge(w, RING_SETTLE, &outside);
    r->ring_correct = verdict == RING_CORRECT;
    if (!ring_must_hold(w, r->check))
        return;
    if (verdict == RING_OUTSIDE)
        check_fail(w, r, "%" PRIu32 " of %" PRIu32 " peers outside the ring", outside, w->ring.count);
    else if (verdict != RING_CORRECT)
        check_fail(w, r, "%s", ring_verdict_text(verdict));
}

/* That of the lowest rank, which holds the lowest identities. */
static void first_finding(struct world *w, char text[FINDING_MAX])
{
    if (!w->ranks)
        return;
    const struct blob *all = ranks_gather(w->ranks, text, strlen(text));
    char first[FINDING_MAX] = "";
    for (unsigned r = 0; r < ranks_count(w->ranks) && !first[0]; r++)
        snprintf(first, sizeof first, "%.*s", (int)all[r].size, all[r].size ? (const char *)all[r].bytes : "");
    memcpy(text, first, sizeof first);
}

static void check_nodes(struct world *w)
{
    char text[FINDING_MAX] = "";
    for (uint32_t i = w->first; i < w->end && !text[0]; i++) {
        struct env *env;
        const struct node *node = identity_of(w, i)->flags & LIFE_ONLINE ? net_node(w->net, i, &env) : NULL;
        const char *found = node ? w->kind->group.actor->check(node, env) : NULL;
        if (found)
            snprintf(text, sizeof text, "node %" PRIu32 ": %s", i, found);
    }
    first_finding(w, text);
    if (text[0])
        check_fail(w, &w->checks[CHECK_NODES], "%s", text);
}

void checks_sample(struct world *w)
{
    for (unsigned i = SAFETY_CHECKS; i < w->check_count; i++)
        if (w->checks[i].check->ring_valid)
            sample_ring(w, &w->checks[i]);
    if (w->online <= NODE_CHECK_PEERS)
        check_nodes(w);
}

/* ---- at the end ---- */

static const char *compare_text(enum compare c)
{
    static const char *const text[] = {
        [COMPARE_LESS] = "<", [COMPARE_LESS_EQUAL] = "<=", [COMPARE_GREATER] = ">", [COMPARE_GREATER_EQUAL] = ">="};
    return text[c];
}

static bool compare_holds(enum compare c, double value, double bound)
{
    switch (c) {
    case COMPARE_LESS: return value < bound;
    case COMPARE_LESS_EQUAL: return value <= bound;
    case COMPARE_GREATER: return value > bound;
    case COMPARE_GREATER_EQUAL: return value >= bound;
    }
    return false;
}

static void finish_metric(struct world *w, struct check_result *r)
{
    struct summary s = w->summary;
    double value = NAN;
    if (r->check->except)
        measures_summary(w->scopes[r->scope].m, 5 * w->overlay.reliability_timer, &s);
    summary_value(&s, r->check->metric, &value);
    if (isnan(value))
        check_fail(w, r, "nothing was measured");
    else if (!compare_holds(r->check->compare, value, r->check->bound))
        check_fail(w, r, "it is %.6g", value);
    else
        snprintf(r->text, sizeof r->text, "it is %.6g", value);
}

/* The measured phase may end before the time the check allows: then what was seen last decides. */
static void finish_ring(struct world *w, struct check_result *r)
{
    if (!r->ring_correct)
        check_fail(w, r, "the measured phase ended before there was one correct ring");
}

/* What the rest of an interrupted run would have shown is nobody's to say. */
static void stay_open(struct check_result *r)
{
    r->open = true;
    snprintf(r->text, sizeof r->text, "the run was stopped before its end");
}

static void check_datagrams(struct world *w)
{
    struct totals totals = {0};
    net_count(w->net, &totals.net);
    assembly_totals(w, &totals);
    const struct net_counts n = totals.net;
    uint64_t dropped = n.dropped + n.uplink_dropped + n.downlink_dropped;
    uint64_t ended = n.delivered + n.lost + n.dead + dropped, pending = n.in_flight;
    if (n.sent != ended + pending)
        check_fail(w, &w->checks[CHECK_DATAGRAMS],
                   "%" PRIu64 " sent, but %" PRIu64 " delivered, %" PRIu64 " lost, %" PRIu64
                   " at dead receivers, %" PRIu64 " dropped and %" PRIu64 " in flight",
                   n.sent, n.delivered, n.lost, n.dead, dropped, pending);
}

int checks_finish(struct world *w)
{
    int status = 0;
    check_nodes(w);
    check_datagrams(w);
    for (unsigned i = SAFETY_CHECKS; i < w->check_count; i++) {
        if (w->cut && !w->checks[i].failed)
            stay_open(&w->checks[i]);
        else if (w->checks[i].check->ring_valid)
            finish_ring(w, &w->checks[i]);
        else
            finish_metric(w, &w->checks[i]);
    }
    for (unsigned i = 0; i < w->check_count; i++)
        if (w->checks[i].failed)
            status = i < SAFETY_CHECKS || status == 70 ? 70 : 1;
    return status;
}

static void print_name(const struct check_result *r, unsigned index, FILE *f)
{
    if (index == CHECK_NODES)
        fputs("every node's invariants", f);
    else if (index == CHECK_DATAGRAMS)
        fputs("no datagram unaccounted for", f);
    else if (r->check->ring_valid)
        fprintf(f, "ring_valid within %.0f s", (double)r->check->within / 1e9);
    else
        fprintf(f, "%s %s %.6g", r->check->metric, compare_text(r->check->compare), r->check->bound);
    if (r->check && !r->check->ring_valid && r->check->except)
        fprintf(f, ", except %.0f s after faults", (double)r->check->except / 1e9);
}

unsigned world_print_checks(const struct world *w, FILE *f)
{
    unsigned failed = 0;
    for (unsigned i = 0; i < w->check_count; i++) {
        const struct check_result *r = &w->checks[i];
        fputs(r->failed ? "FAILED  " : r->open ? "not judged  " : "passed  ", f);
        print_name(r, i, f);
        if (r->text[0])
            fprintf(f, ": %s", r->text);
        if (r->failed && (i < SAFETY_CHECKS || r->check->ring_valid))
            fprintf(f, " (seen at %.0f s)", (double)r->failed_at / 1e9);
        fputc('\n', f);
        failed += r->failed;
    }
    return failed;
}
