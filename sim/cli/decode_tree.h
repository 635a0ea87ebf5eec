/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Named values in nested groups, printed as an indented tree or as JSON on one line. Groups and lists nest; in a list, JSON drops the names. */
#ifndef SIM_CLI_DECODE_TREE_H
#define SIM_CLI_DECODE_TREE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "proto/wire/cursor.h"

struct tree {
    FILE *out;
    bool json;
    unsigned depth;
    uint32_t lists; /* bit d: the group at depth d is a list */
    bool first;     /* nothing stands in this group yet */
};

struct tree tree_on(FILE *, bool json);
void tree_open(struct tree *, const char *name); /* a group of named values */
void tree_list(struct tree *, const char *name); /* values in order */
void tree_close(struct tree *);

void tree_number(struct tree *, const char *name, uint64_t);
void tree_bool(struct tree *, const char *name, bool);
void tree_word(struct tree *, const char *name, const char *); /* a word of ours */
void tree_hex(struct tree *, const char *name, uint64_t, unsigned digits);
void tree_id(struct tree *, const char *name, struct id);
/* Text that came from the wire: printed with everything odd escaped. */
void tree_text(struct tree *, const char *name, struct span);
/* Bytes in hexadecimal digits; a tree shows the first 32 and how many there are. */
void tree_bytes(struct tree *, const char *name, struct span);

#endif
