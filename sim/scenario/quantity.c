/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/scenario/quantity.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__extension__ typedef unsigned __int128 wide;

/* scale: the unit in whole units of its class (ns for times); real: in the base unit as times / over, each exact in a double. */
struct unit {
    enum unit_class class;
    const char *name;
    uint64_t scale;
    double times, over;
};

/* Within a class from small to large: printing takes the last that divides. */
static const struct unit units[] = {
    {UNIT_COUNT, "k", 1000, 1e3, 1},
    {UNIT_COUNT, "M", 1000000, 1e6, 1},
    {UNIT_COUNT, "G", 1000000000, 1e9, 1},
    {UNIT_TIME, "ns", 1, 1, 1e9},
    {UNIT_TIME, "us", 1000, 1, 1e6},
    {UNIT_TIME, "ms", 1000000, 1, 1e3},
    {UNIT_TIME, "s", UINT64_C(1000000000), 1, 1},
    {UNIT_TIME, "min", UINT64_C(60000000000), 60, 1},
    {UNIT_TIME, "h", UINT64_C(3600000000000), 3600, 1},
    {UNIT_TIME, "d", UINT64_C(86400000000000), 86400, 1},
    {UNIT_SHARE, "%", 1, 1, 100},
    {UNIT_BYTES, "B", 1, 1, 1},
    {UNIT_BYTES, "kB", 1000, 1e3, 1},
    {UNIT_BYTES, "MB", 1000000, 1e6, 1},
    {UNIT_BYTES, "GB", 1000000000, 1e9, 1},
    {UNIT_BYTES, "KiB", 1024, 1024, 1},
    {UNIT_BYTES, "MiB", 1048576, 1048576, 1},
    {UNIT_BYTES, "GiB", 1073741824, 1073741824, 1},
    {UNIT_RATE, "bit/s", 1, 1, 1},
    {UNIT_RATE, "kbit/s", 1000, 1e3, 1},
    {UNIT_RATE, "Mbit/s", 1000000, 1e6, 1},
    {UNIT_RATE, "Gbit/s", 1000000000, 1e9, 1},
    {UNIT_RETRANSMISSIONS, "retransmission", 1, 1, 1},
    {UNIT_RETRANSMISSIONS, "retransmissions", 1, 1, 1},
};

/* What people write instead. */
static const struct alias {
    enum unit_class class;
    const char *wrong, *right;
} aliases[] = {
    {UNIT_TIME, "m", "min or ms"},
    {UNIT_TIME, "sec", "s"},
    {UNIT_TIME, "secs", "s"},
    {UNIT_TIME, "second", "s"},
    {UNIT_TIME, "seconds", "s"},
    {UNIT_TIME, "S", "s"},
    {UNIT_TIME, "mins", "min"},
    {UNIT_TIME, "minute", "min"},
    {UNIT_TIME, "minutes", "min"},
    {UNIT_TIME, "hour", "h"},
    {UNIT_TIME, "hours", "h"},
    {UNIT_TIME, "hr", "h"},
    {UNIT_TIME, "H", "h"},
    {UNIT_TIME, "day", "d"},
    {UNIT_TIME, "days", "d"},
    {UNIT_TIME, "msec", "ms"},
    {UNIT_TIME, "usec", "us"},
    {UNIT_TIME, "\xc2\xb5s", "us"},
    {UNIT_TIME, "\xce\xbcs", "us"},
    {UNIT_COUNT, "K", "k"},
    {UNIT_COUNT, "m", "M"},
    {UNIT_COUNT, "thousand", "k"},
    {UNIT_COUNT, "million", "M"},
    {UNIT_SHARE, "percent", "%"},
    {UNIT_BYTES, "b", "B"},
    {UNIT_BYTES, "k", "kB or KiB"},
    {UNIT_BYTES, "K", "KiB"},
    {UNIT_BYTES, "KB", "kB or KiB"},
    {UNIT_BYTES, "M", "MB or MiB"},
    {UNIT_BYTES, "kb", "kB"},
    {UNIT_BYTES, "bytes", "B"},
    {UNIT_BYTES, "byte", "B"},
    {UNIT_RATE, "bps", "bit/s"},
    {UNIT_RATE, "kbps", "kbit/s"},
    {UNIT_RATE, "Mbps", "Mbit/s"},
    {UNIT_RATE, "kB/s", "kbit/s"},
    {UNIT_RETRANSMISSIONS, "times", "retransmissions"},
};

