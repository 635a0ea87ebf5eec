/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/record/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int complain(char *error, size_t cap, const char *what, const char *path)
{
    snprintf(error, cap, "cannot %s %s: %s", what, path, strerror(errno));
    return -1;
}

int file_path(const char *folder, const char *name, char out[PATH_MAX], char *error, size_t error_cap)
{
    int n = snprintf(out, PATH_MAX, "%s/%s", folder, name);
    if (n > 0 && n < PATH_MAX)
        return 0;
    errno = ENAMETOOLONG;
    return complain(error, error_cap, "write", folder);
}

int file_write_all(int fd, const void *bytes, size_t len)
{
    const char *p = bytes;
    while (len) {
        ssize_t n = write(fd, p, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            errno = n < 0 ? errno : ENOSPC;
            return -1;
        }
        p += n;
        len -= (size_t)n;
    }
    return 0;
}

static int part_path(const char *folder, const char *name, char out[PATH_MAX], char *error, size_t error_cap)
{
    char part[NAME_MAX + 1];
    snprintf(part, sizeof part, "%s.part", name);
    return file_path(folder, part, out, error, error_cap);
}

int file_write_part(const char *folder, const char *name, const void *bytes, size_t len, char *error, size_t error_cap)
{
    char path[PATH_MAX];
    if (part_path(folder, name, path, error, error_cap))
        return -1;
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0)
        return complain(error, error_cap, "write", path);
    if (file_write_all(fd, bytes, len) || fsync(fd)) {
        complain(error, error_cap, "write", path);
        close(fd);
        unlink(path);
        return -1;
    }
    if (close(fd)) {
        complain(error, error_cap, "write", path);
        unlink(path);
        return -1;
    }
    return 0;
}

/* Some file systems know no fsync of a folder and say EINVAL: nothing can be asked of them. */
int file_sync_folder(const char *folder, char *error, size_t error_cap)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return complain(error, error_cap, "open", folder);
    int failed = fsync(fd) && errno != EINVAL && errno != ENOTSUP;
    if (failed)
        complain(error, error_cap, "bring to the disk", folder);
    close(fd);
    return failed ? -1 : 0;
}

int file_keep_part(const char *folder, const char *name, char *error, size_t error_cap)
{
    char part[PATH_MAX], path[PATH_MAX];
    if (part_path(folder, name, part, error, error_cap) || file_path(folder, name, path, error, error_cap))
        return -1;
    if (rename(part, path)) {
        complain(error, error_cap, "write", path);
        unlink(part);
        return -1;
    }
    return 0;
}

int file_replace(const char *folder, const char *name, const void *bytes, size_t len, char *error, size_t error_cap)
{
    if (file_write_part(folder, name, bytes, len, error, error_cap))
        return -1;
    if (file_keep_part(folder, name, error, error_cap))
        return -1;
    return file_sync_folder(folder, error, error_cap);
}

int file_remove(const char *folder, const char *name, char *error, size_t error_cap)
{
    char path[PATH_MAX];
    if (file_path(folder, name, path, error, error_cap))
        return -1;
    if (unlink(path) && errno != ENOENT)
        return complain(error, error_cap, "replace", path);
    return 0;
}
