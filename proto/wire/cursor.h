/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Byte cursors. Sticky: the first failure wins, later calls do nothing, so a codec checks once at the end.
 * After a failure a reader is at its end (reader_left() is 0, true_pos is the maximum), so that every walk over a list stops by itself.
 * Both count true bytes (what a real wire carries) beside the bytes at hand: they differ only in folded messages, where a modelled
 * certificate or signature stands as a token (wire/fold.h). All length fields on the wire mean true bytes. */
#ifndef PROTO_WIRE_CURSOR_H
#define PROTO_WIRE_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "proto/base/bytes.h"
#include "proto/base/error.h"
#include "proto/base/id.h"

struct span {
    const uint8_t *b;
    uint32_t len;
};

struct reader {
    const uint8_t *p, *end;
    uint32_t true_pos; /* true bytes consumed so far */
    bool folded;
    int err;
};

struct writer {
    uint8_t *start, *p, *end;
    uint32_t extra; /* true bytes written less bytes written */
    bool fold;
    int err;
};

static inline struct reader reader_on(const void *b, size_t len, bool folded)
{
    const uint8_t *p = b;
    return (struct reader){.p = p, .end = len ? p + len : p, .folded = folded};
}

static inline struct writer writer_on(void *b, size_t cap, bool fold)
{
    uint8_t *p = b;
    return (struct writer){.start = p, .p = p, .end = p + cap, .fold = fold};
}

/* Record the first error and end the cursor. */
void reader_fail(struct reader *, int err);
void writer_fail(struct writer *, int err);

static inline uint32_t writer_len(const struct writer *w)
{
    return (uint32_t)(w->p - w->start);
}

static inline uint32_t writer_true(const struct writer *w)
{
    return writer_len(w) + w->extra;
}

static inline size_t reader_left(const struct reader *r)
{
    return (size_t)(r->end - r->p);
}

/* Reads over n bytes; NULL and a failed reader when they are not there. */
static inline const uint8_t *reader_take(struct reader *r, size_t n)
{
    const uint8_t *b = r->p;
    if (reader_left(r) < n) {
        reader_fail(r, ERR_SHORT);
        return NULL;
    }
    r->p += n;
    r->true_pos += (uint32_t)n;
    return b;
}

static inline uint8_t get_u8(struct reader *r)
{
    const uint8_t *b = reader_take(r, 1);
    return b ? *b : 0;
}

static inline uint16_t get_u16(struct reader *r)
{
    const uint8_t *b = reader_take(r, 2);
    return b ? load_be16(b) : 0;
}

static inline uint32_t get_u24(struct reader *r)
{
    const uint8_t *b = reader_take(r, 3);
    return b ? load_be24(b) : 0;
}

static inline uint32_t get_u32(struct reader *r)
{
    const uint8_t *b = reader_take(r, 4);
    return b ? load_be32(b) : 0;
}

static inline uint64_t get_u64(struct reader *r)
{
    const uint8_t *b = reader_take(r, 8);
    return b ? load_be64(b) : 0;
}

/* NodeId: 16 bytes. */
static inline struct id get_id(struct reader *r)
{
    const uint8_t *b = reader_take(r, ID_BYTES);
    return b ? id_load(b) : (struct id){0, 0};
}

/* 0 or 1 only, else ERR_VALUE. */
static inline bool get_bool(struct reader *r)
{
    uint8_t v = get_u8(r);
    if (v > 1)
        reader_fail(r, ERR_VALUE);
    return v == 1;
}

static inline struct span get_bytes(struct reader *r, size_t len)
{
    const uint8_t *b = reader_take(r, len);
    return (struct span){b, b ? (uint32_t)len : 0};
}

/* A length field of width bytes, 1 to 4. */
static inline uint32_t get_length(struct reader *r, unsigned width)
{
    return width == 1 ? get_u8(r) : width == 2 ? get_u16(r) : width == 3 ? get_u24(r) : get_u32(r);
}

/* opaque<0..2^(8*width)-1>: a length of width bytes (1..4), then that many bytes, which hold no token. */
static inline struct span get_vector(struct reader *r, unsigned width)
{
    return get_bytes(r, get_length(r, width));
}

