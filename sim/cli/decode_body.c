/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bodies of messages as named values. They were checked by message_read, so nothing here can fail half-way. */
#include "sim/cli/decode_show.h"

static struct reader reader_of(struct span s)
{
    return reader_on(s.b, s.len, false);
}

static void show_ids(struct tree *t, const char *name, struct span list)
{
    tree_list(t, name);
    for (uint32_t i = 0; i + ID_BYTES <= list.len; i += ID_BYTES)
        tree_id(t, "node", id_load(list.b + i));
    tree_close(t);
}

static void show_numbers(struct tree *t, const char *name, struct span list, unsigned width)
{
    struct reader r = reader_of(list);
    tree_list(t, name);
    while (reader_left(&r))
        tree_number(t, "type", get_length(&r, width));
    tree_close(t);
}

/* ---- Ping, Probe, errors ---- */

static void show_ping_req(struct tree *t, struct reader r)
{
    struct ping_req x;
    if (!ping_req_read(r, &x))
        tree_bytes(t, "padding", x.padding);
}

static void show_ping_ans(struct tree *t, struct reader r)
{
    struct ping_ans x;
    if (ping_ans_read(r, &x))
        return;
    tree_hex(t, "response_id", x.response_id, 16);
    tree_number(t, "time", x.time_ms);
}

static void show_probe_req(struct tree *t, struct reader r)
{
    struct probe_req x;
    if (!probe_req_read(r, &x))
        show_numbers(t, "requested_info", x.types, 1);
}

static void show_probe_ans(struct tree *t, struct reader r)
{
    static const char *const names[] = {[PROBE_RESPONSIBLE_SET] = "responsible_ppb", [PROBE_NUM_RESOURCES] = "num_resources", [PROBE_UPTIME] = "uptime"};
    struct probe_ans x;
    struct probe_info info;

    if (probe_ans_read(r, &x))
        return;
    tree_list(t, "probe_info");
    for (struct reader each = reader_of(x.infos); reader_left(&each) && !probe_info_read(&each, &info);) {
        tree_open(t, "info");
        tree_number(t, "type", info.type);
        if (info.type && info.type < sizeof names / sizeof *names)
            tree_number(t, names[info.type], load_be32(info.value.b));
        else
            tree_bytes(t, "value", info.value);
        tree_close(t);
    }
    tree_close(t);
}

static void show_error(struct tree *t, struct reader r)
{
    struct error_body x;
    const char *name;

    if (error_read(r, &x))
        return;
    name = reload_error_name(x.code);
    tree_number(t, "error_code", x.code);
    tree_word(t, "error_name", name ? name : "unknown");
    if (x.code == ERROR_UNKNOWN_KIND || x.code == ERROR_GENERATION_COUNTER_TOO_LOW)
        tree_bytes(t, "error_info", x.info);
    else
        tree_text(t, "error_info", x.info);
}

/* ---- Attach ---- */

static void show_address(struct tree *t, const char *name, const struct address_port *a)
{
    tree_open(t, name);
    tree_number(t, "type", a->type);
    if (a->addr.version) {
        tree_bytes(t, "addr", (struct span){a->addr.ip, a->addr.version == 4 ? 4 : 16});
        tree_number(t, "port", a->addr.port);
    } else {
        tree_bytes(t, "value", a->unknown);
    }
    tree_close(t);
}

static void show_candidate(struct tree *t, const struct candidate *c)
{
    tree_open(t, "candidate");
    show_address(t, "addr_port", &c->addr);
    tree_number(t, "overlay_link", c->overlay_link);
    tree_text(t, "foundation", c->foundation);
    tree_number(t, "priority", c->priority);
    tree_number(t, "type", c->type);
    if (c->type != CANDIDATE_HOST)
        show_address(t, "rel_addr_port", &c->related);
    tree_bytes(t, "extensions", c->extensions);
    tree_close(t);
}

static void show_attach(struct tree *t, struct reader r, bool application)
{
    struct attach x;
    struct candidate c;

    if (application ? app_attach_read(r, &x) : attach_read(r, &x))
        return;
    tree_text(t, "ufrag", x.ufrag);
    tree_text(t, "password", x.password);
    if (application)
        tree_number(t, "application", x.application);
    tree_text(t, "role", x.role);
    tree_list(t, "candidates");
    for (struct reader each = reader_of(x.candidates); reader_left(&each) && !candidate_read(&each, &c);)
        show_candidate(t, &c);
    tree_close(t);
    if (!application)
        tree_bool(t, "send_update", x.send_update);
}

