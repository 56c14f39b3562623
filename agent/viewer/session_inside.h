/* SPDX-License-Identifier: Apache-2.0 */
/* agent/viewer/session_inside.h - the tab as its own files know it: session.c is the widget, session_show.c shows, the
 * others do. */
#ifndef AGENT_VIEWER_SESSION_INSIDE_H
#define AGENT_VIEWER_SESSION_INSIDE_H

#include "agent/desk/news.h"
#include "agent/viewer/chat.h"
#include "agent/viewer/consents.h"
#include "agent/viewer/devices.h"
#include "agent/viewer/guides.h"
#include "agent/viewer/invite.h"
#include "agent/viewer/picture.h"
#include "agent/viewer/session.h"
#include "agent/viewer/tools.h"
#include "agent/viewer/voice.h"
#include "agent/viewer/wrap_up.h"

/* What was clicked before the customer had agreed */
struct viewer_wish {
    const char *action; /* done with their yes; NULL: nothing waits */
    gboolean asked;     /* the question is before them */
};

struct _ViewerSession {
    AdwBin parent_instance;
    /* Template widgets */
    GtkStack *stack, *panes;
    ViewerInvite *invite;
    ViewerConsents *consents;
    ViewerPicture *picture;
    ViewerTools *tools;
    ViewerChat *chat;
    ViewerDevices *devices;
    ViewerGuides *guides;
    ViewerVoice *voice;
    ViewerWrapUp *wrap_up;
    GtkOverlay *stage;
    GtkRevealer *notice_revealer;
    GtkScrolledWindow *strip_scroller;
    GtkBox *strip, *camera_bar;
    AdwClamp *side;
    GtkBox *notice_box, *empty, *words_box, *words_buttons;
    GtkLabel *notice, *empty_title, *empty_text, *recording, *frozen, *not_live, *figures, *reason;
    GtkBox *quality_box;
    GtkDrawingArea *past;
    GtkLabel *customer, *peer, *words_title, *words;
    GtkButton *empty_button, *empty_photo, *notice_end, *notice_compare, *before;
    /* Borrowed */
    struct viewer_line *line;
    struct viewer_settings *settings;
    /* Owned */
    struct viewer_end *end;
    GSimpleActionGroup *actions;
    char *customer_ref, *reference;
    guint tick;
    /* What was shown last */
    uint64_t version, notices;
    struct agent_news news;
    int64_t updated_ms;
    enum agent_view_phase phase;
    enum proto_connection_state connection;
    enum agent_view_customer customer_state;
    struct viewer_wish wishes[PROTO_CAPABILITY_COUNT];
    guint stills;      /* shown in the strip */
    gboolean returned; /* that they were here before was shown */
    guint number;      /* of this tab's, from 1: customers without a reference are told apart */
    gboolean has_customer, attention, front, held, wants_reference;
    gboolean has_wrap_up, saved; /* saved: it was kept */
    gboolean telling;            /* it is over, and waits for the line to be said */
};

/* session.c */
void viewer_session_update(ViewerSession *self);
void viewer_session_invite(ViewerSession *self); /* a new invitation in the place of whatever was */
void viewer_session_toast(ViewerSession *self, const char *text);
void viewer_session_close(ViewerSession *self);
void viewer_session_again(ViewerSession *self);

/* session_show.c: each under the view's lock, if what it shows is not what was shown last */
void viewer_session_show_notice(ViewerSession *self, const struct agent_view *view);
void viewer_session_show_live(ViewerSession *self, const struct agent_view *view, int64_t now_ms);
void viewer_session_show_their_pointer(ViewerSession *self, const struct agent_view *view, int64_t now_ms);

/* session_actions.c */
void viewer_session_add_actions(ViewerSession *self);
/** Enables what can be done now. */
void viewer_session_update_actions(ViewerSession *self, const struct agent_view *view);
/** There is no link before the relay gave one, and none after it was used. */
void viewer_session_update_invite_actions(ViewerSession *self, const struct agent_view *view);
void viewer_session_enable(ViewerSession *self, const char *action, gboolean on);
void viewer_session_set_state(ViewerSession *self, const char *action, gboolean on);
/** A command that says no more than that, or whether. */
void viewer_session_order(ViewerSession *self, enum agent_do what, bool on);
void viewer_session_ask(ViewerSession *self, enum proto_capability capability, const char *purpose, uint32_t max_s);

/* session_invite.c, session_guiding.c, session_camera.c: each adds what it does to self->actions */
void viewer_session_add_invite_actions(ViewerSession *self);
/** Keeps the wrap-up, `shortened`: what of it fits; returns what is wrong, for the agent to read, or NULL. Transfers
 * the text. */
char *viewer_session_save(ViewerSession *self, gboolean shortened);
void viewer_session_add_guiding_actions(ViewerSession *self);
void viewer_session_add_camera_actions(ViewerSession *self);
/** Colour and words are added here: a number counts up, a text is asked for. */
void viewer_session_draw(ViewerSession *self, const struct agent_mark *mark);
void viewer_session_update_camera(ViewerSession *self, const struct agent_view *view, gboolean picture);

#endif
