/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/checkpoint/archive.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "proto/base/hash.h"
#include "sim/record/file.h"

#define MAGIC       "reloadsim ckpt 1"
#define MAGIC_BYTES 16u
#define MARK        0x0a504b43u /* "CKP\n" */
#define MARK_SWAPPED 0x434b500au
#define BYTES_MAX   0x7fffffffu /* of a section */
#define LEVEL       1           /* what is kept is large and written while the run waits */

struct section_head {
    uint32_t mark, kind, first, end, len, packed, unused, crc;
};
_Static_assert(sizeof(struct section_head) == 32, "as the file has it");

struct close_body {
    uint64_t sections, sum;
};

static uint32_t checksum(const struct section_head *h, const uint8_t *packed)
{
    return (uint32_t)crc32(crc32(0, (const uint8_t *)h, offsetof(struct section_head, crc)), packed, h->packed);
}

/* ---- writing ---- */

struct archive_writer {
    struct ranks *ranks;
    const char *folder;
    int fd; /* of rank 0 */
    int failed; /* errno of the first failure of rank 0 */
    uint64_t bytes;
    struct close_body so_far;
    uint8_t *packed;
    size_t packed_cap;
    bool others_done;
    char path[PATH_MAX];
};

static void fail(struct archive_writer *w, int why)
{
    if (!w->failed)
        w->failed = why ? why : EIO;
}

