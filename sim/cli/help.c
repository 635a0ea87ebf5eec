/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What --help says: an overview, and a page for each command. Written to be read by somebody who has never run this before. */
#include <string.h>

#include "sim/cli/cli.h"
#include "sim/scenario/nearest.h"

static const struct topic {
    const char *name, *line; /* line: one line in the overview; NULL = not listed */
    const char *text;
} topics[] = {
    {"run", "simulate a scenario and print what it measured",
     "reloadsim run SCENARIO.yaml [-o DIR] [--set KEY=VALUE]... [options]\n"
     "\n"
     "Simulates a scenario: warm-up, then the measured phase with its faults. Before it starts it says how many peers\n"
     "there will be, how much memory they need and about how long it will take, and refuses what cannot fit.\n"
     "At the end it prints the main figures; with -o, DIR gets scenario.resolved.yaml (every key, to run it again),\n"
     "summary.json, results.h5 (time series, histograms, events), report.html, and capture.pcapng if asked for. The\n"
     "same scenario and seed give the same results on any machine; the options below that choose how to run never\n"
     "change them. While it runs, rows of the time series are kept in DIR/results.segments, and stay if it is killed.\n"
     "\n"
     "  -o, --out DIR          keep results in DIR (made if missing; files of an earlier run are replaced)\n"
     "  --set KEY=VALUE        change a key of the scenario, as in --set overlay.peers=2k; may be given again\n"
     "  --partitions N         cut the peers into N parts (default: as many as there are cores, if the peers suffice)\n"
     "  --threads WHEN         auto (default): each part in a thread of its own while that pays; always; never\n"
     "  --ranks N              N processes under Open MPI that share the peers and the work: starts itself again under mpirun.\n"
     "                         mpirun.openmpi -n N --hostfile H reloadsim run ... does the same on many machines\n"
     "  --engine heap|windows  order of work: one event at a time, or windows of them (default windows)\n"
     "  --window TIME          length of a window, at most network.min_delay (default: that)\n"
     "  --progress WHEN        auto (a line on a terminal), tty, json (one object a second), off\n"
     "  --replications N       run it N times, under the scenario's seed and those that follow it, side by side on the cores;\n"
     "                         DIR gets rep-01 and on, replications.json and report.html with means and 95 % intervals\n"
     "  --quiet                no estimate, no progress, no table\n"
     "\n"
     "Examples\n"
     "  reloadsim run workloads/quickstart.yaml -o out/quickstart\n"
     "  reloadsim run workloads/quickstart.yaml --set overlay.peers=2k --set seed=7\n"
     "  reloadsim run workloads/quickstart.yaml --set 'faults[0].kill.share=50 %' -o out/half\n"
     "  reloadsim run workloads/quickstart.yaml --set overlay.peers=1k --replications 10 -o out/ten\n"
     "  reloadsim run - < my.yaml\n"
     "\n"
     "Ctrl-C ends the run early and keeps what was measured (status 130). Status 1: a check: of the scenario "
     "failed.\n"
     "SIGUSR2 writes a checkpoint to DIR at the next whole second of simulated time, as checkpoint: {every: 30 min} of the\n"
     "scenario does now and then: see reloadsim resume.\n"},
    {"resume", "go on from a checkpoint, to the end or to another one",
     "reloadsim resume DIR [-o DIR2] [options of run]\n"
     "reloadsim resume DIR --set KEY=VALUE... -o DIR2 [options of run]\n"
     "\n"
     "DIR is the folder of a run that has left a checkpoint: with checkpoint: {every: 30 min} in its scenario, or asked for by\n"
     "SIGUSR2; killed, interrupted or ended since. The run goes on from there, on any number of partitions or ranks and on\n"
     "either engine, and ends as the unbroken one would have, results and all. Results go to DIR, in place of what the run\n"
     "recorded after the checkpoint, or to DIR2.\n"
     "\n"
     "With --set it becomes another run from there on, in a folder of its own: what if, on an overlay that is warm already.\n"
     "Only what is looked up anew each time may change: rates of look-ups and registrations, loss, intervals and other keys of\n"
     "overlay.config, lengths of phases, faults that come after the checkpoint, checks (reloadsim explain KEY says so). What\n"
     "shapes peers, tables and the population is refused by its name.\n"
     "\n"
     "A checkpoint that is damaged, or made by another version or by a build that lays memory out otherwise, is refused with\n"
     "status 2. The program says when its revision is another one.\n"
     "\n"
     "  -o, --set, --partitions, --threads, --ranks, --engine, --window, --progress, --quiet: as of run\n"
     "\n"
     "Examples\n"
     "  reloadsim run workloads/quickstart.yaml --set 'checkpoint.every=5 min' -o out/a\n"
     "  reloadsim resume out/a --partitions 1\n"
     "  reloadsim resume out/a --set network.loss=5% --set 'phases.measure=30 min' -o out/lossy\n"},
    {"check", "say whether a scenario is right, and what would run",
     "reloadsim check SCENARIO.yaml... [--set KEY=VALUE]... [--json | --resolved]\n"
     "\n"
     "Reads scenarios and says what they would do: peers and population, simulated time, about how many datagrams, "
     "how\n"
     "much memory and time. A mistake is shown with its line and what was probably meant; the status is then 2.\n"
     "\n"
     "  --set KEY=VALUE  change a key, as in --set overlay.peers=2k; may be given again\n"
     "  --json           one JSON object for each scenario\n"
     "  --resolved       print the scenario with every key and its default instead\n"
     "\n"
     "Examples\n"
     "  reloadsim check workloads/*.yaml\n"
     "  reloadsim check workloads/quickstart.yaml --set overlay.peers=1M\n"
     "  reloadsim check --resolved workloads/quickstart.yaml > full.yaml\n"},
    {"explain", "what a key of a scenario means, its unit, range and default",
     "reloadsim explain [KEY | laws | units | presets | metrics] [--json | --markdown]\n"
     "\n"
     "Without KEY: all keys, one line each. With a key: what it means, its type, unit, range, default and an example.\n"
     "A key that names a group (overlay.link) shows the group.\n"
     "\n"
     "  --json      the same for programs: an array of objects\n"
     "  --markdown  all keys as a page; workloads/REFERENCE.md is this\n"
     "\n"
     "Examples\n"
     "  reloadsim explain overlay.chord.fingers\n"
     "  reloadsim explain churn\n"
     "  reloadsim explain laws\n"},
    {"report", "finish the results of a run that was killed, and make the page",
     "reloadsim report DIR [--gnuplot FOLDER] [--json | --quiet]\n"
     "\n"
     "DIR is the folder of a run. When the run was killed, results.h5 and summary.json are made of what it had recorded\n"
     "until then, marked as incomplete; the status is then 3. Then report.html is made of them: one page that opens\n"
     "without a network, with figures and their 95 % intervals, charts over time with faults marked, distributions, how\n"
     "long each fault lasted, and warnings when the run must not be believed. That is done by reloadsim-report, a program\n"
     "of its own beside reloadsim or in ../libexec/reloadsim of it.\n"
     "\n"
     "  --gnuplot FOLDER  the charts as data and scripts for gnuplot, too: gnuplot all.gp makes a PDF of each\n"
     "  --json            figures with their intervals, and the warnings, as one object\n"
     "  --quiet           say nothing\n"
     "\n"
     "Examples\n"
     "  reloadsim report out/quickstart\n"
     "  reloadsim report out/quickstart --gnuplot plots\n"},
    {"compare", "two results side by side: what differs, and is it chance",
     "reloadsim compare A B [--json | --quiet] [--all]\n"
     "\n"
     "A and B are folders of runs, folders of replications, or files results.h5. Shows the keys of the scenario that differ,\n"
     "the figures side by side, the interval of the record in which two runs part, and the first fault or phase that\n"
     "differs. Differences have 95 % confidence intervals over replications (paired when both sides have the same\n"
     "seeds), and for single runs in the steady part before the first fault; * marks those that chance does not explain,\n"
     "all tests taken together (Holm). Figures that depend on the machine stand apart and are not judged.\n"
     "\n"
     "  --json   one JSON object\n"
     "  --quiet  only the status\n"
     "  --all    figures that are equal, too\n"
     "\n"
     "Status 0: every figure, time series and fingerprint is equal; 1: not.\n"
     "\n"
     "Examples\n"
     "  reloadsim compare out/a out/b\n"
     "  reloadsim compare --json out/ten out/lossy-ten | jq '.figures[] | select(.significant)'\n"},
    {"decode", "print the RELOAD messages of a capture",
     "reloadsim decode CAPTURE [--tree | --json | --roundtrip] [options]\n"
     "\n"
     "Prints each RELOAD message of a pcap or pcapng file (- is standard input), one a line: time since the first packet,\n"
     "from, to, frame, message, transaction, TTL, entries of the Via List, last destination, bytes. Messages are found on\n"
     "any UDP port, with or without framing; fragments are put together again.\n"
     "\n"
     "  -v, --tree        every field of each message\n"
     "  --json            the same, one JSON object a line\n"
     "  --roundtrip       decode and encode each message and compare; print only a count, or, with status 1, the first\n"
     "                    that differs or does not decode\n"
     "  --transaction ID  only messages of this transaction, as a line shows it\n"
     "  --port N          the RELOAD port, where damaged messages are told from other traffic (default 6084)\n"
     "\n"
     "Examples\n"
     "  reloadsim decode out/quickstart/capture.pcapng | less\n"
     "  reloadsim decode -v --transaction 0123456789abcdef out/quickstart/capture.pcapng\n"
     "  reloadsim decode --roundtrip out/quickstart/capture.pcapng\n"},
    {"doctor", "what is installed, what is missing",
     "reloadsim doctor [--json]\n"
     "reloadsim doctor --memory S.yaml [--set KEY=VALUE]... [--partitions N] [--json]\n"
     "\n"
     "Says with what this program was built and what it finds here: libraries, data files, tshark, memory, cores. "
     "Attach\n"
     "its output to a report of a problem. Status 1: something that runs need is missing.\n"
     "\n"
     "  --memory S.yaml    what a run of this scenario will hold in memory: bytes of each struct, per what, how many there will be\n"},
    {"completion", "completion for the shell",
     "reloadsim completion bash\n"
     "\n"
     "Prints a script for bash that completes commands, options, scenario files and the keys of --set and explain:\n"
     "\n"
     "  source <(reloadsim completion bash)\n"},
    {"help", "this, or the page of a command", "reloadsim help [COMMAND | status]\n"},
    {"status", NULL,
     "Exit status\n"
     "  0    done\n"
     "  1    a check: of the scenario failed, decode --roundtrip found a difference, or compare did\n"
     "  2    wrong usage or scenario\n"
     "  3    results are incomplete\n"
     "  4    out of a resource: memory, disk, a directory that cannot be written\n"
     "  70   a mistake inside reloadsim: please report it\n"
     "  130  interrupted; what was measured is kept\n"},
};

