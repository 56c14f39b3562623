/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/host/event_line.h - a session's events as JSON Lines: one spelling for both ends.
 *
 * Scripts rely on the names (README.md, JSON Lines). Every line also has "time_ms", unix milliseconds. Frames
 * (PROTO_EVENT_MEDIA) and key-frame wishes are no lines of their own: each end tells of them in its own way.
 */
#ifndef PROTO_HOST_EVENT_LINE_H
#define PROTO_HOST_EVENT_LINE_H

#include <jansson.h>

#include "proto/session/session.h"

/** Prints the event. Nothing for the kinds above. `peer` is who the other end is: "agent" or "customer". */
void host_event_line(const struct proto_event *event, const char *peer);
/** {"event": name, …fields, "time_ms": now}. Takes the reference; NULL: no other field. */
void host_event_fields(const char *name, json_t *fields);
/** {"event":"error","code":…,"message":"VALUE: rule; way out"} for one of our own errors. */
void host_event_error(const char *value, const char *code, const char *rule, const char *way_out);

#endif