struct archive_writer *archive_create(const char *folder, struct ranks *ranks)
{
    char error[PATH_MAX + 64];
    struct archive_writer *w = calloc(1, sizeof *w);
    if (!w)
        stream_exhausted(sizeof *w);
    *w = (struct archive_writer){.ranks = ranks, .folder = folder, .fd = -1};
    if (ranks_self(ranks) > 0)
        return w;
    if (file_path(folder, ARCHIVE_FILE ".part", w->path, error, sizeof error)) {
        fail(w, ENAMETOOLONG);
        return w;
    }
    w->fd = open(w->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (w->fd < 0 || file_write_all(w->fd, MAGIC, MAGIC_BYTES))
        fail(w, errno);
    w->bytes = MAGIC_BYTES;
    return w;
}

/* Rank 0: a section as it comes from anybody. */
static void append(struct archive_writer *w, const void *frame, size_t size)
{
    struct section_head h;
    memcpy(&h, frame, sizeof h);
    if (!w->failed && file_write_all(w->fd, frame, size))
        fail(w, errno);
    w->bytes += size;
    w->so_far.sections++;
    w->so_far.sum += h.crc;
}

/* A meeting: who has a section gives it to rank 0. False when nobody had anything more to give. */
static bool meet(struct archive_writer *w, const void *frame, size_t size)
{
    if (size)
        ranks_post(w->ranks, 0, frame, size);
    const struct blob *in = ranks_deliver(w->ranks);
    for (unsigned r = 0; ranks_self(w->ranks) == 0 && r < ranks_count(w->ranks); r++)
        if (in[r].size)
            append(w, in[r].bytes, in[r].size);
    uint64_t more = size != 0;
    ranks_sum(w->ranks, &more, 1);
    return more != 0;
}

static size_t pack(struct archive_writer *w, enum archive_kind kind, uint32_t first, uint32_t end, const struct stream *s)
{
    if (s->len > BYTES_MAX)
        stream_exhausted(s->len);
    uLongf packed = compressBound(s->len);
    if (sizeof(struct section_head) + packed > w->packed_cap) {
        w->packed_cap = sizeof(struct section_head) + packed;
        free(w->packed);
        w->packed = malloc(w->packed_cap);
        if (!w->packed)
            stream_exhausted(w->packed_cap);
    }
    uint8_t *body = w->packed + sizeof(struct section_head);
    static const uint8_t nothing[1];
    if (compress2(body, &packed, s->len ? s->bytes : nothing, s->len, LEVEL) != Z_OK)
        stream_exhausted(s->len);
    struct section_head h = {.mark = MARK, .kind = (uint32_t)kind, .first = first, .end = end, .len = (uint32_t)s->len, .packed = (uint32_t)packed};
    h.crc = checksum(&h, body);
    memcpy(w->packed, &h, sizeof h);
    return sizeof h + packed;
}

void archive_put(struct archive_writer *w, enum archive_kind kind, uint32_t first, uint32_t end, struct stream *s)
{
    size_t size = pack(w, kind, first, end, s);
    s->len = 0;
    if (w->ranks)
        meet(w, w->packed, size);
    else
        append(w, w->packed, size);
}

void archive_put_common(struct archive_writer *w, enum archive_kind kind, struct stream *s)
{
    if (ranks_self(w->ranks) == 0)
        archive_put(w, kind, 0, 0, s);
    else
        meet(w, NULL, 0);
}

static void write_close(struct archive_writer *w)
{
    struct stream s = {0};
    struct close_body body = w->so_far;
    STREAM_PUT(&s, body);
    append(w, w->packed, pack(w, ARCHIVE_CLOSE, 0, 0, &s));
    stream_free(&s);
    if (!w->failed && fsync(w->fd))
        fail(w, errno);
}

static void give_name(struct archive_writer *w, char *error, size_t error_cap)
{
    if (w->fd >= 0 && close(w->fd))
        fail(w, errno);
    if (w->failed) {
        snprintf(error, error_cap, "cannot write %s: %s", w->path, strerror(w->failed));
        if (w->fd >= 0)
            unlink(w->path);
    } else if (file_keep_part(w->folder, ARCHIVE_FILE, error, error_cap) || file_sync_folder(w->folder, error, error_cap)) {
        fail(w, EIO);
    }
}

int archive_keep(struct archive_writer *w, uint64_t *bytes, char *error, size_t error_cap)
{
    while (w->ranks && meet(w, NULL, 0))
        ;
    error[0] = 0;
    if (ranks_self(w->ranks) == 0) {
        write_close(w);
        give_name(w, error, error_cap);
    }
    uint64_t word[] = {w->failed != 0, w->bytes};
    ranks_sum(w->ranks, word, 2);
    if (word[0] && !error[0])
        snprintf(error, error_cap, "rank 0 cannot write it");
    *bytes = word[1];
    free(w->packed);
    free(w);
    return word[0] ? -1 : 0;
}

/* ---- reading ---- */

struct archive_reader {
    int fd;
    uint64_t at, size; /* where the next section begins */
    struct section_head head; /* of the one at hand */
    bool at_hand;
    uint8_t *packed, *unpacked;
    size_t packed_cap, unpacked_cap;
    uint64_t digest;
    char path[PATH_MAX];
};

static int refuse(const struct archive_reader *r, const char *why, char *error, size_t error_cap)
{
    snprintf(error, error_cap, "%s: %s", r->path, why);
    return -1;
}

static int damaged(const struct archive_reader *r, char *error, size_t error_cap)
{
    return refuse(r, "the checkpoint is damaged: its checksum does not fit", error, error_cap);
}

static bool read_at(const struct archive_reader *r, uint64_t at, void *out, size_t len)
{
    uint8_t *p = out;
    while (len) {
        ssize_t n = pread(r->fd, p, len, (off_t)at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        p += n;
        at += (size_t)n;
        len -= (size_t)n;
    }
    return true;
}

/* False: there is no whole head here, or it cannot be one. */
static bool read_head(const struct archive_reader *r, uint64_t at, struct section_head *h)
{
    return r->size - at >= sizeof *h && read_at(r, at, h, sizeof *h) && h->mark == MARK && h->kind >= ARCHIVE_HEAD && h->kind < ARCHIVE_KINDS &&
           h->len <= BYTES_MAX && h->packed <= r->size - at - sizeof *h;
}

static void *room(uint8_t **bytes, size_t *cap, size_t wanted)
{
    if (wanted > *cap) {
        free(*bytes);
        *bytes = malloc(wanted);
        *cap = wanted;
        if (!*bytes)
            stream_exhausted(wanted);
    }
    return *bytes;
}

static int unpack(struct archive_reader *r, uint64_t at, char *error, size_t error_cap)
{
    const struct section_head *h = &r->head;
    uint8_t *packed = room(&r->packed, &r->packed_cap, h->packed + (size_t)1);
    if (!read_at(r, at, packed, h->packed))
        return refuse(r, strerror(errno ? errno : EIO), error, error_cap);
    if (checksum(h, packed) != h->crc)
        return damaged(r, error, error_cap);
    uint8_t *unpacked = room(&r->unpacked, &r->unpacked_cap, h->len + (size_t)1);
    uLongf len = h->len;
    if (uncompress(unpacked, &len, packed, h->packed) != Z_OK || len != h->len)
        return damaged(r, error, error_cap);
    return 0;
}

/* The heads alone: whether it goes on to CLOSE, and all are there. */
static int look_through(struct archive_reader *r, char *error, size_t error_cap)
{
    struct close_body body = {0, 0}, kept;
    uint64_t at = MAGIC_BYTES;
    for (;; body.sections++, body.sum += r->head.crc) {
        if (!read_head(r, at, &r->head))
            return refuse(r, body.sections == 0 && r->head.mark == MARK_SWAPPED ? "the checkpoint was made on a machine with another order of bytes"
                                                                                : "the checkpoint is damaged, or was cut off", error, error_cap);
        if (r->head.kind == ARCHIVE_CLOSE)
            break;
        at += sizeof r->head + r->head.packed;
    }
    if (unpack(r, at + sizeof r->head, error, error_cap))
        return -1;
    if (r->head.len != sizeof kept)
        return damaged(r, error, error_cap);
    memcpy(&kept, r->unpacked, sizeof kept);
    if (memcmp(&kept, &body, sizeof body) != 0 || at + sizeof r->head + r->head.packed != r->size)
        return damaged(r, error, error_cap);
    r->digest = hash64_mix(hash64_mix(kept.sections, kept.sum), r->size);
    return 0;
}

static int open_file(struct archive_reader *r, char *error, size_t error_cap)
{
    struct stat st;
    char magic[MAGIC_BYTES];
    r->fd = open(r->path, O_RDONLY | O_CLOEXEC);
    if (r->fd < 0 || fstat(r->fd, &st))
        return refuse(r, strerror(errno), error, error_cap);
    r->size = (uint64_t)st.st_size;
    if (r->size < MAGIC_BYTES || !read_at(r, 0, magic, MAGIC_BYTES) || memcmp(magic, MAGIC, MAGIC_BYTES - 1) != 0)
        return refuse(r, "this is no checkpoint", error, error_cap);
    if (magic[MAGIC_BYTES - 1] != MAGIC[MAGIC_BYTES - 1])
        return refuse(r, "the checkpoint has another format, of an earlier or later reloadsim", error, error_cap);
    r->at = MAGIC_BYTES;
    return look_through(r, error, error_cap);
}

int archive_open(struct archive_reader **out, const char *path, char *error, size_t error_cap)
{
    struct archive_reader *r = calloc(1, sizeof *r);
    if (!r)
        stream_exhausted(sizeof *r);
    r->fd = -1;
    snprintf(r->path, sizeof r->path, "%s", path);
    if (open_file(r, error, error_cap)) {
        archive_close(r);
        return -1;
    }
    *out = r;
    return 0;
}

int archive_next(struct archive_reader *r, struct archive_section *s, char *error, size_t error_cap)
{
    if (!read_head(r, r->at, &r->head))
        return damaged(r, error, error_cap);
    if (r->head.kind == ARCHIVE_CLOSE)
        return 0;
    r->at += sizeof r->head + r->head.packed;
    *s = (struct archive_section){(enum archive_kind)r->head.kind, r->head.first, r->head.end};
    return 1;
}

int archive_read(struct archive_reader *r, struct stream_reader *s, char *error, size_t error_cap)
{
    if (unpack(r, r->at - r->head.packed, error, error_cap))
        return -1;
    *s = (struct stream_reader){r->unpacked, r->unpacked + r->head.len, false};
    return 0;
}

uint64_t archive_digest(const struct archive_reader *r)
{
    return r->digest;
}

void archive_close(struct archive_reader *r)
{
    if (!r)
        return;
    if (r->fd >= 0)
        close(r->fd);
    free(r->packed);
    free(r->unpacked);
    free(r);
}
