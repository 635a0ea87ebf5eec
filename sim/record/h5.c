/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/record/h5.h"

#include <errno.h>
#include <hdf5.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RESULT        "results.h5"
#define DEFLATE_LEVEL 6
/* Half the number of chunks that a node of an index holds: most datasets have one chunk, and an index node is written whole. */
#define INDEX_WIDTH  4
#define IMAGE_GROWTH ((size_t)1 << 20)

struct h5 {
    hid_t file;
    bool compare;
    char error[256];
};

struct h5_column {
    hid_t dataset;
    hid_t type; /* in memory */
    enum h5_type kind;
    hsize_t count;
    char path[128];
};

/* ---- errors ---- */

static herr_t innermost(unsigned n, const H5E_error2_t *e, void *out)
{
    if (n == 0)
        snprintf(out, 128, "%s", e->desc ? e->desc : "");
    return 0;
}

static void fail(struct h5 *h, const char *path, const char *what)
{
    char why[128] = "";
    if (h->error[0])
        return;
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, innermost, why);
    snprintf(h->error, sizeof h->error, "%.100s %.100s%s%.40s", path, what, why[0] ? ": " : "", why);
}

const char *h5_error(const struct h5 *h)
{
    return h->error[0] ? h->error : NULL;
}

/* ---- files ---- */

static hid_t make_file(void)
{
    hid_t access = H5Pcreate(H5P_FILE_ACCESS), create = H5Pcreate(H5P_FILE_CREATE), file = -1;
    if (access >= 0 && create >= 0 && H5Pset_fapl_core(access, IMAGE_GROWTH, 0) >= 0 &&
        H5Pset_istore_k(create, INDEX_WIDTH) >= 0)
        file = H5Fcreate(RESULT, H5F_ACC_TRUNC, create, access);
    H5Pclose(access);
    H5Pclose(create);
    return file;
}

static struct h5 *open_as(const char *path)
{
    struct h5 *h = calloc(1, sizeof *h);
    if (!h)
        return NULL;
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL); /* errors are told by us, once */
    h->compare = path != NULL;
    errno = 0; /* HDF5 leaves that of open(2) alone */
    h->file = path ? H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT) : make_file();
    if (h->file < 0 && path && errno)
        snprintf(h->error, sizeof h->error, "what was written cannot be opened again: %s", strerror(errno));
    else if (h->file < 0)
        fail(h, RESULT, path ? "cannot be opened again" : "cannot be made");
    return h;
}

struct h5 *h5_make(void)
{
    return open_as(NULL);
}

struct h5 *h5_compare(const char *path)
{
    return open_as(path);
}

int h5_image(struct h5 *h, void **bytes, size_t *len)
{
    if (h->error[0])
        return -1;
    *bytes = NULL;
    ssize_t n = H5Fflush(h->file, H5F_SCOPE_GLOBAL) < 0 ? -1 : H5Fget_file_image(h->file, NULL, 0);
    if (n > 0 && (*bytes = malloc((size_t)n)) != NULL && H5Fget_file_image(h->file, *bytes, (size_t)n) == n) {
        *len = (size_t)n;
        return 0;
    }
    fail(h, RESULT, "cannot be made");
    free(*bytes);
    return -1;
}

void h5_close(struct h5 *h)
{
    if (!h)
        return;
    if (h->file >= 0)
        H5Fclose(h->file);
    free(h);
}

/* ---- groups ---- */

void h5_group(struct h5 *h, const char *path)
{
    if (h->error[0])
        return;
    hid_t create = H5Pcreate(H5P_GROUP_CREATE);
    H5Pset_obj_track_times(create, false); /* equal runs give equal bytes */
    hid_t group = h->compare ? H5Gopen2(h->file, path, H5P_DEFAULT)
                             : H5Gcreate2(h->file, path, H5P_DEFAULT, create, H5P_DEFAULT);
    if (group < 0)
        fail(h, path, "cannot be made");
    else
        H5Gclose(group);
    H5Pclose(create);
}

/* ---- attributes ---- */

static hid_t string_type(void)
{
    hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, H5T_VARIABLE);
    H5Tset_cset(type, H5T_CSET_UTF8);
    return type;
}

