/* SPDX-License-Identifier: Apache-2.0 */
/* What can be done in a tab: one table of actions, each a few lines. */
#include "agent/desk/invitation.h"
#include "agent/desk/wrap.h"
#include "agent/viewer/keys.h"
#include "agent/viewer/send.h"
#include "agent/viewer/session_inside.h"
#include "agent/viewer/words.h"
#include "proto/host/world.h"

static void order(ViewerSession *self, enum agent_do what, bool on)
{
    const struct agent_command command = {.what = what, .on = on};

    viewer_end_do(self->end, &command);
}

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
        order(self, AGENT_DO_END, true);
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

/* ---- consent ---- */

void viewer_session_ask(ViewerSession *self, enum proto_capability capability, const char *purpose, uint32_t max_s)
{
    struct agent_command command = {.what = AGENT_DO_REQUEST, .capability = capability, .max_s = max_s};

    g_strlcpy(command.text, purpose, sizeof command.text);
    viewer_end_do(self->end, &command);
}

static void on_ask_camera(GSimpleAction *action, GVariant *parameter, void *data)
{
    ViewerSession *self = data;

    (void)action, (void)parameter;
    viewer_consents_open(self->consents, 0);
}

static void on_consent(GSimpleAction *action, GVariant *parameter, void *data)
{
    ViewerSession *self = data;

    (void)action;
    viewer_consents_open(self->consents, g_variant_get_uint32(parameter));
}

static void on_same(GSimpleAction *action, GVariant *parameter, void *data)
{
    (void)action, (void)parameter;
    order(data, AGENT_DO_CHECK_WORDS, true);
}

static void on_differ(GSimpleAction *action, GVariant *parameter, void *data)
{
    (void)action, (void)parameter;
    order(data, AGENT_DO_CHECK_WORDS, false);
}

/* ---- guiding ---- */

static void send_mark(ViewerSession *self, const struct agent_mark *mark)
{
    struct agent_command command = {
        .what = AGENT_DO_DRAW, .pairs = mark->pairs, .ts_ms = mark->ts_ms, .colour = mark->colour};

    for (size_t i = 0; i < 2 * mark->pairs; i++)
        command.points[i] = (double)mark->points[i];
    g_strlcpy(command.shape, agent_mark_shape(mark->tool), sizeof command.shape);
    g_strlcpy(command.text, mark->text, sizeof command.text);
    viewer_end_do(self->end, &command);
}

static void add_mark(ViewerSession *self, const struct agent_mark *mark)
{
    const struct agent_mark *added;

    viewer_end_lock(self->end);
    added = agent_marks_add(viewer_end_marks(self->end), mark);
    if (added)
        send_mark(self, added);
    viewer_end_unlock(self->end);
    viewer_session_update(self);
}

struct writing {
    ViewerSession *session; /* borrowed: its popover goes with it */
    struct agent_mark mark;
    GtkWidget *popover;
};

static void on_text_done(GtkEntry *entry, struct writing *writing)
{
    g_strlcpy(writing->mark.text, gtk_editable_get_text(GTK_EDITABLE(entry)), sizeof writing->mark.text);
    if (*writing->mark.text && g_utf8_validate(writing->mark.text, -1, NULL))
        add_mark(writing->session, &writing->mark);
    gtk_popover_popdown(GTK_POPOVER(writing->popover));
    gtk_widget_grab_focus(GTK_WIDGET(writing->session->picture));
}

static gboolean unparent(void *popover)
{
    gtk_widget_unparent(popover);
    return G_SOURCE_REMOVE;
}

static void on_text_closed(GtkPopover *popover, void *data)
{
    (void)data;
    g_idle_add(unparent, popover); /* not while it tells that it closed */
}

static void free_writing(void *data, GClosure *closure)
{
    (void)closure;
    g_free(data);
}

