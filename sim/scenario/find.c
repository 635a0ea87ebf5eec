/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/scenario/read.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LEVELS_MAX 6 /* folders above the program that are looked through: build/sim/x/test/ is the deepest */

static bool is_file(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

/* folder/name if it is a file; else the folder joins the list of places tried. */
static bool try_folder(const char *folder, const char *name, char out[FIND_MAX], char *tried, size_t cap)
{
    size_t len = strlen(tried);
    int n = snprintf(out, FIND_MAX, "%s/%s", folder, name);
    if (n > 0 && n < FIND_MAX && is_file(out))
        return true;
    if (len + strlen(folder) + 3 < cap)
        snprintf(tried + len, cap - len, "%s%s", len ? ", " : "", folder);
    return false;
}

int data_find(const char *scenario_path, const char *shelf, const char *name, char out[FIND_MAX])
{
    char tried[FIND_MAX] = "", program[FIND_MAX], folder[FIND_MAX + 64];
    const char *slash = strrchr(scenario_path, '/');
    if (name[0] == '/') {
        snprintf(out, FIND_MAX, "%s", is_file(name) ? name : "/");
        return is_file(name) ? 0 : -1;
    }
    snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - scenario_path) : 1, slash ? scenario_path : ".");
    if (try_folder(folder[0] ? folder : "/", name, out, tried, sizeof tried) ||
        try_folder(shelf, name, out, tried, sizeof tried))
        return 0;
    ssize_t len = readlink("/proc/self/exe", program, sizeof program - 1);
    program[len > 0 ? len : 0] = 0;
    for (int level = 0; level < LEVELS_MAX && (slash = strrchr(program, '/')); level++) {
        program[slash - program] = 0;
        char silent[1] = "";
        snprintf(folder, sizeof folder, "%s/%s", program, shelf);
        if (try_folder(folder, name, out, silent, sizeof silent))
            return 0;
        snprintf(folder, sizeof folder, "%s/share/reloadsim/%s", program, shelf);
        if (try_folder(folder, name, out, level == 1 ? tried : silent, level == 1 ? sizeof tried : sizeof silent))
            return 0;
    }
    snprintf(out, FIND_MAX, "%s", tried);
    return -1;
}
