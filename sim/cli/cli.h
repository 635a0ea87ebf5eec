/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line: `reloadsim COMMAND ...`, one file a command. Each X_main gets argv from its own name on (argv[0] = "run"), prints results to
 * standard output and complaints to standard error, and returns the exit status. Commands share nothing that changes. main answers --help. */
#ifndef SIM_CLI_CLI_H
#define SIM_CLI_CLI_H

#include <stdbool.h>
#include <stdio.h>

#include "sim/record/version.h"
#include "sim/scenario/scenario.h"

/* Exit status, the same for every command (`reloadsim help status`). */
enum cli_status {
    CLI_DONE = 0,
    CLI_DIFFERS = 1,    /* a check of the scenario failed, or decode --roundtrip or compare differed */
    CLI_USAGE = 2,      /* bad usage or scenario */
    CLI_INCOMPLETE = 3, /* results are incomplete */
    CLI_RESOURCE = 4,   /* out of memory, disk, or a directory that cannot be written */
    CLI_INTERNAL = 70,
    CLI_INTERRUPTED = 130 /* results kept */
};

int run_main(int argc, char **argv);
int check_main(int argc, char **argv);
int explain_main(int argc, char **argv);
int report_main(int argc, char **argv);
int compare_main(int argc, char **argv);
int decode_main(int argc, char **argv);
int doctor_main(int argc, char **argv);
int completion_main(int argc, char **argv);
int help_main(int argc, char **argv);

/* Prints what `reloadsim COMMAND --help` shows, or the overview for NULL. Returns 0, or CLI_USAGE if there is no such topic. */
int help_print(const char *topic, FILE *);
/* Complains about an unknown command, with the nearest. Returns CLI_USAGE. */
int help_unknown(const char *command);

/* A complaint about the use of a command, on standard error, ending with where help is to be found. Returns CLI_USAGE. */
__attribute__((format(printf, 2, 3))) int cli_usage(const char *command, const char *format, ...);
/* The next option as getopt_long gives it, -1 at the end, or '?' after a complaint that names the nearest option. */
struct option;
int cli_option(int argc, char **argv, const char *shorts, const struct option *longs);
/* A string as a JSON value, quotes included. */
void cli_json_string(FILE *, const char *);
/* 12345678 -> "12.3 M"; 1536 -> "1.5 KiB" resp. "1.5 k". Returns out. */
const char *cli_count(double, char out[24]);
const char *cli_bytes(double, char out[24]);
/* Seconds of wall time: "0.4 s", "2 min 05 s", "3 h 20 min". */
const char *cli_duration(double seconds, char out[24]);
/* Full path of a program on PATH, or false. */
bool cli_find_program(const char *name, char *out, size_t cap);
/* Loads a scenario into memory of its own; NULL after printing the complaint. Free with free(). */
struct scenario *cli_load(const char *path, const char *const *sets, unsigned nsets);

#endif
