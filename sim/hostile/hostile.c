/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/hostile/hostile.h"

#include <stdio.h>
#include <string.h>

#include "proto/base/error.h"
#include "sim/kernel/random.h"

static const char *const names[ATTACKS] = {
#define X(name, text, what) text,
    HOSTILE_ATTACKS(X)
#undef X
};

bool hostile_is(const struct hostile_config *h, peer_h peer)
{
    return peer >= h->spared && random_unit(h->seed, peer, STREAM_HOSTILE, 0) < h->share;
}

const char *hostile_attack_name(enum attack a)
{
    return names[a];
}

static bool name_read(const char *word, size_t len, uint32_t *attacks)
{
    for (unsigned k = 0; k < ATTACKS; k++)
        if (strlen(names[k]) == len && memcmp(names[k], word, len) == 0) {
            *attacks |= UINT32_C(1) << k;
            return true;
        }
    return false;
}

bool hostile_attacks_read(const char *text, uint32_t *attacks, char *wrong, size_t wrong_cap)
{
    *attacks = strcmp(text, "all") == 0 ? (UINT32_C(1) << ATTACKS) - 1 : 0;
    if (*attacks || strcmp(text, "none") == 0)
        return true;
    snprintf(wrong, wrong_cap, "%s", text);
    for (const char *p = text; *p;) {
        size_t len = strcspn(p, ", ");
        if (len > 0 && !name_read(p, len, attacks)) {
            snprintf(wrong, wrong_cap, "%.*s", (int)len, p);
            return false;
        }
        p += len + strspn(p + len, ", ");
    }
    return *attacks != 0;
}

const char *hostile_reason_name(int reason)
{
    static const char *const drops[DROP_REASONS] = {
        [DROP_UNKNOWN_DESTINATION] = "unknown-destination", [DROP_NO_ROUTE] = "no-route", [DROP_TTL] = "ttl", [DROP_QUEUE_FULL] = "queue-full",
        [DROP_REASSEMBLY] = "reassembly", [DROP_BAD_SIGNATURE] = "bad-signature", [DROP_MALFORMED] = "malformed", [DROP_NOT_LINKED] = "not-linked",
        [DROP_LIMIT] = "limit", [DROP_OPTION] = "option"};
    static const struct {
        int code;
        const char *name;
    } errors[] = {{ERR_SHORT, "short"}, {ERR_TRAILING, "trailing"}, {ERR_LENGTH, "length"}, {ERR_VALUE, "value"}, {ERR_TOKEN, "token"},
                  {ERR_VERSION, "version"}, {ERR_OVERLAY, "overlay"}, {ERR_FRAGMENT, "fragment"}, {ERR_UNKNOWN, "unknown"},
                  {ERR_EXTENSION, "extension"}, {ERR_TOO_LARGE, "too-large"}, {ERR_NO_ROOM, "no-room"}, {ERR_NO_LINK, "no-link"},
                  {ERR_SIGNATURE, "signature"}, {ERR_FORBIDDEN, "forbidden"}};
    if (reason > 0 && reason < DROP_REASONS && drops[reason])
        return drops[reason];
    for (unsigned k = 0; k < sizeof errors / sizeof *errors; k++)
        if (errors[k].code == reason)
            return errors[k].name;
    return "other";
}
