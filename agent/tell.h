/* SPDX-License-Identifier: Apache-2.0 */
/* agent/tell.h - what the headless agent says: each thing as a JSON line or as words. */
#ifndef AGENT_TELL_H
#define AGENT_TELL_H

#include "agent/desk/desk.h"
#include "agent/renew.h"

struct agent_tell {
    bool json, colour;
    char said[256];     /* the newest error in words, which an end that gives it as its reason does not say again */
    int64_t granted_ms; /* mono, when the camera was granted; for the time to the first picture */
};

void agent_tell_event(struct agent_tell *tell, const struct proto_event *event, struct proto_now now);
void agent_tell_first_picture(const struct agent_tell *tell, const struct agent_desk_picture *picture,
                              struct proto_now now);
/** The second before now; `final`: everything since the beginning, when a consent or the session ended. */
void agent_tell_video(const struct agent_tell *tell, struct agent_desk *desk, bool final, struct proto_now now);
void agent_tell_state(const struct agent_tell *tell, const handhold_StateChange *change);
/** A still that came whole; `file` NULL: it is kept nowhere. */
void agent_tell_still(const struct agent_tell *tell, const struct proto_event *event, const char *file);
/** A recording began or ended. */
void agent_tell_recording(const struct agent_tell *tell, bool on, const char *path, uint64_t bytes);
void agent_tell_renewal(const struct agent_tell *tell, const struct agent_renewal_told *told);
void agent_tell_error(const struct agent_tell *tell, const char *code, const char *text);

#endif
