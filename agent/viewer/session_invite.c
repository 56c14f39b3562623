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

/* The tab may be gone by then; it is not kept for this. */
static void on_sent(void *context, const char *wrong)
{
    GWeakRef *tab = context;
    g_autoptr(ViewerSession) self = g_weak_ref_get(tab);

    if (self)
        viewer_session_toast(self, wrong ? wrong : _("The link is on its way"));
    g_weak_ref_clear(tab);
    g_free(tab);
}

static void on_command(GSimpleAction *action, GVariant *parameter, void *data)
{
    ViewerSession *self = data;
    const struct agent_view *view = viewer_end_lock(self->end);
    const struct viewer_invitation invitation = {view->link, view->code, view->address};
    GWeakRef *tab = g_new(GWeakRef, 1);

    (void)action, (void)parameter;
    g_weak_ref_init(tab, self);
    viewer_send_command(self->settings, &invitation, viewer_invite_get_number(self->invite), on_sent, tab);
    viewer_end_unlock(self->end);
}

static void on_resend(GSimpleAction *action, GVariant *parameter, void *data)
{
    ViewerSession *self = data;

    (void)action, (void)parameter;
    if (self->phase == AGENT_VIEW_ENDED) {
        viewer_session_again(self); /* what was said to one is not shown beside the next */
        return;
    }
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

static void fill_wrap(ViewerSession *self, struct agent_wrap *wrap)
{
    const struct agent_view *view = viewer_end_lock(self->end);

    g_strlcpy(wrap->session, view->sid, sizeof wrap->session);
    g_strlcpy(wrap->reference, self->reference ? self->reference : "", sizeof wrap->reference);
    wrap->unix_ms = host_now().unix_ms;
    wrap->length_ms = view->ended_ms - view->joined_ms;
    wrap->stars = view->stars;
    viewer_end_unlock(self->end);
}

char *viewer_session_save(ViewerSession *self, gboolean shortened)
{
    g_autofree struct agent_wrap *wrap = g_new(struct agent_wrap, 1);
    const char *too_long = viewer_wrap_up_read(self->wrap_up, wrap);
    g_autoptr(GError) error = NULL;
    struct proto_buf line;

    if (too_long && !shortened)
        return g_strdup_printf(_("“%s” is too long: shorten it to %u characters"), too_long, AGENT_WRAP_TEXT_CHARS);
    fill_wrap(self, wrap);
    proto_buf_init(&line, AGENT_WRAP_LINE_BYTES);
    agent_wrap_put_json(wrap, &line);
    self->saved = !line.failed && viewer_settings_append("wrap-up.jsonl", (const char *)line.bytes, line.len, &error);
    proto_buf_free(&line);
    return self->saved ? NULL : g_strdup(error ? error->message : _("The wrap-up could not be saved"));
}

static void on_save(GSimpleAction *action, GVariant *parameter, void *data)
{
    ViewerSession *self = data;
    g_autofree char *wrong = self->has_wrap_up ? viewer_session_save(self, FALSE) : NULL;

    (void)action, (void)parameter;
    if (wrong)
        viewer_session_toast(self, wrong);
    else
        viewer_session_close(self);
}

void viewer_session_update_invite_actions(ViewerSession *self, const struct agent_view *view)
{
    static const char *const names[] = {"copy-link", "send-mail", "send-sms", "send-command"};

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
        viewer_session_enable(self, names[i], *view->link != '\0');
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
