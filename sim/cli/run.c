/* SPDX-License-Identifier: GPL-2.0-or-later */
/* reloadsim run S.yaml: from a scenario to figures. reloadsim resume DIR: from a checkpoint on. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/base/hash.h"
#include "sim/cli/cli.h"
#include "sim/cli/estimate.h"
#include "sim/cli/launch.h"
#include "sim/cli/part.h"
#include "sim/cli/replicate.h"
#include "sim/cli/watch.h"
#include "sim/checkpoint/archive.h"
#include "sim/record/results.h"
#include "sim/scenario/change.h"
#include "sim/scenario/quantity.h"
#include "sim/world/world.h"

struct run_options {
    const char *command;    /* "run" or "resume" */
    const char *path, *out; /* of a resume: its folder, or a checkpoint itself */
    char checkpoint[PATH_MAX];
    struct checkpoint_about about;
    const char **sets;
    unsigned nsets;
    enum kernel_engine engine;
    unsigned partitions;   /* 0 = as many as there are cores to use */
    unsigned replications; /* 0 = one run */
    unsigned ranks;        /* 0 = as mpirun says, or this process alone */
    unsigned started;      /* of so many ranks, this process is one; 0: alone */
    char **words;          /* of the command line, for the ranks */
    enum kernel_threads threads;
    bool quiet;
    const char *window, *partitions_text, *threads_text;
    enum { WHEN_AUTO, WHEN_TTY, WHEN_JSON, WHEN_OFF } progress;
};

/* ---- Options. ---- */

static int choice(const char *command, const char *option, const char *value, const char *const words[], unsigned *out)
{
    for (unsigned i = 0; words[i]; i++)
        if (strcmp(words[i], value) == 0) {
            *out = i;
            return CLI_DONE;
        }
    fprintf(stderr, "reloadsim %s: %s is", command, option);
    for (unsigned i = 0; words[i]; i++)
        fprintf(stderr, "%s %s", i ? " |" : "", words[i]);
    fprintf(stderr, ", not \"%s\"\n", value);
    return CLI_USAGE;
}

static int read_option(struct run_options *o, int c)
{
    static const char *const engines[] = {"windows", "heap", NULL}, *const whens[] = {"auto", "tty", "json", "off",
                                                                                      NULL};
    static const char *const threads[] = {
        [KERNEL_THREADS_NEVER] = "never", [KERNEL_THREADS_AUTO] = "auto", [KERNEL_THREADS_ALWAYS] = "always", NULL};
    unsigned n = 0;
    int status = CLI_DONE;
    char *end;
    switch (c) {
    case 'o': o->out = optarg; return optarg[0] ? CLI_DONE : cli_usage(o->command, "-o needs a folder");
    case 's': o->sets[o->nsets++] = optarg; return CLI_DONE;
    case 'e':
        status = choice(o->command, "--engine", optarg, engines, &n);
        o->engine = n ? KERNEL_HEAP : KERNEL_WINDOWS;
        return status;
    case 'w': o->window = optarg; return CLI_DONE;
    case 'p':
        o->partitions = (unsigned)strtoul(optarg, &end, 10);
        if (*end || !o->partitions || o->partitions > PARTITIONS_MAX || optarg[0] == '-')
            return cli_usage(o->command, "--partitions is 1 to %d, not \"%s\"", PARTITIONS_MAX, optarg);
        o->partitions_text = optarg;
        return CLI_DONE;
    case 't':
        status = choice(o->command, "--threads", optarg, threads, &n);
        o->threads = (enum kernel_threads)n;
        o->threads_text = optarg;
        return status;
    case 'r':
        status = choice(o->command, "--progress", optarg, whens, &n);
        o->progress = n;
        return status;
    case 'q': o->quiet = true; return CLI_DONE;
    case 'k':
        o->ranks = (unsigned)strtoul(optarg, &end, 10);
        if (*end || !o->ranks || o->ranks > LAUNCH_RANKS_MAX || optarg[0] == '-')
            return cli_usage(o->command, "--ranks is 1 to %u, not \"%s\"", LAUNCH_RANKS_MAX, optarg);
        return CLI_DONE;
    case 'n':
        o->replications = (unsigned)strtoul(optarg, &end, 10);
        if (*end || !o->replications || o->replications > REPLICATIONS_MAX || optarg[0] == '-')
            return cli_usage(o->command, "--replications is 1 to %d, not \"%s\"", REPLICATIONS_MAX, optarg);
        return CLI_DONE;
    default: return CLI_USAGE;
    }
}

