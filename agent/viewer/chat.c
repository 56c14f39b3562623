/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/viewer/chat.h"

#include <string.h>

#include "agent/desk/desk.h"
#include "agent/viewer/names.h"
#include "agent/viewer/words.h"

enum {
    WIDTH_CHARS = 30,
    WHOLE_WIDTH_BYTES = 120, /* more than this is some lines of that width */
    SAID_MAX_BYTES = 4 * PROTO_MAX_CHAT_BYTES,
    AT_ONCE_BYTES = 4000, /* laid out before the window does something else */
};

struct _ViewerChat {
    AdwBin parent_instance;
    /* Template widgets */
    GtkScrolledWindow *scroller;
    GtkListBox *lines;
    GtkMenuButton *ready;
    GtkEntry *entry;
    GtkButton *send;
    GtkLabel *too_long;

    void (*say)(void *context, const char *text);
    void *context;
    gboolean open;  /* somebody is there to read it */
    uint64_t shown; /* lines of the view that were added */
    guint scrolling;
};

G_DEFINE_TYPE(ViewerChat, viewer_chat, ADW_TYPE_BIN)

static const char *const sentences[] = {N_("Hello, I am with you now. I will ask before I see anything."),
                                        N_("Please point your camera at the front of the device."),
                                        N_("Please go a little closer."),
                                        N_("Please hold still for a moment."),
                                        N_("Please switch it off, wait ten seconds, and switch it on again."),
                                        N_("Which lights are on now?"),
                                        N_("One moment please, I am looking it up."),
                                        N_("Thank you. That worked."),
                                        NULL};

static gboolean scroll_down(void *data)
{
    ViewerChat *self = data;
    GtkAdjustment *adjustment = gtk_scrolled_window_get_vadjustment(self->scroller);

    gtk_adjustment_set_value(adjustment, gtk_adjustment_get_upper(adjustment));
    self->scrolling = 0;
    return G_SOURCE_REMOVE;
}

/*
 * A bubble is as narrow as its text allows, which GTK finds by laying it out again and again, at each change of the
 * list: a text that fills some lines anyway gets the whole width, and is laid out once.
 */
static void set_width(GtkWidget *text, const struct agent_view_chat *line)
{
    gboolean whole = strlen(line->text) > WHOLE_WIDTH_BYTES;

    gtk_widget_set_halign(text, whole ? GTK_ALIGN_FILL : line->mine ? GTK_ALIGN_END : GTK_ALIGN_START);
    gtk_label_set_max_width_chars(GTK_LABEL(text), WIDTH_CHARS);
    if (whole)
        gtk_label_set_width_chars(GTK_LABEL(text), WIDTH_CHARS - 8);
}

