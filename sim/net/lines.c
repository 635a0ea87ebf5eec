/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/net/lines.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

int lines_fail(struct lines *r, const char *format, ...)
{
    char what[192];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    if (r->line > 0)
        snprintf(r->error, r->error_cap, "%s:%u: %s", r->path, r->line, what);
    else
        snprintf(r->error, r->error_cap, "%s: %s", r->path, what);
    return -1;
}

/* A file that is cut short may still yield the beginning of its last line, so this is asked after each line without an end. */
static bool read_failed(struct lines *r)
{
    int code = 0;
    const char *what = gzerror(r->file, &code);
    if (code == Z_OK || code == Z_STREAM_END)
        return false;
    r->line++;
    if (code == Z_ERRNO)
        what = strerror(errno);
    else if (code == Z_BUF_ERROR)
        what = "the compressed file is cut short";
    lines_fail(r, "cannot read on: %s", what);
    return true;
}

static int read_line(struct lines *r)
{
    memset(r->text, 0, r->cap);
    bool got = gzgets(r->file, r->text, (int)r->cap) != NULL;
    size_t len = strlen(r->text);
    bool ended = len > 0 && r->text[len - 1] == '\n';
    if (!ended && read_failed(r))
        return -1;
    if (!got)
        return 0;
    r->line++;
    if (len + 1 == r->cap)
        return lines_fail(r, "line longer than %zu bytes", r->cap - 2);
    if (!ended && !gzeof(r->file))
        return lines_fail(r, "zero byte in the text: not a CSV file");
    while (len > 0 && (r->text[len - 1] == '\n' || r->text[len - 1] == '\r'))
        r->text[--len] = '\0';
    return 1;
}

int lines_open(struct lines *r, const char *path, char *text, size_t cap, char *error, size_t error_cap)
{
    *r = (struct lines){.path = path, .text = text, .cap = cap, .error = error, .error_cap = error_cap};
    errno = 0;
    r->file = gzopen(path, "rb");
    return r->file ? 0 : lines_fail(r, "%s", errno ? strerror(errno) : "out of memory");
}

int lines_next(struct lines *r)
{
    for (;;) {
        int got = read_line(r);
        if (got <= 0 || (r->text[0] != '\0' && r->text[0] != '#'))
            return got;
    }
}

void lines_close(struct lines *r)
{
    gzclose(r->file);
}
