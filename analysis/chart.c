/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/chart.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/figure.h"
#include "analysis/memory.h"

#define OUTCOMES "lookup.correct lookup.stale lookup.lost lookup.absent lookup.wrong_owner lookup.timeout lookup.error"

#define CLASSES(prefix, denominator, scale)                                                                            \
    {"look-ups", prefix ".lookup", denominator, scale}, {"Store", prefix ".store", denominator, scale},                \
        {"Update", prefix ".update", denominator, scale}, {"Attach", prefix ".attach", denominator, scale},            \
        {"Join, Leave", prefix ".join_leave", denominator, scale},                                                     \
        {"Ping, Probe", prefix ".ping", denominator, scale}, {"other", prefix ".other", denominator, scale},           \
        {"ACK", prefix ".ack", denominator, scale}, {"handshakes", prefix ".handshake", denominator, scale},           \
    {                                                                                                                  \
        "keepalives", prefix ".keepalive", denominator, scale                                                          \
    }

const struct chart charts[] = {
    {"outcomes",
     "Look-up outcomes",
     "per s",
     CHART_STACK,
     "Look-ups that ended, by what came of them.",
     NULL,
     false,
     {{"correct", "lookup.correct", "seconds", 1},
      {"stale", "lookup.stale", "seconds", 1},
      {"lost", "lookup.lost", "seconds", 1},
      {"absent", "lookup.absent", "seconds", 1},
      {"wrong owner", "lookup.wrong_owner", "seconds", 1},
      {"time-out", "lookup.timeout", "seconds", 1},
      {"error", "lookup.error", "seconds", 1}}},
    {"failures",
     "Look-ups that were not correct",
     "% of look-ups",
     CHART_STACK,
     "The same without the correct ones, as a share of all that ended.",
     NULL,
     false,
     {{"", "", "", 0},
      {"stale", "lookup.stale", OUTCOMES, 100},
      {"lost", "lookup.lost", OUTCOMES, 100},
      {"absent", "lookup.absent", OUTCOMES, 100},
      {"wrong owner", "lookup.wrong_owner", OUTCOMES, 100},
      {"time-out", "lookup.timeout", OUTCOMES, 100},
      {"error", "lookup.error", OUTCOMES, 100}}},
    {"latency",
     "Look-up latency",
     "s",
     CHART_LINES,
     "Of look-ups that ended in the interval. In the quantiles a failure counts as the end-to-end limit.",
     NULL,
     false,
     {{"mean", "lookup.latency_s.mean", "1", 1},
      {"median", "lookup.latency_s.p50", "1", 1},
      {"95 %", "lookup.latency_s.p95", "1", 1},
      {"99 %", "lookup.latency_s.p99", "1", 1}}},
    {"hops",
     "Links a look-up crossed",
     "links",
     CHART_LINES,
     "Means over look-ups that ended in the interval.",
     NULL,
     false,
     {{"to the owner", "lookup.hops.mean", "1", 1}, {"dead ones met", "lookup.dead_hops.mean", "1", 1}}},
    {"latency_bins",
     "Latency of answered look-ups",
     "s",
     CHART_BINS,
     "Measured phase.",
     "lookup.latency_s",
     true,
     {{NULL, NULL, NULL, 0}}},
    {"hops_bins",
     "Links to the owner",
     "links",
     CHART_BINS,
     "Measured phase, answered look-ups.",
     "lookup.hops",
     false,
     {{NULL, NULL, NULL, 0}}},
    {"ring",
     "Ring health",
     "%",
     CHART_LINES,
     "Peers whose first successor is wrong or dead; values that their owner lacks, or with fewer than three copies.",
     NULL,
     false,
     {{"wrong successor", "ring.wrong_successor", "1", 100},
      {"dead successor", "ring.dead_successor", "1", 100},
      {"not at owner", "ring.unreachable_values", "1", 100},
      {"few replicas", "ring.under_replicated", "1", 100}}},
    {"configuration",
     "Spread of the newest configuration",
     "%",
     CHART_LINES,
     "Joined peers that have the newest configuration document, from the first change on.",
     NULL,
     false,
     {{"have it", "config.newest", "1", 100}}},
    {"online",
     "Peers online",
     "peers",
     CHART_LINES,
     "At the end of each interval.",
     NULL,
     false,
     {{"online", "nodes_online", "1", 1}}},
    {"changes",
     "Peers that came and went",
     "per s",
     CHART_LINES,
     "Means over each interval.",
     NULL,
     true,
     {{"joined", "joins", "seconds", 1},
      {"left", "leaves", "seconds", 1},
      {"crashed", "crashes", "seconds", 1},
      {"join failed", "joins_failed", "seconds", 1}}},
    {"traffic_bytes",
     "Traffic by class",
     "bytes/s per peer",
     CHART_STACK,
     "Delivered bytes with UDP, IP and DTLS, per peer online.",
     NULL,
     false,
     {CLASSES("bytes", "node_seconds", 1)}},
    {"traffic_messages",
     "RELOAD messages by class",
     "per s and peer",
     CHART_STACK,
     "Delivered over one link, fragments included.",
     NULL,
     false,
     {CLASSES("messages", "node_seconds", 1)}},
    {"traffic_datagrams",
     "Datagrams by class",
     "per s and peer",
     CHART_STACK,
     "All that a socket received.",
     NULL,
     false,
     {CLASSES("datagrams", "node_seconds", 1)}},
    {"registrations",
     "Registrations",
     "per s",
     CHART_LINES,
     "That ended in the interval.",
     NULL,
     false,
     {{"ended", "registrations", "seconds", 1}, {"stored", "registrations.success", "seconds", 1}}},
    {"resends",
     "End-to-end resends",
     "per look-up",
     CHART_LINES,
     "Requests sent again; needless ones were shown by a late answer.",
     NULL,
     false,
     {{"sent again", "e2e.resent", OUTCOMES, 1}, {"needless", "e2e.spurious", OUTCOMES, 1}}},
    {"links",
     "Links of a peer",
     "links",
     CHART_LINES,
     "Mean over peers, at the end of each interval of the measured phase.",
     NULL,
     false,
     {{"mean", "links.mean", "1", 1}}},
    {"fingers",
     "Valid fingers",
     "%",
     CHART_LINES,
     "Finger entries that hold a peer of their range.",
     NULL,
     false,
     {{"valid", "finger.valid_share", "1", 100}}},
    {"links_bins",
     "Links of a peer",
     "links",
     CHART_BINS,
     "All samples of the measured phase.",
     "links",
     false,
     {{NULL, NULL, NULL, 0}}},
    {"keys_bins",
     "Share of the ring that a peer owns",
     "even shares",
     CHART_BINS,
     "Times the number of peers: 1 is an even share. All samples of the measured phase, beside what random Node-IDs "
     "give.",
     "node.ring_share",
     false,
     {{NULL, NULL, NULL, 0}}},
    {"load_bins",
     "Messages a peer receives",
     "messages/s",
     CHART_BINS,
     "While it was online in the measured phase; a fixed sample of at most 20,000 identities.",
     "node.messages_per_s",
     false,
     {{NULL, NULL, NULL, 0}}},
    {"values_bins",
     "Values a peer stores",
     "values",
     CHART_BINS,
     "Replicas included, all samples of the measured phase.",
     "node.values",
     false,
     {{NULL, NULL, NULL, 0}}},
    {"links_failed",
     "Links that failed",
     "per s",
     CHART_LINES,
     "Given up for want of acknowledgements.",
     NULL,
     false,
     {{"failed", "links.failed", "seconds", 1}}},
    {"detect",
     "Time until a death is noticed",
     "s",
     CHART_LINES,
     "Median, from the device's going to each link's failure.",
     NULL,
     false,
     {{"median", "detect.latency_s.p50", "1", 1}}},
    {"detect_bins",
     "Time until a death is noticed",
     "s",
     CHART_BINS,
     "Measured phase, each failed link.",
     "detect.latency_s",
     false,
     {{NULL, NULL, NULL, 0}}},
    {"registration_bins",
     "Registration latency",
     "s",
     CHART_BINS,
     "Measured phase, from Store to its acknowledgement.",
     "registration.latency_s",
     true,
     {{NULL, NULL, NULL, 0}}},
    {"join_bins",
     "Join latency",
     "s",
     CHART_BINS,
     "Measured phase, from start to joined.",
     "join.latency_s",
     true,
     {{NULL, NULL, NULL, 0}}},
};
const size_t chart_count = sizeof charts / sizeof charts[0];

