/* SPDX-License-Identifier: GPL-2.0-or-later */
/* reloadsim-compare A B: two results side by side. Status 0: equal in every figure, time series and fingerprint; 1: not. */
#include <stdio.h>

#include "analysis/command.h"
#include "analysis/compare.h"

#define NAME "compare"

int main(int argc, char **argv)
{
    static const struct option longs[] = {
        {"json", no_argument, NULL, 'j'}, {"all", no_argument, NULL, 'a'}, {"quiet", no_argument, NULL, 'q'}, {0}};
    bool json = false, all = false, quiet = false;
    struct folder sides[2] = {{.n = 0}, {.n = 0}};
    char error[1024];
    int c, status = COMMAND_DONE;
    while ((c = command_option(NAME, argc, argv, "", longs)) != -1)
        switch (c) {
        case 'j': json = true; break;
        case 'a': all = true; break;
        case 'q': quiet = true; break;
        default: return COMMAND_USAGE;
        }
    if (argc - optind != 2)
        return command_usage(NAME, "give two results: folders of runs, of replications, or files results.h5");
    for (int i = 0; i < 2 && status == COMMAND_DONE; i++)
        if (folder_open(&sides[i], argv[optind + i], error, sizeof error)) {
            fprintf(stderr, "reloadsim " NAME ": %s\n", error);
            status = COMMAND_USAGE;
        }
    if (status == COMMAND_DONE) {
        struct compare compared = compare_of(&sides[0], &sides[1], LEVEL);
        if (json)
            compare_json(stdout, &compared, &sides[0], &sides[1], LEVEL);
        else if (!quiet)
            compare_print(stdout, &compared, &sides[0], &sides[1], LEVEL, all);
        status = command_flushed(NAME, compared.equal ? COMMAND_DONE : COMMAND_DIFFERS);
        compare_free(&compared);
    }
    folder_close(&sides[0]);
    folder_close(&sides[1]);
    return status;
}
