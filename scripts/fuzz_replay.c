/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs a fuzzer's entry point over its corpus without libFuzzer, so that any compiler can replay what fuzzing once found. Each input is tried whole,
 * cut at each of its first bytes, and with each of its first bits flipped. CORPUS is the folder, set by the Makefile; arguments name other files. */
#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INPUT_BYTES_MAX (1u << 20)
#define CUTS_MAX 512u
#define FLIPS_MAX 1024u

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* Each try gets a block of exactly its size, so that the sanitizers and valgrind see a read past its end. */
static void try_copy(const uint8_t *bytes, size_t len, size_t flipped_bit)
{
    uint8_t *copy = malloc(len ? len : 1);
    if (!copy)
        abort();
    memcpy(copy, bytes, len);
    if (flipped_bit / 8 < len)
        copy[flipped_bit / 8] ^= (uint8_t)(1u << flipped_bit % 8);
    LLVMFuzzerTestOneInput(copy, len);
    free(copy);
}

static bool replay(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file) {
        printf("not ok - cannot open %s\n", path);
        return false;
    }
    uint8_t *bytes = malloc(INPUT_BYTES_MAX);
    if (!bytes)
        abort();
    size_t len = fread(bytes, 1, INPUT_BYTES_MAX, file);
    fclose(file);
    try_copy(bytes, len, SIZE_MAX);
    for (size_t cut = 0; cut < len && cut < CUTS_MAX; cut++)
        try_copy(bytes, cut, SIZE_MAX);
    for (size_t bit = 0; bit < 8 * len && bit < FLIPS_MAX; bit++)
        try_copy(bytes, len, bit);
    free(bytes);
    return true;
}

static int is_input(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

int main(int argc, char **argv)
{
    bool good = true;
    for (int i = 1; i < argc; i++)
        good = replay(argv[i]) && good;
    if (argc > 1)
        return good ? 0 : 1;
    struct dirent **entries = NULL;
    int count = scandir(CORPUS, &entries, is_input, alphasort);
    for (int i = 0; i < count; i++) {
        char path[1024];
        snprintf(path, sizeof path, "%s/%s", CORPUS, entries[i]->d_name);
        good = replay(path) && good;
        free(entries[i]);
    }
    free(entries);
    if (count <= 0) {
        printf("not ok - no inputs in %s\n", CORPUS);
        return 1;
    }
    if (good)
        printf("ok - %d inputs of %s\n", count, CORPUS);
    return good ? 0 : 1;
}
