/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/world/checkpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "proto/base/hash.h"
#include "sim/checkpoint/archive.h"
#include "sim/kernel/moment.h"
#include "sim/record/journal.h"
#include "sim/record/version.h"
#include "sim/scenario/change.h"
#include "sim/world/assembly.h"
#include "sim/world/faults.h"
#include "sim/world/moment.h"
#include "sim/world/workload.h"

#define SECTION_BYTES ((size_t)4 << 20) /* a section is closed when it has so many */
#define SECTION_PEERS 65536u
#define ORDER         UINT64_C(0x0102030405060708) /* as this machine writes it */

/* ---- the head ---- */

/* What the sources say of all that is kept, and what the compiler made of it. */
static uint64_t layout(void)
{
    return hash64_mix(moment_layout(), version_layout());
}

/* What a data file holds: a run must go on with the same. 0 where there is none. */
static uint32_t data_sum(const char *path)
{
    uint8_t bytes[65536];
    uint32_t sum = 0;
    size_t n;
    FILE *f = path[0] ? fopen(path, "rb") : NULL;
    while (f && (n = fread(bytes, 1, sizeof bytes, f)) > 0)
        sum = (uint32_t)crc32(sum, bytes, (uInt)n);
    if (f)
        fclose(f);
    return sum;
}

static void put_data_sums(const struct scenario *s, struct stream *out)
{
    stream_put_u32(out, data_sum(s->data_path));
    stream_put_u32(out, data_sum(s->trace_path));
    stream_put_u32(out, data_sum(s->calls_path));
}

static void put_scenario(const struct scenario *s, struct stream *out)
{
    char *text = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&text, &len);
    if (!f)
        out_of_memory();
    scenario_print(s, f);
    if (fclose(f))
        out_of_memory();
    stream_put_text(out, text);
    free(text);
}

static void put_head(const struct world *w, struct stream *s)
{
    stream_put_u64(s, ORDER);
    stream_put_text(s, RELOADSIM_VERSION);
    stream_put_text(s, version_revision());
    stream_put_u64(s, w->now);
    stream_put_u32(s, w->parts);
    put_scenario(w->scenario, s);
    stream_put_u64(s, layout());
    put_data_sums(w->scenario, s);
}

struct head {
    const char *version, *revision, *scenario; /* lent */
    sim_time now;
    uint32_t parts;
};

/* The first section, as far as it can be judged without the scenario; the rest of it stays to be read. */
static int get_head(struct archive_reader *a, const char *path, struct head *h, struct stream_reader *r, char *error, size_t error_cap)
{
    struct archive_section section;
    int found = archive_next(a, &section, error, error_cap);
    if (found < 0 || (found && archive_read(a, r, error, error_cap)))
        return -1;
    if (!found || section.kind != ARCHIVE_HEAD || stream_get_u64(r) != ORDER) {
        snprintf(error, error_cap, "%s: the checkpoint is damaged: it has no head", path);
        return -1;
    }
    h->version = stream_get_text(r);
    h->revision = stream_get_text(r);
    h->now = stream_get_u64(r);
    h->parts = stream_get_u32(r);
    h->scenario = stream_get_text(r);
    if (!r->bad && strcmp(h->version, RELOADSIM_VERSION) == 0)
        return 0;
    if (r->bad)
        snprintf(error, error_cap, "%s: the checkpoint is damaged: its head ends too early", path);
    else
        snprintf(error, error_cap, "%s: the checkpoint was made by reloadsim %s, and this is %s: go on with that one", path, h->version, RELOADSIM_VERSION);
    return -1;
}

int checkpoint_read_about(const char *path, struct checkpoint_about *about, char *error, size_t error_cap)
{
    struct archive_reader *a;
    struct stream_reader r;
    struct head h;
    *about = (struct checkpoint_about){0};
    if (archive_open(&a, path, error, error_cap))
        return -1;
    int status = get_head(a, path, &h, &r, error, error_cap);
    if (!status) {
        *about = (struct checkpoint_about){strdup(h.scenario), strdup(h.revision), h.now, archive_digest(a)};
        if (!about->scenario || !about->revision)
            out_of_memory();
    }
    archive_close(a);
    return status;
}

