/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as a whole message, true or folded by the first byte; the header's length is made right, so that the fuzzer need not guess it.
 * What decodes must encode to itself, and unfold, when it is folded, to a message that decodes. */
#include <stdint.h>
#include <stdlib.h>

#include "proto/wire/fuzz/names.h"
#include "proto/wire/rewrite.h"

int LLVMFuzzerTestOneInput(const uint8_t *b, size_t len);

enum { BYTES_MAX = 1 << 16 };

static void rewrites(const uint8_t *b, size_t len, bool folded, const struct message *m)
{
    static uint8_t out[BYTES_MAX];
    struct writer w = writer_on(out, sizeof out, folded);
    if (rewrite_message(&w, m) || writer_len(&w) != len || writer_true(&w) != m->header.length || memcmp(out, b, len) != 0)
        abort();
}

static void unfolds(const uint8_t *b, size_t len, const struct message *m)
{
    struct fold_names names = fuzz_names();
    static uint8_t out[BYTES_MAX];
    struct message true_form;
    long n;

    if (m->header.length > sizeof out)
        return;
    n = fold_unfold_message(&names, b, len, m->header.length, out, sizeof out);
    if (n != (long)m->header.length || message_read(out, (size_t)n, false, &true_form))
        abort();
}

/* Reads with the header given the length that the payload turns out to have: in a folded one, so many certificates and signatures more. */
static int read_repaired(uint8_t *b, size_t len, bool folded, struct message *m)
{
    enum { TOKENS_MAX = 8 };
    int err = 0;

    if (len < HEADER_FIXED_BYTES)
        return ERR_SHORT;
    for (uint32_t i = 0; i < (folded ? TOKENS_MAX * TOKENS_MAX : 1); i++) {
        uint32_t more = i % TOKENS_MAX * (CERTIFICATE_TRUE_BYTES - CERTIFICATE_TOKEN_BYTES) +
                        i / TOKENS_MAX * (SIGNATURE_TRUE_BYTES - SIGNATURE_TOKEN_BYTES);
        header_patch_fragment(b, FRAGMENT_WHOLE, (uint32_t)len + more);
        err = message_read(b, len, folded, m);
        if (err != ERR_LENGTH)
            break;
    }
    return err;
}

int LLVMFuzzerTestOneInput(const uint8_t *b, size_t len)
{
    uint8_t *copy;
    struct message m;
    bool folded;

    if (len < 1 || len > BYTES_MAX / 2)
        return 0;
    folded = b[0] & 1;
    copy = malloc(len);
    if (!copy)
        return 0;
    memcpy(copy, b + 1, len - 1);
    message_peek_code(copy, len - 1, folded);
    if (!read_repaired(copy, len - 1, folded, &m)) {
        rewrites(copy, len - 1, folded, &m);
        if (folded)
            unfolds(copy, len - 1, &m);
    }
    free(copy);
    return 0;
}
