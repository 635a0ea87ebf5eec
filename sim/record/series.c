/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/record/series.h"

const struct series_column series_column[SERIES_COLUMNS] = {
#define X(type, field, name, unit, description) {SERIES_##type, name, unit, description},
    SERIES_METRICS(X)
#undef X
};

const struct series_column series_node_column[SERIES_NODE_COLUMNS] = {
#define X(type, field, name, unit, description) {SERIES_##type, name, unit, description},
    SERIES_NODES(X)
#undef X
};

const struct series_column series_ring_column[SERIES_RING_COLUMNS] = {
#define X(type, field, name, unit, description) {SERIES_##type, name, unit, description},
    SERIES_RING(X)
#undef X
};

const struct series_scale series_scale[HISTOGRAMS] = {
#define X(index, name, unit, description, one) {name, unit, description, one},
    SERIES_HISTOGRAMS(X)
#undef X
};
