/* SPDX-License-Identifier: GPL-2.0-or-later */
/* RELOAD messages: contents, bodies, errors (RFC 6940 6.3.3, 6.4, 6.5, 7.4, 10.7, 10.8, 10.9; RFC 7851).
 *
 * Reading: message_read() checks a whole reassembled message to its last byte; the typed readers below then walk a body that is known
 * to be well-formed. Writing: contents_begin, one body writer, contents_end; then the signature is computed over those bytes.
 * Lists of Node-IDs are spans of 16-byte entries. Nothing is copied: spans point into the input. */
#ifndef PROTO_WIRE_MESSAGE_H
#define PROTO_WIRE_MESSAGE_H

#include "proto/kind.h"
#include "proto/port.h"
#include "proto/wire/header.h"
#include "proto/wire/security.h"

enum message_code {
    PROBE_REQ = 0x01, PROBE_ANS, ATTACH_REQ, ATTACH_ANS, STORE_REQ = 0x07, STORE_ANS, FETCH_REQ, FETCH_ANS,
    FIND_REQ = 0x0d, FIND_ANS, JOIN_REQ, JOIN_ANS, LEAVE_REQ, LEAVE_ANS, UPDATE_REQ, UPDATE_ANS, ROUTE_QUERY_REQ, ROUTE_QUERY_ANS,
    PING_REQ, PING_ANS, STAT_REQ, STAT_ANS, APP_ATTACH_REQ = 0x1d, APP_ATTACH_ANS, CONFIG_UPDATE_REQ = 0x21, CONFIG_UPDATE_ANS,
    EXP_A_REQ, EXP_A_ANS, EXP_B_REQ, EXP_B_ANS, PATH_TRACK_REQ, PATH_TRACK_ANS, MESSAGE_ERROR = 0xffff
};
const char *message_name(uint16_t code);           /* "PingReq", …; NULL if unassigned */
enum traffic message_traffic(uint16_t code);
static inline bool message_is_request(uint16_t code) { return (code & 1) && code != MESSAGE_ERROR; }

enum reload_error {
    ERROR_FORBIDDEN = 2, ERROR_NOT_FOUND, ERROR_REQUEST_TIMEOUT, ERROR_GENERATION_COUNTER_TOO_LOW, ERROR_INCOMPATIBLE_WITH_OVERLAY,
    ERROR_UNSUPPORTED_FORWARDING_OPTION, ERROR_DATA_TOO_LARGE, ERROR_DATA_TOO_OLD, ERROR_TTL_EXCEEDED, ERROR_MESSAGE_TOO_LARGE,
    ERROR_UNKNOWN_KIND, ERROR_UNKNOWN_EXTENSION, ERROR_RESPONSE_TOO_LARGE, ERROR_CONFIG_TOO_OLD, ERROR_CONFIG_TOO_NEW,
    ERROR_IN_PROGRESS, ERROR_EXP_A, ERROR_EXP_B, ERROR_INVALID_MESSAGE,
    /* RFC 7851 6 */
    ERROR_UNDERLAY_DESTINATION_UNREACHABLE, ERROR_UNDERLAY_TIME_EXCEEDED, ERROR_MESSAGE_EXPIRED, ERROR_UPSTREAM_MISROUTING,
    ERROR_LOOP_DETECTED, ERROR_TTL_HOPS_EXCEEDED
};
const char *reload_error_name(uint16_t code);      /* NULL if unassigned */

struct extension {
    uint16_t type;
    bool critical;
    struct span contents;
};

/* A whole message, checked. contents = code .. extensions, the part that the message signature covers. */
struct message {
    struct header header;
    uint16_t code;
    struct reader body;          /* positioned at the body; end and true length limited to it */
    uint32_t body_true;          /* true length of the body */
    struct span extensions;      /* encoded */
    struct span contents;        /* bytes at hand of MessageContents */
    uint32_t contents_true;
    bool unknown_critical;       /* an unknown critical extension: Error_Unknown_Extension */
    struct security security;
};

