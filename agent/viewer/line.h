/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/viewer/line.h - the viewer's sessions, on a thread of their own: network, decoding, colours.
 *
 * Two threads meet here. The line's thread runs every session's desk and uplink and feeds each event to the session's
 * view. GTK's thread reads that view under its lock, and leaves commands in a queue; it never waits for the network or
 * a decoder. Pictures are handed over through one place each: only the newest waits.
 */
#ifndef AGENT_VIEWER_LINE_H
#define AGENT_VIEWER_LINE_H

#include <gtk/gtk.h>

#include "agent/commands.h"
#include "agent/desk/home.h"
#include "agent/desk/marks.h"
#include "agent/desk/view.h"
#include "agent/desk/voice.h"
#include "agent/renew.h"

struct viewer_line;
struct viewer_end; /* one session; shared by both threads, counted */

/* A photo that the customer sent. */
struct viewer_still {
    GBytes *pixels, *file; /* owned: RGB, 3 bytes a pixel; and the file as it came */
    int width, height;
    const char *suffix; /* "jpg" */
};

struct viewer_line_config {
    const char *url, *ca_file; /* borrowed until free, as is the identity */
    const struct agent_identity *identity;
    const char *guides, *cases; /* folders; cases NULL: what the relay keeps */
    bool fetches_guides;        /* those of the relay take the place of the folder's */
    bool json;                  /* tells what happens on stdout, as the program without a window does */
};

/** NULL: the machine gives no thread or no loop; `error` says so. */
struct viewer_line *viewer_line_new(const struct viewer_line_config *config, GError **error);
/**
 * How the certificate fares, which renews itself in the last third of its life. `why` is for a person and empty unless
 * REFUSED. On GTK's thread, never after free. A session goes on with the certificate that it began with.
 */
void viewer_line_listen(struct viewer_line *line,
                        void (*told)(void *context, enum agent_renewal_news news, int64_t until_s, const char *why),
                        void *context);
/** Can the relay be reached? NOT: `why` has value, rule and way out, in English. */
enum viewer_reach { VIEWER_REACH_ASKING, VIEWER_REACH_READY, VIEWER_REACH_NOT };
#define VIEWER_REACH_WHY_BYTES 512u
enum viewer_reach viewer_line_get_reach(struct viewer_line *line, char why[static VIEWER_REACH_WHY_BYTES]);
/** `told` is called on GTK's thread when that may have changed, never after free; NULL ends it. */
void viewer_line_listen_reach(struct viewer_line *line, void (*told)(void *context), void *context);
/** The network has changed: asked at once. */
void viewer_line_ask_reach(struct viewer_line *line);
/** Are there sessions that are not over, or not told yet that they are? */
gboolean viewer_line_is_open(struct viewer_line *line);
/** Cuts what is still open and ends the thread. GTK's thread. NULL is fine. */
void viewer_line_free(struct viewer_line *line);

/* ---- a session, from GTK's thread ---- */

/**
 * Invites. `changed` is called on GTK's thread soon after the view has changed or a picture came, never after
 * viewer_end_release(). References may be NULL.
 */
struct viewer_end *viewer_end_new(struct viewer_line *line, const char *customer_ref, const char *reference,
                                  void (*changed)(void *context), void *context);
/** Gives the session up: whatever still runs is ended as `agent-left`. NULL is fine. */
void viewer_end_release(struct viewer_end *end);

/** Leaves a command; what comes of it shows in the view. The command is copied. */
void viewer_end_do(struct viewer_end *end, const struct agent_command *command);
void viewer_end_finish(struct viewer_end *end, enum proto_end reason);

/** What the window shows, and the marks. Locked, so: read, and unlock. */
struct agent_view *viewer_end_lock(struct viewer_end *end);
struct agent_marks *viewer_end_marks(struct viewer_end *end); /* under the lock */
void viewer_end_unlock(struct viewer_end *end);
/** What the customer's home says of itself, and a number that rises with each change. Under the lock; NULL: nothing. */
const struct agent_desk_devices *viewer_end_devices(struct viewer_end *end);
uint64_t viewer_end_devices_version(struct viewer_end *end);
/** Guides that may help, best first, and the one that is followed (NULL: none yet). Under the lock; borrowed as long.
 */
const struct agent_desk_proposal *viewer_end_proposals(struct viewer_end *end, size_t *count);
const struct proto_guide_run *viewer_end_guide_run(struct viewer_end *end);
/** A guide of the folder, by its id; NULL: it is not there. */
const struct proto_guide *viewer_end_guide_of(struct viewer_end *end, const char *id);
/** An earlier visit of the same customer as JSON, newest first; NULL behind the last. Under the lock. */
const char *viewer_end_before(struct viewer_end *end, size_t n);
/** Levels and devices in use. Takes the lock by itself. */
void viewer_end_voice(struct viewer_end *end, struct agent_voice_now *out);
/** Looks again which microphones and loudspeakers there are; the number rises when the answer is there. */
void viewer_end_ask_devices(struct viewer_end *end);
/** Names, to be freed by the caller, and that number. */
GStrv viewer_end_voice_devices(struct viewer_end *end, enum agent_voice_side side, guint *version);
/** The n-th photo, NULL behind the last. Under the lock. */
const struct viewer_still *viewer_end_still(struct viewer_end *end, guint n);
/** Asks for a check ("chain": all of them). */
void viewer_end_check(struct viewer_end *end, const char *check, const char *target);

/** The newest picture since the last call, NULL when none came. Transfers a reference. */
GdkTexture *viewer_end_take_picture(struct viewer_end *end, uint32_t *ts_ms);

#endif
