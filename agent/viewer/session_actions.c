/* SPDX-License-Identifier: Apache-2.0 */
/* What can be done in a tab, and what of it now: consent, moving about, guides, voice; the rest beside this file. */
#include "agent/viewer/keys.h"
#include "agent/viewer/session_inside.h"
#include "agent/viewer/words.h"

void viewer_session_order(ViewerSession *self, enum agent_do what, bool on)
{
    const struct agent_command command = {.what = what, .on = on};

    viewer_end_do(self->end, &command);
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
    viewer_session_order(data, AGENT_DO_CHECK_WORDS, true);
}

static void on_differ(GSimpleAction *action, GVariant *parameter, void *data)
{
    (void)action, (void)parameter;
    viewer_session_order(data, AGENT_DO_CHECK_WORDS, false);
}

/* Nothing is taken back by it: the alarm stays until they were found the same. */
static void on_compare(GSimpleAction *action, GVariant *parameter, void *data)
{
    ViewerSession *self = data;

    (void)action, (void)parameter;
    viewer_session_show_side(self, TRUE);
    gtk_widget_child_focus(GTK_WIDGET(self->words_buttons), GTK_DIR_TAB_FORWARD);
    gtk_window_set_focus_visible(GTK_WINDOW(gtk_widget_get_root(GTK_WIDGET(self))), TRUE); /* where to look */
}

void viewer_session_hold(ViewerSession *self, gboolean on)
{
    if (g_action_get_enabled(g_action_map_lookup_action(G_ACTION_MAP(self->actions), "hold")))
        viewer_session_order(self, AGENT_DO_HOLD, on);
}

static void on_hold(GSimpleAction *action, GVariant *parameter, void *data)
{
    (void)parameter;
    viewer_session_hold(data, !g_variant_get_boolean(g_action_get_state(G_ACTION(action))));
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
    viewer_session_order(data, AGENT_DO_MUTE, muted); /* the row of voices says how it stands */
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
    {.name = "ask-camera", .activate = on_ask_camera},
    {.name = "consent", .activate = on_consent, .parameter_type = "u"},
    {.name = "words-same", .activate = on_same},
    {.name = "words-differ", .activate = on_differ},
    {.name = "words-compare", .activate = on_compare},
    {.name = "hold", .activate = on_hold, .state = "false"},
    {.name = "focus-picture", .activate = on_focus_picture},
    {.name = "focus-chat", .activate = on_focus_chat},
    {.name = "focus-devices", .activate = on_focus_devices},
    {.name = "focus-guides", .activate = on_focus_guides},
    {.name = "guide", .activate = on_guide, .parameter_type = "s"},
    {.name = "mute", .activate = on_mute, .state = "false"},
    {.name = "sentences", .activate = on_sentences},
    {.name = "dismiss", .activate = on_dismiss},
};

void viewer_session_enable(ViewerSession *self, const char *name, gboolean on)
{
    GAction *action = g_action_map_lookup_action(G_ACTION_MAP(self->actions), name);

    g_simple_action_set_enabled(G_SIMPLE_ACTION(action), on);
}

void viewer_session_set_state(ViewerSession *self, const char *name, gboolean on)
{
    GAction *action = g_action_map_lookup_action(G_ACTION_MAP(self->actions), name);

    g_simple_action_set_state(G_SIMPLE_ACTION(action), g_variant_new_boolean(on));
}

void viewer_session_update_actions(ViewerSession *self, const struct agent_view *view)
{
    gboolean joined = view->phase == AGENT_VIEW_JOINED && !view->goodbye, ended = view->phase == AGENT_VIEW_ENDED;
    gboolean picture = viewer_picture_get_texture(self->picture) != NULL;
    const struct agent_marks *marks = viewer_end_marks(self->end);

    viewer_session_enable(self, "wrong-person", !ended);
    viewer_session_enable(self, "end", !ended);
    viewer_session_enable(self, "resend", view->phase != AGENT_VIEW_JOINED);
    viewer_session_enable(self, "save", ended);
    viewer_session_enable(self, "words-same", joined && view->words_ours != AGENT_VIEW_WORDS_SAME && *view->words[0]);
    viewer_session_enable(self, "words-differ", joined && view->words_ours == AGENT_VIEW_WORDS_OPEN && *view->words[0]);
    viewer_session_enable(self, "undo", joined && agent_marks_can_undo(marks));
    viewer_session_enable(self, "redo", joined && agent_marks_can_redo(marks));
    viewer_session_enable(self, "clear", joined && marks->count > 0);
    viewer_session_enable(self, "freeze", joined && picture);
    viewer_session_set_state(self, "freeze", view->frozen);
    viewer_session_update_camera(self, view, joined && picture);
    viewer_session_enable(self, "hold", joined);
    viewer_session_enable(self, "guide", joined && viewer_guides_may(self->guides, PROTO_GUIDE_ACT_CLOSE));
    viewer_session_enable(self, "mute",
                          joined && view->consents[PROTO_CAPABILITY_MICROPHONE].state == PROTO_CONSENT_GRANTED);
    viewer_session_set_state(self, "hold", view->held);
}

void viewer_session_add_actions(ViewerSession *self)
{
    self->actions = g_simple_action_group_new();
    g_action_map_add_action_entries(G_ACTION_MAP(self->actions), entries, G_N_ELEMENTS(entries), self);
    viewer_session_add_invite_actions(self);
    viewer_session_add_guiding_actions(self);
    viewer_session_add_camera_actions(self);
    gtk_widget_insert_action_group(GTK_WIDGET(self), "session", G_ACTION_GROUP(self->actions));
    viewer_keys_bind_picture(GTK_WIDGET(self->stage));
}