/* b: header and payload, a whole message (fragment field FRAGMENT_WHOLE). 0 or a negative error; a body of an unassigned code is kept opaque. True length must equal header.length. */
int message_read(const uint8_t *b, size_t len, bool folded, struct message *);
/* Message code of a message or first fragment, read without checking anything else; 0 if out of reach. Folded parts tell (wire/stretch.h). */
uint16_t message_peek_code(const uint8_t *b, size_t len, bool folded);
int extension_read(struct reader *, struct extension *);
void extension_put(struct writer *, const struct extension *);

struct mark contents_begin(struct writer *, uint16_t code);
void contents_end(struct writer *, struct mark, const struct extension *, unsigned extensions);

/* ---- bodies; X_read takes message.body by value, returns 0 or a negative error ---- */

struct address_port { uint8_t type; struct ip_port addr; struct span unknown; };      /* IpAddressPort, 6.3.1.1 */
int address_read(struct reader *, struct address_port *);
void address_put(struct writer *, const struct address_port *);
struct address_port address_of(const struct ip_port *);

/* The value of a forwarding option, RFC 7263 5.2.2 and 7264 5.2.1: where an answer may go. destinations: an encoded list. */
#define OPTION_EXTENSIVE_ROUTING 2
enum route_mode { ROUTE_DIRECT = 1, ROUTE_RELAY = 2 };
struct extensive_routing { uint8_t mode, transport; struct address_port addr; struct span destinations; };
int extensive_routing_read(struct span value, struct extensive_routing *);
void extensive_routing_put(struct writer *, const struct extensive_routing *);

struct ping_req { struct span padding; };
struct ping_ans { uint64_t response_id, time_ms; };
enum probe_type { PROBE_RESPONSIBLE_SET = 1, PROBE_NUM_RESOURCES, PROBE_UPTIME };
struct probe_req { struct span types; };
struct probe_info { uint8_t type; struct span value; };
struct probe_ans { struct span infos; };             /* encoded list; probe_info_read */
int ping_req_read(struct reader, struct ping_req *);   void ping_req_put(struct writer *, const struct ping_req *);
int ping_ans_read(struct reader, struct ping_ans *);   void ping_ans_put(struct writer *, const struct ping_ans *);
int probe_req_read(struct reader, struct probe_req *); void probe_req_put(struct writer *, const struct probe_req *);
int probe_ans_read(struct reader, struct probe_ans *); void probe_ans_put(struct writer *, const struct probe_ans *);
int probe_info_read(struct reader *, struct probe_info *);
void probe_info_put(struct writer *, const struct probe_info *);

/* Overlay link types, 6.5.1.1 and 14.11: 1 DTLS-UDP-SR, 3 DTLS-UDP-SR-NO-ICE, 4 TLS-TCP-FH-NO-ICE. Candidate types 1 host .. 4 relay. */
enum overlay_link { LINK_DTLS_UDP_SR = 1, LINK_DTLS_UDP_SR_NO_ICE = 3, LINK_TLS_TCP_FH_NO_ICE = 4 };
enum candidate_type { CANDIDATE_HOST = 1, CANDIDATE_SRFLX = 2, CANDIDATE_RELAY = 4 };
struct candidate {
    struct address_port addr;
    uint8_t overlay_link;
    struct span foundation;
    uint32_t priority;
    uint8_t type;              /* enum candidate_type; 3 (peer reflexive) is reserved and refused */
    struct address_port related; /* absent for host candidates */
    struct span extensions;    /* encoded */
};
struct attach {                /* request and answer, 6.5.1.1; AppAttach adds application and has no send_update, 6.5.2 */
    struct span ufrag, password, role;
    uint16_t application;
    struct span candidates;    /* encoded; candidate_read */
    bool send_update;
};
int attach_read(struct reader, struct attach *);       void attach_put(struct writer *, const struct attach *);
int app_attach_read(struct reader, struct attach *);   void app_attach_put(struct writer *, const struct attach *);
int candidate_read(struct reader *, struct candidate *);
void candidate_put(struct writer *, const struct candidate *);

