/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/cli/launch.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proto/base/hash.h"
#include "sim/cli/cli.h"
#include "sim/cli/part.h"
#include "sim/record/version.h"

#define STATUS_FILE "RELOADSIM_STATUS_FILE" /* in the environment: where rank 0 leaves the status for the launcher */

static unsigned number_in(const char *name)
{
    const char *text = getenv(name);
    return text ? (unsigned)strtoul(text, NULL, 10) : 0;
}

unsigned launch_started(void)
{
    return number_in("OMPI_COMM_WORLD_SIZE");
}

bool launch_is_first_here(unsigned *here)
{
    unsigned n = number_in("OMPI_COMM_WORLD_LOCAL_SIZE");
    *here = n ? n : 1;
    return number_in("OMPI_COMM_WORLD_LOCAL_RANK") == 0;
}

/* Debian's name first: another MPI may be the default. */
static bool find_mpirun(char found[PATH_MAX])
{
    static const char *const names[] = {"mpirun.openmpi", "mpirun"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (cli_find_program(names[i], found, PATH_MAX))
            return true;
    return false;
}

bool launch_possible(char *text, size_t cap)
{
    char path[PATH_MAX];
    if (!part_file(MPI_PLUGIN_FILE, path)) {
        snprintf(text, cap, "built without Open MPI; for run --ranks: apt-get install libopenmpi-dev openmpi-bin, then make");
        return false;
    }
    if (!find_mpirun(path)) {
        snprintf(text, cap, "no mpirun on PATH; for run --ranks: apt-get install openmpi-bin");
        return false;
    }
    snprintf(text, cap, "%.200s", path);
    return true;
}

/* ---- starting ---- */

/* Open MPI refuses root and more ranks than cores, binds ranks to cores that others may be using, and in containers complains of memory that it may not copy; all of
 * that is said to be meant. What the caller has set stays. */
static void prepare_environment(const char *status_file)
{
    setenv("OMPI_ALLOW_RUN_AS_ROOT", "1", 0);
    setenv("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1", 0);
    setenv("OMPI_MCA_rmaps_base_oversubscribe", "1", 0);
    setenv("OMPI_MCA_hwloc_base_binding_policy", "none", 0);
    setenv("OMPI_MCA_btl_vader_single_copy_mechanism", "none", 0);
    setenv("OMPI_MCA_orte_base_help_aggregate", "1", 0);
    setenv(STATUS_FILE, status_file, 1);
}

_Noreturn static void become_mpirun(const char *mpirun, const char *self, unsigned ranks, const char *const *words, size_t n)
{
    char count[16];
    const char **argv = calloc(n + 8, sizeof *argv);
    size_t at = 0;
    if (!argv)
        _exit(CLI_RESOURCE);
    snprintf(count, sizeof count, "%u", ranks);
    argv[at++] = mpirun;
    argv[at++] = "-q";
    argv[at++] = "-n";
    argv[at++] = count;
    argv[at++] = self;
    memcpy(argv + at, words, n * sizeof *argv);
    int nothing = open("/dev/null", O_RDONLY);
    if (nothing >= 0)
        dup2(nothing, STDIN_FILENO);
    setpgid(0, 0); /* Ctrl-C is for the launcher, which asks for an end in order */
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    char **copy;
    memcpy(&copy, &argv, sizeof copy); /* exec takes words that it does not change as char * */
    execv(mpirun, copy);
    _exit(CLI_RESOURCE);
}

/* Waits for the end of mpirun. Sets *interrupts. */
static int await(pid_t child, const sigset_t *signals, unsigned *interrupts)
{
    int how = 0;
    for (;;) {
        int signal = sigwaitinfo(signals, NULL);
        if ((signal == SIGINT || signal == SIGTERM) && *interrupts == 0)
            fputs("\nreloadsim: interrupted, finishing this instant; again to stop at once\n", stderr);
        if (signal == SIGINT || signal == SIGTERM)
            kill(child, (*interrupts)++ ? SIGTERM : SIGUSR1); /* mpirun hands SIGUSR1 on, and ends all on SIGTERM */
        if (signal == SIGUSR2)
            kill(child, SIGUSR2); /* which it hands on too */
        pid_t gone = waitpid(child, &how, WNOHANG);
        if (gone == child || (gone < 0 && errno != EINTR))
            return how;
    }
}

/* What rank 0 left, or what mpirun tells: a status of ours from a rank that did not come so far, or that one was lost. */
static int status_of(const char *file, int how, unsigned interrupts)
{
    int status = -1;
    FILE *in = fopen(file, "r");
    if (in && fscanf(in, "%d", &status) != 1)
        status = -1;
    if (in)
        fclose(in);
    if (status >= 0)
        return status;
    int code = WIFEXITED(how) ? WEXITSTATUS(how) : 128;
    if (interrupts > 1 || code == CLI_INTERRUPTED) /* or before there was anything to keep */
        return CLI_INTERRUPTED;
    if (code == CLI_USAGE || code == CLI_INCOMPLETE || code == CLI_RESOURCE || code == CLI_INTERNAL)
        return code;
    fprintf(stderr, "reloadsim run: a rank was lost (mpirun ended with %d); what was recorded is kept: reloadsim report DIR\n", code);
    return CLI_INCOMPLETE;
}

int launch_ranks(unsigned ranks, const char *const *words)
{
    char mpirun[PATH_MAX], self[PATH_MAX], why[256], file[] = "/tmp/reloadsim-status.XXXXXX";
    size_t n = 0;
    unsigned interrupts = 0;
    if (!launch_possible(why, sizeof why) || !find_mpirun(mpirun)) {
        fprintf(stderr, "reloadsim run: no ranks here: %s\n", why);
        return CLI_RESOURCE;
    }
    ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);
    int fd = mkstemp(file);
    if (len <= 0 || fd < 0) {
        fprintf(stderr, "reloadsim run: /tmp: %s\n", strerror(errno));
        return CLI_RESOURCE;
    }
    close(fd);
    self[len] = 0;
    while (words[n])
        n++;
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGUSR2);
    sigaddset(&signals, SIGCHLD);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    prepare_environment(file);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0)
        become_mpirun(mpirun, self, ranks, words, n);
    int how = child > 0 ? await(child, &signals, &interrupts) : CLI_RESOURCE << 8;
    int status = status_of(file, how, interrupts);
    unlink(file);
    return status;
}

