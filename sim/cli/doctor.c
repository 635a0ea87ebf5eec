/* SPDX-License-Identifier: GPL-2.0-or-later */
/* reloadsim doctor: what this program was built with and what it finds here. */
#include <getopt.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <yaml.h>
#include <zlib.h>

#include "sim/cli/cli.h"
#include "sim/cli/estimate.h"
#include "sim/record/h5.h"
#include "sim/scenario/read.h"

enum verdict { FINE, MISSING, NOTE }; /* MISSING: runs need it */

struct report {
    bool json;
    unsigned items;
    bool missing;
};

static void say(struct report *r, const char *name, enum verdict verdict, const char *value)
{
    static const char *const words[] = {[FINE] = "ok", [MISSING] = "MISSING", [NOTE] = "note"};
    r->missing |= verdict == MISSING;
    if (!r->json) {
        printf("%-8s %-14s %s\n", words[verdict], name, value);
        return;
    }
    printf("%s\n  ", r->items++ ? "," : "[");
    printf("{\"item\": ");
    cli_json_string(stdout, name);
    printf(", \"ok\": %s, \"found\": ", verdict == MISSING ? "false" : "true");
    cli_json_string(stdout, value);
    putchar('}');
}

static void say_libraries(struct report *r)
{
    char text[160];
    say(r, "reloadsim", FINE, RELOADSIM_VERSION);
    say(r, "compiler", FINE,
#if defined __clang__
        "clang " __clang_version__
#else
        "gcc " __VERSION__
#endif
    );
    say(r, "libyaml", FINE, yaml_get_version_string());
    say(r, "openssl", FINE, OpenSSL_version(OPENSSL_VERSION));
    snprintf(text, sizeof text, "%s, built with %s", zlibVersion(), ZLIB_VERSION);
    say(r, "zlib", FINE, text);
    say(r, "hdf5", FINE, h5_library(text));
}

/* Full path of a program on PATH, or false. */
static bool find_program(const char *name, char *out, size_t cap)
{
    const char *path = getenv("PATH");
    while (path && *path) {
        size_t n = strcspn(path, ":");
        snprintf(out, cap, "%.*s/%s", (int)n, path, name);
        if (n && access(out, X_OK) == 0)
            return true;
        path += n + (path[n] == ':');
    }
    return false;
}

static void say_data(struct report *r, const char *file)
{
    char found[FIND_MAX], text[FIND_MAX + 40];
    if (data_find("./x.yaml", "topologies", file, found) == 0) {
        say(r, file, FINE, found);
        return;
    }
    snprintf(text, sizeof text, "looked in %s", found);
    say(r, file, MISSING, text);
}

static void say_machine(struct report *r)
{
    char text[256] = "", a[24], b[24];
    struct utsname u;
    struct memory m = memory_here();
    if (uname(&u) == 0) {
        snprintf(text, sizeof text, "%.60s %.60s %.60s", u.sysname, u.release, u.machine);
        say(r, "system", FINE, text);
    }
    snprintf(text, sizeof text, "%ld", sysconf(_SC_NPROCESSORS_ONLN));
    say(r, "cores", FINE, text);
    snprintf(text, sizeof text, "%s free of %s", cli_bytes(m.available_bytes, a), cli_bytes(m.total_bytes, b));
    say(r, "memory", m.total_bytes > 0 ? FINE : NOTE, text);
    FILE *in = fopen("/sys/kernel/mm/transparent_hugepage/enabled", "r");
    char thp[80] = "unknown";
    if (in && fgets(thp, sizeof thp, in))
        thp[strcspn(thp, "\n")] = 0;
    if (in)
        fclose(in);
    say(r, "huge pages", strstr(thp, "[never]") ? NOTE : FINE, thp);
}

int doctor_main(int argc, char **argv)
{
    static const struct option options[] = {{"json", no_argument, NULL, 'j'}, {0}};
    struct report r = {.json = false};
    char path[FIND_MAX];
    int c;
    while ((c = cli_option(argc, argv, "", options)) != -1) {
        if (c == '?')
            return CLI_USAGE;
        r.json = true;
    }
    if (optind < argc)
        return cli_usage("doctor", "takes no arguments");
    say_libraries(&r);
    say_data(&r, "cities.csv");
    say_data(&r, "planetlab490_coords.csv");
    if (find_program("tshark", path, sizeof path))
        say(&r, "tshark", FINE, path);
    else
        say(&r, "tshark", NOTE, "not found; it shows captures and judges them in tests: apt-get install tshark");
    say_machine(&r);
    if (r.json)
        puts("\n]");
    return r.missing ? CLI_DIFFERS : CLI_DONE;
}
