/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_seeds FOLDER - writes the genuine inputs of every target as FOLDER/<target>/<name>; the same in every run. */
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/stat.h>

#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/targets.h"

static int write_seed(const char *folder, const struct fuzz_seed *seed)
{
    char path[4096];

    snprintf(path, sizeof path, "%s/%s", folder, seed->name);
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(seed->bytes, 1, seed->len, file) != seed->len) {
        perror(path);
        if (file)
            fclose(file);
        return 1;
    }
    return fclose(file) != 0;
}

int main(int argc, char **argv)
{
    static struct fuzz_seeds seeds;
    char folder[3000];
    int failed = 0;

    if (argc != 2) {
        fprintf(stderr, "usage: fuzz_seeds FOLDER\n");
        return 2;
    }
    if (sodium_init() < 0 || (mkdir(argv[1], 0777) && errno != EEXIST))
        return 1;
    for (size_t i = 0; i < fuzz_target_count(); i++) {
        const struct fuzz_target *target = fuzz_target_at(i);
        snprintf(folder, sizeof folder, "%s/%s", argv[1], target->name);
        if (mkdir(folder, 0777) && errno != EEXIST)
            return 1;
        target->seeds(&seeds);
        for (size_t n = 0; n < seeds.count; n++)
            failed |= write_seed(folder, &seeds.all[n]);
        fuzz_seeds_clear(&seeds);
    }
    return failed;
}
