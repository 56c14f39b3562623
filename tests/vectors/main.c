/* SPDX-License-Identifier: Apache-2.0 */
/* handhold-vectors DIR: writes the vector files of this implementation into a folder. */
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/vectors/write.h"

static const struct file {
    const char *name;
    json_t *(*make)(void);
} files[] = {
    {"frames.json", vectors_frames},   {"statements.json", vectors_statements},
    {"events.json", vectors_events},   {"gates.json", vectors_gates},
    {"log.json", vectors_log},         {"invitations.json", vectors_invitations},
    {"control.json", vectors_control}, {"media.json", vectors_media},
    {"playout.json", vectors_playout},
};

static int write_file(const char *folder, const struct file *file)
{
    char path[4096];
    json_t *root = file->make();

    put_text(root, "protocol", "handhold/1");
    snprintf(path, sizeof path, "%s/%s", folder, file->name);
    int failed = json_dump_file(root, path, JSON_INDENT(1) | JSON_SORT_KEYS);
    json_decref(root);
    if (failed)
        fprintf(stderr, "handhold-vectors: %s cannot be written: %s\n", path, strerror(errno));
    return failed;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: handhold-vectors DIR\n");
        return 2;
    }
    if (sodium_init() < 0)
        return 1;
    if (mkdir(argv[1], 0755) && errno != EEXIST) {
        fprintf(stderr, "handhold-vectors: %s cannot be made: %s\n", argv[1], strerror(errno));
        return 1;
    }
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (write_file(argv[1], &files[i]))
            return 1;
    return 0;
}
