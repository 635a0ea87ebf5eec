/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/scenario/read.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "sim/net/net.h"
#include "sim/scenario/schema.h"

#define RTO_STATIC_DEFAULT MILLIS(500) /* RFC 6940 6.6.3.1 */
#define HOLD_DOWN          SECONDS(30) /* RFC 6940 10.7.1 */
#define CERTIFICATE_BYTES  816         /* DER of an RSA-2048 certificate with one Node-ID and one user */
#define SIGNATURE_BYTES    256
#define LAW_UPDATE         1 /* numbers by which port.draw knows the laws of the configuration */
#define LAW_PING           2
#define IDENTITIES_MAX     2147483647.0

struct finish {
    struct sources *sources;
    const struct tree *root;
    struct scenario *s;
};

static struct mark mark_of(const struct finish *f, const char *path)
{
    return tree_nearest(f->root, path)->at;
}

static sim_time seconds_to_time(double seconds)
{
    return (sim_time)(seconds * 1e9 + 0.5);
}

/* name "dir/quick.yaml" -> "quick"; standard input -> "stdin". */
static void name_from_path(struct scenario *s)
{
    const char *slash = strrchr(s->path, '/'), *base = slash ? slash + 1 : s->path;
    size_t len = strlen(base);
    if (len > 5 && strcmp(base + len - 5, ".yaml") == 0)
        len -= 5;
    if (strcmp(s->path, "-") == 0)
        base = "stdin", len = 5;
    source_clean(s->name, sizeof s->name, base, len);
}

/* RFC 6940 6.3.2: the low-order 32 bits of the SHA-1 of the overlay's name. */
static uint32_t overlay_hash(const char *name)
{
    uint8_t digest[EVP_MAX_MD_SIZE] = {0};
    EVP_Digest(name, strlen(name), digest, NULL, EVP_sha1(), NULL);
    return (uint32_t)digest[16] << 24 | (uint32_t)digest[17] << 16 | (uint32_t)digest[18] << 8 | digest[19];
}

/* A configured interval: exact if fixed, else the law's mean for those who reckon with one. */
static sim_time interval_mean(const struct law *law)
{
    double mean = law->kind == LAW_FIXED ? law->a : law_mean(law);
    return mean < 1e10 ? seconds_to_time(mean) : TIME_NEVER;
}

static int finish_overlay(const struct finish *f)
{
    struct scenario *s = f->s;
    struct overlay *o = &s->overlay;
    o->name = s->overlay_name;
    o->hash = overlay_hash(s->overlay_name);
    o->update_interval = interval_mean(&s->update_interval);
    o->ping_interval = interval_mean(&s->ping_interval);
    o->update_law = s->update_interval.kind == LAW_FIXED ? 0 : LAW_UPDATE;
    o->ping_law = s->ping_interval.kind == LAW_FIXED ? 0 : LAW_PING;
    o->rto = o->rto_static ? RTO_STATIC : RTO_RFC6298;
    if (!o->rto_static)
        o->rto_static = RTO_STATIC_DEFAULT;
    o->hold_down = HOLD_DOWN;
    o->certificate_bytes = CERTIFICATE_BYTES;
    o->signature_bytes = SIGNATURE_BYTES;
    o->bootstrap_count = (uint8_t)s->bootstrap_nodes;
    for (uint32_t i = 0; i < s->bootstrap_nodes; i++)
        o->bootstrap[i] = i;
    if (!s->overlay_name[0])
        return complain(f->sources, mark_of(f, "overlay.name"), "overlay.name must not be empty");
    if (strlen(s->overlay_name) > NET_OVERLAY_NAME_MAX)
        return complain(f->sources, mark_of(f, "overlay.name"),
                        "overlay.name is longer than %u bytes: user names, u0123456789@ and it, have 63 at most",
                        NET_OVERLAY_NAME_MAX);
    if (o->keepalive_interval == 0)
        o->silent_after = 0; /* off: nothing is listened for */
    if (o->silent_after < o->keepalive_interval)
        return complain(f->sources, mark_of(f, "overlay.link.keepalive.silent_after"),
                        "overlay.link.keepalive.silent_after must be at least the interval");
    if (s->bootstrap_nodes > s->peers)
        return complain(f->sources, mark_of(f, "overlay.bootstrap.nodes"),
                        "overlay.bootstrap.nodes is %u, more than the %u peers of the overlay: lower it, as in "
                        "bootstrap: {nodes: %u}",
                        s->bootstrap_nodes, s->peers, s->peers);
    return 0;
}

void scenario_unfinish(struct scenario *s)
{
    if (s->overlay.rto == RTO_RFC6298)
        s->overlay.rto_static = 0;
}

static int finish_network(const struct finish *f)
{
    struct scenario *s = f->s;
    char found[FIND_MAX];
    if (s->latency != LATENCY_COORDINATES) {
        if (s->delay < s->min_delay)
            return complain(f->sources, mark_of(f, "network.delay"),
                            "the network's delay is below network.min_delay: all of it would be clamped");
        return 0;
    }
    if (data_find(s->path, s->data, found))
        return complain(f->sources, mark_of(f, "network.data"), "network.data: no file \"%s\"; looked in %s", s->data,
                        found);
    snprintf(s->data_path, sizeof s->data_path, "%s", found);
    return 0;
}

static int finish_churn(const struct finish *f)
{
    struct scenario *s = f->s;
    if (!s->churn)
        return 0;
    double on = law_mean(&s->session), off = law_mean(&s->offline);
    if (!(on < 1e10) || !(off < 1e10))
        return complain(f->sources, mark_of(f, on < 1e10 ? "churn.offline" : "churn.session"),
                        "churn.%s has no finite mean: no stationary state exists", on < 1e10 ? "offline" : "session");
    if ((on + off) / on * s->peers > IDENTITIES_MAX) {
        char peers[48];
        quantity_print_whole(UNIT_COUNT, s->peers, peers, sizeof peers);
        return complain(f->sources, mark_of(f, "overlay.peers"),
                        "%s peers online need a population of more than 2^31 with this churn", peers);
    }
    return 0;
}

/* Faults in order of time; equal times stay in the order of the file. */
static void sort_faults(struct scenario *s)
{
    for (unsigned i = 1; i < s->faults; i++) {
        struct fault moved = s->fault[i];
        unsigned j = i;
        for (; j > 0 && s->fault[j - 1].at > moved.at; j--)
            s->fault[j] = s->fault[j - 1];
        s->fault[j] = moved;
    }
}

static int finish_times(const struct finish *f)
{
    struct scenario *s = f->s;
    char path[32], end[48];
    for (unsigned i = 0; i < s->faults; i++) {
        snprintf(path, sizeof path, "faults[%u].at", i);
        quantity_print_whole(UNIT_TIME, s->measure, end, sizeof end);
        if (s->fault[i].at > s->measure)
            return complain(f->sources, mark_of(f, path), "faults[%u].at is after the end of measure (%s)", i, end);
    }
    if (s->record_interval > s->warmup + s->measure)
        return complain(f->sources, mark_of(f, "record.interval"), "record.interval is longer than the whole run");
    sort_faults(s);
    return 0;
}

int scenario_finish(struct sources *sources, const struct tree *root, struct scenario *s)
{
    struct finish f = {sources, root, s};
    if (!s->name[0])
        name_from_path(s);
    if (finish_overlay(&f) || finish_network(&f) || finish_churn(&f))
        return -1;
    return finish_times(&f);
}
