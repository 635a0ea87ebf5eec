/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/cli/decode_tree.h"

#include "sim/cli/cli.h"

enum { INDENT = 4, BYTES_SHOWN_MAX = 32 };

struct tree tree_on(FILE *out, bool json)
{
    return (struct tree){.out = out, .json = json, .first = true};
}

static bool in_list(const struct tree *t)
{
    return t->depth < 32 && t->lists >> t->depth & 1;
}

/* What stands before a value: its place and its name. */
static void lead(struct tree *t, const char *name)
{
    if (!t->json) {
        fprintf(t->out, "%*s%s:", (int)(INDENT * (t->depth + 1)), "", name);
        return;
    }
    if (!t->first)
        fputs(", ", t->out);
    t->first = false;
    if (t->depth && !in_list(t)) {
        cli_json_string(t->out, name);
        fputs(": ", t->out);
    }
}

static void end(struct tree *t)
{
    if (!t->json)
        fputc('\n', t->out);
}

static void group(struct tree *t, const char *name, bool list)
{
    lead(t, name);
    end(t);
    if (t->json)
        fputc(list ? '[' : '{', t->out);
    t->depth++;
    t->lists = list ? t->lists | UINT32_C(1) << t->depth : t->lists & ~(UINT32_C(1) << t->depth);
    t->first = true;
}

void tree_open(struct tree *t, const char *name)
{
    group(t, name, false);
}

void tree_list(struct tree *t, const char *name)
{
    group(t, name, true);
}

void tree_close(struct tree *t)
{
    if (t->json)
        fputc(in_list(t) ? ']' : '}', t->out);
    t->depth--;
    t->first = false;
}

void tree_number(struct tree *t, const char *name, uint64_t v)
{
    lead(t, name);
    fprintf(t->out, "%s%llu", t->json ? "" : " ", (unsigned long long)v);
    end(t);
}

void tree_bool(struct tree *t, const char *name, bool v)
{
    lead(t, name);
    fprintf(t->out, "%s%s", t->json ? "" : " ", v ? "true" : "false");
    end(t);
}

void tree_word(struct tree *t, const char *name, const char *word)
{
    lead(t, name);
    if (t->json)
        cli_json_string(t->out, word);
    else
        fprintf(t->out, " %s", word);
    end(t);
}

void tree_hex(struct tree *t, const char *name, uint64_t v, unsigned digits)
{
    lead(t, name);
    fprintf(t->out, t->json ? "\"%0*llx\"" : " %0*llx", (int)digits, (unsigned long long)v);
    end(t);
}

void tree_id(struct tree *t, const char *name, struct id id)
{
    lead(t, name);
    fprintf(t->out, t->json ? "\"%016llx%016llx\"" : " %016llx%016llx", (unsigned long long)id.hi, (unsigned long long)id.lo);
    end(t);
}

void tree_text(struct tree *t, const char *name, struct span s)
{
    lead(t, name);
    fputs(t->json ? "\"" : " \"", t->out);
    for (uint32_t i = 0; i < s.len; i++) {
        uint8_t c = s.b[i];
        if (c == '"' || c == '\\')
            fprintf(t->out, "\\%c", c);
        else if (c >= 0x20 && c < 0x7f)
            fputc(c, t->out);
        else
            fprintf(t->out, t->json ? "\\u%04x" : "\\x%02x", c);
    }
    fputc('"', t->out);
    end(t);
}

void tree_bytes(struct tree *t, const char *name, struct span s)
{
    uint32_t shown = t->json || s.len <= BYTES_SHOWN_MAX ? s.len : BYTES_SHOWN_MAX;

    lead(t, name);
    fputs(t->json ? "\"" : " ", t->out);
    for (uint32_t i = 0; i < shown; i++)
        fprintf(t->out, "%02x", s.b[i]);
    if (t->json)
        fputc('"', t->out);
    else if (shown < s.len)
        fprintf(t->out, "... (%u bytes)", s.len);
    else if (s.len == 0)
        fputs("(empty)", t->out);
    end(t);
}
