/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/scenario/read.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "sim/net/net.h"
#include "sim/net/region.h"
#include "sim/scenario/schema.h"
#include "sim/scenario/trace.h"

#define RTO_STATIC_DEFAULT MILLIS(500) /* RFC 6940 6.6.3.1 */
#define HOLD_DOWN          SECONDS(30) /* RFC 6940 10.7.1 */
#define CERTIFICATE_BYTES  816         /* DER of an RSA-2048 certificate with one Node-ID and one user */
#define SIGNATURE_BYTES    256
#define LAW_UPDATE         1 /* numbers by which port.draw knows the laws of the configuration */
#define LAW_PING           2
#define LAW_STABILIZE      1 /* the same of chord2003 */
#define LAW_FIX_FINGERS    2
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

/* The node of a key that is in the file, or was set; NULL if it is not. */
static const struct tree *given(const struct tree *node, const char *path)
{
    while (node && *path) {
        size_t len = strcspn(path, ".");
        node = node->kind == TREE_MAP ? tree_child(node, path, len) : NULL;
        path += len + (path[len] == '.');
    }
    return node;
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
    if (s->clients > 0 && !o->clients_permitted)
        return complain(f->sources, mark_of(f, "overlay.clients"), "overlay.clients: overlay.config.clients-permitted is false");
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
    if (s->trace_data[0] || s->poisson_every)
        s->session = s->offline = (struct law){0};
}

/* ---- The protocol. ---- */

static const char *protocol_name(uint64_t protocol)
{
    for (const struct word *w = schema_find("overlay.protocol")->words; w->name; w++)
        if (w->value == protocol)
            return w->name;
    return "?";
}

/* What the protocol does not know is refused, so that nobody takes it for simulated. */
static int refuse_others_keys(const struct finish *f)
{
    for (size_t i = 0; i < schema_count; i++) {
        const struct key *key = &schema[i];
        const struct tree *node = key->protocols && !(key->protocols & 1u << f->s->protocol) ? given(f->root, key->path)
                                                                                             : NULL;
        if (node && !(key->absent && node->kind == TREE_SCALAR && strcmp(node->text, key->absent) == 0))
            return complain(f->sources, node->key_at,
                            "%s is a key of protocol %s and means nothing to %s: leave it out", key->path,
                            protocol_name((uint64_t)__builtin_ctz(key->protocols)), protocol_name(f->s->protocol));
    }
    return 0;
}

static int finish_hostile(const struct finish *f)
{
    struct scenario *s = f->s;
    char wrong[64];
    s->hostile.seed = 0;
    s->hostile.spared = s->hostile.attacks = 0;
    if (s->hostile.share == 0)
        return 0;
    s->hostile.seed = s->seed;
    s->hostile.spared = s->bootstrap_nodes;
    if (s->overlay.crypto != CRYPTO_MODELLED)
        return complain(f->sources, mark_of(f, "overlay.hostile"), "overlay.hostile needs overlay.crypto.mode: modelled, whose signatures attackers can make");
    if (!hostile_attacks_read(s->hostile_kinds, &s->hostile.attacks, wrong, sizeof wrong))
        return complain(f->sources, mark_of(f, "overlay.hostile.kinds"),
                        "overlay.hostile.kinds: \"%s\" is no kind of attack: all, none, or names as `reloadsim explain overlay.hostile.kinds` has them", wrong);
    return 0;
}

