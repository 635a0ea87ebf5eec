/* SPDX-License-Identifier: GPL-2.0-or-later */
/* reloadsim decode CAPTURE: prints the RELOAD messages of a capture, or checks that each encodes to itself.
 *
 * A UDP payload is taken for RELOAD when a header's token stands at its start (bare) or behind a DATA frame, whatever the port; for an ACK when
 * it has the type and length of one; and when it begins like a frame on the RELOAD port, so that damage there is reported, not passed over. */
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "proto/wire/frame.h"
#include "proto/wire/rewrite.h"
#include "sim/cli/cli.h"
#include "sim/cli/decode_parts.h"
#include "sim/cli/decode_show.h"
#include "sim/record/pcap_read.h"

#define RELOAD_PORT 6084
#define UDP_BYTES_MAX 65536
#define NS_PER_SECOND UINT64_C(1000000000)

enum form { FORM_NONE, FORM_FRAMED, FORM_BARE };

struct counts {
    uint64_t packets, datagrams, messages, fragments, acks, other, cut, damaged;
};

struct decode {
    const char *path;
    bool roundtrip, json, tree, filtered;
    uint64_t transaction; /* when filtered: only this one */
    uint16_t port;
    struct parts *parts;
    struct counts n;
    uint64_t first_ns;
    uint8_t again[1 << 21];
};

/* One RELOAD datagram, taken apart. */
struct sight {
    const struct pcap_packet *packet;
    const struct pcap_udp *udp;
    enum form form;
    struct frame frame; /* framed */
    struct span bytes;  /* message or fragment, unframed */
    struct header header;
    struct span payload;
    int err;            /* does not decode: why */
    const char *where;  /* in which part */
};

/* ---- finding ---- */

static bool token_at(const struct pcap_udp *u, size_t at)
{
    return u->len >= at + 4 && load_be32(u->b + at) == RELO_TOKEN;
}

static enum form form_of(const struct decode *d, const struct pcap_udp *u)
{
    bool on_port = u->source.port == d->port || u->destination.port == d->port;

    if (token_at(u, 0))
        return FORM_BARE;
    if (u->len == 0 || (u->b[0] != FRAME_DATA && u->b[0] != FRAME_ACK))
        return FORM_NONE;
    if (on_port || (u->b[0] == FRAME_DATA ? token_at(u, FRAME_DATA_BYTES) : u->len == FRAME_ACK_BYTES))
        return FORM_FRAMED;
    return FORM_NONE;
}

/* In which part of a message that does not decode the mistake is; parts have lengths, so the later ones can be tried alone. */
static const char *part_at_fault(struct span m)
{
    struct reader r = reader_on(m.b, m.len, false);
    struct header h;
    struct security s;
    struct extension x;

    if (header_read(&r, &h))
        return "forwarding header";
    get_u16(&r);
    get_vector(&r, 4);
    if (r.err)
        return "message contents";
    struct span extensions = get_vector(&r, 4);
    struct reader each = reader_on(extensions.b, extensions.len, false);
    while (reader_left(&each))
        extension_read(&each, &x);
    if (r.err || each.err)
        return "extensions";
    return security_read(&r, &s) || reader_left(&r) ? "security block" : "message body";
}

static void sight_fail(struct sight *s, int err, const char *where)
{
    s->err = err;
    s->where = where;
}

static void sight_message(struct sight *s)
{
    struct reader r = reader_on(s->bytes.b, s->bytes.len, false);
    struct message m;
    int err;

    if (header_read(&r, &s->header)) {
        sight_fail(s, r.err, "forwarding header");
        return;
    }
    s->payload = (struct span){r.p, (uint32_t)reader_left(&r)};
    if (s->header.length != s->bytes.len)
        sight_fail(s, ERR_LENGTH, "forwarding header");
    else if (header_is_whole(&s->header) && (err = message_read(s->bytes.b, s->bytes.len, false, &m)))
        sight_fail(s, err, part_at_fault(s->bytes));
}

