/* SPDX-License-Identifier: GPL-2.0-or-later */
/* reloadsim COMMAND ...: finds the command and hands over. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "sim/cli/cli.h"

static const struct command {
    const char *name;
    int (*main)(int argc, char **argv);
} commands[] = {
    {"run", run_main},         {"resume", run_main},    {"check", check_main},   {"explain", explain_main},       {"report", report_main},
    {"compare", compare_main}, {"doctor", doctor_main}, {"completion", completion_main}, {"decode", decode_main},
    {"help", help_main},
};

static const struct command *command_find(const char *name)
{
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

/* Output that did not reach its file or pipe must not look like success. */
static int flushed(int status)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    fprintf(stderr, "reloadsim: standard output: %s\n", strerror(errno));
    return status == CLI_DONE ? CLI_RESOURCE : status;
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";
    if (argc < 2) {
        help_print(NULL, stderr);
        return CLI_USAGE;
    }
    if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0) {
        printf("reloadsim %s\n", RELOADSIM_VERSION);
        return flushed(CLI_DONE);
    }
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
        name = "help";
    const struct command *command = command_find(name);
    if (!command)
        return help_unknown(name);
    for (int i = 2; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return flushed(help_print(name, stdout));
        else if (strcmp(argv[i], "--") == 0)
            break;
    return flushed(command->main(argc - 1, argv + 1));
}
