/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An append-only file of segments: what a run has recorded so far, whatever becomes of it. A segment that was written whole is found again after the
 * process was killed at any instant; one that was not is known by its length or its checksum, and dropped with all that follows.
 *
 * File: 16 bytes "reloadsim seg 1\n", then segments. Segment: a head of 24 bytes, then `packed` bytes of zlib. All numbers are little-endian.
 *
 *      0  4  "SEG\n"           4  4  number, 0, 1, 2, ... in the file     8  4  kind (enum segment_kind)
 *     12  4  bytes unpacked   16  4  bytes packed                        20  4  CRC-32 (zlib) of bytes 0..19 and of the packed bytes
 *
 * The process leaves its bytes with the kernel at each segment (write), so that its own death costs nothing; the machine's death may cost the
 * segments of the last seconds. What segments hold: sim/record/README.md. */
#ifndef SIM_RECORD_SEGMENTS_H
#define SIM_RECORD_SEGMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum segment_kind { SEGMENT_HEAD = 1, SEGMENT_ROW, SEGMENT_EVENT, SEGMENT_NODES, SEGMENT_CLOSE, SEGMENT_RING, SEGMENT_KINDS };

struct segment_writer {
    int fd; /* the caller's */
    uint32_t number;
    uint64_t bytes; /* in whole segments */
    uint8_t *packed;
    size_t packed_cap;
};

/* Starts an empty file. 0, or -1 with errno. */
int segments_begin(struct segment_writer *, int fd);
/* Appends one. 0, or -1 with errno; the file is then cut back to its whole segments, as far as that can be done. */
int segments_append(struct segment_writer *, enum segment_kind, const void *, size_t);
void segments_end(struct segment_writer *);

struct segment {
    enum segment_kind kind;
    uint32_t number;
    const uint8_t *bytes; /* valid until the next one is read */
    size_t len;
};

enum segments_found { SEGMENTS_ONE, SEGMENTS_END, SEGMENTS_UNREADABLE };

struct segment_reader {
    int fd; /* the caller's */
    uint64_t at, size;
    uint32_t number;
    uint8_t *packed, *unpacked;
    size_t packed_cap, unpacked_cap;
};

/* 0; -1 with errno, EILSEQ when this is no file of segments. A file of fewer than 16 bytes is an empty one. */
int segments_open(struct segment_reader *, int fd);
/* The next whole segment, or the end: size - at bytes after it are no segment. UNREADABLE: reading itself failed, errno tells why. */
enum segments_found segments_next(struct segment_reader *, struct segment *);
void segments_close(struct segment_reader *);

#endif