static int finish_protocol(const struct finish *f)
{
    struct scenario *s = f->s;
    s->chord2003.stabilize = interval_mean(&s->stabilize);
    s->chord2003.fix_fingers = interval_mean(&s->fix_fingers);
    s->chord2003.stabilize_law = s->stabilize.kind == LAW_FIXED ? 0 : LAW_STABILIZE;
    s->chord2003.fix_fingers_law = s->fix_fingers.kind == LAW_FIXED ? 0 : LAW_FIX_FINGERS;
    if (refuse_others_keys(f))
        return -1;
    for (unsigned i = 0; s->protocol == PROTOCOL_CHORD2003 && i < s->faults; i++) {
        char path[32];
        snprintf(path, sizeof path, "faults[%u]", i);
        if (s->fault[i].kind == FAULT_IDLE || s->fault[i].kind == FAULT_SET || s->fault[i].kind == FAULT_CONFIGURE)
            return complain(f->sources, mark_of(f, path), "a fault of the kind %s acts on RELOAD peers: chord2003 has nothing that it could change",
                            fault_kind_name(s->fault[i].kind));
    }
    if (s->protocol == PROTOCOL_CHORD2003 && s->calls_data[0])
        return complain(f->sources, mark_of(f, "workload.trace"), "chord2003 stores nothing: look-ups of a trace would find nobody");
    if (s->protocol == PROTOCOL_CHORD2003 && s->lookup_every && s->target != TARGET_RANDOM)
        return complain(f->sources, mark_of(f, "workload.lookup.target"),
                        "chord2003 stores nothing: look-ups are of random ids only, write target: random");
    return 0;
}

#define MATRIX_DEFAULT "planetlab490.csv.gz"

static int finish_network(const struct finish *f)
{
    struct scenario *s = f->s;
    char found[FIND_MAX];
    if (s->access_queue && s->access.kind == LAW_NEVER && !s->access_floor && !s->access_up && !s->access_down)
        return complain(f->sources, mark_of(f, "network.access"), latency_has_places(s->latency)
                            ? "network.access changes nothing: give law, floor, up or down"
                            : "network.access changes nothing: give up or down");
    if (s->latency == LATENCY_MATRIX && !given(f->root, "network.data")) {
        memset(s->data, 0, sizeof s->data);
        memcpy(s->data, MATRIX_DEFAULT, sizeof MATRIX_DEFAULT);
    }
    if (!latency_has_places(s->latency)) {
        if (s->delay < s->min_delay)
            return complain(f->sources, mark_of(f, "network.delay"),
                            "the network's delay is below network.min_delay: all of it would be clamped");
        return 0;
    }
    if (data_find(s->path, "topologies", s->data, found))
        return complain(f->sources, mark_of(f, "network.data"), "network.data: no file \"%s\"; looked in %s", s->data,
                        found);
    snprintf(s->data_path, sizeof s->data_path, "%s", found);
    return 0;
}

static int find_trace(const struct finish *f, const char *key, const char *name, char path[512])
{
    char found[FIND_MAX];
    if (data_find(f->s->path, "workloads", name, found))
        return complain(f->sources, mark_of(f, key), "%s: no file \"%s\"; looked in %s", key, name, found);
    snprintf(path, 512, "%s", found);
    return 0;
}

/* Sessions of a trace have no law. Where one is asked for - how stale the fingers of a converged start are - an exponential of the same mean stands. */
static int finish_session_trace(const struct finish *f, struct session_trace *t)
{
    struct scenario *s = f->s;
    char error[256];
    if (find_trace(f, "churn.trace.data", s->trace_data, s->trace_path))
        return -1;
    if (session_trace_load(t, s->trace_path, error, sizeof error))
        return complain(f->sources, mark_of(f, "churn.trace.data"), "churn.trace.data: %s", error);
    s->trace_nodes = t->nodes;
    s->session = (struct law){LAW_EXPONENTIAL, t->mean_s, 0};
    return 0;
}