static GtkWidget *bubble_new(const struct agent_view_chat *line)
{
    g_autoptr(GDateTime) when = g_date_time_new_from_unix_local(line->unix_ms / 1000);
    g_autofree char *clock = when ? g_date_time_format(when, "%H:%M") : g_strdup("");
    g_autofree char *name = g_strdup_printf(line->mine ? _("You, %s: %s") : _("Customer, %s: %s"), clock, line->text);
    GtkWidget *row = gtk_list_box_row_new(), *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 2);
    GtkWidget *text = gtk_label_new(line->text), *time = gtk_label_new(clock),
              *waits = gtk_label_new(_("Not sent yet"));
    g_autoptr(PangoAttrList) whole = pango_attr_list_new();

    gtk_label_set_wrap(GTK_LABEL(text), TRUE);
    gtk_label_set_wrap_mode(GTK_LABEL(text), PANGO_WRAP_WORD_CHAR);
    pango_attr_list_insert(whole, pango_attr_insert_hyphens_new(FALSE)); /* a number that is broken gets none */
    gtk_label_set_attributes(GTK_LABEL(text), whole);
    gtk_label_set_selectable(GTK_LABEL(text), TRUE);
    gtk_label_set_xalign(GTK_LABEL(text), 0);
    set_width(text, line);
    gtk_widget_add_css_class(text, "bubble");
    gtk_widget_add_css_class(text, line->mine ? "mine" : "theirs");
    gtk_widget_set_halign(time, line->mine ? GTK_ALIGN_END : GTK_ALIGN_START);
    gtk_widget_add_css_class(time, "caption");
    gtk_widget_add_css_class(time, "dim-label");
    gtk_widget_set_margin_start(box, line->mine ? 36 : 6);
    gtk_widget_set_margin_end(box, line->mine ? 6 : 36);
    gtk_box_append(GTK_BOX(box), text);
    gtk_box_append(GTK_BOX(box), time);
    gtk_widget_set_halign(waits, GTK_ALIGN_END);
    gtk_widget_add_css_class(waits, "caption");
    gtk_widget_set_visible(waits, FALSE);
    gtk_box_append(GTK_BOX(box), waits);
    g_object_set_data(G_OBJECT(row), "waits", line->mine ? waits : NULL);
    gtk_list_box_row_set_child(GTK_LIST_BOX_ROW(row), box);
    gtk_list_box_row_set_activatable(GTK_LIST_BOX_ROW(row), FALSE);
    gtk_accessible_update_property(GTK_ACCESSIBLE(row), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
    return row;
}

/* What was pasted by mistake is not sent in a hundred pieces; it stays, to be shortened. */
static void update_send(ViewerChat *self)
{
    g_autofree char *wrong = viewer_dup_too_long(gtk_editable_get_text(GTK_EDITABLE(self->entry)), SAID_MAX_BYTES);

    viewer_name_wrong(GTK_WIDGET(self->entry), self->too_long, wrong);
    gtk_widget_set_sensitive(GTK_WIDGET(self->send), self->open && !wrong);
}

/* The newest of our lines are those that have not arrived. */
static void mark_waiting(ViewerChat *self, size_t waits)
{
    for (GtkWidget *row = gtk_widget_get_last_child(GTK_WIDGET(self->lines)); row;
         row = gtk_widget_get_prev_sibling(row)) {
        GtkWidget *words = g_object_get_data(G_OBJECT(row), "waits");

        if (!words)
            continue;
        gtk_widget_set_visible(words, waits > 0);
        waits -= waits > 0;
    }
}

void viewer_chat_update(ViewerChat *self, const struct agent_view *view)
{
    size_t bytes = 0; /* of what is new: the rest comes with the next tick */

    self->open = view->phase == AGENT_VIEW_JOINED && !view->goodbye;
    gtk_widget_set_sensitive(GTK_WIDGET(self->entry), self->open);
    gtk_widget_set_sensitive(GTK_WIDGET(self->ready), self->open);
    update_send(self);
    for (; self->shown < view->chat_count && bytes < AT_ONCE_BYTES; self->shown++) {
        const struct agent_view_chat *line = agent_view_chat_line(view, self->shown);
        GtkListBoxRow *oldest = gtk_list_box_get_row_at_index(self->lines, (int)AGENT_VIEW_CHAT_MAX - 1);

        if (!line)
            continue;
        bytes += strlen(line->text);
        if (oldest)
            gtk_list_box_remove(self->lines, GTK_WIDGET(gtk_list_box_get_row_at_index(self->lines, 0)));
        gtk_list_box_append(self->lines, bubble_new(line));
        if (!self->scrolling)
            self->scrolling = g_timeout_add(50, scroll_down, self); /* once the new row has its height */
    }
    mark_waiting(self, agent_view_chat_waits(view));
}

static void send_text(ViewerChat *self)
{
    const char *text = gtk_editable_get_text(GTK_EDITABLE(self->entry));

    if (!*text || !self->say || !gtk_widget_get_sensitive(GTK_WIDGET(self->send)))
        return;
    for (size_t len; (len = agent_desk_chat_piece(text)) > 0; text += len + strspn(text + len, " ")) {
        g_autofree char *piece = g_strndup(text, len);

        self->say(self->context, piece);
    }
    gtk_editable_set_text(GTK_EDITABLE(self->entry), "");
}

