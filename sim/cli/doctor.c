/* SPDX-License-Identifier: GPL-2.0-or-later */
/* reloadsim doctor: what this program was built with and what it finds here, and what a scenario will hold in memory. */
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
#include "sim/kernel/budget.h"
#include "sim/cli/launch.h"
#include "sim/record/h5.h"
#include "sim/scenario/read.h"
#include "sim/world/world.h"

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

static int look_around(bool json)
{
    struct report r = {.json = json};
    char path[FIND_MAX];
    say_libraries(&r);
    say_data(&r, "cities.csv");
    say_data(&r, "planetlab490_coords.csv");
    if (cli_find_program("tshark", path, sizeof path))
        say(&r, "tshark", FINE, path);
    else
        say(&r, "tshark", NOTE, "not found; it shows captures and judges them in tests: apt-get install tshark");
    say(&r, "open mpi", launch_possible(path, sizeof path) ? FINE : NOTE, path);
    say_machine(&r);
    if (r.json)
        puts("\n]");
    return r.missing ? CLI_DIFFERS : CLI_DONE;
}

/* ---- --memory: what a scenario will hold ---- */

struct memory_options {
    const char *path, **sets;
    unsigned nsets, partitions;
    bool json;
};

static const char *const per_text[] = {
    [PER_IDENTITY] = "identity", [PER_LIVED] = "identity that has lived", [PER_ONLINE] = "peer online", [PER_JOINING] = "handshake under way",
    [PER_LINK] = "end of a link", [PER_VALUE] = "stored value", [PER_EVENT] = "event that waits", [PER_REQUEST] = "request under way", [PER_PARTITION] = "partition"};

static void print_memory(const struct memory_forecast *f, const struct budget *row, unsigned rows)
{
    char a[24];
    puts("   bytes  per");
    for (unsigned i = 0; i < rows; i++)
        printf("%8u  %-24s %s\n", row[i].bytes, per_text[row[i].per], row[i].what);
    printf("\nidentities %s, of which %s will have lived; %s online, with %.1f links and %.1f values of %.0f bytes each\n", cli_count(f->identities, a),
           cli_count(f->lived, (char[24]){0}), cli_count(f->online, (char[24]){0}), f->links / f->online, f->values / f->online, f->value_bytes);
    const struct {
        const char *what;
        double bytes;
    } part[] = {{"structs, as above", f->structs}, {"under way in nodes", f->moment}, {"slack of their memory", f->slack},
                {"datagrams in flight", f->flight}, {"program and libraries", f->fixed}, {"all", f->total}};
    for (unsigned i = 0; i < sizeof part / sizeof *part; i++)
        printf("%-22s %12s %10.0f a peer online\n", part[i].what, cli_bytes(part[i].bytes, a), part[i].bytes / f->online);
}

static void print_memory_json(const struct memory_forecast *f, const struct budget *row, unsigned rows)
{
    printf("{\"rows\": [");
    for (unsigned i = 0; i < rows; i++)
        printf("%s\n  {\"what\": \"%s\", \"per\": \"%s\", \"bytes\": %u}", i ? "," : "", row[i].what, per_text[row[i].per], row[i].bytes);
    printf("],\n \"identities\": %.0f, \"lived\": %.0f, \"online\": %.0f, \"links\": %.0f, \"values\": %.0f, \"partitions\": %.0f,\n", f->identities, f->lived,
           f->online, f->links, f->values, f->partitions);
    printf(" \"structs_bytes\": %.0f, \"moment_bytes\": %.0f, \"slack_bytes\": %.0f, \"flight_bytes\": %.0f, \"fixed_bytes\": %.0f, \"total_bytes\": %.0f}\n",
           f->structs, f->moment, f->slack, f->flight, f->fixed, f->total);
}

static int tell_memory(const struct memory_options *o)
{
    struct scenario *s = cli_load(o->path, o->sets, o->nsets);
    if (!s)
        return CLI_USAGE;
    struct budget rows[BUDGET_ROWS_MAX];
    unsigned n = world_budgets(s, rows);
    struct memory_forecast f = world_memory(s, partitions_for(o->partitions, scenario_population(s)));
    if (o->json)
        print_memory_json(&f, rows, n);
    else
        print_memory(&f, rows, n);
    free(s);
    return CLI_DONE;
}

static int read_options(int argc, char **argv, struct memory_options *o)
{
    static const struct option options[] = {{"json", no_argument, NULL, 'j'},
                                            {"memory", required_argument, NULL, 'm'},
                                            {"set", required_argument, NULL, 's'},
                                            {"partitions", required_argument, NULL, 'p'},
                                            {0}};
    int c;
    while ((c = cli_option(argc, argv, "", options)) != -1) {
        char *end = NULL;
        if (c == '?')
            return CLI_USAGE;
        if (c == 'j')
            o->json = true;
        if (c == 'm')
            o->path = optarg;
        if (c == 's')
            o->sets[o->nsets++] = optarg;
        if (c == 'p' && ((o->partitions = (unsigned)strtoul(optarg, &end, 10)) == 0 || *end || o->partitions > PARTITIONS_MAX))
            return cli_usage("doctor", "--partitions is 1 to %d, not \"%s\"", PARTITIONS_MAX, optarg);
    }
    if (optind < argc)
        return cli_usage("doctor", "takes no arguments");
    if (!o->path && (o->nsets || o->partitions))
        return cli_usage("doctor", "--set and --partitions belong to --memory SCENARIO");
    return CLI_DONE;
}

int doctor_main(int argc, char **argv)
{
    struct memory_options o = {.sets = calloc((size_t)argc + 1, sizeof *o.sets)};
    int status = o.sets ? read_options(argc, argv, &o) : CLI_RESOURCE;
    if (status == CLI_DONE)
        status = o.path ? tell_memory(&o) : look_around(o.json);
    free(o.sets);
    return status;
}