/* Started by mpirun, or to be started: each rank runs one part of the peers, with the windows engine. */
static int check_ranks(struct run_options *o)
{
    unsigned n = o->started ? o->started : o->ranks;
    if (o->started && o->ranks && o->ranks != o->started)
        return cli_usage(o->command, "--ranks %u, but mpirun has started %u", o->ranks, o->started);
    if (n <= 1)
        return CLI_DONE;
    if (o->replications)
        return cli_usage(o->command, "--replications runs side by side on the cores of one machine, not on ranks");
    if (o->partitions || o->threads_text)
        return cli_usage(o->command, "on ranks each runs one part in one thread: leave out --%s", o->partitions ? "partitions" : "threads");
    if (o->engine == KERNEL_HEAP)
        return cli_usage(o->command, "--engine heap runs one event at a time, on one rank");
    if (strcmp(o->path, "-") == 0)
        return cli_usage(o->command, "each rank reads the scenario: give a file");
    return CLI_DONE;
}

static bool is_rank(const struct run_options *o)
{
    return o->started > 1;
}

static bool is_resume(const struct run_options *o)
{
    return strcmp(o->command, "resume") == 0;
}

/* Where the checkpoint is and where results go: without -o, into the folder of the run, which is this same run. */
static int check_resume(struct run_options *o)
{
    struct stat st;
    bool folder = stat(o->path, &st) == 0 && S_ISDIR(st.st_mode);
    if (o->replications)
        return cli_usage(o->command, "--replications begin at time 0");
    if (o->nsets && !o->out)
        return cli_usage(o->command, "with --set it becomes another run: give it a folder with -o DIR");
    if (!folder && !o->out)
        return cli_usage(o->command, "%s is no folder of results: give one, or -o DIR for them", o->path);
    int n = snprintf(o->checkpoint, sizeof o->checkpoint, "%s%s", o->path, folder ? "/" ARCHIVE_FILE : "");
    if (n < 0 || n >= (int)sizeof o->checkpoint)
        return cli_usage(o->command, "the name of the folder is too long");
    if (!o->out)
        o->out = o->path;
    return check_ranks(o);
}

static int read_options(struct run_options *o, int argc, char **argv)
{
    static const struct option options[] = {{"out", required_argument, NULL, 'o'},
                                            {"set", required_argument, NULL, 's'},
                                            {"engine", required_argument, NULL, 'e'},
                                            {"window", required_argument, NULL, 'w'},
                                            {"partitions", required_argument, NULL, 'p'},
                                            {"threads", required_argument, NULL, 't'},
                                            {"progress", required_argument, NULL, 'r'},
                                            {"replications", required_argument, NULL, 'n'},
                                            {"ranks", required_argument, NULL, 'k'},
                                            {"quiet", no_argument, NULL, 'q'},
                                            {0}};
    int c, status;
    while ((c = cli_option(argc, argv, "o:", options)) != -1)
        if ((status = read_option(o, c)) != CLI_DONE)
            return status;
    if (argc - optind != 1)
        return cli_usage(o->command, argc > optind       ? "one at a time"
                                     : is_resume(o)      ? "which run? Give the folder of its results."
                                                         : "which scenario? Give a file, or - for standard input.");
    o->path = argv[optind];
    if (is_resume(o))
        return check_resume(o);
    if (o->replications && !o->out)
        return cli_usage(o->command, "--replications needs -o DIR for the results of each run");
    if (o->replications && strcmp(o->path, "-") == 0)
        return cli_usage(o->command, "--replications reads the scenario once for each run: give a file");
    return check_ranks(o);
}

