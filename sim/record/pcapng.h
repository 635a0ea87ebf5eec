/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A pcapng writer (draft-ietf-opsawg-pcapng): one section, interfaces, enhanced packets with comments; little-endian, times in ns. Errors stick
 * and are told by pcapng_close. */
#ifndef SIM_RECORD_PCAPNG_H
#define SIM_RECORD_PCAPNG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PCAPNG_RAW_IP 101 /* LINKTYPE_RAW: begins with an IPv4 or IPv6 header */

struct pcapng;

/* Writes under a temporary name beside path; NULL with errno. */
struct pcapng *pcapng_open(const char *path);
void pcapng_section(struct pcapng *, const char *program, const char *comment);
/* Interfaces are numbered from 0 in the order of these calls. */
void pcapng_interface(struct pcapng *, unsigned link_type, const char *name);
void pcapng_packet(struct pcapng *, uint32_t interface, uint64_t unix_ns, bool inbound, const uint8_t *, size_t len,
                   const char *comment);
/* Gives the file its name. 0, or -1 with errno if anything failed; then there is no file. */
int pcapng_close(struct pcapng *);
/* Leaves no file; errno stays. */
void pcapng_abandon(struct pcapng *);

#endif
