/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table at the end of a run: what a person wants to know first, 80 columns. */
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <stdarg.h>

#include "sim/record/summary.h"

static void line(FILE *f, const char *name, const char *value)
{
    fprintf(f, "  %-34s %s\n", name, value);
}

__attribute__((format(printf, 3, 4))) static void row(FILE *f, const char *name, const char *format, ...)
{
    char value[128];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(value, sizeof value, format, arguments);
    va_end(arguments);
    line(f, name, value);
}

/* A share as per cent, in a field of seven; a dash when unknown. */
static const char *percent(char out[16], double share)
{
    if (isnan(share))
        snprintf(out, 16, "%9s", "-");
    else
        snprintf(out, 16, "%7.3f %%", 100 * share);
    return out;
}

static const char *seconds(char out[16], double s)
{
    if (isnan(s))
        snprintf(out, 16, "%7s", "-");
    else
        snprintf(out, 16, "%5.*f s", s < 10 ? 3 : 1, s);
    return out;
}

static void print_run(const struct summary *s, FILE *f)
{
    fprintf(f, "%s, seed %" PRIu64 ", fingerprint %016" PRIx64 "\n", s->scenario, s->seed, s->fingerprint);
    row(f, "simulated (measured phase)", "%.0f s%s", s->sim_s, s->complete ? "" : "; stopped before its end");
    row(f, "peers online, mean", "%.1f of %" PRIu64 " identities", s->nodes_online_mean, s->population);
    row(f, "events", "%" PRIu64 "; %.2f M per CPU second", s->events, s->events_per_cpu_s / 1e6);
    row(f, "datagrams (keepalives included)", "%" PRIu64 "; %.2f M per CPU second", s->datagrams,
        s->datagrams_per_cpu_s / 1e6);
    row(f, "messages over a link", "%" PRIu64 "; %.1f a simulated second; %" PRIu64 " further fragments", s->messages, s->throughput_messages, s->fragments);
    row(f, "time", "%.1f s wall, %.1f s CPU, start %.1f s CPU", s->wall_s, s->cpu_s, s->start_cpu_s);
    row(f, "memory", "%.1f MB at most, %.0f bytes a peer", (double)s->peak_rss_bytes / 1e6, s->bytes_per_node);
}

#define RANKS_SHOWN 16u

/* Of several ranks: where the time between start and drain went. */
static void print_ranks(const struct summary *s, FILE *f)
{
    if (s->rank_count == 0)
        return;
    fprintf(f, "\nranks %31s %11s %11s %10s %12s\n", "compute", "wait", "exchange", "CPU", "MB given");
    for (unsigned n = 0; n < s->rank_count && n < RANKS_SHOWN; n++) {
        const struct summary_rank *r = &s->rank[n];
        fprintf(f, "  %-22u %9.2f s %9.2f s %9.2f s %8.2f s %12.1f\n", n, r->compute_s, r->wait_s, r->exchange_s, r->cpu_s, r->bytes / 1e6);
    }
    if (s->rank_count > RANKS_SHOWN)
        fprintf(f, "  and %u more: rank.N.* in summary.json\n", s->rank_count - RANKS_SHOWN);
    fprintf(f, "  mean %28.2f s %9.2f s %9.2f s  in %" PRIu64 " windows\n", s->ranks_compute_s, s->ranks_wait_s, s->ranks_exchange_s, s->ranks_windows);
}

static void print_latency(FILE *f, const char *name, double mean, double p50, double p95, double p99)
{
    char a[16], b[16], c[16], d[16];
    row(f, name, "mean %s  p50 %s  p95 %s  p99 %s", seconds(a, mean), seconds(b, p50), seconds(c, p95),
        seconds(d, p99));
}

