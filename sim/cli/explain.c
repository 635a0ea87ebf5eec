/* SPDX-License-Identifier: GPL-2.0-or-later */
/* reloadsim explain: the schema for people (text, a page of markdown) and for programs (JSON). */
#include <getopt.h>
#include <string.h>

#include "sim/cli/cli.h"
#include "sim/scenario/law_text.h"
#include "sim/scenario/metric.h"
#include "sim/scenario/nearest.h"
#include "sim/scenario/preset.h"
#include "sim/scenario/schema.h"

#define CELL 160

/* Default of a row as text; "" if it must be given. */
static const char *default_text(const struct key *key)
{
    if (strcmp(key->path, "name") == 0)
        return "the file's name";
    return key->fallback && key->fallback[0] ? key->fallback : key->fallback ? "none" : "";
}

static bool is_required(const struct key *key)
{
    return !key->fallback && key->type != KEY_MAP;
}

/* ---- Text. ---- */

/* Wraps a paragraph at 100 columns, indented by two. */
static void print_wrapped(const char *text)
{
    size_t column = 0;
    while (*text) {
        size_t word = strcspn(text, " ");
        if (column && column + word > 96) {
            putchar('\n');
            column = 0;
        }
        column += (size_t)printf("%s%.*s", column ? " " : "  ", (int)word, text);
        text += word + strspn(text + word, " ");
    }
    putchar('\n');
}

/* "overlay.link.rto" and "500 ms" as nested flow mappings: "overlay: {link: {rto: 500 ms}}". */
static void print_nested(const char *path, const char *value)
{
    char closing[2 * PATH_MAX_BYTES];
    size_t at = sizeof closing - 1; /* filled from its end: the innermost group closes first */
    closing[at] = 0;
    for (; strchr(path, '.'); path += strcspn(path, ".") + 1) {
        size_t n = strcspn(path, ".");
        bool list = path[n - 1] == ']';
        printf("%.*s: %s{", (int)(list ? n - 2 : n), path, list ? "[" : "");
        if (list)
            closing[--at] = ']';
        closing[--at] = '}';
    }
    printf("%s: %s%s\n", path, value, closing + at);
}

static void print_row(const struct key *key)
{
    char type[CELL], range[CELL];
    const char *units = unit_class_units(key->unit);
    printf("%s\n", key->path);
    print_wrapped(key->help);
    printf("  type     %s\n", schema_type_text(key, type, sizeof type));
    if (key->type == KEY_LAW)
        printf("  laws     reloadsim explain laws\n");
    if (units[0])
        printf("  units    %s\n", units);
    if (schema_range_text(key, range, sizeof range)[0])
        printf("  range    %s\n", range);
    for (const struct word *w = key->words; w && w->name; w++)
        if (w->refuse)
            printf("  later    %s: %s; not in this version\n", w->name, w->refuse);
    if (is_required(key))
        printf("  default  none, it must be given\n");
    else if (default_text(key)[0])
        printf("  default  %s\n", default_text(key));
    if (key->running)
        printf("  resume   may change in a run that goes on: reloadsim resume DIR --set\n");
    if (key->example || (key->fallback && key->fallback[0])) {
        printf("  example  ");
        print_nested(key->path, key->example ? key->example : key->fallback);
    }
}

static void print_line(const struct key *key)
{
    char type[CELL];
    const char *fallback = is_required(key) ? "(must be given)" : default_text(key);
    printf("%-44s %-34.34s %s\n", key->path,
           key->type == KEY_MAP && !key->absent ? "" : schema_type_text(key, type, sizeof type), fallback);
}

static void print_group(const char *group)
{
    size_t n = strlen(group);
    for (size_t i = 0; i < schema_count; i++) {
        const char *path = schema[i].path;
        if (n == 0 || (strncmp(path, group, n) == 0 && (path[n] == '.' || path[n] == '[')))
            print_line(&schema[i]);
    }
}

/* ---- Topics beside the keys. ---- */