static void on_ready(GSimpleAction *action, GVariant *parameter, void *data)
{
    ViewerChat *self = data;

    (void)action;
    gtk_editable_set_text(GTK_EDITABLE(self->entry), g_variant_get_string(parameter, NULL));
    gtk_widget_grab_focus(GTK_WIDGET(self->entry));
    gtk_editable_set_position(GTK_EDITABLE(self->entry), -1);
}

void viewer_chat_set_sentences(ViewerChat *self, const char *const *own)
{
    g_autoptr(GMenu) menu = g_menu_new();
    const char *const *list = own && own[0] ? own : sentences;

    for (; *list; list++) {
        const char *text = own && own[0] ? *list : _(*list);
        g_auto(GStrv) parts = g_strsplit(text, "_", -1);
        g_autofree char *label = g_strjoinv("__", parts); /* one alone would mark a key */
        g_autoptr(GMenuItem) item = g_menu_item_new(label, NULL);

        if (!*text)
            continue;
        g_menu_item_set_action_and_target(item, "chat.ready", "s", text);
        g_menu_append_item(menu, item);
    }
    gtk_menu_button_set_menu_model(self->ready, G_MENU_MODEL(menu));
}

void viewer_chat_focus(ViewerChat *self)
{
    gtk_widget_grab_focus(GTK_WIDGET(self->entry));
}

void viewer_chat_open_sentences(ViewerChat *self)
{
    gtk_menu_button_popup(self->ready);
}

void viewer_chat_listen(ViewerChat *self, void (*say)(void *context, const char *text), void *context)
{
    self->say = say;
    self->context = context;
}

static void viewer_chat_dispose(GObject *object)
{
    ViewerChat *self = VIEWER_CHAT(object);

    g_clear_handle_id(&self->scrolling, g_source_remove);
    G_OBJECT_CLASS(viewer_chat_parent_class)->dispose(object);
}

static void viewer_chat_class_init(ViewerChatClass *klass)
{
    GtkWidgetClass *widget = GTK_WIDGET_CLASS(klass);

    G_OBJECT_CLASS(klass)->dispose = viewer_chat_dispose;
    gtk_widget_class_set_template_from_resource(widget, "/org/handhold/Agent/chat.ui");
    gtk_widget_class_bind_template_child(widget, ViewerChat, scroller);
    gtk_widget_class_bind_template_child(widget, ViewerChat, lines);
    gtk_widget_class_bind_template_child(widget, ViewerChat, ready);
    gtk_widget_class_bind_template_child(widget, ViewerChat, entry);
    gtk_widget_class_bind_template_child(widget, ViewerChat, send);
    gtk_widget_class_bind_template_child(widget, ViewerChat, too_long);
}

static void viewer_chat_init(ViewerChat *self)
{
    static const GActionEntry entries[] = {{.name = "ready", .activate = on_ready, .parameter_type = "s"}};
    g_autoptr(GSimpleActionGroup) actions = g_simple_action_group_new();

    gtk_widget_init_template(GTK_WIDGET(self));
    g_action_map_add_action_entries(G_ACTION_MAP(actions), entries, G_N_ELEMENTS(entries), self);
    gtk_widget_insert_action_group(GTK_WIDGET(self), "chat", G_ACTION_GROUP(actions));
    g_signal_connect_swapped(self->entry, "activate", G_CALLBACK(send_text), self);
    g_signal_connect_swapped(self->entry, "changed", G_CALLBACK(update_send), self);
    g_signal_connect_swapped(self->send, "clicked", G_CALLBACK(send_text), self);
    viewer_chat_set_sentences(self, NULL);
}
