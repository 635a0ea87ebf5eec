/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as a configuration document and as a kind-block: never a crash or a leak; of what is read, the blob lies in the input and is one element, names end, and
 * all values are in their range. */
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
    static struct kind_block k;
    if (kind_block_parse(data, size, &k) == 0) {
        must(k.blob >= data && k.blob_len <= size && k.blob + k.blob_len <= data + size && memcmp(k.blob, "<kind", 5) == 0, "the blob of a Kind is elsewhere");
        must(k.kind.model != MODEL_UNKNOWN && k.block_len <= DOCUMENT_BLOCK_MAX, "a Kind without a model");
    }
    if (document_parse(data, size, &d))
        return 0;
    for (unsigned i = 0; i < d.kinds; i++) {
        must(d.kind[i] >= d.blob && d.kind[i] + d.kind_len[i] <= d.blob + d.blob_len, "a kind-block is elsewhere");
        kind_block_parse(d.kind[i], d.kind_len[i], &k);
    }
    must(d.overlay.bad_nodes <= BAD_NODES_MAX && d.kind_signers <= DOCUMENT_SIGNERS_MAX && d.kinds <= KINDS_ADDED_MAX, "too many were taken");
    must(d.blob >= data && d.blob_len <= size && d.blob + d.blob_len <= data + size, "the blob is elsewhere");
    must(memcmp(d.blob, "<configuration", 14) == 0 && d.blob[d.blob_len - 1] == '>', "the blob is no element");
    must(memchr(d.name, 0, sizeof d.name) != NULL, "the name does not end");
    must(d.signers <= DOCUMENT_SIGNERS_MAX && d.block_len <= DOCUMENT_BLOCK_MAX, "too much was taken");
    must(d.overlay.sequence <= 65534 && d.overlay.initial_ttl >= 1 && d.overlay.reliability_timer >= MILLIS(200) && d.overlay.max_message_size >= 4096,
         "a value is out of range");
    return 0;
}
