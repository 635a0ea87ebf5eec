/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/net/region.h"

#include <string.h>

/* The next part of a list joined by commas, without the blanks around it; false at the end. */
static bool next_part(const char **list, const char **part, size_t *len)
{
    const char *p = *list + strspn(*list, " ");
    if (!*p)
        return false;
    size_t n = strcspn(p, ",");
    *part = p;
    *list = p + n + (p[n] == ',');
    while (n > 0 && p[n - 1] == ' ')
        n--;
    *len = n;
    return true;
}

/* "25W" or "12.5W" at *text, moved behind it: degrees, positive to the first of the two sides. Not by strtod: E would begin an exponent. */
static bool read_degrees(const char **text, const char *end, const char sides[2], double most, double *degrees)
{
    const char *after = *text;
    size_t digits = 0;
    double unit = 1;
    *degrees = 0;
    for (; after < end && *after >= '0' && *after <= '9' && digits < 9; after++, digits++)
        *degrees = 10 * *degrees + (*after - '0');
    if (digits && after < end && *after == '.')
        for (after++; after < end && *after >= '0' && *after <= '9' && digits < 18; after++, digits++)
            *degrees += (*after - '0') * (unit /= 10);
    if (digits == 0 || after >= end || (*after != sides[0] && *after != sides[1]) || *degrees > most)
        return false;
    if (*after == sides[1])
        *degrees = -*degrees;
    *text = after + 1;
    return true;
}

static bool read_range(const char *text, size_t len, const char sides[2], double most, double *from, double *to)
{
    const char *end = text + len;
    if (!read_degrees(&text, end, sides, most, from) || text >= end || *text++ != '-')
        return false;
    return read_degrees(&text, end, sides, most, to) && text == end;
}

static bool is_named(const char *where, const char *name, size_t name_len)
{
    const char *part;
    size_t len;
    while (next_part(&where, &part, &len))
        if (len == name_len && memcmp(part, name, len) == 0)
            return true;
    return false;
}

static bool term_holds(const struct latency *l, uint16_t place, const char *term, size_t len)
{
    const struct place *p = &l->place[place];
    double from, to, x = (double)p->longitude, y = (double)p->latitude;
    if (read_range(term, len, "EW", 180, &from, &to))
        return from <= to ? x >= from && x <= to : x >= from || x <= to;
    if (read_range(term, len, "NS", 90, &from, &to))
        return y >= from && y <= to;
    return is_named(l->where[place], term, len);
}

bool region_covers(const char *region, const struct latency *l, uint16_t place)
{
    const char *term;
    size_t len;
    while (next_part(&region, &term, &len))
        if (place >= l->places || !term_holds(l, place, term, len))
            return false;
    return true;
}

unsigned region_places(const char *region, const struct latency *l)
{
    unsigned n = 0;
    for (unsigned i = 0; i < l->places; i++)
        n += region_covers(region, l, (uint16_t)i);
    return n;
}
