/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/viewer/voice.h - the row of voices: mute, a meter each way, and which microphone and loudspeaker.
 *
 * Shown while voice is granted. The devices that are chosen are kept for all sessions.
 */
#ifndef AGENT_VIEWER_VOICE_H
#define AGENT_VIEWER_VOICE_H

#include <adwaita.h>

#include "agent/viewer/line.h"
#include "agent/viewer/settings.h"

G_BEGIN_DECLS

#define VIEWER_TYPE_VOICE (viewer_voice_get_type())
G_DECLARE_FINAL_TYPE(ViewerVoice, viewer_voice, VIEWER, VOICE, AdwBin)

/** Borrowed both; NULL: none. */
void viewer_voice_set_end(ViewerVoice *self, struct viewer_end *end, struct viewer_settings *settings);
/** Under the end's lock. */
void viewer_voice_update(ViewerVoice *self, const struct agent_view *view);

G_END_DECLS

#endif
