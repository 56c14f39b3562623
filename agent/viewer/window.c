/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/viewer/certificate.h"
#include "agent/viewer/dialogs.h"
#include "agent/viewer/keys.h"
#include "agent/viewer/names.h"
#include "agent/viewer/toasts.h"
#include "agent/viewer/window_inside.h"
#include "agent/viewer/words.h"

G_DEFINE_TYPE(ViewerWindow, viewer_window, ADW_TYPE_APPLICATION_WINDOW)

static void on_session_close(ViewerSession *session, ViewerWindow *self)
{
    adw_tab_view_close_page(self->tabs, adw_tab_view_get_page(self->tabs, GTK_WIDGET(session)));
}

/* Beside the one that is over, whose wrap-up waits; that of nobody goes. */
static void on_session_again(ViewerSession *session, ViewerWindow *self)
{
    viewer_window_invite(self, viewer_session_get_customer_ref(session), viewer_session_get_reference(session));
    if (!viewer_session_has_wrap_up(session))
        on_session_close(session, self);
}

static void on_session_toast(ViewerSession *session, const char *text, ViewerWindow *self)
{
    (void)session;
    viewer_toasts_say(self->toasts, text);
}

/* ---- closing ---- */

static void on_close_answer(void *context, gboolean yes)
{
    AdwTabPage *page = context;
    AdwTabView *tabs = g_object_get_data(G_OBJECT(page), "tabs");
    ViewerSession *session = VIEWER_SESSION(adw_tab_page_get_child(page));

    if (yes)
        viewer_session_leave(session);
    adw_tab_view_close_page_finish(tabs, page, yes);
}

static gboolean on_close_page(AdwTabView *tabs, AdwTabPage *page, ViewerWindow *self)
{
    ViewerSession *session = VIEWER_SESSION(adw_tab_page_get_child(page));

    if (viewer_session_get_phase(session) != AGENT_VIEW_JOINED || self->sure) {
        viewer_session_leave(session);
        adw_tab_view_close_page_finish(tabs, page, TRUE);
        return GDK_EVENT_STOP;
    }
    g_object_set_data(G_OBJECT(page), "tabs", tabs);
    viewer_dialog_ask(GTK_WINDOW(self), _("End this session?"),
                      _("The customer is connected. They will read that you have left, and whom to turn to."),
                      _("_End Session"), on_close_answer, page);
    return GDK_EVENT_STOP;
}

static guint customers(ViewerWindow *self)
{
    guint count = 0;

    for (int i = 0; i < adw_tab_view_get_n_pages(self->tabs); i++)
        count += (guint)viewer_session_has_customer(
            VIEWER_SESSION(adw_tab_page_get_child(adw_tab_view_get_nth_page(self->tabs, i))));
    return count;
}

static void leave_all(ViewerWindow *self)
{
    g_autoptr(GPtrArray) nobody = g_ptr_array_new();

    self->sure = TRUE;
    viewer_recall_write(nobody);
    while (adw_tab_view_get_n_pages(self->tabs) > 0)
        adw_tab_view_close_page(self->tabs, adw_tab_view_get_nth_page(self->tabs, 0));
}

static void on_quit_answer(void *context, gboolean yes)
{
    ViewerWindow *self = context;

    if (!yes)
        return;
    leave_all(self);
    gtk_window_close(GTK_WINDOW(self));
}

static gboolean viewer_window_close_request(GtkWindow *window)
{
    ViewerWindow *self = VIEWER_WINDOW(window);
    guint count = customers(self);
    g_autofree char *text = NULL;

    if (count > 0 && !self->sure) {
        text = g_strdup_printf(
            ngettext("%u customer waits or is connected. They will read that you have left, and whom to turn to.",
                     "%u customers wait or are connected. They will read that you have left, and whom to turn to.",
                     count),
            count);
        viewer_dialog_ask(window, _("Close Handhold?"), text, _("_Close"), on_quit_answer, self);
        return GDK_EVENT_STOP;
    }
    leave_all(self);
    self->settings->maximized = gtk_window_is_maximized(window);
    if (!self->settings->maximized)
        gtk_window_get_default_size(window, &self->settings->width, &self->settings->height);
    return GTK_WINDOW_CLASS(viewer_window_parent_class)->close_request(window);
}

/* ---- a tab more ---- */

/* libadwaita 1.2 gives the close button of a tab a picture and a tooltip, and no name. */
static void name_by_tooltips(GtkWidget *widget)
{
    const char *words = GTK_IS_BUTTON(widget) ? gtk_widget_get_tooltip_text(widget) : NULL;

    if (words)
        gtk_accessible_update_property(GTK_ACCESSIBLE(widget), GTK_ACCESSIBLE_PROPERTY_LABEL, words, -1);
    for (GtkWidget *child = gtk_widget_get_first_child(widget); child; child = gtk_widget_get_next_sibling(child))
        name_by_tooltips(child);
}

