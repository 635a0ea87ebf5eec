/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as a certificate, under an enrollment server and under self-signed-permitted: never a crash or a leak; what is called good has the length, user
 * and Node-ID of the one identity that was enrolled, and no key is left behind for what is not. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/crypto/credentials.h"

#define NOW_S INT64_C(1255910400)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct id node_of(void *arg, peer_h peer)
{
    (void)arg;
    return (struct id){UINT64_C(0x1122334455667788), peer};
}

static size_t user_of(void *arg, peer_h peer, char out[64])
{
    (void)arg;
    return (size_t)snprintf(out, 64, "u%010u@overlay.example.org", (unsigned)peer);
}

static struct authority *authority_of(enum hash_alg digest)
{
    return authority_open(&(struct authority_config){
        .seed = 1, .identities = 1, .digest = digest, .names = {.node_id = node_of, .user = user_of, .overlay_name = "overlay.example.org"}});
}

static void must(int holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "fuzz_certificate: %s\n", what);
        abort();
    }
}

static void check(const struct authority *a, const uint8_t *data, size_t size)
{
    struct certificate_facts f;
    enum certificate_fault fault = certificate_check(authority_trust(a), data, size, NOW_S, &f);
    must((f.key != NULL) == (fault == CERTIFICATE_GOOD), "a key for what is not good");
    if (!fault) {
        must(strcmp(f.user, "u0000000000@overlay.example.org") == 0 && f.nodes == 1 && id_equal(f.node[0], authority_node_id(a, 0)), "a certificate that nobody issued");
        must(f.from_s <= NOW_S && NOW_S <= f.until_s, "a certificate of another time");
    }
    EVP_PKEY_free(f.key);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct authority *server, *own;
    if (!server && (!(server = authority_of(0)) || !(own = authority_of(HASH_SHA256))))
        must(0, "no keys");
    check(server, data, size);
    check(own, data, size);
    return 0;
}
