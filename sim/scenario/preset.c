/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/scenario/preset.h"

#include <string.h>

#define MIN 60.0 /* seconds */

const struct churn_preset churn_presets[] = {
    {"kad-steiner",
     {LAW_WEIBULL, 169.5 * MIN, 0.615},
     {LAW_WEIBULL, 413.7 * MIN, 0.476},
     "Kad, 179 days of crawls (Steiner, En-Najjary, Biersack 2007): sessions of 4.1 h, 15.1 h away, on average"},
    {"kad",
     {LAW_WEIBULL, 5000, 0.5},
     {LAW_WEIBULL, 5000, 0.5},
     "Kad as simulated with OverSim (Heep 2010): mean 10,000 s online and offline, median 40 min"},
    {"exp1h",
     {LAW_EXPONENTIAL, 3600, 0},
     {LAW_EXPONENTIAL, 3600, 0},
     "textbook: exponential, one hour online and one offline (Li et al. 2005)"},
    {"bt-flatout",
     {LAW_WEIBULL, 41.9 * MIN, 0.59},
     {LAW_NEVER, 0, 0},
     "BitTorrent, FlatOut (Stutzbach, Rejaie 2006): sessions of 64 min on average; offline times were not published"},
    {"bt-redhat",
     {LAW_WEIBULL, 21.3 * MIN, 0.34},
     {LAW_NEVER, 0, 0},
     "BitTorrent, Red Hat (Stutzbach, Rejaie 2006): extreme spread, mean 118 min, median 7 min; offline times were not "
     "published"},
};
const size_t churn_presets_count = sizeof churn_presets / sizeof churn_presets[0];

const struct churn_preset *churn_preset_find(const char *name)
{
    for (size_t i = 0; i < churn_presets_count; i++)
        if (strcmp(churn_presets[i].name, name) == 0)
            return &churn_presets[i];
    return NULL;
}
