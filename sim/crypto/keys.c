/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/crypto/keys.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/bytes.h"
#include "sim/kernel/random.h"

#define PRIME_BYTES  128u
#define SMALL_PRIMES 1900u  /* all below SMALL_END */
#define SMALL_END    16384u
#define EXPONENT     65537u

struct key {
    EVP_PKEY *pair;
    uint8_t modulus[MODULUS_BYTES];
};

struct keys {
    uint32_t count;   /* the issuer's is the last */
    struct key key[];
};

/* ---- primes ---- */

struct sieve {
    unsigned primes;
    uint16_t prime[SMALL_PRIMES];
    uint16_t rest[SMALL_PRIMES]; /* of the number at which the search began */
};

static void sieve_init(struct sieve *s)
{
    s->primes = 0;
    for (unsigned n = 3; n < SMALL_END; n += 2) {
        unsigned k = 0;
        while (k < s->primes && s->prime[k] * s->prime[k] <= n && n % s->prime[k] != 0)
            k++;
        if ((k == s->primes || s->prime[k] * s->prime[k] > n) && s->primes < SMALL_PRIMES)
            s->prime[s->primes++] = (uint16_t)n;
    }
}

static bool sieve_passes(const struct sieve *s, uint32_t step)
{
    for (unsigned k = 0; k < s->primes; k++)
        if ((s->rest[k] + step) % s->prime[k] == 0)
            return false;
    return true;
}

/* n passes the strong test to this base. -1: out of memory. */
static int strong_to(BN_CTX *ctx, const BIGNUM *n, const BIGNUM *less, const BIGNUM *odd, int twos, unsigned base)
{
    BN_CTX_start(ctx);
    BIGNUM *a = BN_CTX_get(ctx), *y = BN_CTX_get(ctx);
    int passes = y && BN_set_word(a, base) && BN_mod_exp_mont(y, a, odd, n, ctx, NULL) ? 0 : -1;
    if (passes == 0)
        passes = BN_is_one(y) || BN_cmp(y, less) == 0;
    for (int k = 1; k < twos && passes == 0; k++)
        passes = BN_mod_sqr(y, y, n, ctx) ? BN_cmp(y, less) == 0 : -1;
    BN_CTX_end(ctx);
    return passes;
}

/* Miller and Rabin to eight bases. What is tested is random, so a composite that passes is less likely than 2^-100 (Damgard, Landrock, Pomerance). */
static int is_prime(BN_CTX *ctx, const BIGNUM *n)
{
    static const unsigned base[] = {2, 3, 5, 7, 11, 13, 17, 19};
    BN_CTX_start(ctx);
    BIGNUM *less = BN_CTX_get(ctx), *odd = BN_CTX_get(ctx);
    int twos = 1, prime = odd && BN_copy(less, n) && BN_sub_word(less, 1) ? 1 : -1;
    while (prime == 1 && !BN_is_bit_set(less, twos))
        twos++;
    if (prime == 1 && !BN_rshift(odd, less, twos))
        prime = -1;
    for (unsigned k = 0; k < sizeof base / sizeof *base && prime == 1; k++)
        prime = strong_to(ctx, n, less, odd, twos, base[k]);
    BN_CTX_end(ctx);
    return prime;
}

/* The first prime behind 1024 bits of the stream, the highest two of them set, with p - 1 prime to the exponent. */
static bool prime_find(BN_CTX *ctx, struct sieve *s, uint64_t seed, uint64_t entity, BIGNUM *p)
{
    uint8_t bits[PRIME_BYTES];
    for (unsigned k = 0; k < PRIME_BYTES / 16; k++) {
        uint32_t word[4];
        random_block(seed, entity, STREAM_KEY, k, word);
        for (unsigned j = 0; j < 4; j++)
            store_be32(bits + 16 * k + 4 * j, word[j]);
    }
    bits[0] |= 0xc0;
    bits[PRIME_BYTES - 1] |= 1;
    if (!BN_bin2bn(bits, sizeof bits, p))
        return false;
    for (unsigned k = 0; k < s->primes; k++)
        s->rest[k] = (uint16_t)BN_mod_word(p, s->prime[k]);
    BN_ULONG rest = BN_mod_word(p, EXPONENT);
    for (uint32_t step = 0, at = 0;; step += 2) {
        if (!sieve_passes(s, step) || (rest + step) % EXPONENT == 1)
            continue;
        if (!BN_add_word(p, step - at))
            return false;
        at = step;
        int prime = is_prime(ctx, p);
        if (prime != 0)
            return prime > 0;
    }
}

