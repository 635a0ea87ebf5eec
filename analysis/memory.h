/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory of a short-lived program: a failed allocation ends it with status 4 and a message, so that callers need not ask. Sizes are elements times
 * size; the caller owns what it gets and frees it with free(). */
#ifndef ANALYSIS_MEMORY_H
#define ANALYSIS_MEMORY_H

#include <stddef.h>

void *memory_zeroed(size_t n, size_t size);           /* never NULL; n may be 0 */
void *memory_grown(void *old, size_t n, size_t size); /* realloc */
char *memory_text(const char *);                      /* a copy */
__attribute__((format(printf, 1, 2))) char *memory_format(const char *format, ...);

#endif
