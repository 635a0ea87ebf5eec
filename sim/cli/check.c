/* SPDX-License-Identifier: GPL-2.0-or-later */
/* reloadsim check S.yaml: is the scenario right, and what would run. */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "sim/cli/cli.h"
#include "sim/cli/estimate.h"

struct check_options {
    const char **sets;
    unsigned nsets;
    bool json, resolved;
};

static void print_text(const struct scenario *s, const struct estimate *e)
{
    char a[24], b[24], c[24];
    double seconds = (double)(s->warmup + s->measure) / 1e9;
    printf("%s: fine\n", strcmp(s->path, "-") == 0 ? "<stdin>" : s->path);
    printf("  name        %s, seed %llu\n", s->name, (unsigned long long)s->seed);
    printf("  peers       %s online of a population of %s, %s start\n", cli_count(s->peers, a),
           cli_count(e->population, b), s->start == START_JOIN ? "join" : "converged");
    if (latency_has_places(s->latency))
        printf("  network     places from %s\n", s->data_path);
    printf("  simulated   %s of warm-up, %s measured, %u fault%s\n", cli_duration((double)s->warmup / 1e9, a),
           cli_duration((double)s->measure / 1e9, b), s->faults, s->faults == 1 ? "" : "s");
    printf("  checks      %u\n", s->checks);
    printf("  traffic     about %s datagrams and %s keepalives (%.1f per peer and second)\n",
           cli_count(e->datagrams, a), cli_count(e->keepalives, b),
           (e->datagrams + e->keepalives) / s->peers / seconds);
    printf("  cost        about %s of memory and %s on one core\n", cli_bytes(e->memory_bytes, a),
           cli_duration(e->cpu_s, c));
    if (s->protocol == PROTOCOL_RELOAD && (s->lookup_every || s->calls_data[0]) && !s->register_every && s->target != TARGET_RANDOM)
        printf("  note        nobody registers, so look-ups find nothing: add workload.register\n");
}

static void print_json(const struct scenario *s, const struct estimate *e)
{
    printf("{\"scenario\": ");
    cli_json_string(stdout, s->name);
    printf(", \"path\": ");
    cli_json_string(stdout, s->path);
    printf(", \"seed\": %llu, \"peers\": %u, \"population\": %u, \"start\": \"%s\", \"warmup_s\": %.9g, \"measure_s\": "
           "%.9g, \"faults\": %u, \"checks\": %u",
           (unsigned long long)s->seed, s->peers, e->population, s->start == START_JOIN ? "join" : "converged",
           (double)s->warmup / 1e9, (double)s->measure / 1e9, s->faults, s->checks);
    printf(", \"estimate\": {\"datagrams\": %.0f, \"keepalives\": %.0f, \"memory_bytes\": %.0f, \"cpu_s\": %.1f}}\n",
           e->datagrams, e->keepalives, e->memory_bytes, e->cpu_s);
}

static int check_one(const char *path, const struct check_options *o)
{
    struct scenario *s = cli_load(path, o->sets, o->nsets);
    if (!s)
        return CLI_USAGE;
    struct estimate e = estimate_of(s, partitions_for(0, scenario_population(s)));
    if (o->resolved)
        scenario_print(s, stdout);
    else if (o->json)
        print_json(s, &e);
    else
        print_text(s, &e);
    free(s);
    return CLI_DONE;
}

int check_main(int argc, char **argv)
{
    static const struct option options[] = {{"set", required_argument, NULL, 's'},
                                            {"json", no_argument, NULL, 'j'},
                                            {"resolved", no_argument, NULL, 'r'},
                                            {0}};
    struct check_options o = {.sets = calloc((size_t)argc + 1, sizeof *o.sets)};
    int status = o.sets ? CLI_DONE : CLI_RESOURCE, c;
    while (status == CLI_DONE && (c = cli_option(argc, argv, "", options)) != -1) {
        if (c == 's')
            o.sets[o.nsets++] = optarg;
        else if (c == 'j')
            o.json = true;
        else if (c == 'r')
            o.resolved = true;
        else
            status = CLI_USAGE;
    }
    if (status == CLI_DONE && optind == argc)
        status = cli_usage("check", "which scenario? Give a file, or - for standard input.");
    for (int i = optind; i < argc && status != CLI_RESOURCE && (status == CLI_DONE || i > optind); i++)
        status = check_one(argv[i], &o) == CLI_DONE ? status : CLI_USAGE;
    free(o.sets);
    return status;
}