void checkpoint_forget(struct checkpoint_about *about)
{
    free(about->scenario);
    free(about->revision);
}

/* ---- writing ---- */

/* Bytes of which only all together mean something, cut into sections; first: whose they are. */
static void put_pieces(struct archive_writer *a, enum archive_kind kind, uint32_t whose, const struct stream *all)
{
    struct stream piece = {0};
    size_t at = 0;
    do {
        size_t n = all->len - at < SECTION_BYTES ? all->len - at : SECTION_BYTES;
        stream_put(&piece, all->bytes + at, n);
        at += n;
        archive_put(a, kind, whose, at == all->len, &piece);
    } while (at < all->len);
    stream_free(&piece);
}

static void put_peers(struct world *w, struct archive_writer *a, const struct part *part, struct stream *s)
{
    uint32_t first, end;
    part_range(part, &first, &end);
    for (uint32_t next; first < end; first = next) {
        next = moment_put_peers(w, first, end, SECTION_PEERS, SECTION_BYTES, s);
        archive_put(a, ARCHIVE_PEERS, first, next, s);
    }
}

static void put_flights(struct archive_writer *a, const struct part *part, struct stream *s)
{
    size_t count;
    struct kernel_flight *flight = kernel_flights(part, &count);
    for (size_t i = 0; i < count; i++) {
        const struct event *e = &flight[i].e;
        stream_put_u64(s, e->at);
        const uint32_t words[] = {e->dst, e->src, e->seq, e->chan, (uint32_t)e->len << 16 | e->true_len, (uint32_t)e->class << 8 | e->flags};
        STREAM_PUT(s, words);
        stream_put(s, flight[i].bytes, e->len);
        if (s->len > SECTION_BYTES || i + 1 == count)
            archive_put(a, ARCHIVE_FLIGHTS, 0, 0, s);
    }
    free(flight);
}

static void put_recorded(struct world *w, struct archive_writer *a, struct stream *s)
{
    if (!w->journal)
        return;
    journal_put(w->journal, s);
    put_pieces(a, ARCHIVE_RECORDED, 0, s);
    s->len = 0;
}

static void put_captured(struct world *w, struct archive_writer *a, unsigned part, struct stream *s)
{
    if (!w->capture)
        return;
    capture_put(w->capture, part, s);
    put_pieces(a, ARCHIVE_CAPTURE, part, s);
    s->len = 0;
}

static void put_all(struct world *w, struct archive_writer *a)
{
    struct stream s = {0};
    put_head(w, &s);
    archive_put_common(a, ARCHIVE_HEAD, &s);
    s.len = 0;
    moment_put_world(w, &s);
    archive_put_common(a, ARCHIVE_WORLD, &s);
    s.len = 0;
    put_recorded(w, a, &s);
    for (unsigned p = w->here; p < w->here_end; p++) {
        const struct part *part = kernel_part(w->kernel, p);
        moment_put_part(w, p, &s);
        archive_put(a, ARCHIVE_PART, p, 0, &s);
        put_peers(w, a, part, &s);
        put_flights(a, part, &s);
        put_captured(w, a, p, &s);
    }
    stream_free(&s);
}

static void write_one(struct world *w, bool asked)
{
    char error[PATH_MAX + 256];
    uint64_t bytes;
    assembly_merge(w);
    kernel_settle(w->kernel);
    struct archive_writer *a = archive_create(w->options.out, w->ranks);
    put_all(w, a);
    int failed = archive_keep(a, &bytes, error, sizeof error);
    if (ranks_self(w->ranks) > 0)
        return;
    if (failed)
        fprintf(stderr, "reloadsim: no checkpoint at %.9g s: %s; the run goes on, and the checkpoint before is kept\n", (double)w->now / 1e9, error);
    else if (asked)
        fprintf(stderr, "reloadsim: checkpoint at %.9g s: %s/" ARCHIVE_FILE ", %.1f MB\n", (double)w->now / 1e9, w->options.out, (double)bytes / 1e6);
}