static void overview(FILE *out)
{
    fputs("reloadsim: real RELOAD peers (RFC 6940) by the million on a virtual clock\n"
          "\n"
          "  reloadsim run workloads/quickstart.yaml -o out/quickstart\n"
          "\n"
          "simulates 10,000 peers that come and go over measured latencies for 20 minutes, kills a fifth of them, and "
          "prints\n"
          "how look-ups, registrations and the ring fared. Copy that file, change it, and see `reloadsim explain` for "
          "every key.\n"
          "\n"
          "Commands\n",
          out);
    for (size_t i = 0; i < sizeof topics / sizeof topics[0]; i++)
        if (topics[i].line)
            fprintf(out, "  %-11s %s\n", topics[i].name, topics[i].line);
    fputs("\n"
          "reloadsim COMMAND --help has options and examples; reloadsim --version; reloadsim help status lists exit "
          "statuses.\n",
          out);
}

int help_print(const char *name, FILE *out)
{
    if (!name) {
        overview(out);
        return CLI_DONE;
    }
    for (size_t i = 0; i < sizeof topics / sizeof topics[0]; i++)
        if (strcmp(topics[i].name, name) == 0) {
            fputs(topics[i].text, out);
            return CLI_DONE;
        }
    return CLI_USAGE;
}

int help_unknown(const char *command)
{
    struct nearest near;
    nearest_begin(&near, command);
    for (size_t i = 0; i < sizeof topics / sizeof topics[0]; i++)
        if (topics[i].line)
            nearest_offer(&near, topics[i].name);
    fprintf(stderr, "reloadsim: there is no command \"%s\"", command);
    fprintf(stderr, near.best ? ": did you mean %s?\n" : ". reloadsim help lists them.\n", near.best);
    return CLI_USAGE;
}

int help_main(int argc, char **argv)
{
    if (argc > 2)
        return cli_usage("help", "one topic at a time");
    return help_print(argc == 2 ? argv[1] : NULL, stdout) == CLI_DONE ? CLI_DONE : help_unknown(argv[1]);
}