static const struct class_text {
    const char *name, *units, *fix; /* fix: unit shown when it is missing */
} class_text[UNIT_CLASSES] = {
    [UNIT_NONE] = {"a number", "", ""},
    [UNIT_COUNT] = {"a count", "k, M, G or none", ""},
    [UNIT_TIME] = {"a time", "ns, us, ms, s, min, h, d", "s"},
    [UNIT_SHARE] = {"a share", "%", "%"},
    [UNIT_BYTES] = {"a size in bytes", "B, kB, MB, GB, KiB, MiB, GiB", "B"},
    [UNIT_RATE] = {"a bit rate", "bit/s, kbit/s, Mbit/s, Gbit/s", "kbit/s"},
    [UNIT_RETRANSMISSIONS] = {"a number of retransmissions", "retransmissions", "retransmissions"},
};

const char *unit_class_name(enum unit_class class)
{
    return class_text[class].name;
}

const char *unit_class_units(enum unit_class class)
{
    return class_text[class].units;
}

/* ---- Reading. ---- */

/* A decimal number: digits x 10^exponent, with what did not fit into 19 digits reported as inexact. */
struct decimal {
    uint64_t digits;
    int exponent;
    bool inexact;
};

static void decimal_digit(struct decimal *d, char c, bool fraction)
{
    if (d->digits < UINT64_MAX / 10 || (d->digits == UINT64_MAX / 10 && c <= '5')) {
        d->digits = d->digits * 10 + (uint64_t)(c - '0');
        d->exponent -= fraction;
    } else {
        d->inexact |= c != '0';
        d->exponent += !fraction;
    }
}

/* Digits, an optional fraction, an optional exponent. Returns what follows, or NULL if text does not begin with a number. */
static const char *decimal_scan(const char *p, struct decimal *d)
{
    *d = (struct decimal){0, 0, false};
    if (*p < '0' || *p > '9')
        return NULL;
    for (; *p >= '0' && *p <= '9'; p++)
        decimal_digit(d, *p, false);
    if (*p == '.' && p[1] >= '0' && p[1] <= '9')
        for (p++; *p >= '0' && *p <= '9'; p++)
            decimal_digit(d, *p, true);
    const char *e = p + (*p == 'e' || *p == 'E');
    bool negative = e > p && *e == '-';
    e += e > p && (*e == '-' || *e == '+');
    if (e > p && *e >= '0' && *e <= '9') {
        int exponent = 0;
        for (; *e >= '0' && *e <= '9'; e++)
            exponent = exponent < 10000 ? exponent * 10 + (*e - '0') : exponent;
        d->exponent += negative ? -exponent : exponent;
        p = e;
    }
    return p;
}

/* digits x scale x 10^exponent, rounded to the nearest whole number. false: too large for 64 bits. */
static bool decimal_whole(const struct decimal *d, uint64_t scale, uint64_t *whole, bool *exact)
{
    wide x = (wide)d->digits * scale, power = 1;
    int exponent = d->exponent;
    for (; exponent > 0 && x; exponent--) {
        x *= 10;
        if (x > UINT64_MAX)
            return false;
    }
    for (; exponent < 0 && power <= x; exponent++)
        power *= 10; /* stops above x < 2^111 at the latest: no overflow */
    *exact = !d->inexact && x % power == 0;
    x = exponent < 0 ? 0 : (x + power / 2) / power;
    *whole = (uint64_t)x;
    return x <= UINT64_MAX;
}

static const struct unit *unit_find(enum unit_class class, const char *name)
{
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (units[i].class == class && strcmp(units[i].name, name) == 0)
            return &units[i];
    return NULL;
}

static int refuse_unit(enum unit_class class, const char *number, int number_len, const char *name, char *why,
                       size_t cap)
{
    for (size_t i = 0; i < sizeof aliases / sizeof aliases[0]; i++)
        if (aliases[i].class == class && strcmp(aliases[i].wrong, name) == 0) {
            snprintf(why, cap, "has the unit \"%.20s\": did you mean %s?", name, aliases[i].right);
            return -1;
        }
    if (class == UNIT_NONE)
        snprintf(why, cap, "is a plain number without unit: write %.*s", number_len, number);
    else
        snprintf(why, cap, "is %s; \"%.20s\" is no unit for it, the units are %s", class_text[class].name, name,
                 class_text[class].units);
    return -1;
}