static void sight_read(struct sight *s)
{
    const struct pcap_udp *u = s->udp;
    int err;

    s->bytes = (struct span){u->b, (uint32_t)u->len};
    if (s->form == FORM_FRAMED) {
        err = frame_read(u->b, u->len, u->len, &s->frame);
        if (err) {
            sight_fail(s, err, "frame");
            return;
        }
        s->bytes = s->frame.message;
    }
    if (s->form == FORM_BARE || s->frame.type == FRAME_DATA)
        sight_message(s);
}

static bool is_ack(const struct sight *s)
{
    return s->form == FORM_FRAMED && !s->err && s->frame.type == FRAME_ACK;
}

/* ---- printing ---- */

static const char *endpoint(const struct ip_port *a, char out[64])
{
    if (a->version == 4) {
        snprintf(out, 64, "%u.%u.%u.%u:%u", a->ip[0], a->ip[1], a->ip[2], a->ip[3], a->port);
        return out;
    }
    size_t at = 1;
    out[0] = '[';
    for (int i = 0; i < 16; i += 2)
        at += (size_t)snprintf(out + at, 64 - at, i ? ":%x" : "%x", (unsigned)load_be16(a->ip + i));
    snprintf(out + at, 64 - at, "]:%u", a->port);
    return out;
}

static unsigned entries(struct span list)
{
    struct reader r = reader_on(list.b, list.len, false);
    struct destination x;
    unsigned n = 0;

    for (; reader_left(&r); n++)
        destination_read(&r, &x);
    return n;
}

static const char *name_of(const struct sight *s, char out[CODE_WORD_BYTES])
{
    if (FRAGMENT_OFFSET(s->header.fragment))
        return "fragment";
    return s->bytes.len < header_bytes(&s->header) + 2 ? "?" : decode_code(message_peek_code(s->bytes.b, s->bytes.len, false), out);
}

static void print_message_part(const struct sight *s)
{
    const struct header *h = &s->header;
    char code[CODE_WORD_BYTES], destination[DESTINATION_WORD_BYTES];

    printf("%-15s %016" PRIx64 " ttl %u via %u", name_of(s, code), h->transaction, h->ttl, entries(h->via));
    if (h->destination.len)
        printf(" dest %u %s", entries(h->destination), decode_destination(h->destination, destination));
    printf("  %u bytes", h->length);
    if (!header_is_whole(h))
        printf("  part %u-%u%s", FRAGMENT_OFFSET(h->fragment), FRAGMENT_OFFSET(h->fragment) + s->payload.len,
               h->fragment & FRAGMENT_LAST ? " (last)" : "");
}

static void print_comment(const struct pcap_packet *p)
{
    for (size_t i = 0; i < p->comment_len; i++) {
        unsigned char c = (unsigned char)p->comment[i];
        printf("%s%c", i ? "" : "  # ", c < 0x20 || c == 0x7f ? ' ' : c);
    }
}

static void print_line(const struct decode *d, const struct sight *s, const struct message *whole)
{
    char from[64], to[64];
    int64_t ns = (int64_t)(s->packet->unix_ns - d->first_ns);

    printf("%6" PRIu64 " %s%" PRIu64 ".%06" PRIu64 " %s > %s ", s->packet->number, ns < 0 ? "-" : "", (uint64_t)llabs(ns) / NS_PER_SECOND,
           (uint64_t)llabs(ns) % NS_PER_SECOND / 1000, endpoint(&s->udp->source, from), endpoint(&s->udp->destination, to));
    if (s->form == FORM_FRAMED && s->where == NULL)
        printf("%s %u ", s->frame.type == FRAME_ACK ? "ack" : "data", s->frame.sequence);
    if (s->err)
        printf("does not decode: %s: %s", s->where, error_text(s->err));
    else if (is_ack(s))
        printf("received %08x", s->frame.received);
    else
        print_message_part(s);
    if (whole && !header_is_whole(&s->header)) {
        char code[CODE_WORD_BYTES];
        printf("  completes %s of %u bytes", decode_code(whole->code, code), whole->header.length);
    }
    print_comment(s->packet);
    putchar('\n');
}