struct join_req { struct id peer; struct span data; };
struct join_ans { struct span data; };
struct leave_req { struct id peer; struct span data; };
enum chord_leave { LEAVE_FROM_SUCC = 1, LEAVE_FROM_PRED = 2 };
struct chord_leave_data { uint8_t type; struct span peers; };      /* 10.9, inside leave_req.data */
enum chord_update { UPDATE_PEER_READY = 1, UPDATE_NEIGHBORS = 2, UPDATE_FULL = 3 };
struct update_req { uint32_t uptime_s; uint8_t type; struct span predecessors, successors, fingers; };
struct route_query_req { bool send_update; struct destination destination; struct span data; };
struct route_query_ans { struct id next_peer; };
enum config_update_type { CONFIG_UPDATE_CONFIG = 1, CONFIG_UPDATE_KIND = 2 };
struct config_update_req { uint8_t type; struct span data; /* config XML, or the encoded kinds list; raw when the type is unknown */ };
int join_req_read(struct reader, struct join_req *);   void join_req_put(struct writer *, const struct join_req *);
int join_ans_read(struct reader, struct join_ans *);   void join_ans_put(struct writer *, const struct join_ans *);
int leave_req_read(struct reader, struct leave_req *); void leave_req_put(struct writer *, const struct leave_req *);
int chord_leave_read(struct span, struct chord_leave_data *); void chord_leave_put(struct writer *, const struct chord_leave_data *);
int update_req_read(struct reader, struct update_req *); void update_req_put(struct writer *, const struct update_req *);
int route_query_req_read(struct reader, struct route_query_req *); void route_query_req_put(struct writer *, const struct route_query_req *);
int route_query_ans_read(struct reader, struct route_query_ans *); void route_query_ans_put(struct writer *, const struct route_query_ans *);
int config_update_req_read(struct reader, struct config_update_req *); void config_update_req_put(struct writer *, const struct config_update_req *);
/* Diagnostics, RFC 7851 5.1, 5.2: lists of {kind 2, contents} with lengths of 4 bytes (extensions) or 2 (infos). */
#define EXTENSION_DIAGNOSTIC_PING 2
struct diagnostics_req { uint64_t expiration_ms, initiated_ms, flags; struct span extensions; };
struct diagnostics_ans { uint64_t expiration_ms, initiated_ms, received_ms; uint8_t hop_counter; struct span infos; };
struct path_track_req { struct destination destination; struct diagnostics_req request; };
struct path_track_ans { struct destination next_hop; struct diagnostics_ans response; };
int diagnostics_req_read(struct reader, struct diagnostics_req *); void diagnostics_req_put(struct writer *, const struct diagnostics_req *);
int diagnostics_ans_read(struct reader, struct diagnostics_ans *); void diagnostics_ans_put(struct writer *, const struct diagnostics_ans *);
int path_track_req_read(struct reader, struct path_track_req *); void path_track_req_put(struct writer *, const struct path_track_req *);
int path_track_ans_read(struct reader, struct path_track_ans *); void path_track_ans_put(struct writer *, const struct path_track_ans *);
struct error_body { uint16_t code; struct span info; };
int error_read(struct reader, struct error_body *);    void error_put(struct writer *, const struct error_body *);

/* ---- storage, section 7 ---- */

enum kind_id { KIND_SIP_REGISTRATION = 1, KIND_TURN_SERVICE = 2, KIND_CERTIFICATE_BY_NODE = 3, KIND_CERTIFICATE_BY_USER = 0x10, KIND_REDIR = 0x104 };
enum data_model kind_model(uint32_t kind);           /* of the registered Kinds; MODEL_UNKNOWN otherwise */

/* certificate: the value is a certificate token (wire/security.h), which here stands for the DER alone, CERTIFICATE_DER_BYTES. */
struct data_value { bool exists, certificate; struct span value; };
static inline uint32_t data_value_true(const struct data_value *v) { return v->certificate ? CERTIFICATE_DER_BYTES : v->value.len; }
struct stored_data {
    uint64_t storage_time_ms;
    uint32_t lifetime_s;
    enum data_model model;                            /* not on the wire */
    uint32_t index;                                   /* array */
    struct span key;                                  /* dictionary */
    struct data_value value;
    struct span raw;                                  /* Kind of unknown model: value and signature, opaque; without the signature if that is a token */
    struct signature signature;
};
int stored_data_read(struct reader *, uint32_t kind, struct stored_data *);
/* What was read as of an unknown model, once more by somebody who knows it: index or key, value and signature out of `raw`. 0 or a negative error. */
int stored_data_open(struct stored_data *, enum data_model);
void stored_data_put(struct writer *, const struct stored_data *);
/* The StoredDataValue part alone, as the data signature covers it (array index as given). */
void stored_value_put(struct writer *, const struct stored_data *);

