/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/record/segments.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "sim/record/file.h"

#define MAGIC       "reloadsim seg 1\n"
#define MAGIC_BYTES 16u
#define HEAD_BYTES  24u
#define MARK        0x0a474553u /* "SEG\n" */
/* No segment is larger; a head that claims more is damaged. */
#define BYTES_MAX (UINT32_C(1) << 28)
/* Rows come one by one and are small: the cheapest level packs them nearly as well as the best. */
#define LEVEL 1

static void put_u32(uint8_t *p, uint32_t v)
{
    for (unsigned i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> 8 * i);
}

static uint32_t get_u32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* Over the head without the sum itself, and the packed bytes. */
static uint32_t checksum(const uint8_t *head, const uint8_t *packed, size_t len)
{
    return (uint32_t)crc32(crc32(0, head, HEAD_BYTES - 4), packed, (uInt)len);
}

static int room(uint8_t **bytes, size_t *cap, size_t wanted)
{
    if (wanted <= *cap)
        return 0;
    uint8_t *more = realloc(*bytes, wanted);
    if (!more) {
        errno = ENOMEM;
        return -1;
    }
    *bytes = more;
    *cap = wanted;
    return 0;
}

/* ---- writing ---- */

int segments_begin(struct segment_writer *w, int fd)
{
    *w = (struct segment_writer){.fd = fd, .bytes = MAGIC_BYTES};
    return file_write_all(fd, MAGIC, MAGIC_BYTES);
}

int segments_append(struct segment_writer *w, enum segment_kind kind, const void *bytes, size_t len)
{
    uLongf packed = compressBound(len);
    if (len > BYTES_MAX || packed > BYTES_MAX) {
        errno = EFBIG;
        return -1;
    }
    if (room(&w->packed, &w->packed_cap, HEAD_BYTES + packed))
        return -1;
    if (compress2(w->packed + HEAD_BYTES, &packed, bytes, len, LEVEL) != Z_OK) {
        errno = ENOMEM;
        return -1;
    }
    const uint32_t head[] = {MARK, w->number, (uint32_t)kind, (uint32_t)len, (uint32_t)packed};
    for (unsigned i = 0; i < 5; i++)
        put_u32(w->packed + (size_t)4 * i, head[i]);
    put_u32(w->packed + HEAD_BYTES - 4, checksum(w->packed, w->packed + HEAD_BYTES, packed));
    if (file_write_all(w->fd, w->packed, HEAD_BYTES + packed)) {
        int why = errno;
        if (ftruncate(w->fd, (off_t)w->bytes)) /* what is left of it has no valid checksum: the reader drops it */
            why = errno ? why : EIO;
        errno = why;
        return -1;
    }
    w->number++;
    w->bytes += HEAD_BYTES + packed;
    return 0;
}

void segments_end(struct segment_writer *w)
{
    free(w->packed);
    w->packed = NULL;
    w->packed_cap = 0;
}

/* ---- reading ---- */

/* 1 = all of it, 0 = the file ends before, -1 = errno. */
static int read_at(int fd, uint64_t at, void *out, size_t len)
{
    uint8_t *p = out;
    while (len) {
        ssize_t n = pread(fd, p, len, (off_t)at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return (int)n;
        p += n;
        at += (size_t)n;
        len -= (size_t)n;
    }
    return 1;
}

int segments_open(struct segment_reader *r, int fd)
{
    struct stat st;
    char magic[MAGIC_BYTES];
    *r = (struct segment_reader){.fd = fd};
    if (fstat(fd, &st))
        return -1;
    r->size = (uint64_t)st.st_size;
    if (r->size < MAGIC_BYTES)
        return 0;
    if (read_at(fd, 0, magic, MAGIC_BYTES) < 0)
        return -1;
    if (memcmp(magic, MAGIC, MAGIC_BYTES) != 0) {
        errno = EILSEQ;
        return -1;
    }
    r->at = MAGIC_BYTES;
    return 0;
}

static bool head_plausible(const struct segment_reader *r, const uint8_t *head)
{
    uint32_t kind = get_u32(head + 8), packed = get_u32(head + 16);
    return get_u32(head) == MARK && get_u32(head + 4) == r->number && kind >= SEGMENT_HEAD && kind < SEGMENT_KINDS &&
           get_u32(head + 12) <= BYTES_MAX && packed <= BYTES_MAX && packed <= r->size - r->at - HEAD_BYTES;
}

enum segments_found segments_next(struct segment_reader *r, struct segment *s)
{
    uint8_t head[HEAD_BYTES];
    if (r->at < MAGIC_BYTES || r->size - r->at < HEAD_BYTES)
        return SEGMENTS_END;
    int got = read_at(r->fd, r->at, head, HEAD_BYTES);
    if (got <= 0 || !head_plausible(r, head))
        return got < 0 ? SEGMENTS_UNREADABLE : SEGMENTS_END;
    uint32_t len = get_u32(head + 12), packed = get_u32(head + 16);
    if (room(&r->packed, &r->packed_cap, packed + (size_t)1) || room(&r->unpacked, &r->unpacked_cap, len + (size_t)1))
        return SEGMENTS_UNREADABLE;
    got = read_at(r->fd, r->at + HEAD_BYTES, r->packed, packed);
    if (got < 0)
        return SEGMENTS_UNREADABLE;
    uLongf unpacked = len;
    if (got == 0 || checksum(head, r->packed, packed) != get_u32(head + HEAD_BYTES - 4) ||
        uncompress(r->unpacked, &unpacked, r->packed, packed) != Z_OK || unpacked != len)
        return SEGMENTS_END;
    r->at += HEAD_BYTES + packed;
    *s = (struct segment){
        .kind = (enum segment_kind)get_u32(head + 8), .number = r->number++, .bytes = r->unpacked, .len = len};
    return SEGMENTS_ONE;
}

void segments_close(struct segment_reader *r)
{
    free(r->packed);
    free(r->unpacked);
    *r = (struct segment_reader){.fd = -1};
}