static void print_lookups(const struct summary *s, FILE *f)
{
    char a[16], b[16], c[16];
    fprintf(f, "\nlook-ups %35s %11s %11s\n", "all", "before", "after faults");
    row(f, "started", "%9" PRIu64 "   %9" PRIu64 "   %9" PRIu64, s->lookup_count, s->before_lookup_count,
        s->after_lookup_count);
#define OUTCOME(name, field)                                                                                           \
    row(f, name, "%s   %s   %s", percent(a, s->lookup_##field), percent(b, s->before_lookup_##field),                  \
        percent(c, s->after_lookup_##field))
    OUTCOME("success", success);
    OUTCOME("  correct", correct);
    OUTCOME("  stale (device gone)", stale);
    OUTCOME("  lost (all replicas died)", lost);
    OUTCOME("  absent (never stored, expired)", absent);
    OUTCOME("  wrong owner", wrong_owner);
    OUTCOME("  timeout", timeout);
    OUTCOME("  error", error);
#undef OUTCOME
    print_latency(f, "latency", s->lookup_latency_mean, s->lookup_latency_p50, s->lookup_latency_p95,
                  s->lookup_latency_p99);
    row(f, "links to the owner", "mean %.2f  p99 %.0f", s->lookup_hops_mean, s->lookup_hops_p99);
    row(f, "dead next hops met", "%.4f a look-up", s->lookup_dead_hops_mean);
    row(f, "latency over direct round trip", "%.2f", s->lookup_stretch_mean);
    if (s->datagrams_dropped_share > 0)
        row(f, "datagrams dropped", "%.3g %% found the CPU too far behind", 100 * s->datagrams_dropped_share);
    if (s->uplink_dropped_share > 0 || s->downlink_dropped_share > 0)
        row(f, "queue of the line full", "%.3g %% up, %.3g %% down", 100 * s->uplink_dropped_share, 100 * s->downlink_dropped_share);
    row(f, "messages dropped", "%" PRIu64 " queue full, %" PRIu64 " no route, %" PRIu64 " not linked",
        s->dropped_queue_full, s->dropped_no_route, s->dropped_unknown_destination);
    row(f, "end-to-end resends", "%" PRIu64 ", spurious %s", s->e2e_resent, percent(a, s->e2e_spurious_share));
}

static void print_upkeep(const struct summary *s, FILE *f)
{
    char a[16], b[16];
    fputs("\nregistrations and upkeep\n", f);
    row(f, "registrations", "%" PRIu64 ", success %s", s->registration_count, percent(a, s->registration_success));
    print_latency(f, "latency", s->registration_latency_mean, s->registration_latency_p50, s->registration_latency_p95,
                  s->registration_latency_p99);
    row(f, "joins", "%" PRIu64 ", success %s, p50 %s", s->join_count, percent(a, s->join_success),
        seconds(b, s->join_latency_p50));
    if (s->client_attached_mean > 0)
        row(f, "clients", "%.0f attached, %" PRIu64 " came, success %s, p50 %s", s->client_attached_mean, s->attach_count,
            percent(a, s->attach_success), seconds(b, s->attach_latency_p50));
    row(f, "left gracefully, crashed", "%" PRIu64 ", %" PRIu64, s->leave_count, s->crash_count);
    row(f, "links a peer", "mean %.1f  p99 %.0f", s->links_mean, s->links_p99);
    row(f, "Updates a join, leave, failure", "%.1f, %.1f, %.1f; 7 x links = %.1f", s->updates_per_join, s->updates_per_leave, s->updates_per_failure,
        s->updates_seven_links);
    row(f, "valid fingers", "%s", percent(a, s->finger_valid_share));
    row(f, "death noticed after (p50)", "%s", seconds(a, s->detect_latency_p50));
    row(f, "wrong, dead first successor", "%s   %s", percent(a, s->ring_wrong_successor),
        percent(b, s->ring_dead_successor));
    row(f, "values not at owner, few replicas", "%s   %s", percent(a, s->ring_unreachable_values),
        percent(b, s->ring_under_replicated));
}

static void print_traffic(const struct summary *s, FILE *f)
{
    double node_s = s->nodes_online_mean * s->sim_s;
    fprintf(f, "\ntraffic a peer and minute %22s %11s %13s\n", "messages", "datagrams", "bytes");
#define CLASS(field)                                                                                                   \
    fprintf(f, "  %-34s %11.2f %11.2f %13.0f\n", #field, 60 * (double)s->messages_##field / node_s,                    \
            60 * (double)s->datagrams_##field / node_s, 60 * (double)s->datagram_bytes_##field / node_s)
    CLASS(lookup);
    CLASS(store);
    CLASS(update);
    CLASS(attach);
    CLASS(join_leave);
    CLASS(ping);
    CLASS(other);
    CLASS(ack);
    CLASS(handshake);
    CLASS(keepalive);
#undef CLASS
}

/* "-" = nothing fell; "never" = it did and stayed down. */
static const char *recovery(char out[16], const struct summary_series *s, bool lost)
{
    if (lost)
        snprintf(out, 16, "%7s", "never");
    else if (isnan(s->recover_s))
        snprintf(out, 16, "%7s", "-");
    else
        snprintf(out, 16, "%5.0f s", s->recover_s);
    return out;
}

/* How a configuration spread. */
static void print_spread(const struct summary_fault *x, FILE *f)
{
    char a[16];
    fprintf(f, "  configuration of %.0f s: half of the peers after", x->at_s);
    for (unsigned k = 0; k < 3; k++) {
        static const char *const mark[] = {"", ", 90 % after", ", 99 % after"};
        if (isnan(x->spread_s[k]))
            fprintf(f, "%s -", mark[k]);
        else
            fprintf(f, "%s %.1f s", mark[k], x->spread_s[k]);
    }
    fprintf(f, "; %s at the end\n", percent(a, x->spread_share));
}

/* Each fault: who was touched, and of success, ring and values the worst change and the time until it was back. */
static void print_faults(const struct summary *s, FILE *f)
{
    char a[16], b[16], c[16], d[16], e[16], g[16];
    if (s->faults == 0)
        return;
    fprintf(f, "\nfaults %11s %8s %10s %7s %10s %7s %10s %7s\n", "at", "touched", "success", "back", "ring", "back",
            "values", "back");
    for (unsigned n = 0; n < s->faults; n++) {
        const struct summary_fault *x = &s->fault[n];
        fprintf(f, "  %-9s %4.0f s %8" PRIu64 "  %s %s  %s %s  %s %s\n", x->what, x->at_s, x->touched,
                percent(a, -x->lookup.depth), recovery(b, &x->lookup, x->lost_lookup), percent(c, x->ring.depth),
                recovery(d, &x->ring, x->lost_ring), percent(e, x->values.depth),
                recovery(g, &x->values, x->lost_values));
    }
    for (unsigned n = 0; n < s->faults; n++)
        if (s->fault[n].configures)
            print_spread(&s->fault[n], f);
}

/* hostile.KIND.what: a line a kind, its figures behind it. */
static void print_more(const struct summary *s, FILE *f)
{
    char kind[80] = "";
    if (s->mores == 0)
        return;
    fputs("\nattackers, and what became of it\n", f);
    for (unsigned n = 0; n < s->mores; n++) {
        const char *key = s->more[n].key, *dot = strchr(key, '.'), *what = dot ? strchr(dot + 1, '.') : NULL;
        size_t len = what && strncmp(key, "hostile.", 8) == 0 ? (size_t)(what - dot - 1) : 0;
        if (len == 0) {
            fprintf(f, "  %-34s %.6g\n", key, s->more[n].value);
            continue;
        }
        if (strlen(kind) != len || strncmp(kind, dot + 1, len) != 0)
            fprintf(f, "%s  %-20.*s", kind[0] ? "\n" : "", (int)len, dot + 1);
        snprintf(kind, sizeof kind, "%.*s", (int)len, dot + 1);
        fprintf(f, " %s %.0f", what + 1, s->more[n].value);
    }
    if (kind[0])
        fputc('\n', f);
}

void summary_print(const struct summary *s, FILE *f)
{
    print_run(s, f);
    print_ranks(s, f);
    print_lookups(s, f);
    print_faults(s, f);
    print_more(s, f);
    print_upkeep(s, f);
    print_traffic(s, f);
}