/* ---- keys ---- */

static EVP_PKEY *pair_of(OSSL_PARAM *params)
{
    EVP_PKEY *pair = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    if (!ctx || !params || EVP_PKEY_fromdata_init(ctx) != 1 || EVP_PKEY_fromdata(ctx, &pair, EVP_PKEY_KEYPAIR, params) != 1)
        pair = NULL;
    EVP_PKEY_CTX_free(ctx);
    return pair;
}

/* RFC 8017 3.2: n, e, d and what the Chinese remainder theorem needs. */
static bool key_assemble(struct key *k, BN_CTX *ctx, BIGNUM *p, BIGNUM *q)
{
    BIGNUM *n = BN_CTX_get(ctx), *e = BN_CTX_get(ctx), *d = BN_CTX_get(ctx), *p1 = BN_CTX_get(ctx), *q1 = BN_CTX_get(ctx), *phi = BN_CTX_get(ctx),
           *dp = BN_CTX_get(ctx), *dq = BN_CTX_get(ctx), *inverse = BN_CTX_get(ctx);
    bool ok = inverse && BN_mul(n, p, q, ctx) && BN_set_word(e, EXPONENT) && BN_copy(p1, p) && BN_sub_word(p1, 1) && BN_copy(q1, q) &&
              BN_sub_word(q1, 1) && BN_mul(phi, p1, q1, ctx) && BN_mod_inverse(d, e, phi, ctx) && BN_mod(dp, d, p1, ctx) && BN_mod(dq, d, q1, ctx) &&
              BN_mod_inverse(inverse, q, p, ctx) && BN_bn2binpad(n, k->modulus, MODULUS_BYTES) == (int)MODULUS_BYTES;
    OSSL_PARAM_BLD *b = ok ? OSSL_PARAM_BLD_new() : NULL;
    ok = b && OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_N, n) && OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_E, e) &&
         OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_D, d) && OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_FACTOR1, p) &&
         OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_FACTOR2, q) && OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_EXPONENT1, dp) &&
         OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_EXPONENT2, dq) && OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_COEFFICIENT1, inverse);
    OSSL_PARAM *params = ok ? OSSL_PARAM_BLD_to_param(b) : NULL;
    k->pair = ok ? pair_of(params) : NULL;
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(b);
    return k->pair != NULL;
}

static bool key_make(struct key *k, struct sieve *s, uint64_t seed, uint64_t number)
{
    BN_CTX *ctx = BN_CTX_new();
    if (!ctx)
        return false;
    BN_CTX_start(ctx);
    BIGNUM *p = BN_CTX_get(ctx), *q = BN_CTX_get(ctx);
    bool ok = q && prime_find(ctx, s, seed, 2 * number, p) && prime_find(ctx, s, seed, 2 * number + 1, q);
    if (ok && BN_cmp(p, q) < 0)
        BN_swap(p, q);
    ok = ok && key_assemble(k, ctx, p, q);
    BN_CTX_end(ctx);
    BN_CTX_free(ctx);
    return ok;
}

struct keys *keys_open(uint64_t seed, uint32_t identities, bool own)
{
    uint32_t count = own || identities < KEYS_POOL ? identities : KEYS_POOL;
    struct keys *k = calloc(1, sizeof *k + (count + 1) * sizeof k->key[0]);
    struct sieve *s = malloc(sizeof *s);
    bool ok = k && s;
    if (ok) {
        k->count = count;
        sieve_init(s);
    }
    for (uint32_t i = 0; ok && i <= count; i++)
        ok = key_make(&k->key[i], s, seed, i == count ? UINT32_MAX : i);
    free(s);
    if (!ok) {
        keys_close(k);
        return NULL;
    }
    return k;
}

void keys_close(struct keys *k)
{
    for (uint32_t i = 0; k && i <= k->count; i++)
        EVP_PKEY_free(k->key[i].pair);
    free(k);
}

EVP_PKEY *keys_of(const struct keys *k, peer_h peer)
{
    return k->key[peer % k->count].pair;
}

const uint8_t *keys_modulus(const struct keys *k, peer_h peer)
{
    return k->key[peer % k->count].modulus;
}

EVP_PKEY *keys_issuer(const struct keys *k)
{
    return k->key[k->count].pair;
}