static void print_laws(void)
{
    puts("Laws of times. A plain time (600 s) is fixed; else one of");
    for (size_t i = 0; i < law_forms_count; i++) {
        const struct law_form *f = &law_forms[i];
        char text[CELL];
        struct law law = {(enum law_kind)f->kind, 600,
                          f->kind == LAW_UNIFORM  ? 900
                          : f->kind == LAW_PARETO ? 1.5
                                                  : 0.6};
        law_print(&law, text, sizeof text);
        printf("  %-11s  %-44s  %s\n", f->name, f->kind == LAW_FIXED ? "{fixed: 10 min}" : text, f->help);
    }
}

static void print_units(void)
{
    puts("Units. A number that needs one is refused without it; a space before it is optional.");
    for (int class = UNIT_COUNT; class < UNIT_CLASSES; class ++)
        printf("  %-28s %s\n", unit_class_name((enum unit_class) class), unit_class_units((enum unit_class) class));
    puts("k, M, G are powers of 1000; KiB, MiB, GiB powers of 1024.");
}

static void print_presets(void)
{
    puts("Churn presets: churn: {preset: NAME}. Keys beside it override it.");
    for (size_t i = 0; i < churn_presets_count; i++) {
        const struct churn_preset *p = &churn_presets[i];
        char session[CELL], offline[CELL];
        law_print(&p->session, session, sizeof session);
        law_print(&p->offline, offline, sizeof offline);
        printf("  %s\n    %s\n    session: %s\n    offline: %s\n", p->name, p->help, session,
               p->offline.kind == LAW_NEVER ? "(must be given)" : offline);
        if (p->daily_amplitude > 0)
            printf("    daily: {amplitude: %.0f %%, peak: %.0f h}\n", 100 * p->daily_amplitude, p->daily_peak_h);
    }
}

static void print_metrics(void)
{
    puts("Figures that a check: may bound, as in {lookup.success: \"> 99 %\", except: 10 min after faults}.");
    for (size_t i = 0; i < metrics_count; i++)
        printf("  %-36s %-8s %s\n", metrics[i].name, metrics[i].unit, metric_help(&metrics[i]));
}

static const struct topic {
    const char *name;
    void (*print)(void);
} topics[] = {{"laws", print_laws}, {"units", print_units}, {"presets", print_presets}, {"metrics", print_metrics}};

/* ---- JSON. ---- */

static void json_member(const char *name, const char *value)
{
    printf(", \"%s\": ", name);
    cli_json_string(stdout, value);
}

static void json_row(const struct key *key, bool first)
{
    char text[CELL];
    printf("%s{\"key\": ", first ? "[" : ",\n ");
    cli_json_string(stdout, key->path);
    json_member("type", schema_type_text(key, text, sizeof text));
    if (unit_class_units(key->unit)[0])
        json_member("units", unit_class_units(key->unit));
    if (schema_range_text(key, text, sizeof text)[0])
        json_member("range", text);
    printf(", \"required\": %s", is_required(key) ? "true" : "false");
    if (default_text(key)[0])
        json_member("default", default_text(key));
    if (key->example)
        json_member("example", key->example);
    json_member("help", key->help);
    putchar('}');
}

/* ---- The reference page. ---- */

/* Text inside a table cell: "|" would end it. */
static void markdown_cell(const char *text)
{
    for (; *text; text++) {
        if (*text == '|')
            putchar('\\');
        putchar(*text);
    }
}

static void markdown_row(const struct key *key)
{
    char type[CELL], range[CELL];
    printf("| `%s` | ", key->path);
    markdown_cell(schema_type_text(key, type, sizeof type));
    printf(" | %s | ", schema_range_text(key, range, sizeof range));
    markdown_cell(is_required(key) ? "**required**" : default_text(key));
    printf(" | ");
    markdown_cell(key->help);
    puts(" |");
}

