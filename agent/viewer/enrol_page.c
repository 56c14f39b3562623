/* SPDX-License-Identifier: Apache-2.0 */
/* How the window for a new agent looks: two pages. */
#include "agent/viewer/enrol.h"
#include "agent/viewer/names.h"
#include "agent/viewer/words.h"

static GtkWidget *label_in(GtkBox *box, const char *text, const char *style)
{
    GtkWidget *label = gtk_label_new(text);

    gtk_label_set_wrap(GTK_LABEL(label), TRUE);
    gtk_label_set_xalign(GTK_LABEL(label), 0);
    if (style)
        gtk_widget_add_css_class(label, style);
    gtk_box_append(box, label);
    return label;
}

/* What is wrong: read out when it changes, and no room while there is nothing. */
static GtkLabel *wrong_in(GtkBox *box)
{
    GtkWidget *label = g_object_new(GTK_TYPE_LABEL, "wrap", TRUE, "xalign", 0.0, "visible", FALSE, "selectable", TRUE,
                                    "accessible-role", GTK_ACCESSIBLE_ROLE_ALERT, NULL);

    gtk_widget_add_css_class(label, "error");
    gtk_box_append(box, label);
    return GTK_LABEL(label);
}

GtkWidget *viewer_enrol_button(GtkBox *box, const char *label, gboolean suggested, GCallback clicked,
                               struct viewer_enrol *e)
{
    GtkWidget *button = gtk_button_new_with_mnemonic(label);

    if (suggested)
        gtk_widget_add_css_class(button, "suggested-action");
    g_signal_connect(button, "clicked", clicked, e);
    gtk_box_append(box, button);
    return button;
}

static GtkEditable *entry_in(AdwPreferencesGroup *group, const char *title, struct viewer_enrol *e)
{
    GtkWidget *row = adw_entry_row_new();

    adw_preferences_row_set_title(ADW_PREFERENCES_ROW(row), title);
    g_signal_connect(row, "entry-activated", G_CALLBACK(viewer_enrol_make), e);
    adw_preferences_group_add(group, row);
    return GTK_EDITABLE(row);
}

static GtkBox *page(struct viewer_enrol *e, const char *name)
{
    GtkWidget *scrolled = gtk_scrolled_window_new(), *clamp = adw_clamp_new();
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 12);

    adw_clamp_set_maximum_size(ADW_CLAMP(clamp), 640);
    gtk_widget_set_margin_top(box, 24);
    gtk_widget_set_margin_bottom(box, 24);
    gtk_widget_set_margin_start(box, 18);
    gtk_widget_set_margin_end(box, 18);
    gtk_widget_set_valign(box, GTK_ALIGN_CENTER);
    adw_clamp_set_child(ADW_CLAMP(clamp), box);
    gtk_scrolled_window_set_policy(GTK_SCROLLED_WINDOW(scrolled), GTK_POLICY_NEVER, GTK_POLICY_AUTOMATIC);
    gtk_scrolled_window_set_child(GTK_SCROLLED_WINDOW(scrolled), clamp);
    gtk_stack_add_named(e->stack, scrolled, name);
    return GTK_BOX(box);
}

static GtkBox *row_in(GtkBox *box)
{
    GtkWidget *row = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 6);

    gtk_box_append(box, row);
    return GTK_BOX(row);
}

static void lay_out_who(struct viewer_enrol *e)
{
    GtkBox *box = page(e, "who");
    AdwPreferencesGroup *group = ADW_PREFERENCES_GROUP(adw_preferences_group_new());
    GtkWidget *button;

    label_in(box, _("Set Up This Computer"), "title-1");
    label_in(box,
             _("A private key is made here and never leaves this computer. Your organisation answers with a certificate, "
               "by which customers see who you are."),
             NULL);
    e->name = entry_in(group, _("Your full name, as customers read it"), e);
    e->id = entry_in(group, _("A short name: a-z, 0-9, dot, hyphen"), e);
    e->relay = entry_in(group, _("Address of the relay, as your administrator tells you"), e);
    gtk_editable_set_text(e->relay, e->settings->relay ? e->settings->relay : "https://");
    g_signal_connect(e->name, "changed", G_CALLBACK(viewer_enrol_named), e);
    g_signal_connect(e->id, "changed", G_CALLBACK(viewer_enrol_typed_id), e);
    gtk_box_append(box, GTK_WIDGET(group));
    e->wrong_who = wrong_in(box);
    button = viewer_enrol_button(box, _("_Make the Request"), TRUE, G_CALLBACK(viewer_enrol_make), e);
    gtk_widget_set_halign(button, GTK_ALIGN_END);
}

