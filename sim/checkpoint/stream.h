/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bytes of a checkpoint while they are in memory: what each layer puts, and reads in the same order. Structs without pointers go as they lie there: a
 * checkpoint is read by a program with the same layout of them (archive.h), on a machine of the same kind.
 *
 * A writer grows, and ends the program with status 4 when memory runs out. A reader is sticky: after the first read past the end it is bad, and gives
 * zeros. */
#ifndef SIM_CHECKPOINT_STREAM_H
#define SIM_CHECKPOINT_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct stream {
    uint8_t *bytes;
    size_t len, cap;
};

/* Ends the program with status 4: no memory for so many bytes of a checkpoint. */
_Noreturn void stream_exhausted(size_t bytes);
void stream_put(struct stream *, const void *, size_t);
void stream_put_u32(struct stream *, uint32_t);
void stream_put_u64(struct stream *, uint64_t);
/* Its length, then the text with its NUL. */
void stream_put_text(struct stream *, const char *);
/* What comes until stream_close is preceded by its length, so that a reader can pass over it. */
size_t stream_open(struct stream *);
void stream_close(struct stream *, size_t opened);
void stream_free(struct stream *);

struct stream_reader {
    const uint8_t *at, *end;
    bool bad;
};

void stream_get(struct stream_reader *, void *, size_t);
uint32_t stream_get_u32(struct stream_reader *);
uint64_t stream_get_u64(struct stream_reader *);
/* Lent; "" when it is none. */
const char *stream_get_text(struct stream_reader *);
/* So many bytes, lent; NULL past the end. */
const void *stream_take(struct stream_reader *, size_t);
/* A part that stream_open began: a reader of its own. */
struct stream_reader stream_enter(struct stream_reader *);
static inline bool stream_at_end(const struct stream_reader *r)
{
    return !r->bad && r->at == r->end;
}

/* One struct, or an array of them, as it lies in memory. */
#define STREAM_PUT(stream, object) stream_put((stream), &(object), sizeof(object))
#define STREAM_GET(reader, object) stream_get((reader), &(object), sizeof(object))

#endif
