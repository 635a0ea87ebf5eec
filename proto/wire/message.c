/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proto/wire/message.h"

#include "proto/wire/body.h"

const char *message_name(uint16_t code)
{
    static const char *const name[] = {
        [PROBE_REQ] = "ProbeReq", [PROBE_ANS] = "ProbeAns",
        [ATTACH_REQ] = "AttachReq", [ATTACH_ANS] = "AttachAns",
        [STORE_REQ] = "StoreReq", [STORE_ANS] = "StoreAns",
        [FETCH_REQ] = "FetchReq", [FETCH_ANS] = "FetchAns",
        [FIND_REQ] = "FindReq", [FIND_ANS] = "FindAns",
        [JOIN_REQ] = "JoinReq", [JOIN_ANS] = "JoinAns",
        [LEAVE_REQ] = "LeaveReq", [LEAVE_ANS] = "LeaveAns",
        [UPDATE_REQ] = "UpdateReq", [UPDATE_ANS] = "UpdateAns",
        [ROUTE_QUERY_REQ] = "RouteQueryReq", [ROUTE_QUERY_ANS] = "RouteQueryAns",
        [PING_REQ] = "PingReq", [PING_ANS] = "PingAns",
        [STAT_REQ] = "StatReq", [STAT_ANS] = "StatAns",
        [APP_ATTACH_REQ] = "AppAttachReq", [APP_ATTACH_ANS] = "AppAttachAns",
        [CONFIG_UPDATE_REQ] = "ConfigUpdateReq", [CONFIG_UPDATE_ANS] = "ConfigUpdateAns",
        [EXP_A_REQ] = "ExpAReq", [EXP_A_ANS] = "ExpAAns",
        [EXP_B_REQ] = "ExpBReq", [EXP_B_ANS] = "ExpBAns",
        [PATH_TRACK_REQ] = "PathTrackReq", [PATH_TRACK_ANS] = "PathTrackAns",
    };
    if (code == MESSAGE_ERROR)
        return "Error";
    return code < sizeof name / sizeof *name ? name[code] : NULL;
}

enum traffic message_traffic(uint16_t code)
{
    switch ((enum message_code)code) {
    case FETCH_REQ: case FETCH_ANS: case STAT_REQ: case STAT_ANS: case FIND_REQ: case FIND_ANS:
        return TRAFFIC_LOOKUP;
    case STORE_REQ: case STORE_ANS:
        return TRAFFIC_STORE;
    case UPDATE_REQ: case UPDATE_ANS:
        return TRAFFIC_UPDATE;
    case ATTACH_REQ: case ATTACH_ANS: case APP_ATTACH_REQ: case APP_ATTACH_ANS:
        return TRAFFIC_ATTACH;
    case JOIN_REQ: case JOIN_ANS: case LEAVE_REQ: case LEAVE_ANS:
        return TRAFFIC_JOIN_LEAVE;
    case PING_REQ: case PING_ANS: case PROBE_REQ: case PROBE_ANS: case ROUTE_QUERY_REQ: case ROUTE_QUERY_ANS:
        return TRAFFIC_PING;
    case CONFIG_UPDATE_REQ: case CONFIG_UPDATE_ANS: case EXP_A_REQ: case EXP_A_ANS: case EXP_B_REQ: case EXP_B_ANS:
    case PATH_TRACK_REQ: case PATH_TRACK_ANS: case MESSAGE_ERROR:
        return TRAFFIC_OTHER;
    }
    return TRAFFIC_OTHER;
}