/* --window: a time, at most the least delay between hosts. */
static int read_window(const struct run_options *o, const struct scenario *s, sim_time *window)
{
    struct quantity q;
    char why[160], most[48];
    *window = s->min_delay;
    if (!o->window)
        return CLI_DONE;
    if (quantity_parse(UNIT_TIME, o->window, &q, why, sizeof why))
        return cli_usage(o->command, "--window %s", why);
    quantity_print_whole(UNIT_TIME, s->min_delay, most, sizeof most);
    if (!q.whole || q.whole > s->min_delay)
        return cli_usage(o->command, "--window is at most network.min_delay, %s", most);
    *window = q.whole;
    return CLI_DONE;
}

/* ---- Before the start. ---- */

static void announce(const struct run_options *o, const struct scenario *s, const struct estimate *e, unsigned partitions)
{
    char online[24], all[24], simulated[24], memory[24], time[24];
    if (is_resume(o)) {
        fprintf(stderr, "%s: goes on at %s of simulated time, from %s; about %s of memory\n", s->name, cli_duration((double)o->about.now / 1e9, time), o->checkpoint,
                cli_bytes(e->memory_bytes, memory));
        if (strcmp(o->about.revision, version_revision()) != 0)
            fprintf(stderr, "reloadsim resume: the checkpoint was made by revision %s, and this is %s: results may differ from those of an unbroken run\n", o->about.revision,
                    version_revision());
        return;
    }
    fprintf(stderr, "%s: %s peers online of %s identities, %s simulated; about %s of memory and %s%s\n", s->name,
            cli_count(s->peers, online), cli_count(e->population, all),
            cli_duration((double)(s->warmup + s->measure) / 1e9, simulated), cli_bytes(e->memory_bytes, memory),
            cli_duration(e->cpu_s / partitions, time), is_rank(o) ? ", on several ranks" : partitions > 1 ? ", in parts side by side" : "");
}

static int check_memory(const struct estimate *e)
{
    struct memory here = memory_here();
    char need[24], have[24];
    if (here.available_bytes <= 0 || e->memory_bytes <= here.available_bytes)
        return CLI_DONE;
    fprintf(stderr, "reloadsim run: needs about %s of memory, and %s are free: lower overlay.peers\n",
            cli_bytes(e->memory_bytes, need), cli_bytes(here.available_bytes, have));
    return CLI_RESOURCE;
}

/* ---- Results. ---- */

static int no_output(const char *path)
{
    fprintf(stderr, "reloadsim run: cannot write %s: %s\n", path, strerror(errno));
    return CLI_RESOURCE;
}

/* A folder and those above it. */
static int make_folder(const char *path)
{
    char part[PATH_MAX];
    if (strlen(path) >= sizeof part) {
        errno = ENAMETOOLONG;
        return -1;
    }
    for (size_t i = 0; i <= strlen(path); i++) {
        part[i] = path[i];
        part[i + 1] = 0;
        bool folder_ends = path[i] && (path[i + 1] == '/' || !path[i + 1]);
        if (folder_ends && mkdir(part, 0777) != 0 && errno != EEXIST)
            return -1;
    }
    return 0;
}

/* What a person wants to see at the end. */
static void show_results(const struct world *world, const struct run_options *o, FILE *table, int status)
{
    if (!o->quiet)
        summary_print(world_summary(world), table);
    if (!o->quiet || status == CLI_DIFFERS || status == CLI_INTERNAL)
        world_print_checks(world, o->quiet ? stderr : table);
}

/* report.html, when the analysis is installed. Its failure is told by itself and does not undo the run. */
static void make_page(const char *folder)
{
    char part[] = "report", quiet[] = "--quiet", *copy = strdup(folder), *words[] = {part, quiet, copy, NULL};
    if (copy && part_there(part))
        part_run(part, words);
    free(copy);
}

