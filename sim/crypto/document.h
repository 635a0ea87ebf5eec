/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The configuration document of an overlay (RFC 6940 11.1): XML, written from the parameters and read back by libxml2.
 *
 * What is signed is a blob: the bytes from <configuration to </configuration>. So that the bytes that are signed and the element that is read cannot be two
 * things, a document must have exactly one configuration element; documents for several overlays are refused, as are document type
 * declarations. Unknown elements of other namespaces are skipped, a mandatory-extension is refused: none is known here. Root certificates are left out: an
 * enrolled peer has its root, and a self-signed one needs none; with one, and some bad-nodes, a ConfigUpdate would exceed the default max-message-size.
 *
 * A kind-block defines a Kind and is signed on its own, over the bytes from <kind to </kind>, by a kind-signer. It stands in required-kinds of a document, or alone in a
 * ConfigUpdate (6.5.4.1), where the namespace is understood. */
#ifndef SIM_CRYPTO_DOCUMENT_H
#define SIM_CRYPTO_DOCUMENT_H

#include <stddef.h>
#include <stdint.h>

#include "proto/overlay.h"
#include "proto/base/id.h"
#include "proto/kind.h"

#define DOCUMENT_MAX         4096u /* bytes of one, signature included */
#define DOCUMENT_BLOCK_MAX   2048u /* bytes of its SecurityBlock */
#define DOCUMENT_SIGNERS_MAX 8u
#define KIND_BLOCK_MAX       2048u /* bytes of one */

struct document {
    struct overlay overlay;                  /* what the document sets; name is NULL */
    char name[64];
    unsigned signers;                        /* configuration-signer elements */
    struct id signer[DOCUMENT_SIGNERS_MAX];
    unsigned kind_signers;
    struct id kind_signer[DOCUMENT_SIGNERS_MAX];
    unsigned kinds_named, kinds;             /* in the tree, and in the bytes: kind-blocks of required-kinds: their bytes in the input, for kind_block_parse */
    const uint8_t *kind[KINDS_ADDED_MAX];
    size_t kind_len[KINDS_ADDED_MAX];
    const uint8_t *blob;                     /* what is signed: points into the input */
    size_t blob_len;
    uint8_t block[DOCUMENT_BLOCK_MAX];       /* SecurityBlock, decoded */
    size_t block_len;
};

struct kind_block {
    struct value_kind kind;    /* a registered one has its id here, and the name is not kept */
    const uint8_t *blob;       /* what is signed: points into the input */
    size_t blob_len;
    uint8_t block[DOCUMENT_BLOCK_MAX];
    size_t block_len;
};

/* The first part of a document, up to and with </configuration>; *blob is where the signed bytes begin. Its length, 0 if it does not fit. */
size_t document_begin(const struct overlay *, struct id signer, char *out, size_t cap, size_t *blob);
/* Adds the signature element for this SecurityBlock and closes the document. The whole length, 0 if it does not fit. */
size_t document_end(char *out, size_t len, size_t cap, const uint8_t *block, size_t block_len);
/* 0, or ERR_VALUE for anything that is no document as above. Says nothing about the signature. */
int document_parse(const uint8_t *, size_t len, struct document *);

/* The same for a kind-block. kind_block_begin writes it up to and with </kind>; kind_block_parse says nothing about the signature, nor whether the Kind can be kept
 * (kind_judge of proto/store). */
size_t kind_block_begin(const struct value_kind *, char *out, size_t cap, size_t *blob);
size_t kind_block_end(char *out, size_t len, size_t cap, const uint8_t *block, size_t block_len);
int kind_block_parse(const uint8_t *, size_t len, struct kind_block *);

#endif
