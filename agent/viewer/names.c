/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/viewer/names.h"

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
