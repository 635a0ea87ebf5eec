/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/record/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "sim/checkpoint/archive.h"
#include "sim/record/file.h"
#include "sim/record/payload.h"
#include "sim/record/segments.h"
#include "sim/record/version.h"

struct journal {
    int fd;
    struct segment_writer writer;
    struct payload payload;
    struct histogram before[HISTOGRAMS]; /* as of the last row */
    uint64_t head_bytes;                 /* of the file, up to the end of its head */
    char path[PATH_MAX];
    char error[PATH_MAX + 128];
};

/* ---- the head ---- */

static void host_name(char *out, size_t cap)
{
    struct utsname u;
    snprintf(out, cap, "%s", uname(&u) == 0 ? u.nodename : "unknown");
}

static void cpu_model(char *out, size_t cap)
{
    char line[256];
    FILE *in = fopen("/proc/cpuinfo", "r");
    snprintf(out, cap, "unknown");
    while (in && fgets(line, sizeof line, in)) {
        const char *colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) != 0 || !colon)
            continue;
        snprintf(out, cap, "%.*s", (int)strcspn(colon + 2, "\n"), colon + 2);
        break;
    }
    if (in)
        fclose(in);
}

static void time_now(char *out, size_t cap)
{
    time_t now = time(NULL);
    struct tm utc;
    if (!gmtime_r(&now, &utc) || strftime(out, cap, "%Y-%m-%dT%H:%M:%SZ", &utc) == 0)
        snprintf(out, cap, "unknown");
}

static void put_machine(struct payload *p, unsigned ranks)
{
    char text[256];
    payload_u64(p, ranks);
    host_name(text, sizeof text);
    payload_text(p, text);
    cpu_model(text, sizeof text);
    payload_text(p, text);
    time_now(text, sizeof text);
    payload_text(p, text);
}

static void put_columns(struct payload *p, const struct series_column *c, size_t n)
{
    payload_u32(p, (uint32_t)n);
    for (size_t i = 0; i < n; i++) {
        payload_u32(p, (uint32_t)c[i].type);
        payload_text(p, c[i].name);
        payload_text(p, c[i].unit);
        payload_text(p, c[i].description);
    }
}

static void put_histogram_names(struct payload *p)
{
    payload_u32(p, HISTOGRAMS);
    for (unsigned i = 0; i < HISTOGRAMS; i++) {
        payload_text(p, series_scale[i].name);
        payload_text(p, series_scale[i].unit);
        payload_text(p, series_scale[i].description);
        payload_real(p, series_scale[i].one);
    }
}

static void put_figure_names(struct payload *p, const char *(*describe)(const char *))
{
    struct summary_key key;
    unsigned n = 0;
    while (summary_key_at(n, &key))
        n++;
    payload_u32(p, n);
    for (unsigned i = 0; i < n; i++) {
        summary_key_at(i, &key);
        payload_u32(p, (uint32_t)key.type);
        payload_u32(p, key.is_volatile);
        payload_text(p, key.key);
        payload_text(p, key.unit);
        payload_text(p, describe ? describe(key.key) : "");
    }
}

static void put_head(struct payload *p, const struct journal_head *h)
{
    payload_u32(p, JOURNAL_FORMAT);
    payload_text(p, RELOADSIM_VERSION);
    payload_text(p, version_revision());
    payload_text(p, h->scenario);
    payload_text(p, h->text);
    payload_text(p, h->epoch);
    const uint64_t numbers[] = {h->seed, h->population, h->warmup, h->measure, h->interval};
    for (unsigned i = 0; i < 5; i++)
        payload_u64(p, numbers[i]);
    put_machine(p, h->ranks);
    put_columns(p, series_column, SERIES_COLUMNS);
    put_columns(p, series_node_column, SERIES_NODE_COLUMNS);
    put_columns(p, series_ring_column, SERIES_RING_COLUMNS);
    put_histogram_names(p);
    put_figure_names(p, h->describe);
}

/* ---- segments ---- */

static void record_failed(struct journal *r, int why)
{
    snprintf(r->error, sizeof r->error, "cannot write %s: %s", r->path, strerror(why));
}

/* Appends what stands in the payload and empties it. */
static void append(struct journal *r, enum segment_kind kind)
{
    if (!r->error[0] && r->payload.failed)
        record_failed(r, ENOMEM);
    if (!r->error[0] && segments_append(&r->writer, kind, r->payload.bytes, r->payload.len))
        record_failed(r, errno);
    r->payload.len = 0;
}

