/* SPDX-License-Identifier: Apache-2.0 */
/* What can be done in the window, whatever its tabs hold. */
#include "agent/viewer/dialogs.h"
#include "agent/viewer/keys.h"
#include "agent/viewer/names.h"
#include "agent/viewer/preferences.h"
#include "agent/viewer/window_inside.h"
#include "agent/viewer/words.h"

static void on_invite(GSimpleAction *action, GVariant *parameter, void *data)
{
    (void)action, (void)parameter;
    viewer_window_invite(data, NULL, NULL);
}

void viewer_window_show_recalled(ViewerWindow *self)
{
    guint count = self->recalled->len;
    g_autofree char *text = NULL;

    gtk_widget_set_visible(GTK_WIDGET(self->again_button), count > 0 && self->line);
    if (count == 0)
        return;
    text = g_strdup_printf(
        ngettext("Invite _Again: %u customer was connected", "Invite _Again: %u customers were connected", count),
        count);
    gtk_button_set_use_underline(self->again_button, TRUE);
    viewer_name_button(self->again_button, text);
}

static void on_invite_again(GSimpleAction *action, GVariant *parameter, void *data)
{
    ViewerWindow *self = data;

    (void)action, (void)parameter;
    for (guint i = 0; i < self->recalled->len; i++) {
        const struct viewer_recalled *r = g_ptr_array_index(self->recalled, i);

        viewer_window_invite(self, *r->customer_ref ? r->customer_ref : NULL, *r->reference ? r->reference : NULL);
    }
    g_ptr_array_set_size(self->recalled, 0);
    viewer_window_show_recalled(self);
}

static void on_references(void *context, const char *customer_ref, const char *reference)
{
    viewer_window_invite(context, customer_ref, reference);
}

void viewer_window_ask_references(ViewerWindow *self)
{
    viewer_dialog_references(GTK_WINDOW(self), on_references, self);
}

static void on_invite_with(GSimpleAction *action, GVariant *parameter, void *data)
{
    (void)action, (void)parameter;
    viewer_window_ask_references(data);
}

static void on_close_tab(GSimpleAction *action, GVariant *parameter, void *data)
{
    ViewerWindow *self = data;
    AdwTabPage *page = adw_tab_view_get_selected_page(self->tabs);

    (void)action, (void)parameter;
    if (page)
        adw_tab_view_close_page(self->tabs, page);
    else
        gtk_window_close(GTK_WINDOW(self));
}

static void on_next_tab(GSimpleAction *action, GVariant *parameter, void *data)
{
    (void)action, (void)parameter;
    adw_tab_view_select_next_page(((ViewerWindow *)data)->tabs);
}

static void on_previous_tab(GSimpleAction *action, GVariant *parameter, void *data)
{
    (void)action, (void)parameter;
    adw_tab_view_select_previous_page(((ViewerWindow *)data)->tabs);
}

static void on_fullscreen(GSimpleAction *action, GVariant *parameter, void *data)
{
    ViewerWindow *self = data;
    gboolean full = gtk_window_is_fullscreen(GTK_WINDOW(self));

    (void)action, (void)parameter;
    if (full)
        gtk_window_unfullscreen(GTK_WINDOW(self));
    else
        gtk_window_fullscreen(GTK_WINDOW(self));
}

static void on_side(GSimpleAction *action, GVariant *value, void *data)
{
    ViewerWindow *self = data;

    self->settings->side = g_variant_get_boolean(value);
    g_simple_action_set_state(action, value);
    for (int i = 0; i < adw_tab_view_get_n_pages(self->tabs); i++)
        viewer_session_show_side(VIEWER_SESSION(adw_tab_page_get_child(adw_tab_view_get_nth_page(self->tabs, i))),
                                 self->settings->side);
}

static void on_preferences(GSimpleAction *action, GVariant *parameter, void *data)
{
    (void)action, (void)parameter;
    gtk_window_present(GTK_WINDOW(viewer_preferences_new(GTK_WINDOW(data), ((ViewerWindow *)data)->settings)));
}

static void on_shortcuts(GSimpleAction *action, GVariant *parameter, void *data)
{
    GtkWidget *window = viewer_keys_window_new();

    (void)action, (void)parameter;
    gtk_window_set_transient_for(GTK_WINDOW(window), GTK_WINDOW(data));
    gtk_window_present(GTK_WINDOW(window));
}

static void on_about(GSimpleAction *action, GVariant *parameter, void *data)
{
    (void)action, (void)parameter;
    adw_show_about_window(GTK_WINDOW(data), "application-name", "Handhold", "application-icon", "org.handhold.Agent",
                          "version", HANDHOLD_VERSION, "license-type", GTK_LICENSE_APACHE_2_0, "comments",
                          _("See what a customer shows, and nothing the customer did not agree to."), NULL);
}

static void on_menu(GSimpleAction *action, GVariant *parameter, void *data)
{
    (void)action, (void)parameter;
    gtk_menu_button_popup(((ViewerWindow *)data)->menu_button);
}

static const GActionEntry entries[] = {
    {.name = "invite", .activate = on_invite},
    {.name = "invite-again", .activate = on_invite_again},
    {.name = "invite-with", .activate = on_invite_with},
    {.name = "close-tab", .activate = on_close_tab},
    {.name = "next-tab", .activate = on_next_tab},
    {.name = "previous-tab", .activate = on_previous_tab},
    {.name = "fullscreen", .activate = on_fullscreen},
    {.name = "side", .state = "true", .change_state = on_side},
    {.name = "preferences", .activate = on_preferences},
    {.name = "shortcuts", .activate = on_shortcuts},
    {.name = "about", .activate = on_about},
    {.name = "menu", .activate = on_menu},
};

void viewer_window_add_actions(ViewerWindow *self)
{
    g_action_map_add_action_entries(G_ACTION_MAP(self), entries, G_N_ELEMENTS(entries), self);
}
