/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/viewer/names.h"

#include <string.h>

#include "agent/viewer/words.h"
#include "proto/consent/statement.h"
#include "proto/util/utf8.h"

static void name_it(GtkWidget *widget, const char *label)
{
    g_auto(GStrv) parts = g_strsplit(label, "_", -1);
    g_autofree char *name = g_strjoinv("", parts);

    gtk_accessible_reset_relation(GTK_ACCESSIBLE(widget), GTK_ACCESSIBLE_RELATION_LABELLED_BY);
    gtk_accessible_update_property(GTK_ACCESSIBLE(widget), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
}

void viewer_name_buttons(GtkWidget *widget)
{
    const char *label = GTK_IS_BUTTON(widget) && gtk_button_get_use_underline(GTK_BUTTON(widget))
                            ? gtk_button_get_label(GTK_BUTTON(widget))
                            : NULL;

    if (label)
        name_it(widget, label);
    for (GtkWidget *child = gtk_widget_get_first_child(widget); child; child = gtk_widget_get_next_sibling(child))
        viewer_name_buttons(child);
}

void viewer_name_button(GtkButton *button, const char *label)
{
    gtk_button_set_label(button, label);
    name_it(GTK_WIDGET(button), label);
}

/* GTK shows them as a picture alone. */
static const struct {
    const char *icon, *name;
} pictures[] = {
    {"edit-find-symbolic", N_("Search")},
    {"window-close-symbolic", N_("Close this message")},
};

static void name_as(GtkWidget *widget, const char *name)
{
    if (name && *name)
        gtk_accessible_update_property(GTK_ACCESSIBLE(widget), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
}

static void name_below(GtkWidget *widget, const char *group)
{
    const char *icon = GTK_IS_BUTTON(widget) ? gtk_button_get_icon_name(GTK_BUTTON(widget)) : NULL;

    if (ADW_IS_PREFERENCES_GROUP(widget) && *adw_preferences_group_get_title(ADW_PREFERENCES_GROUP(widget)))
        group = adw_preferences_group_get_title(ADW_PREFERENCES_GROUP(widget));
    for (size_t i = 0; icon && i < G_N_ELEMENTS(pictures); i++)
        if (!strcmp(icon, pictures[i].icon))
            name_as(widget, _(pictures[i].name));
    if (GTK_IS_LIST_BOX(widget))
        name_as(widget, group);
    if (GTK_IS_SEARCH_ENTRY(widget))
        name_as(widget, _("Search"));
    for (GtkWidget *child = gtk_widget_get_first_child(widget); child; child = gtk_widget_get_next_sibling(child))
        name_below(child, group);
}

void viewer_name_window(GtkWidget *window)
{
    name_below(window, gtk_window_get_title(GTK_WINDOW(window)));
}

static void name_shown(AdwToastOverlay *overlay)
{
    GtkWidget *inside = adw_toast_overlay_get_child(overlay);

    for (GtkWidget *child = gtk_widget_get_first_child(GTK_WIDGET(overlay)); child;
         child = gtk_widget_get_next_sibling(child)) {
        if (child == inside)
            continue;
        viewer_name_buttons(child);
        name_below(child, NULL);
    }
}

void viewer_name_toasts(AdwToastOverlay *overlay)
{
    GListModel *children = gtk_widget_observe_children(GTK_WIDGET(overlay));

    g_signal_connect_object(children, "items-changed", G_CALLBACK(name_shown), overlay, G_CONNECT_SWAPPED);
    g_object_set_data_full(G_OBJECT(overlay), "children", children, g_object_unref);
}

char *viewer_dup_too_long(const char *text, size_t most)
{
    glong over = strlen(text) > most ? g_utf8_strlen(text + proto_utf8_cut(text, most), -1) : 0;

    if (over <= 0)
        return NULL;
    return g_strdup_printf(
        ngettext("Too long by %ld character: shorten it.", "Too long by %ld characters: shorten it.", (gulong)over),
        over);
}

char *viewer_dup_unfit(const char *text)
{
    char *wrong = viewer_dup_too_long(text, PROTO_MAX_VALUE_BYTES);

    if (!wrong && !(proto_value_valid(text) && proto_utf8_reads_as_written(text, strlen(text))))
        wrong =
            g_strdup(_("It has a line break, a character that cannot be seen, or one that turns what follows: write "
                       "it in plain words."));
    return wrong;
}

void viewer_name_wrong(GtkWidget *field, GtkLabel *label, const char *wrong)
{
    if (!g_strcmp0(gtk_label_get_label(label), wrong ? wrong : ""))
        return;
    gtk_label_set_label(label, wrong ? wrong : "");
    gtk_widget_set_visible(GTK_WIDGET(label), wrong != NULL);
    if (wrong)
        gtk_widget_add_css_class(field, "error");
    else
        gtk_widget_remove_css_class(field, "error");
    gtk_accessible_update_state(GTK_ACCESSIBLE(field), GTK_ACCESSIBLE_STATE_INVALID,
                                wrong ? GTK_ACCESSIBLE_INVALID_TRUE : GTK_ACCESSIBLE_INVALID_FALSE, -1);
}
