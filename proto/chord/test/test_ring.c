/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins: what one peer does with neighbour lists, Leaves and Joins of the peers around it (RFC 6940 10.5, 10.7, 10.9). Leaves open: what a ring of
 * many makes of it (proto/test). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "proto/test/stage.h"

/* Others name a peer that has left for a while: it is not attached to (10.9: as for a failure). */
static void a_leaver_is_not_attached_to_on_hearsay(void **state)
{
    (void)state;
    for (unsigned close = 0; close < 2; close++) { /* it says Leave, or just closes */
        struct stage s = {.config = overlay_defaults()};
        uint8_t body[64];
        struct writer w = writer_on(body, sizeof body, false);
        stage_open(&s, 2);
        put_id(&w, recorder_id(s.r, 1));
        put_vector(&w, 2, (const uint8_t[]){LEAVE_FROM_SUCC, 0, 0}, 3);
        if (!close)
            stage_deliver(&s, 1, &(struct letter){.signer = 1, .tid = 1, .to = recorder_id(s.r, 0)}, LEAVE_REQ, body, writer_len(&w));
        recorder_down(s.r, s.chan[1]);
        for (unsigned k = 1; k < 3; k++) {
            stage_run(&s, SECONDS(50) * k);
            stage_update(&s, 2, &(struct letter){.signer = 2, .tid = 1 + k, .to = recorder_id(s.r, 0)}, (const peer_h[]){1}, 1, (const peer_h[]){0}, 1);
            stage_run(&s, SECONDS(50) * k + SECONDS(1));
            assert_int_equal(stage_sent(&s, ATTACH_REQ, NULL), k - 1); /* after a minute it may be back */
        }
        stage_close(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_leaver_is_not_attached_to_on_hearsay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
