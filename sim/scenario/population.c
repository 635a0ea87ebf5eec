/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/scenario/scenario.h"

/* Bootstrap peers are always online; each of the others is a share on / (on + off) of its time. */
uint32_t scenario_population(const struct scenario *s)
{
    if (!s->churn)
        return s->peers;
    double on = law_mean(&s->session), off = law_mean(&s->offline);
    uint32_t fixed = s->bootstrap_nodes < s->peers ? s->bootstrap_nodes : s->peers;
    return fixed + (uint32_t)((s->peers - fixed) * ((on + off) / on) + 0.5);
}