void checkpoint_tick(struct world *w)
{
    bool asked = w->checkpoint_asked, due = w->scenario->checkpoint_every && w->now % w->scenario->checkpoint_every == 0;
    if (!asked && !due)
        return;
    w->checkpoint_asked = false;
    if (w->options.out && w->now < w->drain_to)
        write_one(w, asked);
}

/* ---- taking up ---- */

/* Pieces that have not come to their end yet, by whose they are. */
struct pieces {
    struct stream *of;
    uint32_t count;
};

struct taking {
    struct world *w;
    struct pieces captured;
    uint64_t peers; /* that have been seen, of all ranks */
    bool world;
};

static bool get_flights(struct world *w, struct stream_reader *r)
{
    while (!stream_at_end(r)) {
        uint32_t words[6];
        struct event e = {.at = stream_get_u64(r)};
        STREAM_GET(r, words);
        e.dst = words[0];
        e.src = words[1];
        e.seq = words[2];
        e.chan = words[3];
        e.len = (uint16_t)(words[4] >> 16);
        e.true_len = (uint16_t)words[4];
        e.class = (uint8_t)(words[5] >> 8);
        e.flags = (uint8_t)words[5];
        const void *bytes = stream_take(r, e.len);
        if (r->bad || e.dst >= w->identities || e.at < w->now)
            return false;
        if (world_holds(w, e.dst))
            kernel_take_up_flight(kernel_part_of(w->kernel, e.dst), &e, bytes);
    }
    return true;
}

/* The last piece of one: it is whole now. */
static bool get_piece(struct stream *all, const struct archive_section *section, const struct stream_reader *r)
{
    stream_put(all, r->at, (size_t)(r->end - r->at));
    return section->end == 1;
}

static bool get_captured(struct taking *t, const struct archive_section *section, const struct stream_reader *r)
{
    if (section->first >= t->captured.count)
        return false;
    struct stream *all = &t->captured.of[section->first];
    if (!get_piece(all, section, r) || t->w->here > 0)
        return true;
    struct stream_reader whole = {all->bytes, all->bytes + all->len, false};
    bool fine = t->w->capture && capture_get(t->w->capture, &whole) == 0;
    stream_free(all);
    return fine;
}

/* Of the whole world: then the kernel stands at this instant, and the network knows again what it forgets. */
static bool get_world(struct taking *t, struct stream_reader *r)
{
    if (t->world || !moment_get_world(t->w, r))
        return false;
    kernel_resume(t->w->kernel, t->w->now);
    faults_again(t->w);
    return t->world = true;
}

static bool get_section(struct taking *t, const struct archive_section *section, struct stream_reader *r)
{
    struct world *w = t->w;
    if (section->kind == ARCHIVE_WORLD)
        return get_world(t, r);
    if (!t->world)
        return false;
    switch (section->kind) {
    case ARCHIVE_PART: return moment_get_part(w, r);
    case ARCHIVE_PEERS: return section->end <= w->identities && moment_get_peers(w, section->first, section->end, r);
    case ARCHIVE_FLIGHTS: return get_flights(w, r);
    case ARCHIVE_CAPTURE: return get_captured(t, section, r);
    case ARCHIVE_RECORDED: get_piece(&w->recorded, section, r); return true;
    case ARCHIVE_HEAD:
    case ARCHIVE_WORLD:
    case ARCHIVE_CLOSE:
    case ARCHIVE_KINDS: break;
    }
    return false;
}

/* Nothing of those that live elsewhere is looked at. */
static bool is_of_others(const struct world *w, const struct archive_section *s)
{
    return s->kind == ARCHIVE_PEERS && (s->end <= w->first || s->first >= w->end);
}

static int damaged(const char *path, char *error, size_t error_cap)
{
    snprintf(error, error_cap, "%s: the checkpoint is damaged: what it holds does not fit together", path);
    return -1;
}

