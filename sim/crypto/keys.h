/* SPDX-License-Identifier: GPL-2.0-or-later */
/* RSA-2048 keys that follow from a seed, for simulations with true signatures (overlay.crypto.mode: openssl).
 *
 * A key's primes are the first ones behind 1024 random bits of the run's stream, found here and not by OpenSSL, so that the same seed has the same keys
 * with any version of it: 40 to 100 ms a key. Signatures are RSASSA-PKCS1-v1_5 and have no randomness of their own. These keys protect nothing:
 * whoever knows the seed knows them.
 *
 * With an enrollment server identities take turns at a pool of KEYS_POOL keys, since nothing in RELOAD depends on whose key is whose but by way of
 * certificates; where the Node-ID is the digest of the key (RFC 6940 11.3.1) each identity has its own. All are made by keys_open and only read then, so
 * that partitions in threads share them. */
#ifndef SIM_CRYPTO_KEYS_H
#define SIM_CRYPTO_KEYS_H

#include <openssl/evp.h>
#include <stdbool.h>
#include <stdint.h>

#include "proto/port.h"
#include "proto/wire/fold.h"

#define KEYS_POOL 8u

struct keys;

/* own: a key for each of the identities. NULL = out of memory, or OpenSSL refuses. */
struct keys *keys_open(uint64_t seed, uint32_t identities, bool own);
void keys_close(struct keys *);
/* Of an identity; owned by keys. The second is its public half as certificates have it, MODULUS_BYTES. */
EVP_PKEY *keys_of(const struct keys *, peer_h);
const uint8_t *keys_modulus(const struct keys *, peer_h);
/* Of the enrollment server. */
EVP_PKEY *keys_issuer(const struct keys *);

#endif
