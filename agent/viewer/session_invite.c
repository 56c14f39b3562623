/* SPDX-License-Identifier: Apache-2.0 */
/* How a customer is invited from a tab, and how the tab ends. */
#include "agent/desk/invitation.h"
#include "agent/desk/wrap.h"
#include "agent/viewer/send.h"
#include "agent/viewer/session_inside.h"
#include "agent/viewer/words.h"
#include "proto/host/world.h"

/* ---- inviting ---- */

static void on_copy(GSimpleAction *action, GVariant *parameter, void *data)
{
    ViewerSession *self = data;
    const struct agent_view *view = viewer_end_lock(self->end);

    (void)action, (void)parameter;
    gdk_clipboard_set_text(gtk_widget_get_clipboard(GTK_WIDGET(self)), view->link);
    viewer_end_unlock(self->end);
    viewer_session_toast(self, _("The link is copied"));
}

static void with_invitation(ViewerSession *self,
                            void (*send)(GtkWindow *, const struct viewer_settings *, const struct viewer_invitation *))
{
    const struct agent_view *view = viewer_end_lock(self->end);
    const struct viewer_invitation invitation = {view->link, view->code, view->address};

    send(GTK_WINDOW(gtk_widget_get_root(GTK_WIDGET(self))), self->settings, &invitation);
    viewer_end_unlock(self->end);
}

static void on_mail(GSimpleAction *action, GVariant *parameter, void *data)
{
    (void)action, (void)parameter;
    with_invitation(data, viewer_send_mail);
}

static void on_sms(GSimpleAction *action, GVariant *parameter, void *data)
{
    (void)action, (void)parameter;
    with_invitation(data, viewer_send_sms);
}

static void on_sent(void *context, const char *wrong)
{
    ViewerSession *self = context;

    viewer_session_toast(self, wrong ? wrong : _("The link is on its way"));
    g_object_unref(self);
}

static void on_command(GSimpleAction *action, GVariant *parameter, void *data)
{
    ViewerSession *self = data;
    const struct agent_view *view = viewer_end_lock(self->end);
    const struct viewer_invitation invitation = {view->link, view->code, view->address};

    (void)action, (void)parameter;
    viewer_send_command(self->settings, &invitation, viewer_invite_get_number(self->invite), on_sent,
                        g_object_ref(self));
    viewer_end_unlock(self->end);
}

static void on_resend(GSimpleAction *action, GVariant *parameter, void *data)
{
    ViewerSession *self = data;

    (void)action, (void)parameter;
    viewer_session_leave(self);
    viewer_session_invite(self);
    viewer_session_toast(self, _("A new link. The old one does not work any more."));
}

/* ---- ending ---- */

static void on_end(GSimpleAction *action, GVariant *parameter, void *data)
{
    ViewerSession *self = data;

    (void)action, (void)parameter;
    if (self->phase == AGENT_VIEW_JOINED)
        viewer_session_order(self, AGENT_DO_END, true);
    else
        viewer_session_close(self);
}

static void on_wrong_person(GSimpleAction *action, GVariant *parameter, void *data)
{
    ViewerSession *self = data;

    (void)action, (void)parameter;
    viewer_end_finish(self->end, PROTO_END_WRONG_PERSON);
}

static void on_save(GSimpleAction *action, GVariant *parameter, void *data)
{
    ViewerSession *self = data;
    const struct agent_view *view = viewer_end_lock(self->end);
    struct agent_wrap wrap;
    struct proto_buf line;
    g_autoptr(GError) error = NULL;
    gboolean worth = view->joined_ms > 0;

    (void)action, (void)parameter;
    viewer_wrap_up_read(self->wrap_up, &wrap);
    g_strlcpy(wrap.session, view->sid, sizeof wrap.session);
    g_strlcpy(wrap.reference, self->reference ? self->reference : "", sizeof wrap.reference);
    wrap.unix_ms = host_now().unix_ms;
    wrap.length_ms = view->ended_ms - view->joined_ms;
    wrap.stars = view->stars;
    viewer_end_unlock(self->end);
    proto_buf_init(&line, 16384);
    agent_wrap_put_json(&wrap, &line);
    if (worth && (line.failed || !viewer_settings_append("wrap-up.jsonl", (const char *)line.bytes, line.len, &error)))
        viewer_session_toast(self, error ? error->message : _("The wrap-up could not be saved"));
    else
        viewer_session_close(self);
    proto_buf_free(&line);
}

static const GActionEntry entries[] = {
    {.name = "copy-link", .activate = on_copy},
    {.name = "send-mail", .activate = on_mail},
    {.name = "send-sms", .activate = on_sms},
    {.name = "send-command", .activate = on_command},
    {.name = "resend", .activate = on_resend},
    {.name = "end", .activate = on_end},
    {.name = "wrong-person", .activate = on_wrong_person},
    {.name = "save", .activate = on_save},
};

void viewer_session_add_invite_actions(ViewerSession *self)
{
    g_action_map_add_action_entries(G_ACTION_MAP(self->actions), entries, G_N_ELEMENTS(entries), self);
}
