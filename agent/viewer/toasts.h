/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/viewer/toasts.h - what is said in passing, at the foot of the window.
 *
 * libadwaita takes a toast's words for markup, and shows one after the other, each for its whole time. What comes here
 * may be a customer's words, and who clicks three times wants to read the last answer. So the next one waits here, not
 * in the overlay; that also keeps clear of libadwaita 1.2, which crashes when a toast that comes in the place of
 * another is dismissed at once (Escape, twice).
 */
#ifndef AGENT_VIEWER_TOASTS_H
#define AGENT_VIEWER_TOASTS_H

#include <adwaita.h>

/** Shows `text` as it is. While something is shown, the newest waits and those between are not shown. */
void viewer_toasts_say(AdwToastOverlay *overlay, const char *text);
/** A toast with these words, as they are. */
AdwToast *viewer_toasts_new(const char *text);
/** Takes `toast`. It waits in the place of one that waits with the same `key`: a session; NULL: what is just said. The
 * key is compared only. */
void viewer_toasts_add(AdwToastOverlay *overlay, AdwToast *toast, gconstpointer key);
/** What was said with this key, not NULL, has been seen where it leads: it goes, and what waits of it. */
void viewer_toasts_forget(AdwToastOverlay *overlay, gconstpointer key);

#endif
