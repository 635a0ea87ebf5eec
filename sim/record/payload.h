/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What stands inside a segment: numbers, little-endian, and texts, one after the other. Writer and reader are sticky: after the first failure
 * nothing more happens, and one look at the end is enough. */
#ifndef SIM_RECORD_PAYLOAD_H
#define SIM_RECORD_PAYLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct payload {
    uint8_t *bytes;
    size_t len, cap;
    bool failed; /* out of memory */
};

void payload_u32(struct payload *, uint32_t);
void payload_u64(struct payload *, uint64_t);
void payload_real(struct payload *, double);             /* its IEEE 754 bits */
void payload_text(struct payload *, const char *);       /* length with the final NUL (u32), bytes, NUL */
void payload_u32_at(struct payload *, size_t, uint32_t); /* fills in what was not known before */
void payload_free(struct payload *);

struct payload_reader {
    const uint8_t *bytes;
    size_t len, at;
    bool failed; /* read past the end, or a text without its NUL */
};

uint32_t payload_get_u32(struct payload_reader *);
uint64_t payload_get_u64(struct payload_reader *);
double payload_get_real(struct payload_reader *);
const char *payload_get_text(struct payload_reader *); /* points into the payload; "" after a failure */
bool payload_whole(const struct payload_reader *);     /* nothing failed and nothing is left */

#endif