static void compare_attribute(struct h5 *h, hid_t object, const char *path, const char *name, hid_t memory,
                              const void *value)
{
    uint64_t found = 0; /* as wide as the widest: a number, or the pointer of a text */
    hid_t a = H5Aopen(object, name, H5P_DEFAULT);
    bool text = H5Tget_class(memory) == H5T_STRING, same = false;
    if (a >= 0 && H5Aread(a, memory, &found) >= 0) {
        char *string = NULL;
        const char *expected = NULL;
        if (text) {
            memcpy(&string, &found, sizeof string);
            memcpy(&expected, value, sizeof expected);
            same = string && strcmp(string, expected) == 0;
            H5free_memory(string);
        } else {
            same = memcmp(&found, value, H5Tget_size(memory)) == 0;
        }
    }
    if (!same)
        fail(h, path, "has an attribute that is not what was written");
    if (a >= 0)
        H5Aclose(a);
}

static void make_attribute(struct h5 *h, hid_t object, const char *path, const char *name, hid_t memory, hid_t file,
                           const void *value)
{
    hid_t space = H5Screate(H5S_SCALAR), a = H5Acreate2(object, name, file, space, H5P_DEFAULT, H5P_DEFAULT);
    if (a < 0 || H5Awrite(a, memory, value) < 0)
        fail(h, path, "takes no attribute");
    if (a >= 0)
        H5Aclose(a);
    H5Sclose(space);
}

static void attribute_of(struct h5 *h, hid_t object, const char *path, const char *name, hid_t memory, hid_t file,
                         const void *value)
{
    if (h->error[0])
        return;
    if (h->compare)
        compare_attribute(h, object, path, name, memory, value);
    else
        make_attribute(h, object, path, name, memory, file, value);
}

static void attribute(struct h5 *h, const char *path, const char *name, hid_t memory, hid_t file, const void *value)
{
    hid_t object = h->error[0] ? -1 : H5Oopen(h->file, path, H5P_DEFAULT);
    if (object < 0) {
        fail(h, path, "is not there");
        return;
    }
    attribute_of(h, object, path, name, memory, file, value);
    H5Oclose(object);
}

void h5_attribute_text(struct h5 *h, const char *path, const char *name, const char *value)
{
    hid_t type = string_type();
    attribute(h, path, name, type, type, &value);
    H5Tclose(type);
}

void h5_attribute_count(struct h5 *h, const char *path, const char *name, uint64_t value)
{
    attribute(h, path, name, H5T_NATIVE_UINT64, H5T_STD_U64LE, &value);
}

void h5_attribute_real(struct h5 *h, const char *path, const char *name, double value)
{
    attribute(h, path, name, H5T_NATIVE_DOUBLE, H5T_IEEE_F64LE, &value);
}

void h5_attribute_int(struct h5 *h, const char *path, const char *name, int value)
{
    attribute(h, path, name, H5T_NATIVE_INT, H5T_STD_I32LE, &value);
}

int h5_read_int(const char *path, const char *object, const char *name, int *value)
{
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
    hid_t a = file < 0 ? -1 : H5Aopen_by_name(file, object, name, H5P_DEFAULT, H5P_DEFAULT);
    int status = a >= 0 && H5Aread(a, H5T_NATIVE_INT, value) >= 0 ? 0 : -1;
    if (a >= 0)
        H5Aclose(a);
    if (file >= 0)
        H5Fclose(file);
    return status;
}

/* ---- columns ---- */

static hid_t make_dataset(struct h5 *h, const char *path, hid_t type, size_t chunk)
{
    const hsize_t none = 0, all = H5S_UNLIMITED, width = chunk;
    hid_t create = H5Pcreate(H5P_DATASET_CREATE), space = H5Screate_simple(1, &none, &all), dataset = -1;
    if (H5Pset_chunk(create, 1, &width) >= 0 && H5Pset_shuffle(create) >= 0 &&
        H5Pset_deflate(create, DEFLATE_LEVEL) >= 0 && H5Pset_obj_track_times(create, false) >= 0)
        dataset = H5Dcreate2(h->file, path, type, space, H5P_DEFAULT, create, H5P_DEFAULT);
    H5Sclose(space);
    H5Pclose(create);
    return dataset;
}

