/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Find (RFC 6940 7.4.4): the closest Resource-ID here that holds something of a Kind. Closest is the first clockwise from the id asked for, that
 * id included, so that R' = Find(R + 1) walks on; values that were removed do not count, copies for others do. */
#include "proto/reload/topology.h"
#include "proto/store/store.h"

static struct id closest(const struct call *c, struct id resource, unsigned kind)
{
    struct id best = {0, 0}, reach = {UINT64_MAX, UINT64_MAX};
    for (uint32_t at = 0; at < section_used(c, SECTION_STORE); at = value_next(c, at)) {
        const struct value *v = value_at(c, at);
        if (v->kind != kind || !(v->flags & VALUE_EXISTS))
            continue;
        struct id there = value_resource(c, v), d = id_distance(resource, there);
        if (id_compare(d, reach) > 0)
            continue;
        reach = d;
        best = there;
    }
    return best;
}

static bool repeated(struct span list)
{
    for (uint32_t i = 4; i < list.len; i += 4)
        for (uint32_t k = 0; k < i; k += 4)
            if (load_be32(list.b + i) == load_be32(list.b + k))
                return true;
    return false;
}

void find_request(struct call *c, const struct origin *from, const struct message *m)
{
    struct find_req q;
    struct draft d;
    value_expire(c);
    if (find_req_read(m->body, &q) || q.resource.len != ID_BYTES || repeated(q.kinds)) {
        answer_error(c, from, ERROR_INVALID_MESSAGE, NULL, 0);
        return;
    }
    struct id resource = id_load(q.resource.b);
    if (!topology_responsible(c, resource)) {
        answer_error(c, from, ERROR_NOT_FOUND, NULL, 0);
        return;
    }
    draft_begin(c, &d, FIND_ANS);
    struct mark mark = find_ans_open(&d.w);
    for (uint32_t i = 0; i < q.kinds.len; i += 4) {
        uint8_t id[ID_BYTES];
        uint32_t kind = load_be32(q.kinds.b + i);
        id_store(id, closest(c, resource, kind_find(c, kind))); /* a Kind that is not known: 0 */
        find_result_put(&d.w, &(struct find_result){.kind = kind, .closest = {id, ID_BYTES}});
    }
    put_close(&d.w, 2, mark);
    answer_send(c, from, &d, false);
}
