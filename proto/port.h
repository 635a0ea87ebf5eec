/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The door out: all that a protocol node may ask of its host. A host fills in one const table (struct port).
 * Three hosts exist by design (virtual, live sockets, ns-3) besides the test recorder; a node cannot tell them apart.
 * proto/README.md holds the contract as a table. Every call is synchronous and never calls back into the node. */
#ifndef PROTO_PORT_H
#define PROTO_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/id.h"
#include "proto/base/time.h"

struct env;
struct node;
struct overlay;
struct signature;
struct value_kind;

typedef uint32_t peer_h; /* stands for a Node-ID; carries no liveness */
typedef uint32_t addr_h; /* stands for a transport address */
typedef uint32_t chan_h; /* a secured channel of this node: a small dense number, lowest free first, unique while open */
#define PEER_NONE UINT32_MAX
#define ADDR_NONE UINT32_MAX
#define CHAN_NONE UINT32_MAX

/* What one node knows of its circumstances during one call. The host owns it; it lives for that call only. */
struct env {
    const struct port *port;
    void *host;       /* the host's own */
    sim_time now;     /* monotonic */
    uint64_t unix_ms; /* wall clock of this node: storage_time, Ping answers */
    void *work;       /* the node's second block, NULL = it has none; see port.work */
    peer_h self;
    uint32_t cpu_ns;  /* CPU that the node has used in this call; sign and verify add to it, the host charges it */
};

/* A received datagram, borrowed for the call. In a folded datagram (len < true_len) modelled certificates and signatures stand
 * as tokens (proto/wire/fold.h); true_len is what a real wire would carry, and is what every limit and length field means. */
struct dgram {
    const uint8_t *b;
    uint16_t len, true_len;
};

/* Class of a datagram, for counting only. The host adds its own classes (handshake, keepalive) after these. */
enum traffic {
    TRAFFIC_LOOKUP,       /* Fetch, Stat, Find and their answers */
    TRAFFIC_STORE,        /* Store and its answer, replicas and hand-over included */
    TRAFFIC_UPDATE,       /* Update and its answer */
    TRAFFIC_ATTACH,       /* Attach, AppAttach */
    TRAFFIC_JOIN_LEAVE,
    TRAFFIC_PING,         /* Ping, Probe, RouteQuery */
    TRAFFIC_OTHER,        /* ConfigUpdate, errors, what cannot be told */
    TRAFFIC_ACK,
    TRAFFIC_HANDSHAKE,    /* host: DTLS flights */
    TRAFFIC_KEEPALIVE,    /* host: STUN Binding Indications */
    TRAFFIC_CLASSES
};

enum chan_op {
    CHAN_OPEN,      /* start a handshake as DTLS client towards args.addr; args.chan is set; UP or DOWN follows in a later call */
    CHAN_CLOSE,     /* close_notify, forget; nothing follows, and the number may be given again at once */
    CHAN_KEEPALIVE, /* send a keepalive each args.interval and report SILENT when nothing was received for args.silent_after; 0 stops */
    CHAN_REMOTE,    /* args.addr is set to the address at the other end of an open channel */
};

struct chan_args {
    chan_h chan;
    addr_h addr;
    sim_time interval, silent_after;
    bool unasked; /* OPEN: the other side does not expect it, for no Attach went before; a NAT or firewall there may keep it out */
};

/* IPv4 transport address, host order; RFC 6940 6.3.1.1 IpAddressPort. */
struct ip_port {
    uint8_t ip[16]; /* the first 4 bytes for IPv4 */
    uint16_t port;
    uint8_t version; /* 4 or 6 */
};

/* One piece of a signature or hash input; the input is the concatenation. */
struct piece {
    const void *b;
    size_t len;
};

enum hash_alg { HASH_SHA1 = 2, HASH_SHA256 = 4 }; /* TLS code points */

/* Purposes of random numbers: no draw for one purpose moves another. */
enum random_purpose {
    RANDOM_TRANSACTION, RANDOM_FINGER, RANDOM_TIMER, RANDOM_BOOTSTRAP, RANDOM_PING, RANDOM_PARTITION, RANDOM_RELAY, RANDOM_PURPOSES
};

/* One thing that an answer holds: a value (Fetch), its metadata (Stat), a Resource-ID (Find), the state of a Kind after a Store. */
struct found {
    struct id resource;   /* Find: the closest, 0 = none */
    uint32_t kind;
    uint64_t generation;  /* counter of the Kind there; Find: 0 */
    peer_h signer;        /* Fetch: whose signature was checked; Stat: of a dictionary key; else PEER_NONE */
    uint32_t index;       /* array */
    uint64_t storage_ms;
    uint32_t lifetime_s;
    bool exists;
    const uint8_t *value; /* Fetch: DataValue.value; Stat: its SHA-256; Store: Node-IDs of the replicas. Borrowed for the call */
    uint32_t value_len;
    uint32_t size;        /* true bytes of the value; in a folded message a stored certificate is a token, and value_len is less */
};

struct port {
    /* A larger or smaller block for this node, contents kept up to the smaller size, perhaps elsewhere: the old pointer is dead.
     * NULL = refused (over the node's limit); then the old block is untouched. */
    struct node *(*room)(struct env *, size_t bytes);