/* Walking a StoreReq or FetchAns: store_req_begin reads resource and replica; kind_data_next steps to the next Kind; within it
 * stored_data_read while r->true_pos < k.values_end. `r` is a copy of message.body that the caller keeps. */
struct store_req { struct span resource; uint8_t replica; uint32_t end; };
struct kind_data { uint32_t kind; uint64_t generation; uint32_t values_end; };
int store_req_begin(struct reader *, struct store_req *);
int fetch_ans_begin(struct reader *, uint32_t *end);
int kind_data_next(struct reader *, struct kind_data *);   /* call while r->true_pos < end; all values of the Kind before must have been read */
/* A StatAns has the same frame (fetch_ans_begin, kind_data_next) with metadata_read in place of stored_data_read. */
/* Writing: store_req_open / fetch_ans_open, then per Kind kind_data_open, stored_data_put…, kind_data_close, then put_close(w, 4, mark). */
struct mark store_req_open(struct writer *, struct id resource, uint8_t replica);
struct mark fetch_ans_open(struct writer *);
struct mark kind_data_open(struct writer *, uint32_t kind, uint64_t generation);
void kind_data_close(struct writer *, struct mark);

struct store_response { uint32_t kind; uint64_t generation; struct span replicas; };  /* StoreAns: kind_responses<0..2^16-1> */
struct list_body { struct span items; };
int store_ans_read(struct reader, struct list_body *);
int store_response_read(struct reader *, struct store_response *);
struct mark store_ans_open(struct writer *);                                          /* close with put_close(w, 2, mark) */
void store_response_put(struct writer *, const struct store_response *);

struct specifier { uint32_t kind; uint64_t generation; struct span model_specifier; };  /* inner bytes, decoded with the two below */
struct fetch_req { struct span resource; struct span specifiers; };                     /* FetchReq and StatReq */
int fetch_req_read(struct reader, struct fetch_req *);
int specifier_read(struct reader *, struct specifier *);
struct mark fetch_req_open(struct writer *, struct id resource);                        /* close with put_close(w, 2, mark) */
void specifier_put(struct writer *, const struct specifier *);
/* Dictionary: keys<0..2^16-1> of key<0..2^16-1>; empty = all. Returns the encoded key list's inside. */
int dictionary_keys_read(struct span model_specifier, struct span *keys);
/* Array: indices<0..2^16-1> of ranges, 8 bytes each, both ends included; ARRAY_LAST is the last element. Returns the inside. */
#define ARRAY_LAST UINT32_MAX
#define ARRAY_RANGE_BYTES 8u
struct array_range { uint32_t first, last; };
int array_ranges_read(struct span model_specifier, struct span *ranges);
struct array_range array_range_at(struct span ranges, uint32_t i);

struct metadata { uint32_t value_length; uint64_t storage_time_ms; uint32_t lifetime_s; enum data_model model; uint32_t index; struct span key;
                  bool exists; uint32_t data_length; uint8_t hash_algorithm; struct span hash; struct span raw; };
int metadata_read(struct reader *, enum data_model, struct metadata *);
void metadata_put(struct writer *, const struct metadata *);

struct find_req { struct span resource; struct span kinds; };
struct find_result { uint32_t kind; struct span closest; };
int find_req_read(struct reader, struct find_req *);   void find_req_put(struct writer *, const struct find_req *);
int find_ans_read(struct reader, struct list_body *);  struct mark find_ans_open(struct writer *);
int find_result_read(struct reader *, struct find_result *); void find_result_put(struct writer *, const struct find_result *);

/* SIP-REGISTRATION, RFC 7904 section 3 (the contents of DataValue.value). */
enum sip_registration_type { SIP_REGISTRATION_URI = 1, SIP_REGISTRATION_ROUTE = 2 };
struct sip_registration { uint8_t type; struct span uri; struct span contact_prefs; struct span destinations; };
int sip_registration_read(struct span, struct sip_registration *);
void sip_registration_put(struct writer *, const struct sip_registration *);

#endif