/* ---- the ring ---- */

static void show_join_req(struct tree *t, struct reader r)
{
    struct join_req x;
    if (join_req_read(r, &x))
        return;
    tree_id(t, "joining_peer_id", x.peer);
    tree_bytes(t, "overlay_specific_data", x.data);
}

static void show_join_ans(struct tree *t, struct reader r)
{
    struct join_ans x;
    if (!join_ans_read(r, &x))
        tree_bytes(t, "overlay_specific_data", x.data);
}

static void show_leave_req(struct tree *t, struct reader r)
{
    struct leave_req x;
    struct chord_leave_data chord;

    if (leave_req_read(r, &x))
        return;
    tree_id(t, "leaving_peer_id", x.peer);
    if (chord_leave_read(x.data, &chord)) {
        tree_bytes(t, "overlay_specific_data", x.data);
        return;
    }
    tree_word(t, "type", chord.type == LEAVE_FROM_SUCC ? "from_succ" : "from_pred");
    show_ids(t, chord.type == LEAVE_FROM_SUCC ? "successors" : "predecessors", chord.peers);
}

static void show_update_req(struct tree *t, struct reader r)
{
    static const char *const types[] = {[UPDATE_PEER_READY] = "peer_ready", [UPDATE_NEIGHBORS] = "neighbors", [UPDATE_FULL] = "full"};
    struct update_req x;

    if (update_req_read(r, &x))
        return;
    tree_number(t, "uptime", x.uptime_s);
    tree_word(t, "type", types[x.type]);
    if (x.type != UPDATE_PEER_READY) {
        show_ids(t, "predecessors", x.predecessors);
        show_ids(t, "successors", x.successors);
    }
    if (x.type == UPDATE_FULL)
        show_ids(t, "fingers", x.fingers);
}

static void show_route_query_req(struct tree *t, struct reader r)
{
    struct route_query_req x;
    if (route_query_req_read(r, &x))
        return;
    tree_bool(t, "send_update", x.send_update);
    tree_list(t, "destination");
    decode_show_destination(t, &x.destination);
    tree_close(t);
    tree_bytes(t, "overlay_specific_data", x.data);
}

/* RFC 7851 5. */
static void show_path_track_req(struct tree *t, struct reader r)
{
    struct path_track_req x;
    if (path_track_req_read(r, &x))
        return;
    tree_list(t, "destination");
    decode_show_destination(t, &x.destination);
    tree_close(t);
    tree_number(t, "expiration", x.request.expiration_ms);
    tree_number(t, "timestamp_initiated", x.request.initiated_ms);
    tree_number(t, "dMFlags", x.request.flags);
    tree_bytes(t, "diagnostic_extensions", x.request.extensions);
}

static void show_path_track_ans(struct tree *t, struct reader r)
{
    struct path_track_ans x;
    if (path_track_ans_read(r, &x))
        return;
    tree_list(t, "next_hop");
    decode_show_destination(t, &x.next_hop);
    tree_close(t);
    tree_number(t, "expiration", x.response.expiration_ms);
    tree_number(t, "timestamp_initiated", x.response.initiated_ms);
    tree_number(t, "timestamp_received", x.response.received_ms);
    tree_number(t, "hop_counter", x.response.hop_counter);
    tree_bytes(t, "diagnostic_info", x.response.infos);
}

static void show_route_query_ans(struct tree *t, struct reader r)
{
    struct route_query_ans x;
    if (!route_query_ans_read(r, &x))
        tree_id(t, "next_peer", x.next_peer);
}

static void show_config_update_req(struct tree *t, struct reader r)
{
    struct config_update_req x;

    if (config_update_req_read(r, &x))
        return;
    tree_number(t, "type", x.type);
    if (x.type == CONFIG_UPDATE_CONFIG) {
        tree_text(t, "config_data", x.data);
    } else if (x.type == CONFIG_UPDATE_KIND) {
        tree_list(t, "kinds");
        for (struct reader each = reader_of(x.data); reader_left(&each);)
            tree_text(t, "kind", get_vector(&each, 2));
        tree_close(t);
    } else {
        tree_bytes(t, "data", x.data);
    }
}

