/* SPDX-License-Identifier: Apache-2.0 */
/* The world's organisation as a folder, as an officer would have it beside the relay's data. */
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>

#include "proto/host/files.h"
#include "tests/simulation/sim.h"

static bool write_text(const struct sim *sim, const char *name, const void *bytes, size_t len)
{
    char path[HOST_PATH_BYTES];

    return host_path(path, "%s/%s", sim->folder, name) && !host_file_write(path, bytes, len, HOST_PRIVATE);
}

static bool write_certificate(const struct sim *sim, const struct proto_certificate *leaf)
{
    char path[HOST_PATH_BYTES];
    FILE *file = host_path(path, "%s/staff/ada.crt", sim->folder) ? fopen(path, "w") : NULL;

    if (!file)
        return false;
    bool fine = PEM_write(file, "CERTIFICATE", "", leaf->bytes, (long)leaf->len) > 0;
    return fclose(file) == 0 && fine;
}

void sim_folder_write(struct sim *sim)
{
    static const char *const folders[] = {"ca", "staff", "relay"};
    char path[HOST_PATH_BYTES];
    bool fine = true;

    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        fine = fine && host_path(path, "%s/%s", sim->folder, folders[i]) && !host_folder_make(path, HOST_PRIVATE);
    fine = fine && write_text(sim, "ca/ca.crt", sim->root.pem.bytes, sim->root.pem.len) &&
           write_text(sim, "org.note", sim->org_note.bytes, sim->org_note.len - 1) && /* they end in NUL */
           write_text(sim, "policy.note", sim->policy_note.bytes, sim->policy_note.len - 1) &&
           write_text(sim, "relay/log.vkey", sim->log_vkey, strlen(sim->log_vkey)) &&
           write_certificate(sim, &sim->agent.chain[0]);
    if (!fine)
        sim_fail(sim, "the organisation's folder %s cannot be written", sim->folder);
}
