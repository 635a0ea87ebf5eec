/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An HDF5 file of one-dimensional columns, in one of two modes. Making: an image in memory, which the caller writes; HDF5 itself never writes to
 * a disk, because on a full one it may report success, leave fill values in place of data, or crash. Comparing: the same calls go through a
 * file that exists, and each value has to be what is there, bit for bit. So one sequence of calls makes a file and then proves it.
 *
 * Errors stick; h5_error tells the first. Texts are UTF-8 of variable length. Every dataset can grow, is chunked, shuffled and deflated. */
#ifndef SIM_RECORD_H5_H
#define SIM_RECORD_H5_H

#include <stddef.h>
#include <stdint.h>

struct h5;
struct h5_column;

enum h5_type { H5_UINT64, H5_FLOAT64, H5_STRING };

struct h5 *h5_make(void);                /* NULL = out of memory */
struct h5 *h5_compare(const char *path); /* never NULL for want of a file: see h5_error */
const char *h5_error(const struct h5 *);
/* The whole file, for the caller to free. 0, or -1 with the error set. */
int h5_image(struct h5 *, void **bytes, size_t *len);
void h5_close(struct h5 *);

void h5_group(struct h5 *, const char *path);
/* Attributes of a group or dataset; h5_column_* below those of a column. */
void h5_attribute_text(struct h5 *, const char *path, const char *name, const char *value);
void h5_attribute_count(struct h5 *, const char *path, const char *name, uint64_t value);
void h5_attribute_real(struct h5 *, const char *path, const char *name, double value);
void h5_attribute_int(struct h5 *, const char *path, const char *name, int value);

/* A column, empty at first. chunk: values a chunk. unit, description, kind: attributes; NULL = none. */
struct h5_column *h5_column(struct h5 *, const char *path, enum h5_type, size_t chunk, const char *unit,
                            const char *description, const char *kind);
/* values: uint64_t, double or const char *, as the column's type says. */
void h5_append(struct h5 *, struct h5_column *, const void *values, size_t n);
/* Nothing follows; frees it. NULL is fine. */
void h5_column_end(struct h5 *, struct h5_column *);

/* What a finished file says of itself. 0, or -1 when it is no results.h5 that can be read. */
int h5_read_int(const char *path, const char *object, const char *name, int *value);
const char *h5_library(char out[32]);

#endif
