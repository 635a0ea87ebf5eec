/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proto/kind.h"

#include "proto/base/error.h"

int kind_judge(const struct value_kind *k)
{
    if (k->id < KIND_PRIVATE_FIRST || k->id > KIND_PRIVATE_LAST || k->model == MODEL_UNKNOWN || k->max_count == 0 || k->max_size > KIND_SIZE_MAX)
        return ERR_VALUE;
    if (k->access == ACCESS_NODE_MULTIPLE && k->max_node_multiple == 0)
        return ERR_VALUE;
    if (k->access == ACCESS_USER_NODE_MATCH || k->access == ACCESS_NODE_ID_MATCH)
        return k->model == MODEL_DICTIONARY ? 0 : ERR_VALUE;
    return k->model == MODEL_DICTIONARY ? ERR_UNKNOWN : 0;
}

bool kind_equal(const struct value_kind *a, const struct value_kind *b)
{
    return a->id == b->id && a->model == b->model && a->access == b->access && a->max_count == b->max_count && a->max_size == b->max_size &&
           a->max_node_multiple == b->max_node_multiple;
}
