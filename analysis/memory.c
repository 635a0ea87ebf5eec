/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "analysis/memory.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *had(void *p)
{
    if (p)
        return p;
    fputs("reloadsim: out of memory\n", stderr);
    exit(4);
}

void *memory_zeroed(size_t n, size_t size)
{
    return had(calloc(n ? n : 1, size));
}

void *memory_grown(void *old, size_t n, size_t size)
{
    return had(size && n > SIZE_MAX / size ? NULL : realloc(old, n && size ? n * size : 1));
}

char *memory_text(const char *s)
{
    return had(strdup(s));
}

char *memory_format(const char *format, ...)
{
    va_list arguments;
    char *text = NULL;
    va_start(arguments, format);
    int n = vasprintf(&text, format, arguments);
    va_end(arguments);
    return had(n < 0 ? NULL : text);
}
