/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/checkpoint/stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Not exit: other threads may be at work. */
void stream_exhausted(size_t bytes)
{
    fprintf(stderr, "reloadsim: out of memory: %zu bytes of a checkpoint\n", bytes);
    fflush(NULL);
    _exit(4);
}

static void *room(struct stream *s, size_t bytes)
{
    if (s->cap - s->len < bytes) {
        size_t cap = s->cap ? 2 * s->cap : 65536;
        while (cap - s->len < bytes)
            cap *= 2;
        uint8_t *more = realloc(s->bytes, cap);
        if (!more)
            stream_exhausted(cap);
        s->bytes = more;
        s->cap = cap;
    }
    s->len += bytes;
    return s->bytes + s->len - bytes;
}

void stream_put(struct stream *s, const void *bytes, size_t len)
{
    if (len)
        memcpy(room(s, len), bytes, len);
}

void stream_put_u32(struct stream *s, uint32_t v)
{
    stream_put(s, &v, sizeof v);
}

void stream_put_u64(struct stream *s, uint64_t v)
{
    stream_put(s, &v, sizeof v);
}

void stream_put_text(struct stream *s, const char *text)
{
    size_t len = strlen(text) + 1;
    stream_put_u32(s, (uint32_t)len);
    stream_put(s, text, len);
}

size_t stream_open(struct stream *s)
{
    stream_put_u32(s, 0);
    return s->len;
}

void stream_close(struct stream *s, size_t opened)
{
    uint32_t len = (uint32_t)(s->len - opened);
    memcpy(s->bytes + opened - sizeof len, &len, sizeof len);
}

void stream_free(struct stream *s)
{
    free(s->bytes);
    *s = (struct stream){0};
}

const void *stream_take(struct stream_reader *r, size_t len)
{
    if (r->bad || (size_t)(r->end - r->at) < len) {
        r->bad = true;
        return NULL;
    }
    const void *at = r->at;
    r->at += len;
    return at;
}

void stream_get(struct stream_reader *r, void *out, size_t len)
{
    const void *at = stream_take(r, len);
    if (!len)
        return;
    if (at)
        memcpy(out, at, len);
    else
        memset(out, 0, len);
}

uint32_t stream_get_u32(struct stream_reader *r)
{
    uint32_t v;
    stream_get(r, &v, sizeof v);
    return v;
}

uint64_t stream_get_u64(struct stream_reader *r)
{
    uint64_t v;
    stream_get(r, &v, sizeof v);
    return v;
}

const char *stream_get_text(struct stream_reader *r)
{
    uint32_t len = stream_get_u32(r);
    const char *text = stream_take(r, len);
    if (text && len && text[len - 1] == 0)
        return text;
    r->bad = true;
    return "";
}

struct stream_reader stream_enter(struct stream_reader *r)
{
    uint32_t len = stream_get_u32(r);
    const uint8_t *at = stream_take(r, len);
    return at ? (struct stream_reader){at, at + len, false} : (struct stream_reader){NULL, NULL, true};
}