/* results.h5 and summary.json, of segments that are whole; others stay as they are. */
static int keep_results(const struct run_options *o, FILE *table, int status)
{
    struct results results;
    results_finish(o->out, &results);
    if (results.state != RESULTS_COMPLETE && results.state != RESULTS_INCOMPLETE) {
        fprintf(stderr, "reloadsim run: %s\nreloadsim run: nothing is lost: make room, then reloadsim report %s\n",
                results.error[0] ? results.error : "the segments of this run are gone", o->out);
        return status == CLI_INTERNAL ? status : CLI_RESOURCE;
    }
    make_page(o->out);
    if (!o->quiet)
        fprintf(table, "results in %s\n", o->out);
    return status;
}

/* ---- The run. ---- */

static enum progress_mode progress_of(const struct run_options *o)
{
    if (o->progress == WHEN_JSON)
        return PROGRESS_JSON;
    return !o->quiet && (o->progress == WHEN_TTY || (o->progress == WHEN_AUTO && isatty(STDERR_FILENO))) ? PROGRESS_TTY
                                                                                                         : PROGRESS_OFF;
}

/* Of several ranks, rank 0 speaks and keeps the results. */
static int simulate(const struct scenario *s, const struct run_options *o, const struct world_options *options, struct watch *watch)
{
    struct world *world;
    char error[1024];
    int status = CLI_RESOURCE;
    bool speaks = ranks_self(options->ranks) == 0;
    int failed = world_open(&world, s, options, error, sizeof error);
    if (failed) {
        if (speaks || strcmp(error, WORLD_OTHER_RANK) != 0)
            fprintf(stderr, "reloadsim %s: %s\n", o->command, error);
        return failed == -2 ? CLI_USAGE : status;
    }
    watch_world(watch, world);
    status = world_run(world);
    watch_world(watch, NULL);
    if (!speaks) {
        world_close(world);
        return status;
    }
    FILE *table = o->progress == WHEN_JSON ? stderr : stdout; /* lines of JSON stay alone on standard output */
    bool recorded = world_recorded(world);
    show_results(world, o, table, status);
    world_close(world);
    return recorded ? keep_results(o, table, status) : status;
}

static unsigned long long digest_of(const struct scenario *s)
{
    char *text = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&text, &len);
    if (f) {
        scenario_print(s, f);
        fclose(f);
    }
    unsigned long long digest = hash64(0, (const uint8_t *)text, text ? len : 0);
    free(text);
    return digest;
}

/* Alone, or with the other ranks. */
static int run_in_company(const struct scenario *s, const struct run_options *o, struct world_options *options)
{
    struct watch watch;
    struct party party;
    if (watch_begin(&watch, is_rank(o))) {
        fputs("reloadsim run: no thread to be had\n", stderr);
        return CLI_RESOURCE;
    }
    int status = CLI_DONE;
    if (is_rank(o)) {
        status = launch_join(&party, digest_of(s) ^ o->about.digest, options->window);
        if (!party.ranks)
            return status;
        options->ranks = party.ranks;
        if (ranks_self(party.ranks) > 0)
            options->progress = PROGRESS_OFF;
    }
    status = simulate(s, o, options, &watch);
    if (is_rank(o))
        status = launch_leave(&party, status);
    watch_end(&watch);
    return status;
}

/* Measured: what a run on two ranks takes more than alone. Each rank knows who is online since when, makes its part of the start with copies of what lies across, and
 * carries MPI. */
#define RANK_PEER_BYTES 500.0
#define RANK_BYTES      36e6

/* Of the ranks on this machine: their share of what one would take, and what each has besides. */
static double memory_of_ranks(double alone, double peers, unsigned here, unsigned ranks)
{
    return (alone + (ranks - 1) * (RANK_BYTES + RANK_PEER_BYTES * peers)) * here / ranks;
}