static GtkTextBuffer *text_in(GtkBox *box, const char *name, gboolean editable)
{
    GtkWidget *view = gtk_text_view_new(), *scrolled = gtk_scrolled_window_new();

    gtk_text_view_set_monospace(GTK_TEXT_VIEW(view), TRUE);
    gtk_text_view_set_editable(GTK_TEXT_VIEW(view), editable);
    gtk_text_view_set_accepts_tab(GTK_TEXT_VIEW(view), FALSE); /* the keyboard must get out of it */
    gtk_text_view_set_left_margin(GTK_TEXT_VIEW(view), 6);
    gtk_text_view_set_top_margin(GTK_TEXT_VIEW(view), 6);
    gtk_accessible_update_property(GTK_ACCESSIBLE(view), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
    gtk_scrolled_window_set_child(GTK_SCROLLED_WINDOW(scrolled), view);
    gtk_scrolled_window_set_min_content_height(GTK_SCROLLED_WINDOW(scrolled), 110);
    gtk_widget_add_css_class(scrolled, "card");
    gtk_box_append(box, scrolled);
    return gtk_text_view_get_buffer(GTK_TEXT_VIEW(view));
}

static void lay_out_answer(struct viewer_enrol *e)
{
    GtkBox *box = page(e, "answer"), *row;

    label_in(box, _("1. Send this request"), "title-3");
    label_in(box, _("It has no secret in it. Send it to whoever runs the authority of your organisation, who answers with:"),
             NULL);
    e->command = GTK_LABEL(label_in(box, "", "monospace"));
    gtk_label_set_selectable(e->command, TRUE);
    e->request = text_in(box, _("Request for a certificate"), FALSE);
    row = row_in(box);
    viewer_enrol_button(row, _("_Copy"), TRUE, G_CALLBACK(viewer_enrol_copy), e);
    viewer_enrol_button(row, _("_Save…"), FALSE, G_CALLBACK(viewer_enrol_save), e);
    label_in(box, _("2. Bring the answer"), "title-3");
    label_in(box, _("Open the files that came back, or paste their text here. You may close this window until then."), NULL);
    e->answer = text_in(box, _("Answer of the authority"), TRUE);
    e->wrong_answer = wrong_in(box);
    row = row_in(box);
    viewer_enrol_button(row, _("_Use What Is Pasted"), TRUE, G_CALLBACK(viewer_enrol_paste), e);
    viewer_enrol_button(row, _("_Open Files…"), FALSE, G_CALLBACK(viewer_enrol_open), e);
}

void viewer_enrol_lay_out(struct viewer_enrol *e)
{
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0), *bar = adw_header_bar_new(), *stack = gtk_stack_new();

    e->stack = GTK_STACK(stack);
    adw_header_bar_set_title_widget(ADW_HEADER_BAR(bar), adw_window_title_new(_("Enrol"), "Handhold"));
    gtk_box_append(GTK_BOX(box), bar);
    gtk_box_append(GTK_BOX(box), stack);
    gtk_widget_set_vexpand(stack, TRUE);
    gtk_stack_set_vhomogeneous(e->stack, FALSE);
    lay_out_who(e);
    lay_out_answer(e);
    gtk_window_set_title(GTK_WINDOW(e->window), _("Enrol"));
    gtk_window_set_default_size(GTK_WINDOW(e->window), 760, 720);
    adw_application_window_set_content(ADW_APPLICATION_WINDOW(e->window), box);
    viewer_name_buttons(box);
    gtk_window_set_focus(GTK_WINDOW(e->window), GTK_WIDGET(e->name));
}