/* ---- joining ---- */

static int load_plugin(struct party *p)
{
    char path[PATH_MAX];
    if (!part_file(MPI_PLUGIN_FILE, path)) {
        fprintf(stderr, "reloadsim run: started by mpirun, but built without Open MPI: apt-get install libopenmpi-dev, then make\n");
        return CLI_RESOURCE;
    }
    p->library = dlopen(path, RTLD_NOW | RTLD_GLOBAL); /* global: Open MPI loads parts of its own that look for its symbols */
    p->plugin = p->library ? dlsym(p->library, MPI_PLUGIN_SYMBOL) : NULL;
    if (!p->plugin) {
        fprintf(stderr, "reloadsim run: %s\n", dlerror());
        return CLI_RESOURCE;
    }
    if (p->plugin->version != MPI_PLUGIN_VERSION) {
        fprintf(stderr, "reloadsim run: %s belongs to another reloadsim: make, or make install\n", path);
        return CLI_RESOURCE;
    }
    return CLI_DONE;
}

/* Ranks that run different things would go apart in the middle; and only copies of one program read each other's bytes. */
static int agree_on(const struct party *p, uint64_t digest)
{
    const char *program = version_revision();
    uint64_t mine[2] = {digest, hash64(UINT64_C(0x70726f67), (const uint8_t *)program, strlen(program))};
    const struct blob *all = ranks_gather(p->ranks, mine, sizeof mine);
    for (unsigned r = 0; r < ranks_count(p->ranks); r++) {
        uint64_t theirs[2] = {0};
        if (all[r].size == sizeof theirs)
            memcpy(theirs, all[r].bytes, sizeof theirs);
        if (memcmp(mine, theirs, sizeof mine) == 0)
            continue;
        if (ranks_self(p->ranks) == 0)
            fprintf(stderr, "reloadsim run: rank %u has another %s than rank 0\n", r, mine[1] == theirs[1] ? "scenario" : "program");
        return CLI_USAGE;
    }
    return CLI_DONE;
}

int launch_join(struct party *p, unsigned long long digest, unsigned long long window_ns)
{
    char error[256];
    *p = (struct party){0};
    int status = load_plugin(p);
    if (status != CLI_DONE)
        return status;
    if (p->plugin->begin(&p->carrier, error, sizeof error)) {
        fprintf(stderr, "reloadsim run: %s\n", error);
        return CLI_RESOURCE;
    }
    p->plugin->window(p->carrier.impl, window_ns);
    p->ranks = ranks_open(&p->carrier);
    if (!p->ranks) {
        fputs("reloadsim run: out of memory\n", stderr);
        return CLI_RESOURCE;
    }
    status = agree_on(p, digest);
    return status == CLI_DONE ? status : launch_leave(p, status);
}

/* The launcher is told in its file; then nobody exits with anything but 0, at which mpirun would complain. */
static bool tell_launcher(int status)
{
    const char *file = getenv(STATUS_FILE);
    FILE *out = file ? fopen(file, "w") : NULL;
    if (!out)
        return false;
    bool told = fprintf(out, "%d\n", status) > 0;
    return fclose(out) == 0 && told;
}

int launch_leave(struct party *p, int status)
{
    uint64_t word[2] = {0, 0};
    if (ranks_self(p->ranks) == 0) {
        word[0] = (uint64_t)status;
        word[1] = tell_launcher(status);
    }
    fflush(NULL);
    ranks_sum(p->ranks, word, 2);
    ranks_close(p->ranks);
    p->plugin->end(p->carrier.impl);
    p->ranks = NULL;
    return word[1] ? CLI_DONE : (int)word[0];
}
