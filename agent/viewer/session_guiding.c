/* SPDX-License-Identifier: Apache-2.0 */
/* What the agent draws on the picture of a tab. */
#include "agent/viewer/session_inside.h"
#include "agent/viewer/words.h"

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
    const char *cut;

    g_strlcpy(writing->mark.text, gtk_editable_get_text(GTK_EDITABLE(entry)), sizeof writing->mark.text);
    (void)g_utf8_validate(writing->mark.text, -1, &cut);
    writing->mark.text[cut - writing->mark.text] = '\0'; /* not within a character */
    if (*writing->mark.text)
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
    viewer_session_order(self, AGENT_DO_CLEAR, false);
    viewer_session_update(self);
}

static void on_freeze(GSimpleAction *action, GVariant *parameter, void *data)
{
    ViewerSession *self = data;
    gboolean frozen = !g_variant_get_boolean(g_action_get_state(G_ACTION(action)));

    (void)parameter;
    viewer_session_order(self, AGENT_DO_FREEZE, frozen);
}

static void on_tool(GSimpleAction *action, GVariant *parameter, void *data)
{
    const char *shape = g_variant_get_string(parameter, NULL);

    (void)action;
    viewer_tools_choose(((ViewerSession *)data)->tools,
                        g_strcmp0(shape, "pointer") ? agent_mark_tool_of(shape) : AGENT_MARK_POINTER);
}

static const GActionEntry entries[] = {
    {.name = "undo", .activate = on_undo},
    {.name = "redo", .activate = on_redo},
    {.name = "clear", .activate = on_clear},
    {.name = "freeze", .activate = on_freeze, .state = "false"},
    {.name = "tool", .activate = on_tool, .parameter_type = "s"},
};

void viewer_session_add_guiding_actions(ViewerSession *self)
{
    g_action_map_add_action_entries(G_ACTION_MAP(self->actions), entries, G_N_ELEMENTS(entries), self);
}
