/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Churn laws that were published for real systems, by name. */
#ifndef SIM_SCENARIO_PRESET_H
#define SIM_SCENARIO_PRESET_H

#include <stddef.h>

#include "sim/kernel/law.h"

struct churn_preset {
    const char *name;
    struct law session, offline; /* offline LAW_NEVER: not published, the scenario must say */
    const char *help; /* with its source */
    double daily_amplitude; /* of a daily cycle; 0 = none */
    double daily_peak_h;
};

extern const struct churn_preset churn_presets[];
extern const size_t churn_presets_count;

const struct churn_preset *churn_preset_find(const char *name);

#endif