enum chart_law chart_law(const struct chart *c)
{
    return c->histogram && strcmp(c->histogram, "node.ring_share") == 0 ? LAW_EXPONENTIAL : LAW_NONE;
}

size_t chart_group(const struct results *r, size_t points)
{
    return points && r->intervals > points ? (r->intervals + points - 1) / points : 1;
}

double *chart_times(const struct results *r, size_t group, size_t *n)
{
    *n = (r->intervals + group - 1) / group;
    double *t = memory_zeroed(*n, sizeof *t);
    for (size_t p = 0; p < *n; p++)
        t[p] = r->time_s[(p + 1) * group < r->intervals ? (p + 1) * group - 1 : r->intervals - 1];
    return t;
}

/* One point: sum over sum, and the range of the quotients. NaN when there is no number in the group. */
static void point(const double *numerator, const double *denominator, size_t n, double scale, double out[3])
{
    double sum_n = 0, sum_d = 0;
    out[0] = out[1] = out[2] = NAN;
    for (size_t i = 0; i < n; i++) {
        double q = scale * numerator[i] / denominator[i];
        if (!isfinite(q))
            continue;
        sum_n += numerator[i];
        sum_d += denominator[i];
        out[1] = isnan(out[1]) || q < out[1] ? q : out[1];
        out[2] = isnan(out[2]) || q > out[2] ? q : out[2];
    }
    if (sum_d > 0)
        out[0] = scale * sum_n / sum_d;
}

