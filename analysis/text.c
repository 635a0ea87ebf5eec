/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/text.h"

#include <math.h>
#include <string.h>

static double scale_of(const char *unit)
{
    return strcmp(unit, "share") == 0 ? 100 : 1;
}

const char *text_unit(const char *unit)
{
    return strcmp(unit, "share") == 0 ? "%" : unit;
}

/* Decimals so that the last figure of half is its second one; without half, four figures of the value. */
static int decimals_of(double value, double half)
{
    /* An interval of rounding errors is one of no width. */
    double size = half > 1e-9 * fabs(value) && isfinite(half) ? half : fabs(value) / 100;
    if (!(size > 0))
        return half == 0 || value == 0 ? 0 : 3;
    int decimals = 1 - (int)floor(log10(size));
    return decimals < 0 ? 0 : decimals > 9 ? 9 : decimals;
}

const char *text_bare(char out[TEXT_NUMBER], double value, double half, const char *unit)
{
    double scale = scale_of(unit);
    if (!isfinite(value)) {
        snprintf(out, TEXT_NUMBER, "–");
        return out;
    }
    value *= scale;
    int decimals = decimals_of(value, half * scale);
    if ((decimals == 0 && fabs(value) >= 1e15) || (decimals > 7 && fabs(value) < 1e-4 && value != 0))
        snprintf(out, TEXT_NUMBER, "%.4g", value);
    else
        snprintf(out, TEXT_NUMBER, "%.*f", value == floor(value) && !(half > 1e-9 * fabs(value)) ? 0 : decimals, value);
    return out;
}

const char *text_value(char out[TEXT_NUMBER], double value, double half, const char *unit)
{
    char number[TEXT_NUMBER];
    text_bare(number, value, half, unit);
    snprintf(out, TEXT_NUMBER, "%.30s%s%.12s", number, isfinite(value) && unit[0] ? " " : "",
             isfinite(value) ? text_unit(unit) : "");
    return out;
}

const char *text_interval(char out[2 * TEXT_NUMBER], const struct interval *i, const char *unit)
{
    char a[TEXT_NUMBER], b[TEXT_NUMBER];
    out[0] = 0;
    if (isfinite(i->half) && i->half <= 1e-9 * fabs(i->mean))
        snprintf(out, 2 * TEXT_NUMBER, "± 0");
    else if (isfinite(i->half))
        snprintf(out, 2 * TEXT_NUMBER, "± %s", text_bare(a, i->half, i->half, unit));
    else if (isfinite(i->lower) && isfinite(i->upper)) {
        double width = (i->upper - i->lower) / 2;
        snprintf(out, 2 * TEXT_NUMBER, "%s to %s", text_bare(a, i->lower, width, unit),
                 text_bare(b, i->upper, width, unit));
    }
    return out;
}

const char *text_time(char out[TEXT_NUMBER], double s)
{
    if (!isfinite(s))
        snprintf(out, TEXT_NUMBER, "–");
    else if (fabs(s) < 120)
        snprintf(out, TEXT_NUMBER, "%.4g s", s);
    else if (fabs(s) < 7200)
        snprintf(out, TEXT_NUMBER, fmod(s, 60) != 0 ? "%.0f min %02.0f s" : "%.0f min", floor(s / 60), fmod(s, 60));
    else
        snprintf(out, TEXT_NUMBER, fmod(s, 3600) >= 60 ? "%.0f h %02.0f min" : "%.0f h", floor(s / 3600),
                 floor(fmod(s, 3600) / 60));
    return out;
}

static void json_string(FILE *f, const char *s, bool in_script)
{
    fputc('"', f);
    for (const unsigned char *p = (const unsigned char *)s; *p; p++)
        if (*p == '"' || *p == '\\')
            fprintf(f, "\\%c", *p);
        else if (*p < 0x20 || (in_script && (*p == '<' || *p == '>' || *p == '&')))
            fprintf(f, "\\u%04x", *p);
        else
            fputc(*p, f);
    fputc('"', f);
}

void text_json_string(FILE *f, const char *s)
{
    json_string(f, s, false);
}

void text_script_string(FILE *f, const char *s)
{
    json_string(f, s, true);
}

void text_json_number(FILE *f, double x)
{
    if (isfinite(x))
        fprintf(f, "%.9g", x);
    else
        fputs("null", f);
}

void text_html(FILE *f, const char *s)
{
    for (; *s; s++)
        switch (*s) {
        case '&': fputs("&amp;", f); break;
        case '<': fputs("&lt;", f); break;
        case '>': fputs("&gt;", f); break;
        case '"': fputs("&quot;", f); break;
        default: fputc(*s, f); break;
        }
}