const char *reload_error_name(uint16_t code)
{
    static const char *const name[] = {
        [ERROR_FORBIDDEN] = "Forbidden",
        [ERROR_NOT_FOUND] = "Not_Found",
        [ERROR_REQUEST_TIMEOUT] = "Request_Timeout",
        [ERROR_GENERATION_COUNTER_TOO_LOW] = "Generation_Counter_Too_Low",
        [ERROR_INCOMPATIBLE_WITH_OVERLAY] = "Incompatible_with_Overlay",
        [ERROR_UNSUPPORTED_FORWARDING_OPTION] = "Unsupported_Forwarding_Option",
        [ERROR_DATA_TOO_LARGE] = "Data_Too_Large",
        [ERROR_DATA_TOO_OLD] = "Data_Too_Old",
        [ERROR_TTL_EXCEEDED] = "TTL_Exceeded",
        [ERROR_MESSAGE_TOO_LARGE] = "Message_Too_Large",
        [ERROR_UNKNOWN_KIND] = "Unknown_Kind",
        [ERROR_UNKNOWN_EXTENSION] = "Unknown_Extension",
        [ERROR_RESPONSE_TOO_LARGE] = "Response_Too_Large",
        [ERROR_CONFIG_TOO_OLD] = "Config_Too_Old",
        [ERROR_CONFIG_TOO_NEW] = "Config_Too_New",
        [ERROR_IN_PROGRESS] = "In_Progress",
        [ERROR_EXP_A] = "Exp_A",
        [ERROR_EXP_B] = "Exp_B",
        [ERROR_INVALID_MESSAGE] = "Invalid_Message",
        /* RFC 7851 */
        [ERROR_UNDERLAY_DESTINATION_UNREACHABLE] = "Underlay_Destination_Unreachable",
        [ERROR_UNDERLAY_TIME_EXCEEDED] = "Underlay_Time_Exceeded",
        [ERROR_MESSAGE_EXPIRED] = "Message_Expired",
        [ERROR_UPSTREAM_MISROUTING] = "Upstream_Misrouting",
        [ERROR_LOOP_DETECTED] = "Loop_Detected",
        [ERROR_TTL_HOPS_EXCEEDED] = "TTL_Hops_Exceeded",
    };
    return code < sizeof name / sizeof *name ? name[code] : NULL;
}

/* A body without tokens, given alone. What has no structure of its own is opaque. The reader is made here, field by field: copying one
 * that was just written costs the store forwarding of the processor. */
static int plain_body_check(uint16_t code, const uint8_t *b, size_t len)
{
    struct reader r = reader_on(b, len, false);
    union {
        struct ping_req ping_req; struct ping_ans ping_ans; struct probe_req probe_req; struct attach attach; struct fetch_req fetch_req;
        struct find_req find_req; struct join_req join_req; struct join_ans join_ans; struct leave_req leave_req; struct update_req update_req;
        struct route_query_req route_query_req; struct route_query_ans route_query_ans; struct config_update_req config_update_req;
        struct path_track_req path_track_req; struct path_track_ans path_track_ans; struct error_body error;
    } x;
    switch ((enum message_code)code) {
    case UPDATE_REQ: return update_req_read(r, &x.update_req);
    case FETCH_REQ: case STAT_REQ: return fetch_req_read(r, &x.fetch_req);
    case UPDATE_ANS: case LEAVE_ANS: case CONFIG_UPDATE_ANS: return body_done(&r); /* empty */
    case PING_REQ: return ping_req_read(r, &x.ping_req);
    case PING_ANS: return ping_ans_read(r, &x.ping_ans);
    case ATTACH_REQ: case ATTACH_ANS: return attach_read(r, &x.attach);
    case APP_ATTACH_REQ: case APP_ATTACH_ANS: return app_attach_read(r, &x.attach);
    case STORE_ANS: return store_ans_check(r);
    case STAT_ANS: return stat_ans_check(r);
    case FIND_REQ: return find_req_read(r, &x.find_req);
    case FIND_ANS: return find_ans_check(r);
    case PROBE_REQ: return probe_req_read(r, &x.probe_req);
    case PROBE_ANS: return probe_ans_check(r);
    case JOIN_REQ: return join_req_read(r, &x.join_req);
    case JOIN_ANS: return join_ans_read(r, &x.join_ans);
    case LEAVE_REQ: return leave_req_read(r, &x.leave_req);
    case ROUTE_QUERY_REQ: return route_query_req_read(r, &x.route_query_req);
    case ROUTE_QUERY_ANS: return route_query_ans_read(r, &x.route_query_ans);
    case CONFIG_UPDATE_REQ: return config_update_req_read(r, &x.config_update_req);
    case MESSAGE_ERROR: return error_read(r, &x.error);
    case PATH_TRACK_REQ: return path_track_req_read(r, &x.path_track_req);
    case PATH_TRACK_ANS: return path_track_ans_read(r, &x.path_track_ans);
    case STORE_REQ: case FETCH_ANS: /* hold tokens: not here */
    case EXP_A_REQ: case EXP_A_ANS: case EXP_B_REQ: case EXP_B_ANS:
        break;
    }
    return 0;
}