/* Laws, a Poisson stream or a trace: one of them says who is there when. */
static int finish_sources(const struct finish *f)
{
    struct scenario *s = f->s;
    const char *source = s->trace_data[0] ? "trace" : s->poisson_every ? "poisson" : NULL, *other = NULL;
    char path[48];
    if (!source)
        return 0;
    other = s->trace_data[0] && s->poisson_every     ? "poisson"
            : s->churn_preset[0]                     ? "preset"
            : s->session.kind != LAW_NEVER           ? "session"
            : s->offline.kind != LAW_NEVER           ? "offline"
            : s->daily_amplitude > 0                 ? "daily"
            : !s->rejoin_same_id                     ? "rejoin"
                                                     : NULL;
    if (!other)
        return 0;
    snprintf(path, sizeof path, "churn.%s", other);
    return complain(f->sources, mark_of(f, path), "churn.%s has no part in churn.%s: leave one of them out", other,
                    source);
}

static int check_population(const struct finish *f, double identities)
{
    char peers[48];
    if (identities <= IDENTITIES_MAX)
        return 0;
    quantity_print_whole(UNIT_COUNT, f->s->peers, peers, sizeof peers);
    return complain(f->sources, mark_of(f, "overlay.peers"),
                    "%s peers online need a population of more than 2^31 with this churn", peers);
}

static int finish_laws(const struct finish *f)
{
    const struct scenario *s = f->s;
    double on = law_mean(&s->session), off = law_mean(&s->offline);
    if (!(on < 1e10) || !(off < 1e10))
        return complain(f->sources, mark_of(f, on < 1e10 ? "churn.offline" : "churn.session"),
                        "churn.%s has no finite mean: no stationary state exists", on < 1e10 ? "offline" : "session");
    return check_population(f, (on + off) / on * s->peers * scenario_ids_per_device(s));
}

static int finish_churn(const struct finish *f, struct session_trace *t)
{
    struct scenario *s = f->s;
    if (!s->churn)
        return 0;
    if (finish_sources(f))
        return -1;
    if (s->trace_data[0])
        return finish_session_trace(f, t);
    if (!s->poisson_every)
        return finish_laws(f);
    uint32_t leaving = s->peers > s->bootstrap_nodes ? s->peers - s->bootstrap_nodes : 1; /* bootstrap peers stay */
    s->session = (struct law){LAW_EXPONENTIAL, leaving * ((double)s->poisson_every / 1e9), 0};
    return check_population(f, s->peers + 2 * (double)(s->warmup + s->measure) / (double)s->poisson_every);
}

