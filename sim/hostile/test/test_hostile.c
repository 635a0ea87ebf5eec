/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins, on an overlay of 120 peers under churn and loss of which a tenth attacks, with every peer's invariants checked after each event: each kind of attack
 * is met with the drop or the error that RFC 6940 names, and with nothing else where it names one; attackers that behave are peers like all others, so the run
 * to compare with is the run without them; honest peers find each other nearly as well as there; results do not depend on engine and partitions. Leaves open:
 * what attacks cost in a large overlay (workloads/hostile.yaml); insiders who drop or misroute; single abuses in all variants (proto/test/test_hostile_*). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sim/hostile/hostile.h"
#include "sim/world/world.h"

static const char text[] =
    "reloadsim: 1\n"
    "name: hostile\n"
    "overlay: {peers: 120, hostile: {share: 10 %, every: 500 ms}}\n"
    "network: {model: constant, delay: 40 ms, loss: 1 %}\n"
    "churn: {session: {exponential: {mean: 10 min}}, offline: {exponential: {mean: 10 min}}}\n"
    "workload: {register: {every: 2 min, lifetime: 4 min}, lookup: {every: 10 s, target: online}}\n"
    "phases: {warmup: 1 min, measure: 4 min}\n";

struct run {
    struct summary summary;
    struct summary_more more[512];
    char *json;
};

static void run(struct run *r, const char *const *sets, unsigned nsets, const struct world_options *options)
{
    static struct scenario s;
    struct world *w = NULL;
    char error[1024];
    size_t len;
    if (scenario_parse(&s, "test.yaml", text, strlen(text), sets, nsets, error, sizeof error) || world_open(&w, &s, options, error, sizeof error))
        fail_msg("%s", error);
    assert_int_equal(world_run(w), 0);
    r->summary = *world_summary(w);
    assert_true(r->summary.mores <= 512);
    if (r->summary.mores)
        memcpy(r->more, r->summary.more, r->summary.mores * sizeof *r->more);
    r->summary.more = r->more;
    FILE *f = open_memstream(&r->json, &len);
    assert_non_null(f);
    summary_json(&r->summary, f, true);
    fclose(f);
    world_close(w);
}

static double figure(const struct run *r, const char *key)
{
    for (unsigned k = 0; k < r->summary.mores; k++)
        if (strcmp(r->more[k].key, key) == 0)
            return r->more[k].value;
    return 0;
}

static double figure_of(const struct run *r, const char *kind, const char *what)
{
    char key[128];
    snprintf(key, sizeof key, "hostile.%s.%s", kind, what);
    return figure(r, key);
}

/* What the peer that it was sent to does with most of them; NULL: nothing else may happen either. */
static const struct {
    const char *kind, *what;
    double least; /* of what arrived: share of it that ends so */
} fate[] = {
    {"truncated", "dropped.short", 0.3},                       /* 6.3 */
    {"truncated", "dropped.malformed", 0.1},
    {"oversized", "dropped.too-large", 0.99},                  /* 6.6 */
    {"oversized", "refused.message-too-large", 0.8},
    {"lying-length", "dropped.short", 0.3},                    /* 6.3.2 */
    {"lying-length", "dropped.malformed", 0.1},
    {"looping-destination", "refused.invalid-message", 0.35},  /* 13.6.5; in two fragments each */
    {"wrong-overlay", "dropped.malformed", 0.99},              /* 6.3.2 */
    {"wrong-signer", "dropped.bad-signature", 0.99},           /* 6.3.4 */
    {"ttl", "dropped.ttl", 0.99},                              /* 6.3.2 */
    {"ttl", "refused.ttl-exceeded", 0.8},
    {"forged-leave", "refused.forbidden", 0.8},                /* 6.4.2.2 */
    {"store-flood", "further.refused.forbidden", 0.05},        /* 7.4.1.1; in several fragments each */
    {"store-flood", "further.refused.data-too-large", 0.05},
};

