/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as a configuration document: never a crash or a leak; of what is read, the blob lies in the input and is one element, names end, and all
 * values are in their range. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/crypto/document.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "fuzz_document: %s\n", what);
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct document d;
    if (document_parse(data, size, &d))
        return 0;
    must(d.blob >= data && d.blob_len <= size && d.blob + d.blob_len <= data + size, "the blob is elsewhere");
    must(memcmp(d.blob, "<configuration", 14) == 0 && d.blob[d.blob_len - 1] == '>', "the blob is no element");
    must(memchr(d.name, 0, sizeof d.name) != NULL, "the name does not end");
    must(d.signers <= DOCUMENT_SIGNERS_MAX && d.block_len <= DOCUMENT_BLOCK_MAX, "too much was taken");
    must(d.overlay.sequence <= 65534 && d.overlay.initial_ttl >= 1 && d.overlay.reliability_timer >= MILLIS(200) && d.overlay.max_message_size >= 4096,
         "a value is out of range");
    return 0;
}
