/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/enrol.h"

#include <stdio.h>

#include "agent/enrolment.h"
#include "proto/host/say.h"

int agent_enrol(const char *dir, const char *id, const char *name)
{
    struct agent_enrolment e;
    char why[AGENT_ENROLMENT_WHY_BYTES];
    enum proto_err err = agent_enrolment_begin(&e, dir, id, name, why);

    if (err)
        host_say(HOST_ERROR, "%s", why);
    else
        printf("%s/%s.key   the private key: it stays on this machine\n"
               "%s/%s.csr   the request: send it to whoever runs the authority, who answers with\n"
               "  handhold-certs issue --dir D agent --id %s --csr %s.csr\n"
               "and sends back D/staff/%s.answer. Then start handhold-agent and open it there, or put its first\n"
               "certificate beside the key as %s/%s.crt and the others as %s/ca.crt.\n",
               dir, id, dir, id, id, id, id, dir, id, dir);
    agent_enrolment_clear(&e);
    if (!err)
        return HOST_EXIT_FINE;
    return err == PROTO_ERR_FORMAT || err == PROTO_ERR_RANGE ? HOST_EXIT_USAGE : HOST_EXIT_FAILED;
}