static void each_attack_is_met_as_the_rfc_says(void **state)
{
    (void)state;
    struct run r;
    static const char *const never_answered[] = {"truncated", "oversized", "lying-length", "looping-destination", "wrong-overlay", "wrong-signer", "ttl",
                                                 "fragments", "forged-leave", "store-flood"};
    run(&r, NULL, 0, &(struct world_options){.check_every_event = true});
    assert_in_range((uint64_t)figure(&r, "hostile.peers"), 8, 60);
    for (unsigned a = 0; a < ATTACKS; a++) {
        const char *kind = hostile_attack_name((enum attack)a);
        double arrived = figure_of(&r, kind, "arrived"), sent = figure_of(&r, kind, "sent");
        if (arrived < 50 || arrived > sent || arrived < 0.9 * sent)
            fail_msg("%s: %.0f of %.0f arrived", kind, arrived, sent);
    }
    for (unsigned k = 0; k < sizeof fate / sizeof *fate; k++) {
        double arrived = figure_of(&r, fate[k].kind, "arrived"), n = figure_of(&r, fate[k].kind, fate[k].what);
        if (n < fate[k].least * arrived)
            fail_msg("%s: %s %.0f of %.0f", fate[k].kind, fate[k].what, n, arrived);
    }
    for (unsigned k = 0; k < sizeof never_answered / sizeof *never_answered; k++) {
        assert_true(figure_of(&r, never_answered[k], "answered") == 0);
        assert_true(figure_of(&r, never_answered[k], "further.answered") == 0);
    }
    assert_true(figure_of(&r, "replayed", "further.answered") > 10);      /* within the RFC: see the README */
    assert_true(figure_of(&r, "source-route", "further.answered") > 10);
    assert_true(figure_of(&r, "forged-update", "answered") > 50);
    free(r.json);
}

static void attackers_that_behave_are_peers(void **state)
{
    (void)state;
    struct run none, behave, all;
    run(&none, (const char *const[]){"overlay.hostile=none"}, 1, &(struct world_options){0});
    run(&behave, (const char *const[]){"overlay.hostile.kinds=none"}, 1, &(struct world_options){0});
    run(&all, NULL, 0, &(struct world_options){0});
    assert_int_equal(none.summary.fingerprint, behave.summary.fingerprint);
    assert_int_equal(none.summary.mores, 0);
    assert_true(behave.summary.lookup_success == none.summary.lookup_success);
    double with = figure(&all, "honest.lookup.success"), without = figure(&behave, "honest.lookup.success");
    print_message("honest look-ups: %.3f %% with attackers, %.3f %% without\n", 100 * with, 100 * without);
    assert_true(without > 0.98 && with > without - 0.03);
    free(none.json);
    free(behave.json);
    free(all.json);
}

static void engines_and_partitions_do_not_show(void **state)
{
    (void)state;
    struct run first, other;
    run(&first, NULL, 0, &(struct world_options){0});
    for (unsigned parts = 2; parts <= 3; parts++) {
        run(&other, NULL, 0, &(struct world_options){.partitions = parts, .engine = parts == 2 ? KERNEL_HEAP : KERNEL_WINDOWS});
        assert_string_equal(other.json, first.json);
        free(other.json);
    }
    free(first.json);
}

static void kinds_are_selected_by_name(void **state)
{
    (void)state;
    char wrong[32];
    uint32_t attacks;
    struct run r;
    assert_true(hostile_attacks_read("all", &attacks, wrong, sizeof wrong) && attacks == (UINT32_C(1) << ATTACKS) - 1);
    assert_true(hostile_attacks_read("none", &attacks, wrong, sizeof wrong) && attacks == 0);
    assert_true(hostile_attacks_read("ttl, forged-leave", &attacks, wrong, sizeof wrong) &&
                attacks == (UINT32_C(1) << ATTACK_TTL | UINT32_C(1) << ATTACK_LEAVE));
    assert_false(hostile_attacks_read("ttl, forged", &attacks, wrong, sizeof wrong));
    assert_string_equal(wrong, "forged");
    assert_false(hostile_attacks_read("", &attacks, wrong, sizeof wrong));
    run(&r, (const char *const[]){"overlay.hostile.kinds=ttl, forged-leave"}, 1, &(struct world_options){0});
    for (unsigned a = 0; a < ATTACKS; a++)
        assert_int_equal(figure_of(&r, hostile_attack_name((enum attack)a), "sent") > 0, a == ATTACK_TTL || a == ATTACK_LEAVE);
    free(r.json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_attack_is_met_as_the_rfc_says),
        cmocka_unit_test(attackers_that_behave_are_peers),
        cmocka_unit_test(engines_and_partitions_do_not_show),
        cmocka_unit_test(kinds_are_selected_by_name),
    };
    return cmocka_run_group_tests_name("hostile", tests, NULL, NULL);
}
