/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as one datagram of a link: frame, header, and either a fragment or a message. What decodes must encode to itself; splitting
 * and unfolding it must hold their bounds. */
#include <stdint.h>
#include <stdlib.h>

#include "proto/wire/frame.h"
#include "proto/wire/fuzz/names.h"
#include "proto/wire/rewrite.h"

int LLVMFuzzerTestOneInput(const uint8_t *b, size_t len);

enum { BYTES_MAX = 1 << 16 };

static int part_fits(void *arg, const uint8_t *part, size_t len, uint32_t true_len)
{
    (void)arg;
    if (len < HEADER_FIXED_BYTES || len > true_len || load_be32(part + 16) != true_len)
        abort();
    return 0;
}

static void split(const struct frame *f)
{
    static uint8_t part[BYTES_MAX];
    fragment_split(f->message.b, f->message.len, 700, part, sizeof part, part_fits, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *b, size_t len)
{
    struct fold_names names = fuzz_names();
    static uint8_t out[BYTES_MAX];
    struct writer w = writer_on(out, sizeof out, false);
    struct frame f;
    size_t true_len = len;

    if (len > BYTES_MAX / 2)
        return 0;
    if (!rewrite_frame(&w, b, len) && (writer_len(&w) != len || memcmp(out, b, len) != 0))
        abort();
    if (frame_read(b, len, len, &f) && len >= FRAME_DATA_BYTES) /* perhaps folded: of the length that it claims */
        true_len = (size_t)load_be24(b + 5) + FRAME_DATA_BYTES;
    if (!frame_read(b, len, true_len, &f) && f.type == FRAME_DATA) {
        message_peek_code(f.message.b, f.message.len, false);
        if (true_len <= UINT16_MAX) /* what a simulated datagram may claim */
            split(&f);
    }
    long n = fold_unfold_frame(&names, b, len, true_len, out, sizeof out);
    if (n >= 0 && (size_t)n != true_len)
        abort();
    return 0;
}