    /* The node's second block, for what comes and goes in seconds: frames, transactions. 0 bytes = none, as at the start. Contents are kept up to the
     * smaller size; the new address is in env.work. false = refused; then nothing moved. Together the two blocks are the node. */
    bool (*work)(struct env *, size_t bytes);

    /* Encode into the returned buffer of cap bytes (never NULL for cap <= 2048, valid until send or the next send_begin), then send.
     * send with len 0 abandons it. Nothing is reported back: a lost datagram is silence. With a channel that is UP `to` is not
     * looked at (ADDR_NONE); with CHAN_NONE the datagram goes to `to` as it is, unsecured, from the node's own address: STUN, or a
     * protocol without channels. Such datagrams arrive at the node with chan = CHAN_NONE. */
    uint8_t *(*send_begin)(struct env *, size_t cap);
    void (*send)(struct env *, chan_h, addr_h to, size_t len, size_t true_len, enum traffic);

    /* 0, or a negative proto_error. */
    int (*channel)(struct env *, enum chan_op, struct chan_args *);

    /* Who is at the other end of a channel that is up, by its certificate; of one of which the host says in this call that it is DOWN, who was. */
    peer_h (*peer_of)(struct env *, chan_h);

    /* Handles. id_keep and addr_keep return PEER_NONE/ADDR_NONE when the host's table of foreign values is full. */
    struct id (*id_of)(struct env *, peer_h);
    peer_h (*id_keep)(struct env *, struct id);
    void (*addr_of)(struct env *, addr_h, struct ip_port *); /* ADDR_NONE: this node's own address */
    addr_h (*addr_keep)(struct env *, const struct ip_port *);

    /* The configuration in force at this node (version 0), immutable, lives as long as the host. */
    const struct overlay *(*overlay)(struct env *, uint16_t version);

    /* Configuration documents of this overlay (RFC 6940 11.1). document: the one in force at this node, signed, borrowed for the call; empty = not at hand.
     * document_read: 0 and its sequence when it is one of this overlay, signed by a configuration-signer of the configuration in force here; ERR_SIGNATURE,
     * or another error. configure: a document that document_read has passed is in force at this node from now on, in later lives too. */
    struct piece (*document)(struct env *);
    int (*document_read)(struct env *, struct piece, uint16_t *sequence);
    void (*configure)(struct env *, struct piece);

    /* Kinds beside the registered ones (6.5.4, 7.4.5, 11.1; proto/kind.h). kind: the one at this place of the host, 0 .. KINDS_ADDED_MAX - 1, if it is in force
     * at this node; NULL = it is not. A place keeps its Kind as long as the host lives, and a Kind once in force stays so, in later lives too. kind_block: its
     * signed kind-block, borrowed for the call; empty = not at hand. kind_adopt: the Kind of this block is in force here from now on (0), if it is signed by a
     * kind-signer of the configuration in force here (else ERR_SIGNATURE), differs from no Kind that is known here under its id (ERR_FORBIDDEN), and is one that
     * can be stored (kind_judge: ERR_VALUE, ERR_UNKNOWN; also for what is no kind-block). All three NULL: registered ones only. */
    const struct value_kind *(*kind)(struct env *, unsigned place);
    struct piece (*kind_block)(struct env *, unsigned place);
    int (*kind_adopt)(struct env *, struct piece block);

    /* n random bytes for (this node's life, purpose, counter): the same arguments give the same bytes. */
    void (*random)(struct env *, enum random_purpose, uint64_t counter, void *out, size_t n);
    /* An interval from a configured distribution; dist is an index that the overlay names. */
    sim_time (*draw)(struct env *, uint16_t dist, uint64_t counter);

    void (*hash)(struct env *, enum hash_alg, const struct piece *, unsigned pieces, uint8_t *out);
    /* Signs with this node's key. The pieces are the exact signature input without the SignerIdentity, which the host appends. */
    int (*sign)(struct env *, const struct piece *, unsigned pieces, struct signature *out);
    /* 0 when the signature by its signer covers these pieces; ERR_SIGNATURE otherwise. */
    int (*verify)(struct env *, const struct piece *, unsigned pieces, const struct signature *);
    /* Certificates in true form, asked for only where overlay.crypto is CRYPTO_OPENSSL. What sign and certificate give out is borrowed until the
     * next call of the same function. certificate: the DER of this peer's; certified: whose a certificate is that came in a message, after all checks of
     * RFC 6940 11.3 and now: its Node-ID of this index, from 0; PEER_NONE = it is not valid, or has no more. */
    struct piece (*certificate)(struct env *, peer_h);
    peer_h (*certified)(struct env *, struct piece der, unsigned index);
    /* Resource-ID of the peer's user name, H(user name), from its certificate (RFC 6940 7.3.1). As for id_of, a handle's is the same whenever it is asked for:
     * stored values do not keep it. */
    struct id (*user_of)(struct env *, peer_h);

    /* What a request of node_request with this tag has brought, one call for each, before the fact that it was answered. NULL = of no interest. */
    void (*found)(struct env *, uint32_t tag, const struct found *);

    /* What happened, for measurement only: an enum fact and two words (proto/fact.h). */
    void (*fact)(struct env *, uint16_t what, uint64_t a, uint64_t b);
};

#endif