void viewer_window_invite(ViewerWindow *self, const char *customer_ref, const char *reference)
{
    GtkWidget *session;
    AdwTabPage *page;

    if (!self->line)
        return;
    session = viewer_session_new(self->line, self->settings, customer_ref, reference);
    g_signal_connect(session, "changed", G_CALLBACK(viewer_window_session_changed), self);
    g_signal_connect(session, "close", G_CALLBACK(on_session_close), self);
    g_signal_connect(session, "again", G_CALLBACK(on_session_again), self);
    g_signal_connect(session, "toast", G_CALLBACK(on_session_toast), self);
    viewer_news_of(self->news, VIEWER_SESSION(session));
    page = adw_tab_view_append(self->tabs, session);
    name_by_tooltips(GTK_WIDGET(self->bar));
    viewer_window_show_tab(self, VIEWER_SESSION(session));
    adw_tab_view_set_selected_page(self->tabs, page);
    viewer_window_select(self);
}

/* ---- the widget ---- */

static void on_reach(void *context)
{
    viewer_window_show_header(context);
}

static void on_network(GNetworkMonitor *network, gboolean there, ViewerWindow *self)
{
    (void)network, (void)there;
    viewer_line_ask_reach(self->line);
}

static void watch_reach(ViewerWindow *self)
{
    viewer_line_listen_reach(self->line, on_reach, self);
    g_signal_connect_object(g_network_monitor_get_default(), "network-changed", G_CALLBACK(on_network), self, 0);
}

static void viewer_window_dispose(GObject *object)
{
    ViewerWindow *self = VIEWER_WINDOW(object);

    if (self->line)
        viewer_line_listen_reach(self->line, NULL, NULL);
    g_clear_pointer(&self->name, g_free);
    g_clear_pointer(&self->news, viewer_news_free);
    g_clear_pointer(&self->recalled, g_ptr_array_unref);
    G_OBJECT_CLASS(viewer_window_parent_class)->dispose(object);
}

#define BIND(name) gtk_widget_class_bind_template_child(widget, ViewerWindow, name)

static void viewer_window_class_init(ViewerWindowClass *klass)
{
    GtkWidgetClass *widget = GTK_WIDGET_CLASS(klass);

    G_OBJECT_CLASS(klass)->dispose = viewer_window_dispose;
    GTK_WINDOW_CLASS(klass)->close_request = viewer_window_close_request;
    gtk_widget_class_set_template_from_resource(widget, "/org/handhold/Agent/window.ui");
    BIND(toasts), BIND(whole), BIND(header), BIND(title), BIND(connection), BIND(connection_icon),
        BIND(connection_label);
    BIND(end_button), BIND(wrong_button), BIND(side_button), BIND(hold_button), BIND(again_button), BIND(idle_button),
        BIND(menu_button);
    BIND(bar), BIND(tabs), BIND(stack), BIND(idle), BIND(unreached);
}

static void viewer_window_init(ViewerWindow *self)
{
    gtk_widget_init_template(GTK_WIDGET(self));
    viewer_name_buttons(GTK_WIDGET(self));
    viewer_name_toasts(self->toasts);
    viewer_window_add_actions(self);
    g_signal_connect_swapped(self->tabs, "notify::selected-page", G_CALLBACK(viewer_window_select), self);
    g_signal_connect(self, "notify::fullscreened", G_CALLBACK(viewer_window_show_header), NULL); /* whoever did it */
    g_signal_connect(self->tabs, "close-page", G_CALLBACK(on_close_page), self);
    self->news = viewer_news_new(GTK_WINDOW(self), self->tabs, self->toasts);
    adw_tab_view_remove_shortcuts(self->tabs, ADW_TAB_VIEW_SHORTCUT_ALL_SHORTCUTS); /* ours are in keys.c */
}

GtkWidget *viewer_window_new(GtkApplication *application, struct viewer_line *line, struct viewer_settings *settings,
                             const char *name, const char *wrong)
{
    ViewerWindow *self = g_object_new(VIEWER_TYPE_WINDOW, "application", application, NULL);
    g_autofree char *reason = wrong ? g_markup_escape_text(wrong, -1) : NULL; /* the page reads markup */

    self->line = line;
    self->settings = settings;
    self->name = g_strdup(name);
    gtk_window_set_default_size(GTK_WINDOW(self), settings->width, settings->height);
    if (settings->maximized)
        gtk_window_maximize(GTK_WINDOW(self));
    g_simple_action_set_state(G_SIMPLE_ACTION(g_action_map_lookup_action(G_ACTION_MAP(self), "side")),
                              g_variant_new_boolean(settings->side));
    if (!line) {
        adw_status_page_set_title(self->idle, _("Not set up yet"));
        adw_status_page_set_description(self->idle, reason);
        g_simple_action_set_enabled(G_SIMPLE_ACTION(g_action_map_lookup_action(G_ACTION_MAP(self), "invite")), FALSE);
        g_simple_action_set_enabled(G_SIMPLE_ACTION(g_action_map_lookup_action(G_ACTION_MAP(self), "invite-with")),
                                    FALSE);
    }
    if (line)
        watch_reach(self);
    if (line)
        gtk_box_insert_child_after(self->whole, viewer_certificate_new(line, self->toasts), GTK_WIDGET(self->header));
    self->recalled = viewer_recall_take();
    viewer_window_show_recalled(self);
    viewer_window_show_header(self);
    return GTK_WIDGET(self);
}
