/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analysis/memory.h"

static bool exists(const char *path, bool *is_folder)
{
    struct stat s;
    if (stat(path, &s) != 0)
        return false;
    *is_folder = S_ISDIR(s.st_mode);
    return true;
}

static int add_run(struct folder *f, char *path, char *error, size_t error_cap)
{
    f->runs = memory_grown(f->runs, f->n + 1, sizeof *f->runs);
    int bad = results_read(&f->runs[f->n++], path, error, error_cap);
    free(path);
    return bad;
}

static int is_replication(const struct dirent *e)
{
    return strncmp(e->d_name, "rep-", 4) == 0 && e->d_name[4 + strspn(e->d_name + 4, "0123456789")] == 0 &&
           e->d_name[4];
}

static int open_replications(struct folder *f, const char *path, char *error, size_t error_cap)
{
    struct dirent **names = NULL;
    bool is_folder;
    int n = scandir(path, &names, is_replication, versionsort), bad = 0;
    for (int i = 0; i < n; i++) {
        char *file = memory_format("%s/%s/results.h5", path, names[i]->d_name);
        if (!bad && exists(file, &is_folder))
            bad = add_run(f, file, error, error_cap);
        else
            free(file);
        free(names[i]);
    }
    free(names);
    f->replications = f->n > 0;
    return bad;
}

int folder_open(struct folder *f, const char *path, char *error, size_t error_cap)
{
    bool is_folder = false, inner;
    *f = (struct folder){.path = memory_text(path)};
    if (!exists(path, &is_folder)) {
        snprintf(error, error_cap, "%s: %s", path, strerror(errno));
        return -1;
    }
    if (!is_folder)
        return add_run(f, memory_text(path), error, error_cap);
    char *file = memory_format("%s/results.h5", path);
    if (exists(file, &inner))
        return add_run(f, file, error, error_cap);
    free(file);
    if (open_replications(f, path, error, error_cap))
        return -1;
    if (f->n == 0) {
        snprintf(error, error_cap,
                 "%s holds neither results.h5 nor replications (rep-01/results.h5): not results of reloadsim run -o",
                 path);
        return -1;
    }
    return 0;
}

void folder_close(struct folder *f)
{
    for (size_t i = 0; i < f->n; i++)
        results_free(&f->runs[i]);
    free(f->runs);
    free(f->path);
    *f = (struct folder){NULL, NULL, 0, false};
}

/* The temporary file, empty and locked: another that writes it now is waited for, and then a new one is made. */
static FILE *temporary_open(const char *path)
{
    for (;;) {
        struct stat ours, there;
        int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
        if (fd < 0)
            return NULL;
        bool locked = flock(fd, LOCK_EX) == 0 && fstat(fd, &ours) == 0;
        bool same = locked && stat(path, &there) == 0 && there.st_dev == ours.st_dev && there.st_ino == ours.st_ino;
        FILE *f = same && ftruncate(fd, 0) == 0 ? fdopen(fd, "w") : NULL;
        if (f)
            return f;
        close(fd);
        if (!locked || same)
            return NULL;
    }
}

struct output output_begin(const char *folder, const char *name)
{
    struct output o = {.path = memory_format("%s/%s", folder, name)};
    o.temporary = memory_format("%s.part", o.path);
    o.f = temporary_open(o.temporary);
    return o;
}

int output_end(struct output *o)
{
    int bad = !o->f;
    if (o->f) {
        bad = ferror(o->f) || fflush(o->f) != 0 || rename(o->temporary, o->path) != 0; /* still locked */
        if (bad)
            remove(o->temporary);
        bad |= fclose(o->f) != 0;
    }
    free(o->path);
    free(o->temporary);
    return bad ? -1 : 0;
}