static void markdown_topic(const char *title, void (*print)(void))
{
    printf("\n## %s\n\n```\n", title);
    print();
    puts("```");
}

static void markdown_page(void)
{
    puts("# Keys of a scenario\n\n"
         "Made by `reloadsim explain --markdown`; do not edit. `faults[]` is any item of that list. Times, shares, "
         "sizes carry units; unknown and duplicate\n"
         "keys are errors. `--set KEY=VALUE` sets any key from the command line.\n\n"
         "| key | value | range | default | meaning |\n|---|---|---|---|---|");
    for (size_t i = 0; i < schema_count; i++)
        markdown_row(&schema[i]);
    markdown_topic("Laws", print_laws);
    markdown_topic("Units", print_units);
    markdown_topic("Churn presets", print_presets);
    markdown_topic("Figures for checks", print_metrics);
}

/* ---- The command. ---- */

/* "faults[0].at" and "faults.at" mean the row faults[].at. */
static const struct key *find_lenient(const char *name)
{
    const struct key *key = schema_find(name);
    for (size_t i = 0; i < schema_count && !key; i++) {
        const char *p = schema[i].path, *q = name;
        while (*p && *q) {
            if (*p == '[') {
                p += 2;
                q += *q == '[' ? strcspn(q, "]") + 1 : 0;
            } else if (*p++ != *q++) {
                break;
            }
        }
        if (!*p && !*q && p[-1] == q[-1])
            key = &schema[i];
    }
    return key;
}

static int explain_unknown(const char *name)
{
    struct nearest near;
    const char *point = strrchr(name, '.'), *last = point ? point + 1 : name, *elsewhere = NULL;
    nearest_begin(&near, name);
    for (size_t i = 0; i < schema_count; i++) {
        const char *p = strrchr(schema[i].path, '.');
        nearest_offer(&near, schema[i].path);
        if (!elsewhere && strcmp(p ? p + 1 : schema[i].path, last) == 0)
            elsewhere = schema[i].path;
    }
    for (size_t i = 0; i < sizeof topics / sizeof topics[0]; i++)
        nearest_offer(&near, topics[i].name);
    if (elsewhere || near.best)
        return cli_usage("explain", "there is no key \"%s\": did you mean %s?", name,
                         elsewhere ? elsewhere : near.best);
    return cli_usage("explain", "there is no key \"%s\"", name);
}

static int explain_one(const char *name, bool json)
{
    const struct key *key = find_lenient(name);
    for (size_t i = 0; i < sizeof topics / sizeof topics[0] && !key; i++)
        if (strcmp(topics[i].name, name) == 0 && !json) {
            topics[i].print();
            return CLI_DONE;
        }
    if (!key)
        return explain_unknown(name);
    if (json) {
        json_row(key, true);
        puts("]");
        return CLI_DONE;
    }
    print_row(key);
    if (key->type == KEY_MAP || key->type == KEY_FAULTS || key->type == KEY_CHECKS) {
        putchar('\n');
        print_group(key->path);
    }
    return CLI_DONE;
}

int explain_main(int argc, char **argv)
{
    static const struct option options[] = {
        {"json", no_argument, NULL, 'j'}, {"markdown", no_argument, NULL, 'm'}, {0}};
    bool json = false, markdown = false;
    int c;
    while ((c = cli_option(argc, argv, "", options)) != -1) {
        if (c == '?')
            return CLI_USAGE;
        *(c == 'j' ? &json : &markdown) = true;
    }
    if (argc - optind > 1 || (markdown && argc > optind))
        return cli_usage("explain", "one key at a time");
    if (argc > optind)
        return explain_one(argv[optind], json);
    if (markdown) {
        markdown_page();
    } else if (json) {
        for (size_t i = 0; i < schema_count; i++)
            json_row(&schema[i], i == 0);
        puts("]");
    } else {
        print_group("");
        puts("\nMore: reloadsim explain KEY, and explain laws, units, presets, metrics.");
    }
    return CLI_DONE;
}