static void print_json(const struct sight *s, const struct message *whole)
{
    struct tree t = tree_on(stdout, true);
    char word[64];

    tree_open(&t, "");
    tree_number(&t, "packet", s->packet->number);
    snprintf(word, sizeof word, "%" PRIu64 ".%09" PRIu64, s->packet->unix_ns / NS_PER_SECOND, s->packet->unix_ns % NS_PER_SECOND);
    tree_word(&t, "time", word);
    tree_word(&t, "source", endpoint(&s->udp->source, word));
    tree_word(&t, "destination", endpoint(&s->udp->destination, word));
    if (s->packet->comment)
        tree_text(&t, "comment", (struct span){(const uint8_t *)s->packet->comment, (uint32_t)s->packet->comment_len});
    if (s->err) {
        tree_word(&t, "error", error_text(s->err));
        tree_word(&t, "in", s->where);
    }
    if (s->form == FORM_FRAMED && !s->err) {
        tree_open(&t, "frame");
        tree_word(&t, "type", s->frame.type == FRAME_ACK ? "ack" : "data");
        tree_number(&t, "sequence", s->frame.sequence);
        if (is_ack(s))
            tree_hex(&t, "received", s->frame.received, 8);
        tree_close(&t);
    }
    if (!s->err && !is_ack(s))
        decode_show_header(&t, &s->header);
    if (whole)
        decode_show_message(&t, whole);
    tree_close(&t);
    putchar('\n');
}

static void print_sight(const struct decode *d, const struct sight *s, const struct message *whole)
{
    struct tree t = tree_on(stdout, false);

    if (d->filtered && (s->err || is_ack(s) || s->header.transaction != d->transaction))
        return;
    if (d->json) {
        print_json(s, whole);
        return;
    }
    print_line(d, s, whole);
    if (!d->tree || s->err || is_ack(s))
        return;
    decode_show_header(&t, &s->header);
    if (whole)
        decode_show_message(&t, whole);
}

/* ---- checking ---- */

static bool complain(const struct decode *d, const struct sight *s, size_t offset, const char *what)
{
    fprintf(stderr, "%s: packet %" PRIu64 " (byte %" PRIu64 " of the file), UDP payload of %zu bytes, at byte %zu: %s\n", d->path,
            s->packet->number, s->packet->file_offset, s->udp->len, offset, what);
    return false;
}

/* What was encoded again (len bytes) against what came in. */
static bool same_bytes(struct decode *d, const struct sight *s, struct span in, uint32_t len, const char *what)
{
    char text[160];
    size_t at = 0;

    while (at < in.len && at < len && in.b[at] == d->again[at])
        at++;
    if (at == in.len && at == len)
        return true;
    snprintf(text, sizeof text, "%s encodes differently, to %u bytes instead of %u", what, len, in.len);
    return complain(d, s, at, text);
}

static bool rewrites(struct decode *d, const struct sight *s)
{
    struct writer w = writer_on(d->again, sizeof d->again, false);
    struct span all = {s->udp->b, (uint32_t)s->udp->len};
    struct message m;
    int err;

    if (s->form == FORM_FRAMED) {
        err = rewrite_frame(&w, all.b, all.len);
    } else if (header_is_whole(&s->header)) {
        err = message_read(all.b, all.len, false, &m);
        err = err ? err : rewrite_message(&w, &m);
    } else {
        err = rewrite_fragment(&w, &s->header, reader_on(s->payload.b, s->payload.len, false));
    }
    return err ? complain(d, s, 0, error_text(err)) : same_bytes(d, s, all, writer_len(&w), "it");
}

/* ---- the whole ---- */