static inline void body_read(struct reader *r, struct message *m)
{
    uint32_t end = vector_begin(r, 4), start = r->true_pos;
    const uint8_t *b = r->p;
    int err = 0;

    if (m->code == STORE_REQ) {
        store_req_check(r);
    } else if (m->code == FETCH_ANS) {
        fetch_ans_check(r);
    } else if (reader_take(r, end - start)) {
        err = plain_body_check(m->code, b, end - start);
    }
    vector_end(r, end);
    if (err)
        reader_fail(r, err);
    m->body.p = b;
    m->body.end = r->p;
    m->body.true_pos = start;
    m->body.folded = r->folded;
    m->body.err = 0;
    m->body_true = end - start;
}

int extension_read(struct reader *r, struct extension *x)
{
    x->type = get_u16(r);
    x->critical = get_bool(r);
    x->contents = get_vector(r, 4);
    return r->err;
}

/* No extension is implemented yet, so every critical one is unknown. */
static inline void extensions_read(struct reader *r, struct message *m)
{
    struct reader each;
    struct extension x;

    m->extensions = get_vector(r, 4);
    m->unknown_critical = false;
    if (!m->extensions.len)
        return;
    each = reader_on(m->extensions.b, m->extensions.len, false);
    while (reader_left(&each)) {
        extension_read(&each, &x);
        m->unknown_critical |= !each.err && x.critical;
    }
    if (each.err)
        reader_fail(r, each.err);
}

int message_read(const uint8_t *b, size_t len, bool folded, struct message *m)
{
    struct reader r = reader_on(b, len, folded);
    const uint8_t *contents;
    uint32_t contents_at;

    if (header_read(&r, &m->header))
        return r.err;
    if (!header_is_whole(&m->header))
        return ERR_FRAGMENT;
    contents = r.p;
    contents_at = r.true_pos;
    m->code = get_u16(&r);
    body_read(&r, m);
    extensions_read(&r, m);
    if (r.err)
        return r.err;
    m->contents = (struct span){contents, (uint32_t)(r.p - contents)};
    m->contents_true = r.true_pos - contents_at;
    security_read(&r, &m->security);
    if (body_done(&r))
        return r.err;
    return r.true_pos == m->header.length ? 0 : ERR_LENGTH;
}

uint16_t message_peek_code(const uint8_t *b, size_t len, bool folded)
{
    size_t at;

    if (len < HEADER_FIXED_BYTES)
        return 0;
    at = (size_t)HEADER_FIXED_BYTES + load_be16(b + 32) + load_be16(b + 34) + load_be16(b + 36);
    if (len < at + 2 || (!folded && FRAGMENT_OFFSET(load_be32(b + 12))))
        return 0;
    return load_be16(b + at);
}

void extension_put(struct writer *w, const struct extension *x)
{
    put_u16(w, x->type);
    put_u8(w, x->critical);
    put_vector(w, 4, x->contents.b, x->contents.len);
}

struct mark contents_begin(struct writer *w, uint16_t code)
{
    put_u16(w, code);
    return put_open(w, 4);
}

void contents_end(struct writer *w, struct mark body, const struct extension *extension, unsigned extensions)
{
    struct mark m;

    put_close(w, 4, body);
    m = put_open(w, 4);
    for (unsigned i = 0; i < extensions; i++)
        extension_put(w, &extension[i]);
    put_close(w, 4, m);
}