/* What has been added since the last row: how many buckets, then each with its number and what came on top. */
static void put_histograms(struct journal *r, const struct histogram *const measured[HISTOGRAMS])
{
    struct payload *p = &r->payload;
    for (unsigned k = 0; k < HISTOGRAMS; k++) {
        uint32_t changed = 0;
        size_t at = p->len;
        payload_u32(p, 0);
        if (measured[k]->count != r->before[k].count) {
            for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
                if (measured[k]->bucket[i] == r->before[k].bucket[i])
                    continue;
                payload_u32(p, i);
                payload_u64(p, measured[k]->bucket[i] - r->before[k].bucket[i]);
                changed++;
            }
            r->before[k] = *measured[k];
        }
        payload_u32_at(p, at, changed);
    }
}

/* All figures in the order of the head; of texts, and without volatile ones of those, 0 bits. Real numbers go through payload_real for the sake of one NaN. */
static void put_figures(struct payload *p, const struct summary *s, bool with_volatile)
{
    struct summary_key key;
    for (unsigned i = 0; summary_key_at(i, &key); i++) {
        uint64_t bits = key.type == SUMMARY_TEXT || (key.is_volatile && !with_volatile) ? 0 : summary_bits(s, i);
        double real;
        memcpy(&real, &bits, sizeof real);
        if (key.type == SUMMARY_REAL)
            payload_real(p, real);
        else
            payload_u64(p, bits);
    }
}

static void put_values(struct payload *p, const struct series_column *column, size_t n, const void *values)
{
    const char *at = values;
    for (size_t i = 0; i < n; i++, at += 8) {
        uint64_t bits;
        double real;
        memcpy(&bits, at, sizeof bits);
        memcpy(&real, at, sizeof real);
        if (column[i].type == SERIES_FIGURE)
            payload_real(p, real);
        else
            payload_u64(p, bits);
    }
}

void journal_row(struct journal *r, sim_time now, const struct series_row *row, const struct summary *so_far,
                 const struct histogram *const measured[HISTOGRAMS])
{
    payload_u64(&r->payload, now);
    put_values(&r->payload, series_column, SERIES_COLUMNS, row);
    put_figures(&r->payload, so_far, false);
    put_histograms(r, measured);
    append(r, SEGMENT_ROW);
}

void journal_event(struct journal *r, sim_time now, const char *kind, const char *text)
{
    payload_u64(&r->payload, now);
    payload_text(&r->payload, kind);
    payload_text(&r->payload, text);
    append(r, SEGMENT_EVENT);
}

void journal_nodes(struct journal *r, const struct series_node *node, unsigned count)
{
    payload_u32(&r->payload, count);
    for (unsigned i = 0; i < count; i++)
        put_values(&r->payload, series_node_column, SERIES_NODE_COLUMNS, &node[i]);
    append(r, SEGMENT_NODES);
}

void journal_ring(struct journal *r, const struct series_ring *row, unsigned count)
{
    payload_u32(&r->payload, count);
    for (unsigned i = 0; i < count; i++)
        put_values(&r->payload, series_ring_column, SERIES_RING_COLUMNS, &row[i]);
    append(r, SEGMENT_RING);
}

/* What became of each fault and where the time of each rank went, as it stands in summary.json. */
static void put_faults(struct payload *p, const struct summary *s)
{
    char *text = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&text, &len);
    if (f) {
        summary_json_faults(s, f);
        summary_json_ranks(s, f);
    }
    if (!f || fclose(f) != 0)
        p->failed = true;
    else
        payload_text(p, text);
    free(text);
}

void journal_finish(struct journal *r, sim_time now, const struct summary *s,
                    const struct histogram *const measured[HISTOGRAMS], bool complete)
{
    payload_u64(&r->payload, now);
    payload_u32(&r->payload, complete);
    put_figures(&r->payload, s, true);
    put_histograms(r, measured);
    put_faults(&r->payload, s);
    append(r, SEGMENT_CLOSE);
}

/* ---- for a checkpoint ---- */

/* Read back from the file: a segment is packed once. What cannot be read sticks as any other failure does, and the run ends for want of it. */
void journal_put(struct journal *r, struct stream *s)
{
    uint8_t bytes[65536];
    STREAM_PUT(s, r->before);
    stream_put_u32(s, r->writer.number);
    stream_put_u64(s, r->writer.bytes - r->head_bytes);
    for (uint64_t at = r->head_bytes; at < r->writer.bytes;) {
        size_t want = r->writer.bytes - at < sizeof bytes ? (size_t)(r->writer.bytes - at) : sizeof bytes;
        ssize_t n = pread(r->fd, bytes, want, (off_t)at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            record_failed(r, n < 0 ? errno : EIO);
            return;
        }
        stream_put(s, bytes, (size_t)n);
        at += (uint64_t)n;
    }
}