/* A vector whose contents may hold tokens: vector_begin returns the true position at which it ends; the caller decodes while
 * r->true_pos < that, then vector_end checks that it stopped exactly there (ERR_LENGTH). */
static inline uint32_t vector_begin(struct reader *r, unsigned width)
{
    uint32_t len = get_length(r, width);
    if (r->folded ? len > UINT32_MAX - 1 - r->true_pos : len > reader_left(r)) {
        reader_fail(r, ERR_SHORT);
        return UINT32_MAX;
    }
    return r->true_pos + len;
}

static inline void vector_end(struct reader *r, uint32_t true_end)
{
    if (r->true_pos != true_end)
        reader_fail(r, ERR_LENGTH);
}

/* Room for n bytes; NULL and a failed writer when there is none. */
static inline uint8_t *writer_take(struct writer *w, size_t n)
{
    uint8_t *b = w->p;
    if ((size_t)(w->end - b) < n) {
        writer_fail(w, ERR_TOO_LARGE);
        return NULL;
    }
    w->p += n;
    return b;
}

static inline void put_u8(struct writer *w, uint8_t v)
{
    uint8_t *b = writer_take(w, 1);
    if (b)
        *b = v;
}

static inline void put_u16(struct writer *w, uint16_t v)
{
    uint8_t *b = writer_take(w, 2);
    if (b)
        store_be16(b, v);
}

/* The low 24 bits; more is ERR_TOO_LARGE. */
static inline void put_u24(struct writer *w, uint32_t v)
{
    uint8_t *b = v >> 24 ? NULL : writer_take(w, 3);
    if (b)
        store_be24(b, v);
    else
        writer_fail(w, ERR_TOO_LARGE);
}

static inline void put_u32(struct writer *w, uint32_t v)
{
    uint8_t *b = writer_take(w, 4);
    if (b)
        store_be32(b, v);
}

static inline void put_u64(struct writer *w, uint64_t v)
{
    uint8_t *b = writer_take(w, 8);
    if (b)
        store_be64(b, v);
}

static inline void put_id(struct writer *w, struct id v)
{
    uint8_t *b = writer_take(w, ID_BYTES);
    if (b)
        id_store(b, v);
}

static inline void put_bytes(struct writer *w, const void *bytes, size_t len)
{
    uint8_t *b = writer_take(w, len);
    if (b && len)
        memcpy(b, bytes, len);
}

static inline void put_span(struct writer *w, struct span s)
{
    put_bytes(w, s.b, s.len);
}

/* Largest length that a field of width bytes holds. */
static inline uint32_t length_max(unsigned width)
{
    return UINT32_MAX >> (32 - 8 * width);
}

static inline void store_length(uint8_t *b, unsigned width, uint32_t len)
{
    if (width == 1)
        *b = (uint8_t)len;
    else if (width == 2)
        store_be16(b, (uint16_t)len);
    else if (width == 3)
        store_be24(b, len);
    else
        store_be32(b, len);
}

/* Writes a length field; ERR_TOO_LARGE if it does not fit its width. */
static inline void put_length(struct writer *w, unsigned width, size_t len)
{
    uint8_t *b = len > length_max(width) ? NULL : writer_take(w, width);
    if (b)
        store_length(b, width, (uint32_t)len);
    else
        writer_fail(w, ERR_TOO_LARGE);
}

static inline void put_vector(struct writer *w, unsigned width, const void *b, size_t len)
{
    put_length(w, width, len);
    put_bytes(w, b, len);
}

/* Opens a vector; returns its mark. Close in reverse order: fills the length with the true bytes since. ERR_TOO_LARGE if it does not fit. */
struct mark {
    uint32_t at, true_at;
};

static inline struct mark put_open(struct writer *w, unsigned width)
{
    put_length(w, width, 0);
    return (struct mark){writer_len(w), writer_true(w)};
}

static inline void put_close(struct writer *w, unsigned width, struct mark m)
{
    uint32_t len = writer_true(w) - m.true_at;
    if (w->err)
        return;
    if (len > length_max(width))
        writer_fail(w, ERR_TOO_LARGE);
    else
        store_length(w->start + m.at - width, width, len);
}

#endif
