/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files that are either there in full or not at all. Every function returns 0, or -1 with a sentence "cannot ... PATH: why" in error. */
#ifndef SIM_RECORD_FILE_H
#define SIM_RECORD_FILE_H

#include <limits.h>
#include <stddef.h>

/* folder/name in out; -1 when that is longer than a path may be. */
int file_path(const char *folder, const char *name, char out[PATH_MAX], char *error, size_t error_cap);
/* All of it, however often write(2) takes only a part. -1 with errno. */
int file_write_all(int fd, const void *, size_t);
/* Writes folder/name.part, asks the disk for it (fsync), and leaves it there. On failure nothing is left. */
int file_write_part(const char *folder, const char *name, const void *, size_t, char *error, size_t error_cap);
/* Gives folder/name.part its name, in place of what had it. */
int file_keep_part(const char *folder, const char *name, char *error, size_t error_cap);
/* Asks the disk for the folder's names. */
int file_sync_folder(const char *folder, char *error, size_t error_cap);
/* All three. Until the new file is whole and on the disk, the old one is untouched. */
int file_replace(const char *folder, const char *name, const void *, size_t, char *error, size_t error_cap);
/* Removes folder/name if it is there. */
int file_remove(const char *folder, const char *name, char *error, size_t error_cap);

#endif