struct h5_column *h5_column(struct h5 *h, const char *path, enum h5_type kind, size_t chunk, const char *unit,
                            const char *description, const char *about)
{
    struct h5_column *c = h->error[0] ? NULL : calloc(1, sizeof *c);
    if (!c) {
        fail(h, path, "cannot be made: out of memory");
        return NULL;
    }
    c->kind = kind;
    c->type = kind == H5_STRING ? string_type() : H5Tcopy(kind == H5_UINT64 ? H5T_NATIVE_UINT64 : H5T_NATIVE_DOUBLE);
    snprintf(c->path, sizeof c->path, "%s", path);
    hid_t stored = kind == H5_STRING ? c->type : kind == H5_UINT64 ? H5T_STD_U64LE : H5T_IEEE_F64LE;
    c->dataset = h->compare ? H5Dopen2(h->file, path, H5P_DEFAULT) : make_dataset(h, path, stored, chunk);
    if (c->dataset < 0)
        fail(h, path, h->compare ? "is not there" : "cannot be made");
    const char *const names[] = {"unit", "description", "kind"}, *const values[] = {unit, description, about};
    hid_t text = string_type();
    for (unsigned i = 0; i < 3; i++)
        if (values[i])
            attribute_of(h, c->dataset, path, names[i], text, text, &values[i]);
    H5Tclose(text);
    return c;
}

static bool same_values(const struct h5_column *c, const void *found, const void *expected, size_t n)
{
    if (c->kind != H5_STRING)
        return memcmp(found, expected, 8 * n) == 0;
    char *const *a = found;
    const char *const *b = expected;
    for (size_t i = 0; i < n; i++)
        if (!a[i] || strcmp(a[i], b[i]) != 0)
            return false;
    return true;
}

static void compare_values(struct h5 *h, struct h5_column *c, hid_t memory, hid_t file, const void *values, size_t n)
{
    void *found = calloc(n, 8);
    if (!found || H5Dread(c->dataset, c->type, memory, file, H5P_DEFAULT, found) < 0)
        fail(h, c->path, "cannot be read");
    else if (!same_values(c, found, values, n))
        fail(h, c->path, "is not what was written");
    if (found && c->kind == H5_STRING)
        H5Dvlen_reclaim(c->type, memory, H5P_DEFAULT, found);
    free(found);
}

void h5_append(struct h5 *h, struct h5_column *c, const void *values, size_t n)
{
    if (h->error[0] || !c || n == 0)
        return;
    hsize_t from = c->count, count = n, size = from + n;
    if (!h->compare && H5Dset_extent(c->dataset, &size) < 0)
        fail(h, c->path, "does not grow");
    hid_t file = H5Dget_space(c->dataset), memory = H5Screate_simple(1, &count, NULL);
    if (H5Sselect_hyperslab(file, H5S_SELECT_SET, &from, NULL, &count, NULL) < 0)
        fail(h, c->path, "is shorter than what was written");
    else if (h->compare)
        compare_values(h, c, memory, file, values, n);
    else if (H5Dwrite(c->dataset, c->type, memory, file, H5P_DEFAULT, values) < 0)
        fail(h, c->path, "cannot be written");
    H5Sclose(memory);
    H5Sclose(file);
    c->count = size;
}

void h5_column_end(struct h5 *h, struct h5_column *c)
{
    if (!c)
        return;
    if (h->compare && c->dataset >= 0) {
        hid_t space = H5Dget_space(c->dataset);
        if (H5Sget_simple_extent_npoints(space) != (hssize_t)c->count)
            fail(h, c->path, "is longer than what was written");
        H5Sclose(space);
    }
    if (c->dataset >= 0)
        H5Dclose(c->dataset);
    H5Tclose(c->type);
    free(c);
}

const char *h5_library(char out[32])
{
    unsigned a = 0, b = 0, c = 0;
    H5get_libversion(&a, &b, &c);
    snprintf(out, 32, "%u.%u.%u", a, b, c);
    return out;
}
