/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/scenario/date.h"

#include <stdio.h>
#include <string.h>

/* Days from 1970-01-01 in the Gregorian calendar, counted in years that begin in March so that the leap day comes last. */
static int64_t days_of(int64_t y, unsigned m, unsigned d)
{
    y -= m <= 2;
    int64_t era = y / 400;
    unsigned of_era = (unsigned)(y - era * 400), of_year = (153 * (m + (m > 2 ? -3u : 9u)) + 2) / 5 + d - 1;
    return era * 146097 + (int64_t)(of_era * 365 + of_era / 4 - of_era / 100 + of_year) - 719468;
}

static void date_of(int64_t days, unsigned *y, unsigned *m, unsigned *d)
{
    days += 719468;
    int64_t era = days / 146097;
    unsigned of_era = (unsigned)(days - era * 146097);
    unsigned year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    unsigned of_year = of_era - (365 * year + year / 4 - year / 100), month = (5 * of_year + 2) / 153;
    *d = of_year - (153 * month + 2) / 5 + 1;
    *m = month < 10 ? month + 3 : month - 9;
    *y = year + (unsigned)era * 400 + (*m <= 2);
}

/* The text has the shape of a pattern in which 0 stands for any digit. */
static bool shaped(const char *text, const char *pattern)
{
    for (; *pattern; text++, pattern++)
        if (*pattern == '0' ? *text < '0' || *text > '9' : *text != *pattern)
            return false;
    return *text == 0;
}

static unsigned number(const char *p, unsigned digits)
{
    unsigned n = 0;
    while (digits--)
        n = n * 10 + (unsigned)(*p++ - '0');
    return n;
}

bool date_parse(const char *text, uint64_t *unix_ms)
{
    bool timed = shaped(text, "0000-00-00T00:00:00Z");
    if (!timed && !shaped(text, "0000-00-00"))
        return false;
    unsigned y = number(text, 4), m = number(text + 5, 2), d = number(text + 8, 2), y2, m2, d2;
    unsigned h = timed ? number(text + 11, 2) : 0, min = timed ? number(text + 14, 2) : 0,
             s = timed ? number(text + 17, 2) : 0;
    if (y < 1970 || m < 1 || m > 12 || d < 1 || d > 31 || h > 23 || min > 59 || s > 59)
        return false;
    int64_t days = days_of(y, m, d);
    date_of(days, &y2, &m2, &d2);
    *unix_ms = ((uint64_t)days * 86400 + h * 3600 + min * 60 + s) * 1000;
    return m2 == m && d2 == d; /* not 30 February */
}

void date_print(uint64_t unix_ms, char *out, size_t cap)
{
    unsigned y, m, d, s = (unsigned)(unix_ms / 1000 % 86400);
    date_of((int64_t)(unix_ms / 86400000), &y, &m, &d);
    if (s == 0)
        snprintf(out, cap, "%04u-%02u-%02u", y, m, d);
    else
        snprintf(out, cap, "%04u-%02u-%02uT%02u:%02u:%02uZ", y, m, d, s / 3600, s / 60 % 60, s % 60);
}