/* The head is another one, and has number 0 like the old one: what follows stands as it stood. */
void journal_get(struct journal *r, struct stream_reader *in)
{
    STREAM_GET(in, r->before);
    uint32_t number = stream_get_u32(in);
    uint64_t len = stream_get_u64(in);
    const void *bytes = stream_take(in, len);
    if (in->bad || file_write_all(r->fd, bytes, len)) {
        record_failed(r, in->bad ? EILSEQ : errno);
        return;
    }
    r->writer.number = number;
    r->writer.bytes += len;
}

const char *journal_error(const struct journal *r)
{
    return r->error[0] ? r->error : NULL;
}

/* ---- the folder ---- */

/* Another process may be writing to the folder's segments now. */
static int check_free(const char *path, char *error, size_t error_cap)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC), failed = 0;
    if (fd < 0 && errno == ENOENT)
        return 0;
    if (fd < 0) {
        snprintf(error, error_cap, "cannot write %s: %s", path, strerror(errno));
        return -1;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
        snprintf(error, error_cap, "cannot write %s: a run that goes on now writes it", path);
        failed = -1;
    }
    close(fd);
    return failed;
}

static int begin_file(struct journal *r, const char *part, const struct journal_head *head)
{
    if ((r->fd = open(part, O_RDWR | O_CREAT | O_CLOEXEC, 0666)) < 0)
        return -1;
    if (flock(r->fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
        return -1;
    if ((ftruncate(r->fd, 0) && errno != EINVAL) || segments_begin(&r->writer, r->fd))
        return -1;
    put_head(&r->payload, head);
    append(r, SEGMENT_HEAD);
    r->head_bytes = r->writer.bytes;
    return r->error[0] ? -1 : 0;
}

/* The new segments take the place of the old, then the scenario does, and only then the results of an earlier run go: they must not be taken for this
 * one's, and a run that cannot begin leaves them alone. */
static int take_folder(struct journal *r, const char *folder, const char *part, bool goes_on, char *error, size_t error_cap)
{
    static const char *const old[] = {"results.h5", "summary.json", "report.html", "capture.pcapng", ARCHIVE_FILE};
    size_t olds = sizeof old / sizeof old[0] - goes_on;
    if (rename(part, r->path)) {
        record_failed(r, errno);
        snprintf(error, error_cap, "%s", r->error);
        return -1;
    }
    int failed = file_keep_part(folder, "scenario.resolved.yaml", error, error_cap);
    for (size_t i = 0; i < olds && !failed; i++)
        failed = file_remove(folder, old[i], error, error_cap);
    if (failed)
        unlink(r->path);
    return failed;
}

static int open_in(struct journal *r, const char *folder, const struct journal_head *head, char *error,
                   size_t error_cap)
{
    char part[PATH_MAX];
    if (file_path(folder, JOURNAL_FILE, r->path, error, error_cap) ||
        file_path(folder, JOURNAL_FILE ".part", part, error, error_cap) || check_free(r->path, error, error_cap))
        return -1;
    errno = 0;
    if (begin_file(r, part, head)) {
        if (!r->error[0])
            record_failed(r, errno);
        snprintf(error, error_cap, "%s", r->error);
        if (r->writer.bytes) /* else it is not ours */
            unlink(part);
        return -1;
    }
    if (file_write_part(folder, "scenario.resolved.yaml", head->text, strlen(head->text), error, error_cap) == 0 &&
        take_folder(r, folder, part, head->goes_on, error, error_cap) == 0)
        return 0;
    unlink(part);
    if (file_path(folder, "scenario.resolved.yaml.part", part, error, 0) == 0)
        unlink(part);
    return -1;
}

int journal_open(struct journal **out, const char *folder, const struct journal_head *head, char *error,
                 size_t error_cap)
{
    struct journal *r = calloc(1, sizeof *r);
    if (!r) {
        snprintf(error, error_cap, "out of memory");
        return -1;
    }
    r->fd = -1;
    if (open_in(r, folder, head, error, error_cap)) {
        journal_close(r);
        return -1;
    }
    *out = r;
    return 0;
}

void journal_close(struct journal *r)
{
    if (!r)
        return;
    segments_end(&r->writer);
    payload_free(&r->payload);
    if (r->fd >= 0)
        close(r->fd);
    free(r);
}
