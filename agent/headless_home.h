/* SPDX-License-Identifier: Apache-2.0 */
/* agent/headless_home.h - the customer's home without a window: devices, checks, guides and cases as JSON Lines. */
#ifndef AGENT_HEADLESS_HOME_H
#define AGENT_HEADLESS_HOME_H

#include "agent/commands.h"
#include "agent/desk/home.h"
#include "agent/tell.h"
#include "proto/host/loop.h"
#include "proto/host/uplink.h"

struct headless_home;

struct headless_home_config {
    struct host_loop *loop;        /* borrowed */
    struct proto_session *session; /* borrowed */
    const struct agent_tell *tell; /* borrowed */
    const char *guides, *cases;    /* folders; NULL: guides and cases are the relay's */
    const char *customer_ref;
    const char *cache;                  /* folder for what comes from the relay; NULL: none */
    const struct proto_kept_keys *keys; /* of the staff, for what the relay keeps; copied */
    struct proto_der root;              /* of the staff */
    struct host_uplink **uplink;        /* borrowed; kicked when something is to be sent */
};

/** What is wrong with a guide is said and left out; a folder that cannot be read is an error, said already. */
PROTO_MUST_USE enum proto_err headless_home_new(struct headless_home **out, const struct headless_home_config *config);
void headless_home_free(struct headless_home *home); /* NULL is fine */
void headless_home_event(struct headless_home *home, const struct proto_event *event);
void headless_home_state(struct headless_home *home, const handhold_StateChange *change);
/** CHECK, CANCEL, GUIDES and GUIDE; errors as those of the desk. */
PROTO_MUST_USE enum proto_err headless_home_obey(struct headless_home *home, const struct agent_command *command);

#endif