/* ---- storage ---- */

static void show_value(struct tree *t, uint32_t kind, struct span value)
{
    struct sip_registration x;

    if (kind == KIND_CERTIFICATE_BY_NODE || kind == KIND_CERTIFICATE_BY_USER) {
        decode_show_certificate(t, &(struct certificate){.owner = PEER_NONE, .der = value});
        return;
    }
    if (kind != KIND_SIP_REGISTRATION || sip_registration_read(value, &x)) {
        tree_bytes(t, "value", value);
        return;
    }
    tree_open(t, "sip_registration");
    if (x.type == SIP_REGISTRATION_URI) {
        tree_text(t, "uri", x.uri);
    } else {
        tree_text(t, "contact_prefs", x.contact_prefs);
        decode_show_destinations(t, "destination_list", x.destinations);
    }
    tree_close(t);
}

static void show_stored_data(struct tree *t, uint32_t kind, const struct stored_data *d)
{
    tree_open(t, "stored_data");
    tree_number(t, "storage_time", d->storage_time_ms);
    tree_number(t, "lifetime", d->lifetime_s);
    if (d->model == MODEL_UNKNOWN) {
        tree_bytes(t, "opaque", d->raw);
    } else {
        if (d->model == MODEL_ARRAY)
            tree_number(t, "index", d->index);
        if (d->model == MODEL_DICTIONARY)
            tree_bytes(t, "key", d->key);
        tree_bool(t, "exists", d->value.exists);
        show_value(t, kind, d->value.value);
        decode_show_signature(t, &d->signature);
    }
    tree_close(t);
}

static void show_metadata(struct tree *t, const struct metadata *m)
{
    tree_open(t, "metadata");
    tree_number(t, "storage_time", m->storage_time_ms);
    tree_number(t, "lifetime", m->lifetime_s);
    if (m->model == MODEL_UNKNOWN) {
        tree_bytes(t, "opaque", m->raw);
    } else {
        if (m->model == MODEL_ARRAY)
            tree_number(t, "index", m->index);
        if (m->model == MODEL_DICTIONARY)
            tree_bytes(t, "key", m->key);
        tree_bool(t, "exists", m->exists);
        tree_number(t, "value_length", m->data_length);
        tree_number(t, "hash_algorithm", m->hash_algorithm);
        tree_bytes(t, "hash_value", m->hash);
    }
    tree_close(t);
}

static void show_kinds(struct tree *t, struct reader *r, uint32_t end, bool meta)
{
    struct kind_data k;
    struct stored_data d;
    struct metadata m;

    tree_list(t, "kinds");
    while (r->true_pos < end && !kind_data_next(r, &k)) {
        tree_open(t, "kind_data");
        tree_number(t, "kind", k.kind);
        tree_number(t, "generation_counter", k.generation);
        tree_list(t, "values");
        while (r->true_pos < k.values_end)
            if (meta && !metadata_read(r, kind_model(k.kind), &m))
                show_metadata(t, &m);
            else if (!meta && !stored_data_read(r, k.kind, &d))
                show_stored_data(t, k.kind, &d);
        tree_close(t);
        tree_close(t);
    }
    tree_close(t);
}

static void show_store_req(struct tree *t, struct reader r)
{
    struct store_req x;
    if (store_req_begin(&r, &x))
        return;
    tree_bytes(t, "resource", x.resource);
    tree_number(t, "replica_number", x.replica);
    show_kinds(t, &r, x.end, false);
}

static void show_fetch_ans(struct tree *t, struct reader r, bool meta)
{
    uint32_t end;
    if (!fetch_ans_begin(&r, &end))
        show_kinds(t, &r, end, meta);
}

static void show_store_ans(struct tree *t, struct reader r)
{
    struct list_body x;
    struct store_response response;

    if (store_ans_read(r, &x))
        return;
    tree_list(t, "kind_responses");
    for (struct reader each = reader_of(x.items); reader_left(&each) && !store_response_read(&each, &response);) {
        tree_open(t, "response");
        tree_number(t, "kind", response.kind);
        tree_number(t, "generation_counter", response.generation);
        show_ids(t, "replicas", response.replicas);
        tree_close(t);
    }
    tree_close(t);
}

