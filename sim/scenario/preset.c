/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/scenario/preset.h"

#include <string.h>

#define MIN  60.0 /* seconds */
#define HOUR 3600.0

const struct churn_preset churn_presets[] = {
    {"kad-steiner",
     {LAW_WEIBULL, 169.5 * MIN, 0.615},
     {LAW_WEIBULL, 413.7 * MIN, 0.476},
     "Kad, 179 days of crawls (Steiner, En-Najjary, Biersack 2007): sessions of 4.1 h, 15.1 h away, on average",
     0, 0},
    {"kad",
     {LAW_WEIBULL, 5000, 0.5},
     {LAW_WEIBULL, 5000, 0.5},
     "Kad as simulated with OverSim (Heep 2010): mean 10,000 s online and offline, median 40 min",
     0, 0},
    {"exp1h",
     {LAW_EXPONENTIAL, 3600, 0},
     {LAW_EXPONENTIAL, 3600, 0},
     "textbook: exponential, one hour online and one offline (Li et al. 2005)",
     0, 0},
    {"bt-flatout",
     {LAW_WEIBULL, 41.9 * MIN, 0.59},
     {LAW_NEVER, 0, 0},
     "BitTorrent, FlatOut (Stutzbach, Rejaie 2006): sessions of 64 min on average; offline times were not published",
     0, 0},
    {"bt-debian",
     {LAW_WEIBULL, 42.4 * MIN, 0.38},
     {LAW_NEVER, 0, 0},
     "BitTorrent, Debian (Stutzbach, Rejaie 2006): mean 163 min, median 16 min; offline times were not published",
     0, 0},
    {"bt-redhat",
     {LAW_WEIBULL, 21.3 * MIN, 0.34},
     {LAW_NEVER, 0, 0},
     "BitTorrent, Red Hat (Stutzbach, Rejaie 2006): extreme spread, mean 118 min, median 7 min; offline times were not "
     "published",
     0, 0},
    {"rhea-stress",
     {LAW_EXPONENTIAL, 121.2, 0},
     {LAW_EXPONENTIAL, 121.2, 0},
     "the hardest case of Rhea et al. 2004: Poisson departures, median session 1.4 min (as quoted from memory); away as "
     "long",
     0, 0},
    {"skype-client",
     {LAW_LOGNORMAL, 7 * HOUR, 0.5},
     {LAW_EXPONENTIAL, 16 * HOUR, 0},
     "our fit to what is known of Skype's users: they come in the local morning and stay for a working day (Guha, "
     "Daswani, Jain 2006), so that the least of a day is 0.55 of the most (skypenumerology 2013)",
     0.5, 9},
    {"skype-sn",
     {LAW_LOGNORMAL, 5.5 * HOUR, 2},
     {LAW_LOGNORMAL, 24 * HOUR, 1.5},
     "our fit to supernodes of Skype: median session 5.5 h, heavy tail (Guha, Daswani, Jain 2006, from memory), most of "
     "them rarely up (Bremler-Barr, Goldschmidt 2011)",
     0, 0},
};
const size_t churn_presets_count = sizeof churn_presets / sizeof churn_presets[0];

const struct churn_preset *churn_preset_find(const char *name)
{
    for (size_t i = 0; i < churn_presets_count; i++)
        if (strcmp(churn_presets[i].name, name) == 0)
            return &churn_presets[i];
    return NULL;
}