/* The message that this datagram holds or completes, read into m; NULL when there is none. *ok is false when it does not decode. */
static const struct message *whole_of(struct decode *d, const struct sight *s, struct message *m, struct span *bytes, bool *ok)
{
    *ok = true;
    if (s->err || is_ack(s))
        return NULL;
    *bytes = s->bytes;
    if (!header_is_whole(&s->header) && !parts_add(d->parts, s->udp, &s->header, s->payload, bytes))
        return NULL;
    *ok = message_read(bytes->b, bytes->len, false, m) == 0;
    return *ok ? m : NULL;
}

static bool check(struct decode *d, const struct sight *s, const struct message *whole, struct span bytes, bool whole_ok)
{
    struct writer w = writer_on(d->again, sizeof d->again, false);
    char what[160];

    if (s->err) {
        snprintf(what, sizeof what, "does not decode: %s: %s", s->where, error_text(s->err));
        return complain(d, s, (size_t)(s->bytes.b ? s->bytes.b - s->udp->b : 0), what);
    }
    if (!rewrites(d, s))
        return false;
    if (!whole_ok)
        return complain(d, s, 0, "completes a message that does not decode");
    if (is_ack(s) || !whole || header_is_whole(&s->header))
        return true;
    return rewrite_message(&w, whole) ? complain(d, s, 0, "completes a message that does not encode") : same_bytes(d, s, bytes, writer_len(&w), "the message that it completes");
}

static void count(struct decode *d, const struct sight *s)
{
    if (s->err)
        d->n.damaged++;
    else if (is_ack(s))
        d->n.acks++;
    else if (header_is_whole(&s->header))
        d->n.messages++;
    else
        d->n.fragments++;
}

/* False when --roundtrip found a difference. */
static bool datagram(struct decode *d, const struct pcap_packet *p, const struct pcap_udp *u)
{
    struct sight s = {.packet = p, .udp = u, .form = form_of(d, u)};
    struct message m;
    struct span bytes = {NULL, 0};
    const struct message *whole;
    bool whole_ok;

    if (s.form == FORM_NONE) {
        d->n.other++;
        return true;
    }
    sight_read(&s);
    count(d, &s);
    whole = whole_of(d, &s, &m, &bytes, &whole_ok);
    if (d->roundtrip)
        return check(d, &s, whole, bytes, whole_ok);
    print_sight(d, &s, whole);
    if (!whole_ok)
        printf("       completes a message that does not decode: %s\n", part_at_fault(bytes));
    return true;
}

static bool packet(struct decode *d, const struct pcap_packet *p)
{
    struct pcap_udp u;

    if (d->n.packets++ == 0)
        d->first_ns = p->unix_ns;
    switch (pcap_read_udp(p, &u)) {
    case PCAP_UDP:
        d->n.datagrams++;
        return datagram(d, p, &u);
    case PCAP_CUT:
    case PCAP_FRAGMENT:
        d->n.cut++;
        return true;
    case PCAP_OTHER:
        break;
    }
    return true;
}

/* Says how the reading went; false when the file is damaged. */
static bool ended_well(const struct decode *d, const struct pcap_file *f)
{
    const char *why = pcap_read_reason(f);
    if (why)
        fprintf(stderr, "reloadsim decode: %s: %s; read as far as packet %" PRIu64 "\n", d->path, why, d->n.packets);
    if (d->n.cut)
        fprintf(stderr, "reloadsim decode: %s: %" PRIu64 " packets are IP fragments or cut short and were passed over; capture with a snap length of 65535\n",
                d->path, d->n.cut);
    return !why;
}

static void summary(const struct decode *d)
{
    const struct counts *n = &d->n;
    if (d->json)
        printf("{\"packets\": %" PRIu64 ", \"messages\": %" PRIu64 ", \"fragments\": %" PRIu64 ", \"acks\": %" PRIu64 ", \"other\": %" PRIu64
               ", \"incomplete\": %zu, \"roundtrip\": true}\n",
               n->packets, n->messages, n->fragments, n->acks, n->other, parts_open_count(d->parts));
    else
        printf("%s: %" PRIu64 " messages, %" PRIu64 " fragments and %" PRIu64 " acks in %" PRIu64 " packets encode to themselves\n", d->path,
               n->messages, n->fragments, n->acks, n->packets);
}