static void show_specifier(struct tree *t, const struct specifier *s)
{
    struct span keys;

    tree_open(t, "specifier");
    tree_number(t, "kind", s->kind);
    tree_number(t, "generation", s->generation);
    if (kind_model(s->kind) == MODEL_DICTIONARY && !dictionary_keys_read(s->model_specifier, &keys)) {
        tree_list(t, "keys"); /* none = all */
        for (struct reader each = reader_of(keys); reader_left(&each);)
            tree_bytes(t, "key", get_vector(&each, 2));
        tree_close(t);
    } else if (kind_model(s->kind) == MODEL_ARRAY && !array_ranges_read(s->model_specifier, &keys)) {
        tree_list(t, "indices");
        for (uint32_t i = 0; i < keys.len / ARRAY_RANGE_BYTES; i++) {
            tree_open(t, "range");
            tree_number(t, "first", array_range_at(keys, i).first);
            tree_number(t, "last", array_range_at(keys, i).last); /* 4294967295 = the last element */
            tree_close(t);
        }
        tree_close(t);
    } else {
        tree_bytes(t, "model_specifier", s->model_specifier);
    }
    tree_close(t);
}

static void show_fetch_req(struct tree *t, struct reader r)
{
    struct fetch_req x;
    struct specifier s;

    if (fetch_req_read(r, &x))
        return;
    tree_bytes(t, "resource", x.resource);
    tree_list(t, "specifiers");
    for (struct reader each = reader_of(x.specifiers); reader_left(&each) && !specifier_read(&each, &s);)
        show_specifier(t, &s);
    tree_close(t);
}

static void show_find_req(struct tree *t, struct reader r)
{
    struct find_req x;
    if (find_req_read(r, &x))
        return;
    tree_bytes(t, "resource", x.resource);
    show_numbers(t, "kinds", x.kinds, 4);
}

static void show_find_ans(struct tree *t, struct reader r)
{
    struct list_body x;
    struct find_result result;

    if (find_ans_read(r, &x))
        return;
    tree_list(t, "results");
    for (struct reader each = reader_of(x.items); reader_left(&each) && !find_result_read(&each, &result);) {
        tree_open(t, "result");
        tree_number(t, "kind", result.kind);
        tree_bytes(t, "closest", result.closest);
        tree_close(t);
    }
    tree_close(t);
}

void decode_show_body(struct tree *t, uint16_t code, struct reader r)
{
    switch ((enum message_code)code) {
    case PROBE_REQ: show_probe_req(t, r); return;
    case PROBE_ANS: show_probe_ans(t, r); return;
    case ATTACH_REQ: case ATTACH_ANS: show_attach(t, r, false); return;
    case APP_ATTACH_REQ: case APP_ATTACH_ANS: show_attach(t, r, true); return;
    case STORE_REQ: show_store_req(t, r); return;
    case STORE_ANS: show_store_ans(t, r); return;
    case FETCH_REQ: case STAT_REQ: show_fetch_req(t, r); return;
    case FETCH_ANS: show_fetch_ans(t, r, false); return;
    case STAT_ANS: show_fetch_ans(t, r, true); return;
    case FIND_REQ: show_find_req(t, r); return;
    case FIND_ANS: show_find_ans(t, r); return;
    case JOIN_REQ: show_join_req(t, r); return;
    case JOIN_ANS: show_join_ans(t, r); return;
    case LEAVE_REQ: show_leave_req(t, r); return;
    case UPDATE_REQ: show_update_req(t, r); return;
    case ROUTE_QUERY_REQ: show_route_query_req(t, r); return;
    case ROUTE_QUERY_ANS: show_route_query_ans(t, r); return;
    case PING_REQ: show_ping_req(t, r); return;
    case PING_ANS: show_ping_ans(t, r); return;
    case CONFIG_UPDATE_REQ: show_config_update_req(t, r); return;
    case MESSAGE_ERROR: show_error(t, r); return;
    case LEAVE_ANS: case UPDATE_ANS: case CONFIG_UPDATE_ANS:
    case PATH_TRACK_REQ: show_path_track_req(t, r); return;
    case PATH_TRACK_ANS: show_path_track_ans(t, r); return;
    case EXP_A_REQ: case EXP_A_ANS: case EXP_B_REQ: case EXP_B_ANS:
        break;
    }
    if (reader_left(&r))
        tree_bytes(t, "opaque", (struct span){r.p, (uint32_t)reader_left(&r)});
}
