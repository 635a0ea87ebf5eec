/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/cli/part.h"

#include <errno.h>
#include <limits.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/cli/cli.h"

extern char **environ;

bool part_file(const char *name, char found[PATH_MAX])
{
    static const char *const places[] = {"", "../libexec/reloadsim/"};
    char self[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n <= 0)
        return false;
    self[n] = 0;
    int folder = (int)(strrchr(self, '/') - self);
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        int len = snprintf(found, PATH_MAX, "%.*s/%sreloadsim-%s", folder, self, places[i], name);
        if (len > 0 && len < PATH_MAX && access(found, X_OK) == 0)
            return true;
    }
    return false;
}

bool part_there(const char *name)
{
    char path[PATH_MAX];
    return part_file(name, path);
}

static int part_find(const char *name, char found[PATH_MAX])
{
    if (part_file(name, found))
        return CLI_DONE;
    fprintf(
        stderr,
        "reloadsim: the part reloadsim-%s is missing: it belongs beside reloadsim, or in ../libexec/reloadsim of it "
        "(make all, make install)\n",
        name);
    return CLI_RESOURCE;
}

static int part_failed(const char *path, int error)
{
    fprintf(stderr, "reloadsim: %s: %s\n", path, strerror(error));
    return CLI_RESOURCE;
}

int part_become(const char *name, char **argv)
{
    char path[PATH_MAX];
    int status = part_find(name, path);
    if (status != CLI_DONE)
        return status;
    argv[0] = path;
    fflush(stdout);
    execv(path, argv);
    return part_failed(path, errno);
}

int part_run(const char *name, char **argv)
{
    char path[PATH_MAX];
    pid_t child;
    int status = part_find(name, path), how;
    if (status != CLI_DONE)
        return status;
    argv[0] = path;
    fflush(stdout);
    int failed = posix_spawn(&child, path, NULL, NULL, argv, environ);
    if (failed)
        return part_failed(path, failed);
    while (waitpid(child, &how, 0) < 0)
        if (errno != EINTR)
            return part_failed(path, errno);
    if (WIFEXITED(how))
        return WEXITSTATUS(how);
    fprintf(stderr, "reloadsim: %s was ended by signal %d\n", path, WTERMSIG(how));
    return CLI_INTERNAL;
}