/* Who asks and who is asked must exist: by their names in the trace of sessions if there is one, else identities by their numbers. */
static int finish_calls(const struct finish *f, const struct session_trace *sessions)
{
    struct scenario *s = f->s;
    struct call_trace t;
    char error[256];
    int status = 0;
    if (!s->calls_data[0])
        return 0;
    if (find_trace(f, "workload.trace.data", s->calls_data, s->calls_path))
        return -1;
    if (scenario_ids_per_device(s) > 1)
        return complain(f->sources, mark_of(f, "workload.trace"),
                        "workload.trace names peers that churn.rejoin: new-id gives other identities: leave one out");
    if (call_trace_load(&t, s->calls_path, error, sizeof error))
        return complain(f->sources, mark_of(f, "workload.trace.data"), "workload.trace.data: %s", error);
    uint32_t population = scenario_population(s);
    for (size_t i = 0; i < t.calls && status == 0; i++) {
        const uint64_t who[2] = {t.call[i].asker, t.call[i].target};
        for (unsigned k = 0; k < 2 && status == 0; k++)
            if (s->trace_nodes ? session_trace_find(sessions, who[k]) == UINT32_MAX : who[k] >= population)
                status = complain(f->sources, mark_of(f, "workload.trace.data"),
                                  "workload.trace.data: %s:%u: there is no peer %llu", s->calls_path, t.call[i].line,
                                  (unsigned long long)who[k]);
    }
    call_trace_free(&t);
    return status;
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

/* A region that no place lies in is a mistake that would show as a fault without effect. */
static int finish_regions(const struct finish *f)
{
    struct scenario *s = f->s;
    struct latency places = {0};
    char path[32], error[256];
    int status = 0;
    for (unsigned i = 0; i < s->faults && status == 0; i++) {
        if (!s->fault[i].region[0])
            continue;
        snprintf(path, sizeof path, "faults[%u].region", i);
        if (s->latency != LATENCY_COORDINATES)
            status = complain(f->sources, mark_of(f, path), "%s needs places: network.model: coordinates", path);
        else if (!places.places && latency_load_coordinates(&places, s->data_path, error, sizeof error))
            status = complain(f->sources, mark_of(f, path), "%s: %s", path, error);
        else if (region_places(s->fault[i].region, &places) == 0)
            status = complain(f->sources, mark_of(f, path), "%s: no place of %s lies in \"%s\"", path, s->data,
                              s->fault[i].region);
    }
    latency_free(&places);
    return status;
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
    if (finish_regions(f))
        return -1;
    if (s->checkpoint_every % SECONDS(1))
        return complain(f->sources, mark_of(f, "checkpoint.every"), "checkpoint.every is a whole number of seconds");
    if (s->record_interval > s->warmup + s->measure)
        return complain(f->sources, mark_of(f, "record.interval"), "record.interval is longer than the whole run");
    sort_faults(s);
    return 0;
}

#define TRUE_IDENTITIES_MAX 100000u /* 850 bytes of certificate each, in each partition that meets them */
#define TRUE_KEYS_MAX       1000u   /* 0.1 s to make one */
#define TRUE_MESSAGE_MAX    9216u   /* what a node can build in true form */
#define VALID_FROM_MS       UINT64_C(946684800000) /* 2000 to 2049, as certificates say: proto/wire/fold.h */
#define VALID_UNTIL_MS      UINT64_C(2524607999000)

static int finish_crypto(const struct finish *f)
{
    const struct scenario *s = f->s;
    const struct overlay *o = &s->overlay;
    uint64_t end_ms = s->epoch_ms + (s->warmup + s->measure) / MILLIS(1);
    if (s->protocol != PROTOCOL_RELOAD)
        return 0;
    if (s->epoch_ms < VALID_FROM_MS || end_ms > VALID_UNTIL_MS)
        return complain(f->sources, mark_of(f, "epoch"), "certificates are valid from 2000 to 2049: with this epoch nobody would believe anybody");
    if (o->crypto == CRYPTO_NONE && !o->self_signed)
        return complain(f->sources, mark_of(f, "overlay.crypto.mode"),
                        "overlay.crypto.mode: none is for overlays without enrollment: set overlay.config.self-signed-permitted: sha1 (or sha256)");
    if (o->crypto != CRYPTO_OPENSSL)
        return 0;
    uint32_t identities = scenario_population(s), most = o->self_signed ? TRUE_KEYS_MAX : TRUE_IDENTITIES_MAX;
    if (identities > most)
        return complain(f->sources, mark_of(f, "overlay.crypto.mode"),
                        "overlay.crypto.mode: openssl is for small overlays: at most %u identities%s, and this population has %u", most,
                        o->self_signed ? " with self-signed certificates, each with a key of its own" : "", identities);
    if (o->max_message_size > TRUE_MESSAGE_MAX)
        return complain(f->sources, mark_of(f, "overlay.config.max-message-size"),
                        "with overlay.crypto.mode: openssl messages have %u bytes at most", TRUE_MESSAGE_MAX);
    return 0;
}

int scenario_finish(struct sources *sources, const struct tree *root, struct scenario *s)
{
    struct finish f = {sources, root, s};
    if (!s->name[0])
        name_from_path(s);
    struct session_trace sessions = {0};
    int failed = finish_overlay(&f) || finish_hostile(&f) || finish_protocol(&f) || finish_network(&f) ||
                 finish_churn(&f, &sessions) || finish_calls(&f, &sessions) || finish_times(&f) || finish_crypto(&f);
    session_trace_free(&sessions);
    return failed ? -1 : 0;
}