static void ask_for_text(ViewerSession *self, const struct agent_mark *mark)
{
    struct writing *writing = g_new(struct writing, 1);
    GtkWidget *popover = gtk_popover_new(), *entry = gtk_entry_new();
    int width = gtk_widget_get_width(GTK_WIDGET(self->picture)),
        height = gtk_widget_get_height(GTK_WIDGET(self->picture));
    const GdkRectangle at = {(int)((double)mark->points[0] * width), (int)((double)mark->points[1] * height), 1, 1};

    *writing = (struct writing){self, *mark, popover};
    gtk_editable_set_width_chars(GTK_EDITABLE(entry), 24);
    gtk_entry_set_max_length(GTK_ENTRY(entry), 60);
    gtk_entry_set_placeholder_text(GTK_ENTRY(entry), _("Text on the picture"));
    gtk_accessible_update_property(GTK_ACCESSIBLE(entry), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Text on the picture"), -1);
    gtk_popover_set_child(GTK_POPOVER(popover), entry);
    gtk_popover_set_pointing_to(GTK_POPOVER(popover), &at);
    gtk_widget_set_parent(popover, GTK_WIDGET(self->stage));
    g_signal_connect_data(entry, "activate", G_CALLBACK(on_text_done), writing, free_writing, 0);
    g_signal_connect(popover, "closed", G_CALLBACK(on_text_closed), NULL);
    gtk_popover_popup(GTK_POPOVER(popover));
    gtk_widget_grab_focus(entry);
}

void viewer_session_draw(ViewerSession *self, const struct agent_mark *drawn)
{
    struct agent_mark mark = *drawn;

    if (mark.tool == AGENT_MARK_TEXT) {
        ask_for_text(self, &mark);
        return;
    }
    if (mark.tool == AGENT_MARK_NUMBER) {
        viewer_end_lock(self->end);
        g_snprintf(mark.text, sizeof mark.text, "%u", agent_marks_next_number(viewer_end_marks(self->end)));
        viewer_end_unlock(self->end);
    }
    add_mark(self, &mark);
}

static void on_undo(GSimpleAction *action, GVariant *parameter, void *data)
{
    ViewerSession *self = data;
    struct agent_command command = {.what = AGENT_DO_CLEAR};

    (void)action, (void)parameter;
    viewer_end_lock(self->end);
    command.id = agent_marks_undo(viewer_end_marks(self->end));
    viewer_end_unlock(self->end);
    if (command.id)
        viewer_end_do(self->end, &command);
    viewer_session_update(self);
}

static void on_redo(GSimpleAction *action, GVariant *parameter, void *data)
{
    ViewerSession *self = data;
    const struct agent_mark *mark;

    (void)action, (void)parameter;
    viewer_end_lock(self->end);
    mark = agent_marks_redo(viewer_end_marks(self->end));
    if (mark)
        send_mark(self, mark);
    viewer_end_unlock(self->end);
    viewer_session_update(self);
}

static void on_clear(GSimpleAction *action, GVariant *parameter, void *data)
{
    ViewerSession *self = data;

    (void)action, (void)parameter;
    viewer_end_lock(self->end);
    agent_marks_wipe(viewer_end_marks(self->end));
    viewer_end_unlock(self->end);
    order(self, AGENT_DO_CLEAR, false);
    viewer_session_update(self);
}

static void on_freeze(GSimpleAction *action, GVariant *parameter, void *data)
{
    ViewerSession *self = data;
    gboolean frozen = !g_variant_get_boolean(g_action_get_state(G_ACTION(action)));

    (void)parameter;
    order(self, AGENT_DO_FREEZE, frozen);
}

/* ---- the customer's camera ---- */

/* What is not granted yet is asked for with the first click. */
static gboolean is_granted(ViewerSession *self, enum proto_capability capability)
{
    const struct agent_view *view = viewer_end_lock(self->end);
    gboolean granted = view->consents[capability].state == PROTO_CONSENT_GRANTED;
    gboolean may = agent_view_may_ask(view, capability) == AGENT_VIEW_ASK_MAY;

    viewer_end_unlock(self->end);
    if (granted || !may)
        return granted;
    viewer_session_ask(self, capability, _(agent_desk_purpose(capability)), 0);
    viewer_session_toast(self, _("The customer is asked first"));
    return FALSE;
}

static void on_ask_still(GSimpleAction *action, GVariant *parameter, void *data)
{
    (void)action, (void)parameter;
    if (is_granted(data, PROTO_CAPABILITY_STILL)) {
        order(data, AGENT_DO_STILL, true);
        viewer_session_toast(data, _("The customer takes the photo, looks at it, and sends it or not"));
    }
}

static void on_torch(GSimpleAction *action, GVariant *parameter, void *data)
{
    gboolean on = !g_variant_get_boolean(g_action_get_state(G_ACTION(action)));

    (void)parameter;
    if (is_granted(data, PROTO_CAPABILITY_TORCH))
        order(data, AGENT_DO_TORCH, on);
}

static void zoom_camera(ViewerSession *self, double by)
{
    struct agent_command command = {.what = AGENT_DO_ZOOM};
    const struct agent_view *view;

    if (!is_granted(self, PROTO_CAPABILITY_ZOOM))
        return;
    view = viewer_end_lock(self->end);
    command.factor = CLAMP((double)view->camera.zoom * by, 1, MAX(1, (double)view->camera.zoom_max));
    viewer_end_unlock(self->end);
    viewer_end_do(self->end, &command);
}

static void on_camera_closer(GSimpleAction *action, GVariant *parameter, void *data)
{
    (void)action, (void)parameter;
    zoom_camera(data, 1.5);
}

static void on_camera_wider(GSimpleAction *action, GVariant *parameter, void *data)
{
    (void)action, (void)parameter;
    zoom_camera(data, 1 / 1.5);
}

static void on_lens(GSimpleAction *action, GVariant *parameter, void *data)
{
    ViewerSession *self = data;
    struct agent_command command = {.what = AGENT_DO_LENS};
    const struct agent_view *view = viewer_end_lock(self->end);
    const handhold_CameraState *camera = &view->camera;

    (void)action, (void)parameter;
    for (pb_size_t i = 0; i < camera->lenses_count; i++)
        if (!strcmp(camera->lenses[i].id, camera->lens))
            g_strlcpy(command.text, camera->lenses[(i + 1) % camera->lenses_count].id, sizeof command.text);
    viewer_end_unlock(self->end);
    if (*command.text)
        viewer_end_do(self->end, &command);
}

void viewer_session_hold(ViewerSession *self, gboolean on)
{
    order(self, AGENT_DO_HOLD, on);
}

static void on_hold(GSimpleAction *action, GVariant *parameter, void *data)
{
    (void)parameter;
    viewer_session_hold(data, !g_variant_get_boolean(g_action_get_state(G_ACTION(action))));
}

static void on_zoom_in(GSimpleAction *action, GVariant *parameter, void *data)
{
    (void)action, (void)parameter;
    viewer_picture_zoom(((ViewerSession *)data)->picture, 1);
}

static void on_zoom_out(GSimpleAction *action, GVariant *parameter, void *data)
{
    (void)action, (void)parameter;
    viewer_picture_zoom(((ViewerSession *)data)->picture, -1);
}

static void on_zoom_fit(GSimpleAction *action, GVariant *parameter, void *data)
{
    (void)action, (void)parameter;
    viewer_picture_zoom(((ViewerSession *)data)->picture, 0);
}

static void on_tool(GSimpleAction *action, GVariant *parameter, void *data)
{
    const char *shape = g_variant_get_string(parameter, NULL);

    (void)action;
    viewer_tools_choose(((ViewerSession *)data)->tools,
                        g_strcmp0(shape, "pointer") ? agent_mark_tool_of(shape) : AGENT_MARK_POINTER);
}

/* ---- moving about ---- */

static void on_focus_picture(GSimpleAction *action, GVariant *parameter, void *data)
{
    (void)action, (void)parameter;
    gtk_widget_grab_focus(GTK_WIDGET(((ViewerSession *)data)->picture));
}

static void on_focus_chat(GSimpleAction *action, GVariant *parameter, void *data)
{
    ViewerSession *self = data;

    (void)action, (void)parameter;
    viewer_session_show_side(self, TRUE);
    gtk_stack_set_visible_child_name(self->panes, "chat");
    viewer_chat_focus(self->chat);
}

static void on_focus_devices(GSimpleAction *action, GVariant *parameter, void *data)
{
    ViewerSession *self = data;

    (void)action, (void)parameter;
    viewer_session_show_side(self, TRUE);
    gtk_stack_set_visible_child_name(self->panes, "devices");
    viewer_devices_focus(self->devices);
}

static void on_focus_guides(GSimpleAction *action, GVariant *parameter, void *data)
{
    ViewerSession *self = data;

    (void)action, (void)parameter;
    viewer_session_show_side(self, TRUE);
    gtk_stack_set_visible_child_name(self->panes, "guides");
    viewer_guides_focus(self->guides);
}

/* ---- guides and voice ---- */

static void on_guide(GSimpleAction *action, GVariant *parameter, void *data)
{
    ViewerSession *self = data;
    struct agent_command command = {.what = AGENT_DO_GUIDE};

    (void)action;
    g_strlcpy(command.shape, g_variant_get_string(parameter, NULL), sizeof command.shape);
    viewer_end_do(self->end, &command);
}

static void on_mute(GSimpleAction *action, GVariant *parameter, void *data)
{
    gboolean muted = !g_variant_get_boolean(g_action_get_state(G_ACTION(action)));

    (void)parameter;
    g_simple_action_set_state(action, g_variant_new_boolean(muted));
    order(data, AGENT_DO_MUTE, muted); /* the row of voices says how it stands */
}

static void on_sentences(GSimpleAction *action, GVariant *parameter, void *data)
{
    ViewerSession *self = data;

    (void)action, (void)parameter;
    viewer_session_show_side(self, TRUE);
    gtk_stack_set_visible_child_name(self->panes, "chat");
    viewer_chat_open_sentences(self->chat);
}

static void on_dismiss(GSimpleAction *action, GVariant *parameter, void *data)
{
    (void)action, (void)parameter;
    gtk_revealer_set_reveal_child(((ViewerSession *)data)->notice_revealer, FALSE);
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
    {.name = "ask-camera", .activate = on_ask_camera},
    {.name = "consent", .activate = on_consent, .parameter_type = "u"},
    {.name = "words-same", .activate = on_same},
    {.name = "words-differ", .activate = on_differ},
    {.name = "undo", .activate = on_undo},
    {.name = "redo", .activate = on_redo},
    {.name = "clear", .activate = on_clear},
    {.name = "freeze", .activate = on_freeze, .state = "false"},
    {.name = "hold", .activate = on_hold, .state = "false"},
    {.name = "still", .activate = on_ask_still},
    {.name = "torch", .activate = on_torch, .state = "false"},
    {.name = "camera-closer", .activate = on_camera_closer},
    {.name = "camera-wider", .activate = on_camera_wider},
    {.name = "lens", .activate = on_lens},
    {.name = "zoom-in", .activate = on_zoom_in},
    {.name = "zoom-out", .activate = on_zoom_out},
    {.name = "zoom-fit", .activate = on_zoom_fit},
    {.name = "tool", .activate = on_tool, .parameter_type = "s"},
    {.name = "focus-picture", .activate = on_focus_picture},
    {.name = "focus-chat", .activate = on_focus_chat},
    {.name = "focus-devices", .activate = on_focus_devices},
    {.name = "focus-guides", .activate = on_focus_guides},
    {.name = "guide", .activate = on_guide, .parameter_type = "s"},
    {.name = "mute", .activate = on_mute, .state = "false"},
    {.name = "sentences", .activate = on_sentences},
    {.name = "dismiss", .activate = on_dismiss},
};

static void enable(ViewerSession *self, const char *name, gboolean on)
{
    GAction *action = g_action_map_lookup_action(G_ACTION_MAP(self->actions), name);

    g_simple_action_set_enabled(G_SIMPLE_ACTION(action), on);
}

static void set_state(ViewerSession *self, const char *name, gboolean on)
{
    GAction *action = g_action_map_lookup_action(G_ACTION_MAP(self->actions), name);

    g_simple_action_set_state(G_SIMPLE_ACTION(action), g_variant_new_boolean(on));
}

static gboolean usable(const struct agent_view *view, enum proto_capability capability)
{
    enum agent_view_ask ask = agent_view_may_ask(view, capability);

    return ask == AGENT_VIEW_ASK_MAY || ask == AGENT_VIEW_ASK_GRANTED;
}

static void update_camera(ViewerSession *self, const struct agent_view *view, gboolean picture)
{
    const handhold_CameraState *camera = &view->camera;
    gboolean known = picture && view->has_camera && !view->held, zooms = known && camera->zoom_max > 1;

    enable(self, "still", picture && usable(view, PROTO_CAPABILITY_STILL));
    enable(self, "torch", known && camera->can_torch && usable(view, PROTO_CAPABILITY_TORCH));
    enable(self, "camera-closer", zooms && camera->zoom < camera->zoom_max && usable(view, PROTO_CAPABILITY_ZOOM));
    enable(self, "camera-wider", zooms && camera->zoom > 1 && usable(view, PROTO_CAPABILITY_ZOOM));
    enable(self, "lens", known && camera->lenses_count > 1);
    set_state(self, "torch", known && camera->torch);
}

void viewer_session_update_actions(ViewerSession *self, const struct agent_view *view)
{
    gboolean joined = view->phase == AGENT_VIEW_JOINED, ended = view->phase == AGENT_VIEW_ENDED;
    gboolean picture = viewer_picture_get_texture(self->picture) != NULL;
    const struct agent_marks *marks = viewer_end_marks(self->end);

    enable(self, "wrong-person", !ended);
    enable(self, "end", !ended);
    enable(self, "resend", !joined);
    enable(self, "save", ended);
    enable(self, "words-same", joined && view->words_ours == AGENT_VIEW_WORDS_OPEN && *view->words[0]);
    enable(self, "words-differ", joined && view->words_ours == AGENT_VIEW_WORDS_OPEN && *view->words[0]);
    enable(self, "undo", joined && agent_marks_can_undo(marks));
    enable(self, "redo", joined && agent_marks_can_redo(marks));
    enable(self, "clear", joined && marks->count > 0);
    enable(self, "freeze", joined && picture);
    set_state(self, "freeze", view->frozen);
    update_camera(self, view, joined && picture);
    enable(self, "hold", joined);
    enable(self, "guide", joined && viewer_guides_may(self->guides, PROTO_GUIDE_ACT_CLOSE));
    enable(self, "mute", joined && view->consents[PROTO_CAPABILITY_MICROPHONE].state == PROTO_CONSENT_GRANTED);
    set_state(self, "hold", view->held);
}

void viewer_session_add_actions(ViewerSession *self)
{
    self->actions = g_simple_action_group_new();
    g_action_map_add_action_entries(G_ACTION_MAP(self->actions), entries, G_N_ELEMENTS(entries), self);
    gtk_widget_insert_action_group(GTK_WIDGET(self), "session", G_ACTION_GROUP(self->actions));
    viewer_keys_bind_picture(GTK_WIDGET(self->stage));
}
