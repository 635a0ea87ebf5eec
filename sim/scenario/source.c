/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/scenario/source.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define EXCERPT_BEFORE 70 /* characters of a long line shown before the caret, and in total */
#define EXCERPT_MAX    110

/* One character of UTF-8: its length and code point, or 0 if the bytes at p are not one (truncated, overlong, surrogate, too large). */
static size_t utf8_decode(const char *p, const char *end, uint32_t *point)
{
    static const uint32_t smallest[5] = {0, 0, 0x80, 0x800, 0x10000};
    uint8_t b = (uint8_t)*p;
    size_t n = b < 0x80 ? 1 : (b & 0xe0) == 0xc0 ? 2 : (b & 0xf0) == 0xe0 ? 3 : (b & 0xf8) == 0xf0 ? 4 : 0;
    if (n == 0 || (size_t)(end - p) < n)
        return 0;
    uint32_t c = n == 1 ? b : (uint32_t)(b & (0x7f >> n));
    for (size_t i = 1; i < n; i++) {
        if (((uint8_t)p[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | ((uint8_t)p[i] & 0x3f);
    }
    if (c < smallest[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        return 0;
    *point = c;
    return n;
}

static bool line_end(char c)
{
    return c == '\n' || c == '\r';
}

/* First character of a line, counted as libyaml counts them: CR LF, LF and CR end a line. */
static const char *line_start(const struct source *s, uint32_t line)
{
    const char *p = s->text, *end = s->text + s->len;
    for (uint32_t n = 1; n < line && p < end; n++) {
        while (p < end && !line_end(*p))
            p++;
        if (p + 1 < end && p[0] == '\r' && p[1] == '\n')
            p++;
        if (p < end)
            p++;
    }
    return p;
}

struct out {
    char *b;
    size_t cap, len;
};

static void put(struct out *o, const char *s, size_t n)
{
    for (size_t i = 0; i < n && o->len + 1 < o->cap; i++)
        o->b[o->len++] = s[i];
    if (o->cap)
        o->b[o->len] = 0;
}

/* The line of the mark and a caret below it; a long line is cut around the caret. */
static void put_excerpt(struct out *o, const struct source *s, struct mark at)
{
    if (!s->name && at.line > 1) /* libyaml sees the end of a --set as a line of its own */
        at = (struct mark){at.source, 1, (uint32_t)s->len + 1};
    const char *p = line_start(s, at.line), *end = s->text + s->len;
    uint32_t from = at.column > EXCERPT_MAX ? at.column - EXCERPT_BEFORE : 1, column = 1;
    put(o, "\n    ", 5);
    if (from > 1)
        put(o, "...", 3);
    for (; p < end && !line_end(*p) && column < from + EXCERPT_MAX; column++) {
        uint32_t point;
        size_t n = utf8_decode(p, end, &point);
        bool clean = n > 0 && point >= 0x20 && point != 0x7f && !(point >= 0x80 && point < 0xa0);
        if (column >= from)
            put(o, clean ? p : point == '\t' && n ? " " : "?", clean ? n : 1);
        p += n ? n : 1;
    }
    if (p < end && !line_end(*p))
        put(o, "...", 3);
    put(o, "\n    ", 5);
    for (column = from > 1 ? from - 3 : from; column < at.column; column++)
        put(o, " ", 1);
    put(o, "^", 1);
}

static void put_complaint(struct sources *all, unsigned index, const struct mark *at, const char *format, va_list args)
{
    const struct source *s = &all->list[index];
    struct out o = {all->error, all->error_cap, 0};
    char text[512];
    if (!s->name) {
        put(&o, "--set ", 6);
        put(&o, s->text, strnlen(s->text, s->len < 200 ? s->len : 200));
    } else {
        put(&o, s->name, strlen(s->name));
    }
    if (s->name && at)
        put(&o, text, (size_t)snprintf(text, sizeof text, ":%u:%u", at->line, at->column));
    put(&o, ": ", 2);
    vsnprintf(text, sizeof text, format, args);
    put(&o, text, strlen(text));
    if (at)
        put_excerpt(&o, s, *at);
}

int complain(struct sources *all, struct mark at, const char *format, ...)
{
    if (!all->failed) {
        va_list args;
        va_start(args, format);
        put_complaint(all, at.source, &at, format, args);
        va_end(args);
    }
    all->failed = true;
    return -1;
}

int complain_at_start(struct sources *all, unsigned source, const char *format, ...)
{
    if (!all->failed) {
        va_list args;
        va_start(args, format);
        put_complaint(all, source, NULL, format, args);
        va_end(args);
    }
    all->failed = true;
    return -1;
}

static const char *unwanted(uint32_t point, bool indenting)
{
    if (point == 0)
        return "NUL byte: a scenario is a text file";
    if (point == '\t' && indenting)
        return "a tab in the indentation: YAML wants spaces";
    if ((point < 0x20 && point != '\t' && point != '\n' && point != '\r') || point == 0x7f ||
        (point >= 0x80 && point < 0xa0))
        return "control character";
    if (point == 0x2028 || point == 0x2029)
        return "unusual line separator: end lines with a line feed";
    if (point == 0xfeff || (point & 0xfffe) == 0xfffe)
        return "byte order mark or non-character";
    return NULL;
}

int source_scan(struct sources *all, unsigned index)
{
    const struct source *s = &all->list[index];
    const char *p = s->text, *end = s->text + s->len;
    struct mark at = {index, 1, 1};
    bool indenting = true;
    while (p < end) {
        uint32_t point;
        size_t n = utf8_decode(p, end, &point);
        if (n == 0)
            return complain(all, at, "not UTF-8: a scenario is text in UTF-8");
        bool line_feed_follows = p + 1 < end && p[1] == '\n';
        const char *why = unwanted(point, indenting);
        if (point == '\r' && !line_feed_follows)
            why = "a carriage return without line feed: end lines with a line feed";
        if (why)
            return complain(all, at, "%s", why);
        bool ends = point == '\n';
        indenting = ends || (indenting && point == ' ');
        at.column = ends ? 1 : at.column + 1;
        at.line += ends;
        p += n;
    }
    return 0;
}

void source_clean(char *out, size_t cap, const char *bytes, size_t len)
{
    const char *end = bytes + len;
    size_t used = 0;
    for (const char *p = bytes; p < end;) {
        uint32_t point;
        size_t n = utf8_decode(p, end, &point);
        bool text = n && point >= 0x20 && !unwanted(point, false);
        size_t kept = text ? n : 1;
        if (used + kept >= cap)
            break;
        memcpy(out + used, text ? p : "_", kept);
        used += kept;
        p += n ? n : 1;
    }
    out[used] = '\0';
}

const char *quoted(char out[QUOTED_MAX], const char *text)
{
    const char *end = text + strlen(text);
    size_t len = 0;
    out[len++] = '"';
    while (text < end && len < QUOTED_MAX - 12) {
        uint32_t point;
        size_t n = utf8_decode(text, end, &point);
        bool clean = n > 0 && point >= 0x20 && point != 0x7f && !(point >= 0x80 && point < 0xa0);
        if (clean)
            memcpy(out + len, text, n);
        else
            out[len] = '?';
        len += clean ? n : 1;
        text += n ? n : 1;
    }
    memcpy(out + len, text < end ? "...\"" : "\"", text < end ? 5 : 2);
    return out;
}
