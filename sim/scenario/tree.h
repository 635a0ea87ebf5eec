/* SPDX-License-Identifier: GPL-2.0-or-later */
/* YAML as a tree of mappings, lists and scalars, each with its place in the source. Built from libyaml events; what a scenario has no use for
 * (anchors, aliases, tags, several documents, keys that are not plain words) is refused, and so is what is too deep or too large. */
#ifndef SIM_SCENARIO_TREE_H
#define SIM_SCENARIO_TREE_H

#include "sim/scenario/source.h"

#define TREE_DEPTH_MAX 16
#define TREE_NODES_MAX 20000
#define TREE_BYTES_MAX (1u << 20)

enum tree_kind { TREE_SCALAR, TREE_MAP, TREE_LIST };

struct tree {
    enum tree_kind kind;
    bool quoted; /* scalar in quotes: never empty by accident */
    struct mark at, key_at;
    const char *key;  /* in a mapping, else NULL */
    const char *text; /* of a scalar, terminated; "" otherwise */
    struct tree *first, *last, *next;
};

/* Owns all nodes and texts of one load. */
struct tree_pool {
    struct tree_block *blocks;
    unsigned nodes;
};

void tree_pool_free(struct tree_pool *);

/* The document in a source. NULL after a complaint. */
struct tree *tree_parse(struct tree_pool *, struct sources *, unsigned source);
/* Puts the value of a --set ("overlay.peers=2k", "faults[0].at=3 min") into the tree, replacing what was there, and making mappings on the way. 0 or -1. */
int tree_set(struct tree_pool *, struct sources *, unsigned source, struct tree *root);

/* Child of a mapping by key, or NULL. */
struct tree *tree_child(const struct tree *map, const char *key, size_t len);
/* Node by path ("overlay.bootstrap.nodes"), or the deepest one on the way to it: where to point a complaint about it. */
const struct tree *tree_nearest(const struct tree *root, const char *path);

#endif