int quantity_parse(enum unit_class class, const char *text, struct quantity *q, char *why, size_t cap)
{
    static const struct unit none = {UNIT_NONE, "", 1, 1, 1};
    struct decimal d;
    const char *after = decimal_scan(text, &d);
    if (!after && text[0] == '-' && decimal_scan(text + 1, &d)) {
        snprintf(why, cap, "must not be negative");
        return -1;
    }
    if (!after) {
        snprintf(why, cap, "is %s%s%s, not \"%.40s\"", class_text[class].name,
                 class_text[class].fix[0] ? " with its unit, as in 10 " : "", class_text[class].fix, text);
        return -1;
    }
    int len = (int)(after - text) > 40 ? 40 : (int)(after - text);
    const char *name = after + strspn(after, " ");
    const struct unit *unit = *name ? unit_find(class, name) : class == UNIT_COUNT || class == UNIT_NONE ? &none : NULL;
    if (!unit && *name)
        return refuse_unit(class, text, len, name, why, cap);
    if (!unit && class == UNIT_SHARE && strtod(text, NULL) <= 1) { /* may be meant as a share of 1 */
        snprintf(why, cap, "has no unit: write \"%.*s %%\" or \"%g %%\"", len, text, strtod(text, NULL) * 100);
        return -1;
    }
    if (!unit) {
        snprintf(why, cap, "has no unit: write \"%.*s %s\"", len, text, class_text[class].fix);
        return -1;
    }
    q->real = strtod(text, NULL) * unit->times / unit->over;
    if (!decimal_whole(&d, unit->scale, &q->whole, &q->is_whole)) {
        if (class != UNIT_NONE || !(q->real < 1e300)) {
            snprintf(why, cap, "is too large");
            return -2;
        }
        q->whole = 0, q->is_whole = false;
    }
    return 0;
}

/* ---- Printing. ---- */

/* The largest unit of a class that divides whole; for zero the one that is shown when a unit is missing. */
static const struct unit *unit_for(enum unit_class class, uint64_t whole)
{
    const struct unit *best = NULL;
    if (whole == 0 || class == UNIT_RETRANSMISSIONS)
        return unit_find(class, class_text[class].fix);
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        const struct unit *u = &units[i];
        if (u->class == class && whole % u->scale == 0 && (!best || u->scale > best->scale))
            best = u;
    }
    return best;
}

size_t quantity_print_whole(enum unit_class class, uint64_t whole, char *out, size_t cap)
{
    const struct unit *unit = unit_for(class, whole);
    unsigned long long n = whole / (unit ? unit->scale : 1);
    return (size_t)snprintf(out, cap, "%llu%s%s", n, unit ? " " : "", unit ? unit->name : "");
}

/* Shortest decimal text of x x over for which text / over is x exactly; without exponent where that is readable. */
static void print_shortest(double x, double over, char *out, size_t cap)
{
    int digits = 0;
    do
        snprintf(out, cap, "%.*e", digits, x * over);
    while (strtod(out, NULL) / over != x && ++digits < 17);
    int exponent = (int)strtol(strchr(out, 'e') + 1, NULL, 10);
    if (exponent > -6 && exponent < 15)
        snprintf(out, cap, "%.*f", digits > exponent ? digits - exponent : 0, x * over);
}

size_t quantity_print_real(enum unit_class class, double real, char *out, size_t cap)
{
    char number[40];
    print_shortest(real, class == UNIT_SHARE ? 100 : 1, number, sizeof number);
    const char *unit = class == UNIT_TIME ? "s" : class_text[class].fix;
    if (class == UNIT_TIME && real > 0 && real < 1e9) {
        struct quantity back;
        char why[8], text[48];
        quantity_print_whole(class, (uint64_t)(real * 1e9 + 0.5), text, sizeof text);
        if (quantity_parse(class, text, &back, why, sizeof why) == 0 && back.real == real)
            return (size_t)snprintf(out, cap, "%s", text);
    }
    return (size_t)snprintf(out, cap, "%s%s%s", number, unit[0] ? " " : "", unit);
}
