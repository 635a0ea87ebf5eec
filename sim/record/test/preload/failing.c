/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A disk that fails, to be preloaded before the program: the FAIL_AT-th call of FAIL_CALL (write, short, fsync, rename, open) that concerns the folder
 * FAIL_FOLDER ends with errno FAIL_ERRNO; with FAIL_ALWAYS set every later one does too. "short" is a write that takes half of the bytes, then
 * fails. FAIL_LOG, if set, gets a line when the failure was made. Everything else goes to the C library. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int calls;

static int concerns_path(const char *path)
{
    const char *folder = getenv("FAIL_FOLDER");
    return folder && path && strncmp(path, folder, strlen(folder)) == 0;
}

static int concerns_fd(int fd)
{
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    path[n < 0 ? 0 : n] = 0;
    return concerns_path(path);
}

static int fails(const char *call)
{
    const char *which = getenv("FAIL_CALL"), *at = getenv("FAIL_AT"), *why = getenv("FAIL_ERRNO"),
               *log = getenv("FAIL_LOG");
    if (!which || !at || strcmp(which, call) != 0)
        return 0;
    int due = strtol(at, NULL, 10) == ++calls || (getenv("FAIL_ALWAYS") && calls > strtol(at, NULL, 10));
    if (!due)
        return 0;
    FILE *out = log ? fopen(log, "a") : NULL;
    if (out) {
        fprintf(out, "%s %d\n", call, calls);
        fclose(out);
    }
    errno = why ? (int)strtol(why, NULL, 10) : EIO;
    return 1;
}

ssize_t write(int fd, const void *bytes, size_t len)
{
    ssize_t (*real)(int, const void *, size_t);
    *(void **)&real = dlsym(RTLD_NEXT, "write");
    if (concerns_fd(fd)) {
        if (fails("write"))
            return -1;
        if (fails("short"))
            return len > 1 ? real(fd, bytes, len / 2) : -1;
    }
    return real(fd, bytes, len);
}

int fsync(int fd)
{
    int (*real)(int);
    *(void **)&real = dlsym(RTLD_NEXT, "fsync");
    return concerns_fd(fd) && fails("fsync") ? -1 : real(fd);
}

int rename(const char *from, const char *to)
{
    int (*real)(const char *, const char *);
    *(void **)&real = dlsym(RTLD_NEXT, "rename");
    return concerns_path(to) && fails("rename") ? -1 : real(from, to);
}

static int open_by(const char *name, const char *path, int flags, mode_t mode)
{
    int (*real)(const char *, int, ...);
    *(void **)&real = dlsym(RTLD_NEXT, name);
    return concerns_path(path) && fails("open") ? -1 : real(path, flags, mode);
}

int open(const char *path, int flags, ...)
{
    va_list more;
    va_start(more, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0;
    va_end(more);
    return open_by("open", path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
    va_list more;
    va_start(more, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0;
    va_end(more);
    return open_by("open64", path, flags, mode);
}