/* What all ranks would say in chorus is said by the first on each machine. */
static int run_scenario(const struct scenario *s, const struct run_options *o)
{
    unsigned here = 1, partitions = is_rank(o) ? o->started : partitions_for(o->partitions, scenario_population(s));
    bool first_here = !is_rank(o) || launch_is_first_here(&here);
    struct estimate e = estimate_of(s, partitions);
    struct world_options options = {
        .engine = o->engine, .partitions = partitions, .out = o->out, .resume = o->checkpoint[0] ? o->checkpoint : NULL, .progress = progress_of(o)};
    int status = read_window(o, s, &options.window);
    options.threads = options.partitions > 1 ? o->threads : KERNEL_THREADS_NEVER;
    if (status != CLI_DONE)
        return status;
    if (is_rank(o))
        options.threads = KERNEL_THREADS_NEVER;
    if (!o->quiet && first_here)
        announce(o, s, &e, is_rank(o) || options.threads ? options.partitions : 1);
    if (is_rank(o))
        e.memory_bytes = memory_of_ranks(e.memory_bytes, s->peers, here, o->started);
    if (first_here && (status = check_memory(&e)) != CLI_DONE)
        return status;
    if (first_here && o->out && make_folder(o->out))
        return no_output(o->out);
    if (first_here && !o->out && s->checkpoint_every)
        fputs("reloadsim run: no checkpoints are kept without a folder for them: -o DIR\n", stderr);
    return run_in_company(s, o, &options);
}

/* ---- Replications. ---- */

/* Side by side as far as cores and memory reach: results do not depend on the number. */
static unsigned runs_at_a_time(const struct run_options *o, const struct estimate *e)
{
    struct memory here = memory_here();
    unsigned most = cores() / (o->partitions ? o->partitions : 1);
    double fit = here.available_bytes > 0 && e->memory_bytes > 0 ? here.available_bytes / e->memory_bytes : most;
    most = most < o->replications ? most : o->replications;
    most = fit < most ? (unsigned)fit : most;
    return most ? most : 1;
}

/* The command line of each run, but for seed and folder; the words are the caller's or constant. */
static void common_arguments(const struct run_options *o, const char **words)
{
    static const char *const engines[] = {[KERNEL_WINDOWS] = "windows", [KERNEL_HEAP] = "heap"};
    unsigned n = 0;
    words[n++] = "reloadsim";
    words[n++] = "run";
    for (unsigned i = 0; i < o->nsets; i++)
        if (strncmp(o->sets[i], "seed=", 5) != 0) { /* it is in the seeds already */
            words[n++] = "--set";
            words[n++] = o->sets[i];
        }
    words[n++] = "--engine";
    words[n++] = engines[o->engine];
    if (o->window) {
        words[n++] = "--window";
        words[n++] = o->window;
    }
    words[n++] = "--partitions";
    words[n++] = o->partitions_text ? o->partitions_text : "1";
    if (o->threads_text) {
        words[n++] = "--threads";
        words[n++] = o->threads_text;
    }
    words[n++] = "--quiet";
    words[n++] = o->path;
    words[n] = NULL;
}

#define COMMON_WORDS 14

