/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A checkpoint as a file: sections, each packed and with a checksum of its own.
 *
 * File: 16 bytes "reloadsim ckpt 1", then sections; the last one is ARCHIVE_CLOSE. Section: a head of 32 bytes, then `packed` bytes of zlib. Numbers as they
 * lie in memory:
 *
 *      0  4  "CKP\n"    4  4  kind    8  4  first    12  4  end    16  4  bytes unpacked    20  4  bytes packed    24  4  0    28  4  CRC-32 of 0..27 and of the packed bytes
 *
 * first, end: identities that the section is about, or the number of a piece and whether it is the last. CLOSE holds how many sections stand before it and the sum of their
 * checksums, so that a file that lacks one, or has one twice, is known.
 *
 * Writing: folder/checkpoint.part grows; archive_keep brings it to the disk and gives it its name, so that the checkpoint before it is there until the new one is. On
 * several ranks all write to rank 0's file, a section each at a meeting: all must open and keep, and put what is theirs. A failure is told at the end, on all. */
#ifndef SIM_CHECKPOINT_ARCHIVE_H
#define SIM_CHECKPOINT_ARCHIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/checkpoint/stream.h"
#include "sim/rank/ranks.h"

#define ARCHIVE_FILE "checkpoint"

enum archive_kind {
    ARCHIVE_HEAD = 1, /* what this is a checkpoint of */
    ARCHIVE_WORLD,    /* what the run as a whole keeps */
    ARCHIVE_PART,     /* sums and lists of a partition */
    ARCHIVE_PEERS,    /* identities first .. end - 1 */
    ARCHIVE_FLIGHTS,  /* datagrams under way */
    ARCHIVE_CAPTURE,  /* what was captured; pieces */
    ARCHIVE_RECORDED, /* segments of results; pieces */
    ARCHIVE_CLOSE,
    ARCHIVE_KINDS
};

struct archive_writer;

/* Never fails at once: what goes wrong is told by archive_keep. */
struct archive_writer *archive_create(const char *folder, struct ranks *);
/* Packs what stands in the stream, hands it over and empties the stream. */
void archive_put(struct archive_writer *, enum archive_kind, uint32_t first, uint32_t end, struct stream *);
/* The same of a section that all ranks come to, and that rank 0 alone has: no other rank's section comes before it. */
void archive_put_common(struct archive_writer *, enum archive_kind, struct stream *);
/* Ends the file and frees the writer. 0 with the bytes of the file, or -1 with a sentence (on all ranks; the file is then as it was before). */
int archive_keep(struct archive_writer *, uint64_t *bytes, char *error, size_t error_cap);

struct archive_reader;

struct archive_section {
    enum archive_kind kind;
    uint32_t first, end;
};

/* 0, or -1 with a sentence. The file is looked through for its end: one that was cut off is refused here. */
int archive_open(struct archive_reader **, const char *path, char *error, size_t error_cap);
/* 1: there is a section; 0: the end; -1: the file cannot be read, error is filled in. */
int archive_next(struct archive_reader *, struct archive_section *, char *error, size_t error_cap);
/* The bytes of this section, lent until the next call; a section that is not asked for is passed over. 0, or -1 with a sentence. */
int archive_read(struct archive_reader *, struct stream_reader *, char *error, size_t error_cap);
/* Tells files apart. */
uint64_t archive_digest(const struct archive_reader *);
void archive_close(struct archive_reader *);

#endif