static bool add_series(struct chart_sample *s, const struct results *r, const struct chart_series *series)
{
    double *numerator = figure_terms(r, series->numerator), *denominator = figure_terms(r, series->denominator);
    size_t k = s->series, numbers = 0;
    bool drawn = numerator && denominator && s->points;
    if (drawn) {
        s->of[k] = series;
        s->value[k] = memory_zeroed(s->points, sizeof(double));
        s->least[k] = memory_zeroed(s->points, sizeof(double));
        s->most[k] = memory_zeroed(s->points, sizeof(double));
    }
    for (size_t p = 0; drawn && p < s->points; p++) {
        size_t first = p * s->group, n = r->intervals - first < s->group ? r->intervals - first : s->group;
        double v[3];
        point(numerator + first, denominator + first, n, series->scale, v);
        s->value[k][p] = v[0];
        s->least[k][p] = v[1];
        s->most[k][p] = v[2];
        numbers += isnan(v[0]) ? 0 : 1;
    }
    s->series += drawn;
    free(numerator);
    free(denominator);
    return numbers > 0;
}

struct chart_sample chart_sample(const struct results *r, const struct chart *c, size_t group)
{
    struct chart_sample s = {.group = group, .points = (r->intervals + group - 1) / group};
    bool any = false;
    for (size_t k = 0; c->kind != CHART_BINS && k < CHART_SERIES_MOST && c->series[k].label; k++)
        if (c->series[k].label[0]) /* an empty label keeps a colour free */
            any |= add_series(&s, r, &c->series[k]);
    if (!any)
        chart_free(&s);
    return s;
}

void chart_free(struct chart_sample *s)
{
    for (size_t k = 0; k < s->series; k++) {
        free(s->value[k]);
        free(s->least[k]);
        free(s->most[k]);
    }
    s->series = 0;
}

/* Whole numbers stand in the middle of their bar. */
static bool counts_things(const struct chart *c, const struct bins *h)
{
    for (size_t i = 0; i < h->n; i++)
        if (h->lower[i] != floor(h->lower[i]) || h->upper[i] - h->lower[i] > 1)
            return false;
    return strcmp(c->unit, "s") != 0;
}

struct chart_bar *chart_bars(const struct chart *c, const struct bins *h, size_t most, size_t *n)
{
    struct chart_bar *bars = memory_zeroed(h->n, sizeof *bars);
    bool whole = counts_things(c, h);
    double sum = 0, below = 0, from = 0, to = 0;
    *n = 0;
    for (size_t i = 0; i < h->n; i++) {
        sum += h->count[i];
        to = h->count[i] > 0 ? h->upper[i] : to;
        from = from == 0 && h->count[i] > 0 ? h->lower[i] : from;
    }
    for (size_t i = 0; i < h->n; i++) {
        struct chart_bar *last = *n ? &bars[*n - 1] : NULL;
        double least = c->log ? 0 : (to - from) / (double)most,
               factor = c->log && from > 0 ? pow(to / from, 1 / (double)most) : 1;
        if (h->count[i] > 0 && !(c->log && h->lower[i] <= 0)) {
            if (last && !whole && h->upper[i] < (last->lower + least) * factor) {
                last->upper = h->upper[i];
                last->count += h->count[i];
            } else {
                double upper = whole ? h->lower[i] + 0.5 : h->upper[i];
                if (last && !whole) /* what lies between two bars is empty */
                    last->upper = fmax(fmin((last->lower + least) * factor, h->lower[i]), last->upper);
                bars[(*n)++] = (struct chart_bar){whole ? h->lower[i] - 0.5 : h->lower[i], upper, h->count[i],
                                                  below / sum};
            }
        }
        below += h->count[i];
    }
    return bars;
}