static int run_replications(const struct scenario *s, const struct run_options *o)
{
    struct estimate e = estimate_of(s, o->partitions ? o->partitions : 1);
    char memory[24], time[24], part[] = "replications", quiet[] = "--quiet";
    const char **words = calloc(2 * (size_t)o->nsets + COMMON_WORDS, sizeof *words);
    char *folder = strdup(o->out);
    char *summary[] = {part, folder, o->quiet ? quiet : NULL, NULL};
    if (!words || !folder) {
        free(words);
        free(folder);
        return CLI_RESOURCE;
    }
    common_arguments(o, words);
    struct replicate r = {
        .out = o->out, .seed = s->seed, .runs = o->replications, .at_a_time = runs_at_a_time(o, &e), .quiet = o->quiet};
    memcpy(&r.common, &words, sizeof r.common); /* exec takes words that it does not change as char * */
    if (!o->quiet)
        fprintf(stderr,
                "%s: %u replications, seeds %" PRIu64 " to %" PRIu64 ", %u at a time; each about %s of memory and %s\n",
                s->name, r.runs, r.seed, r.seed + r.runs - 1, r.at_a_time, cli_bytes(e.memory_bytes, memory),
                cli_duration(e.cpu_s, time));
    int status = check_memory(&e);
    if (status == CLI_DONE && make_folder(o->out))
        status = no_output(o->out);
    if (status == CLI_DONE && replicate_crowded(&r))
        status = CLI_USAGE;
    if (status == CLI_DONE)
        status = replicate_all(&r);
    if (status == CLI_DONE || status == CLI_DIFFERS) {
        int told = part_run(part, summary);
        status = told == CLI_DONE ? status : told;
    } else if (status == CLI_INTERRUPTED) {
        fprintf(stderr, "reloadsim run: no summary, for not all runs came to their end\n");
    }
    free(words);
    free(folder);
    return status;
}

/* The words of this command line, on several ranks. A line of progress that a terminal here would show is asked for by name: the ranks see no terminal. */
static int run_on_ranks(const struct run_options *o, int argc)
{
    static const char option[] = "--progress", tty[] = "tty";
    const char **words = calloc((size_t)argc + 3, sizeof *words);
    int n = 0;
    if (!words)
        return CLI_RESOURCE;
    words[n++] = o->words[0];
    if (progress_of(o) == PROGRESS_TTY && o->progress == WHEN_AUTO) {
        words[n++] = option;
        words[n++] = tty;
    }
    for (int i = 1; i < argc; i++)
        words[n++] = o->words[i];
    int status = launch_ranks(o->ranks, words);
    free(words);
    return status;
}

/* The scenario of the checkpoint, with what was set. NULL after a complaint. */
static struct scenario *load_checkpointed(struct run_options *o)
{
    char error[2048];
    struct scenario *was = malloc(sizeof *was), *is = malloc(sizeof *is);
    bool fine = was && is;
    if (!fine)
        snprintf(error, sizeof error, "out of memory");
    fine = fine && checkpoint_read_about(o->checkpoint, &o->about, error, sizeof error) == 0;
    size_t len = fine ? strlen(o->about.scenario) : 0;
    fine = fine && scenario_parse(was, ARCHIVE_FILE, o->about.scenario, len, NULL, 0, error, sizeof error) == 0 &&
           scenario_parse(is, ARCHIVE_FILE, o->about.scenario, len, o->sets, o->nsets, error, sizeof error) == 0 &&
           scenario_may_become(was, is, o->about.now, error, sizeof error) == 0;
    if (!fine)
        fprintf(stderr, "reloadsim resume: %s\n", error);
    free(was);
    if (fine)
        return is;
    free(is);
    return NULL;
}

int run_main(int argc, char **argv)
{
    char **words = calloc((size_t)argc + 1, sizeof *words); /* before reading options moves them */
    for (int i = 0; words && i < argc; i++)
        words[i] = argv[i];
    struct run_options o = {
        .command = argv[0], .threads = KERNEL_THREADS_AUTO, .started = launch_started(), .words = words, .sets = words ? calloc((size_t)argc + 1, sizeof *o.sets) : NULL};
    int status = o.sets ? read_options(&o, argc, argv) : CLI_RESOURCE;
    struct scenario *s = status != CLI_DONE ? NULL : is_resume(&o) ? load_checkpointed(&o) : cli_load(o.path, o.sets, o.nsets);
    if (s && o.ranks > 1 && !o.started)
        status = run_on_ranks(&o, argc);
    else if (s)
        status = o.replications ? run_replications(s, &o) : run_scenario(s, &o);
    else if (status == CLI_DONE)
        status = CLI_USAGE;
    free(s);
    checkpoint_forget(&o.about);
    free(o.sets);
    free(words);
    return status;
}