static int get_sections(struct taking *t, struct archive_reader *a, const char *path, char *error, size_t error_cap)
{
    struct archive_section section;
    struct stream_reader r;
    int found;
    while ((found = archive_next(a, &section, error, error_cap)) > 0) {
        if (section.kind == ARCHIVE_PEERS && section.end > section.first)
            t->peers += section.end - section.first;
        if (is_of_others(t->w, &section))
            continue;
        if (archive_read(a, &r, error, error_cap))
            return -1;
        if (!get_section(t, &section, &r))
            return damaged(path, error, error_cap);
    }
    return found < 0 ? -1 : !t->world || t->peers != t->w->identities ? damaged(path, error, error_cap) : 0;
}

/* The rest of the head: of what only the scenario tells. */
static int check_head(const struct world *w, struct stream_reader *r, const char *path, char *error, size_t error_cap)
{
    static const char *const files[] = {"network.data", "churn.trace.data", "workload.trace.data"};
    const char *const paths[] = {w->scenario->data_path, w->scenario->trace_path, w->scenario->calls_path};
    if (stream_get_u64(r) != layout()) {
        snprintf(error, error_cap, "%s: the checkpoint was made by a build of reloadsim that lays its memory out otherwise: go on with the program that made it", path);
        return -1;
    }
    for (unsigned i = 0; i < 3; i++)
        if (stream_get_u32(r) != data_sum(paths[i])) {
            snprintf(error, error_cap, "%s: %s is another file now than the one that the run has read (%s)", path, files[i], paths[i]);
            return -1;
        }
    return 0;
}

/* What is not kept because it follows from the rest; and what the scenario says otherwise now. */
void checkpoint_go_on(struct world *w)
{
    assembly_begin(w);
    for (uint32_t i = w->first; w->registered_until && i < w->end; i++)
        if (identity_of(w, i)->registered_until)
            assembly_registered(w, i, identity_of(w, i)->registered_until);
    assembly_snapshot(w);
    if (w->changed.loss)
        faults_weather(w);
    if (w->changed.lookups || w->changed.registrations)
        workload_changed(w, w->changed.lookups, w->changed.registrations);
}

/* Whether the scenario may have become what it is, and what that changes at once. */
static int check_scenario(struct world *w, const struct head *h, char *error, size_t error_cap)
{
    const struct scenario *is = w->scenario;
    struct scenario *was = malloc(sizeof *was);
    if (!was)
        out_of_memory();
    int status = scenario_parse(was, is->path, h->scenario, strlen(h->scenario), NULL, 0, error, error_cap);
    if (status) {
        free(was);
        return status;
    }
    status = scenario_may_become(was, is, h->now, error, error_cap);
    w->changed.loss = was->loss < is->loss || was->loss > is->loss;
    w->changed.lookups = was->lookup_every != is->lookup_every || was->lookup_per != is->lookup_per;
    w->changed.registrations = was->register_every != is->register_every;
    free(was);
    return status;
}

static int take_up(struct world *w, struct archive_reader *a, char *error, size_t error_cap)
{
    const char *path = w->options.resume;
    struct stream_reader r;
    struct head h;
    if (get_head(a, path, &h, &r, error, error_cap) || check_scenario(w, &h, error, error_cap) || check_head(w, &r, path, error, error_cap))
        return -1;
    uint32_t parts = h.parts; /* the head is lent until the next section is read */
    struct taking t = {.w = w, .captured = {calloc(parts + (size_t)1, sizeof(struct stream)), parts}};
    if (!t.captured.of)
        out_of_memory();
    int status = get_sections(&t, a, path, error, error_cap);
    for (uint32_t i = 0; i < parts; i++)
        stream_free(&t.captured.of[i]);
    free(t.captured.of);
    return status;
}

int checkpoint_take_up(struct world *w, char *error, size_t error_cap)
{
    struct archive_reader *a = NULL;
    int status = archive_open(&a, w->options.resume, error, error_cap);
    if (!status)
        status = take_up(w, a, error, error_cap);
    archive_close(a);
    return status;
}