static int decode_file(struct decode *d, struct pcap_file *f)
{
    struct pcap_packet p;
    bool same = true;

    while (same && pcap_read_next(f, &p) > 0)
        same = packet(d, &p);
    if (!same)
        return CLI_DIFFERS;
    if (!ended_well(d, f))
        return CLI_INCOMPLETE;
    if (d->n.messages + d->n.fragments + d->n.acks + d->n.damaged == 0) {
        fprintf(stderr, "reloadsim decode: %s: no RELOAD message in %" PRIu64 " packets, %" PRIu64 " of them UDP\n", d->path, d->n.packets, d->n.datagrams);
        return d->roundtrip ? CLI_DIFFERS : CLI_DONE;
    }
    if (d->roundtrip)
        summary(d);
    return CLI_DONE;
}

static bool parse_hex(const char *text, uint64_t *out)
{
    char *end;
    *out = strtoull(text, &end, 16);
    return *text && !*end;
}

static bool parse_port(const char *text, uint16_t *out)
{
    char *end;
    unsigned long v = strtoul(text, &end, 10);
    *out = (uint16_t)v;
    return *text && !*end && v > 0 && v <= UINT16_MAX;
}

/* 0, or the exit status after a complaint. */
static int options_read(struct decode *d, int argc, char **argv)
{
    static const struct option longs[] = {{"roundtrip", no_argument, NULL, 'r'}, {"json", no_argument, NULL, 'j'},
                                          {"tree", no_argument, NULL, 'v'},      {"port", required_argument, NULL, 'p'},
                                          {"transaction", required_argument, NULL, 't'}, {NULL, 0, NULL, 0}};
    for (int c; (c = cli_option(argc, argv, "v", longs)) != -1;)
        switch (c) {
        case 'r': d->roundtrip = true; break;
        case 'j': d->json = true; break;
        case 'v': d->tree = true; break;
        case 'p':
            if (!parse_port(optarg, &d->port))
                return cli_usage(argv[0], "--port %s: give a number from 1 to 65535, as in --port 6084", optarg);
            break;
        case 't':
            if (!parse_hex(optarg, &d->transaction))
                return cli_usage(argv[0], "--transaction %s: give the hexadecimal digits that a line shows, as in --transaction 0123456789abcdef", optarg);
            d->filtered = true;
            break;
        default: return CLI_USAGE;
        }
    if (argc - optind != 1)
        return cli_usage(argv[0], argc == optind ? "name a capture, as in reloadsim decode out/quickstart/capture.pcapng" : "one capture at a time");
    d->path = argv[optind];
    return 0;
}

static int decode_open(struct decode *d)
{
    char why[PCAP_REASON_BYTES];
    struct pcap_file *f = pcap_read_open(d->path, why);
    int status;

    if (!f) {
        fprintf(stderr, "reloadsim decode: %s: %s\nGive a capture in pcap or pcapng format, such as tshark -w and reloadsim run (record.capture) write.\n",
                d->path, why);
        return CLI_USAGE;
    }
    status = decode_file(d, f);
    pcap_read_close(f);
    return status;
}

int decode_main(int argc, char **argv)
{
    struct decode *d = calloc(1, sizeof *d);
    struct parts *parts = parts_open();
    int status = CLI_RESOURCE;

    if (d && parts) {
        d->port = RELOAD_PORT;
        d->parts = parts;
        status = options_read(d, argc, argv);
        status = status ? status : decode_open(d);
    } else {
        fputs("reloadsim decode: out of memory\n", stderr);
    }
    parts_close(parts);
    free(d);
    return status;
}
