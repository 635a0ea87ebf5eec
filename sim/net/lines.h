/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines of a data file, plain or compressed by gzip, and the complaint "file:line: what" about them. Private to the readers of sim/net.
 *
 * The caller owns everything in struct lines and the buffer of text; path and error are borrowed. Comments (#) and empty lines are passed over. */
#ifndef SIM_NET_LINES_H
#define SIM_NET_LINES_H

#include <stddef.h>
#include <zlib.h>

struct lines {
    gzFile file;
    const char *path;
    unsigned line; /* of the text in `text`, from 1; 0 = none read yet */
    char *text;
    size_t cap;
    char *error;
    size_t error_cap;
};

/* 0, or -1 with a message. text has room for cap bytes; the longest line is two shorter. */
int lines_open(struct lines *, const char *path, char *text, size_t cap, char *error, size_t error_cap);
/* Next line that is neither empty nor a comment, without its end, in text. 1; 0 at the end of the file; -1 with a message. */
int lines_next(struct lines *);
/* Writes the message; always -1. */
int lines_fail(struct lines *, const char *format, ...) __attribute__((format(printf, 2, 3)));
void lines_close(struct lines *);

#endif
