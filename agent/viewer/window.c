/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/viewer/window.h"

#include "agent/desk/tabs.h"
#include "agent/viewer/certificate.h"
#include "agent/viewer/dialogs.h"
#include "agent/viewer/keys.h"
#include "agent/viewer/names.h"
#include "agent/viewer/news.h"
#include "agent/viewer/preferences.h"
#include "agent/viewer/recall.h"
#include "agent/viewer/session.h"
#include "agent/viewer/words.h"

struct _ViewerWindow {
    AdwApplicationWindow parent_instance;
    /* Template widgets */
    AdwToastOverlay *toasts;
    GtkBox *whole;
    AdwHeaderBar *header;
    AdwWindowTitle *title;
    GtkWidget *connection;
    GtkImage *connection_icon;
    GtkLabel *connection_label;
    GtkButton *end_button, *wrong_button, *again_button, *idle_button;
    GtkToggleButton *side_button, *hold_button;
    GtkMenuButton *menu_button;
    AdwTabBar *bar;
    AdwTabView *tabs;
    GtkStack *stack;
    AdwStatusPage *idle;
    /* Borrowed */
    struct viewer_line *line;
    struct viewer_settings *settings;
    /* Owned */
    char *name;
    struct viewer_news *news;
    GPtrArray *recalled; /* who was connected when a viewer went down; of struct viewer_recalled */
    guint connected;     /* that the file for a crash names */
    gboolean sure;       /* the agent has said that all may be closed */
};

G_DEFINE_TYPE(ViewerWindow, viewer_window, ADW_TYPE_APPLICATION_WINDOW)

static ViewerSession *front(ViewerWindow *self)
{
    AdwTabPage *page = adw_tab_view_get_selected_page(self->tabs);

    return page ? VIEWER_SESSION(adw_tab_page_get_child(page)) : NULL;
}

/* ---- from the sessions to the window ---- */

static void show_connection(ViewerWindow *self, ViewerSession *session)
{
    static const struct {
        const char *icon, *words;
    } states[] = {
        [PROTO_CONNECTION_CONNECTED] = {"network-transmit-receive-symbolic", N_("Connected")},
        [PROTO_CONNECTION_RECONNECTING] = {"network-wired-acquiring-symbolic", N_("Connecting…")},
        [PROTO_CONNECTION_RESUMED] = {"network-transmit-receive-symbolic", N_("Connected again")},
        [PROTO_CONNECTION_LOST] = {"network-error-symbolic", N_("Connection lost")},
    };
    gboolean idle = !session || viewer_session_get_phase(session) == AGENT_VIEW_ENDED;
    enum proto_connection_state state = idle ? PROTO_CONNECTION_CONNECTED : viewer_session_get_connection(session);
    const char *words = idle ? (self->line ? N_("Ready") : N_("Not set up")) : states[state].words;

    gtk_label_set_label(self->connection_label, _(words));
    gtk_image_set_from_icon_name(self->connection_icon, idle ? "network-idle-symbolic" : states[state].icon);
    gtk_accessible_update_property(GTK_ACCESSIBLE(self->connection), GTK_ACCESSIBLE_PROPERTY_LABEL, _(words), -1);
}

static void show_header(ViewerWindow *self)
{
    ViewerSession *session = front(self);
    gboolean joined = session && viewer_session_get_phase(session) == AGENT_VIEW_JOINED;
    g_autofree char *title = session ? viewer_session_dup_title(session) : g_strdup("Handhold");

    adw_window_title_set_title(self->title, title);
    adw_window_title_set_subtitle(self->title, self->name ? self->name : "");
    gtk_widget_set_visible(GTK_WIDGET(self->end_button), joined);
    gtk_widget_set_visible(GTK_WIDGET(self->wrong_button), joined);
    gtk_widget_set_visible(GTK_WIDGET(self->hold_button), joined);
    gtk_widget_set_visible(GTK_WIDGET(self->side_button), joined);
    gtk_stack_set_visible_child_name(self->stack, session ? "tabs" : "idle");
    show_connection(self, session);
}

static const char *icon_of(ViewerSession *session)
{
    static const char *const icons[] = {
        [AGENT_VIEW_CUSTOMER_AWAITED] = "content-loading-symbolic",
        [AGENT_VIEW_CUSTOMER_HERE] = "camera-web-symbolic",
        [AGENT_VIEW_CUSTOMER_HIDDEN] = "view-conceal-symbolic",
        [AGENT_VIEW_CUSTOMER_CALL] = "call-start-symbolic",
        [AGENT_VIEW_CUSTOMER_PAUSED] = "media-playback-pause-symbolic",
        [AGENT_VIEW_CUSTOMER_NO_CAMERA] = "dialog-warning-symbolic",
        [AGENT_VIEW_CUSTOMER_NO_MICROPHONE] = "dialog-warning-symbolic",
        [AGENT_VIEW_CUSTOMER_HELD] = "media-playback-pause-symbolic",
        [AGENT_VIEW_CUSTOMER_SILENT] = "network-error-symbolic",
        [AGENT_VIEW_CUSTOMER_LEFT] = "object-select-symbolic",
    };

    return icons[viewer_session_get_customer(session)];
}

static void show_tab(ViewerWindow *self, ViewerSession *session)
{
    AdwTabPage *page = adw_tab_view_get_page(self->tabs, GTK_WIDGET(session));
    g_autofree char *title = viewer_session_dup_title(session);
    const char *words = _(agent_view_customer_words(viewer_session_get_customer(session)));
    g_autoptr(GIcon) icon = g_themed_icon_new(icon_of(session));

    adw_tab_page_set_title(page, title);
    adw_tab_page_set_tooltip(page, words);
    adw_tab_page_set_icon(page, icon);
    adw_tab_page_set_needs_attention(page, viewer_session_wants_attention(session));
}

/* One is live, the others are on hold. */
static void settle_hold(ViewerSession *each, ViewerSession *front_one)
{
    enum agent_tabs_step step = agent_tabs_step(viewer_session_get_phase(each), viewer_session_is_held(each),
                                                each == front_one, viewer_session_get_phase(front_one));

    if (step != AGENT_TABS_LEAVE)
        viewer_session_hold(each, step == AGENT_TABS_HOLD);
}

/* Who joins behind another session waits there, and who joins in front puts the others on hold; once, so that a hold
 * that was ended by hand stays ended. */
static void on_joined(ViewerWindow *self, ViewerSession *session)
{
    ViewerSession *live = front(self);

    if (viewer_session_get_phase(session) != AGENT_VIEW_JOINED || g_object_get_data(G_OBJECT(session), "joined"))
        return;
    g_object_set_data(G_OBJECT(session), "joined", session);
    for (int i = 0; live && i < adw_tab_view_get_n_pages(self->tabs); i++) {
        ViewerSession *each = VIEWER_SESSION(adw_tab_page_get_child(adw_tab_view_get_nth_page(self->tabs, i)));

        if (each != live && (session == live || each == session))
            settle_hold(each, live);
    }
}

/* What a crash would leave behind. */
static void remember_connected(ViewerWindow *self)
{
    g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func((GDestroyNotify)viewer_recalled_free);

    for (int i = 0; i < adw_tab_view_get_n_pages(self->tabs); i++) {
        ViewerSession *each = VIEWER_SESSION(adw_tab_page_get_child(adw_tab_view_get_nth_page(self->tabs, i)));

        if (viewer_session_get_phase(each) == AGENT_VIEW_JOINED)
            g_ptr_array_add(
                list, viewer_recalled_new(viewer_session_get_customer_ref(each), viewer_session_get_reference(each)));
    }
    if (list->len == self->connected)
        return;
    self->connected = list->len;
    viewer_recall_write(list);
}

static void on_references(void *context, const char *customer_ref, const char *reference);

/* Not while the session tells: its tab goes with it. */
static gboolean ask_for_reference(void *data)
{
    ViewerSession *session = data;
    ViewerWindow *self = VIEWER_WINDOW(gtk_widget_get_root(GTK_WIDGET(session)));

    adw_toast_overlay_add_toast(self->toasts, adw_toast_new(_("Your organisation wants a ticket for each session")));
    adw_tab_view_close_page(self->tabs, adw_tab_view_get_page(self->tabs, GTK_WIDGET(session)));
    viewer_dialog_references(GTK_WINDOW(self), on_references, self);
    return G_SOURCE_REMOVE;
}

static void on_session_changed(ViewerSession *session, ViewerWindow *self)
{
    show_tab(self, session);
    on_joined(self, session);
    remember_connected(self);
    if (viewer_session_wants_reference(session) && !g_object_get_data(G_OBJECT(session), "asked")) {
        g_object_set_data(G_OBJECT(session), "asked", session);
        g_idle_add_full(G_PRIORITY_DEFAULT, ask_for_reference, g_object_ref(session), g_object_unref);
    }
    if (session == front(self))
        show_header(self);
}

static void on_session_close(ViewerSession *session, ViewerWindow *self)
{
    adw_tab_view_close_page(self->tabs, adw_tab_view_get_page(self->tabs, GTK_WIDGET(session)));
}

static void on_session_toast(ViewerSession *session, const char *text, ViewerWindow *self)
{
    (void)session;
    adw_toast_overlay_add_toast(self->toasts, adw_toast_new(text));
}

static void on_selected(ViewerWindow *self)
{
    ViewerSession *session = front(self);

    for (int i = 0; i < adw_tab_view_get_n_pages(self->tabs); i++) {
        ViewerSession *each = VIEWER_SESSION(adw_tab_page_get_child(adw_tab_view_get_nth_page(self->tabs, i)));

        viewer_session_set_front(each, each == session);
        if (session)
            settle_hold(each, session);
    }
    gtk_widget_insert_action_group(GTK_WIDGET(self), "session", session ? viewer_session_get_actions(session) : NULL);
    show_header(self);
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

/* ---- actions ---- */

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
    g_signal_connect(session, "changed", G_CALLBACK(on_session_changed), self);
    g_signal_connect(session, "close", G_CALLBACK(on_session_close), self);
    g_signal_connect(session, "toast", G_CALLBACK(on_session_toast), self);
    viewer_news_of(self->news, VIEWER_SESSION(session));
    page = adw_tab_view_append(self->tabs, session);
    name_by_tooltips(GTK_WIDGET(self->bar));
    show_tab(self, VIEWER_SESSION(session));
    adw_tab_view_set_selected_page(self->tabs, page);
    on_selected(self);
}

static void on_invite(GSimpleAction *action, GVariant *parameter, void *data)
{
    (void)action, (void)parameter;
    viewer_window_invite(data, NULL, NULL);
}

static void show_recalled(ViewerWindow *self)
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
    show_recalled(self);
}

static void on_references(void *context, const char *customer_ref, const char *reference)
{
    viewer_window_invite(context, customer_ref, reference);
}

static void on_invite_with(GSimpleAction *action, GVariant *parameter, void *data)
{
    (void)action, (void)parameter;
    viewer_dialog_references(GTK_WINDOW(data), on_references, data);
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
    gtk_widget_set_visible(GTK_WIDGET(self->header), full);
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

/* ---- the widget ---- */

static void viewer_window_dispose(GObject *object)
{
    ViewerWindow *self = VIEWER_WINDOW(object);

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
    BIND(bar), BIND(tabs), BIND(stack), BIND(idle);
}

static void viewer_window_init(ViewerWindow *self)
{
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

    gtk_widget_init_template(GTK_WIDGET(self));
    viewer_name_buttons(GTK_WIDGET(self));
    g_action_map_add_action_entries(G_ACTION_MAP(self), entries, G_N_ELEMENTS(entries), self);
    g_signal_connect_swapped(self->tabs, "notify::selected-page", G_CALLBACK(on_selected), self);
    g_signal_connect(self->tabs, "close-page", G_CALLBACK(on_close_page), self);
    self->news = viewer_news_new(GTK_WINDOW(self), self->tabs, self->toasts);
    adw_tab_view_remove_shortcuts(self->tabs, ADW_TAB_VIEW_SHORTCUT_ALL_SHORTCUTS); /* ours are in keys.c */
}

GtkWidget *viewer_window_new(GtkApplication *application, struct viewer_line *line, struct viewer_settings *settings,
                             const char *name, const char *wrong)
{
    ViewerWindow *self = g_object_new(VIEWER_TYPE_WINDOW, "application", application, NULL);

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
        adw_status_page_set_description(self->idle, wrong);
        g_simple_action_set_enabled(G_SIMPLE_ACTION(g_action_map_lookup_action(G_ACTION_MAP(self), "invite")), FALSE);
        g_simple_action_set_enabled(G_SIMPLE_ACTION(g_action_map_lookup_action(G_ACTION_MAP(self), "invite-with")),
                                    FALSE);
    }
    if (line)
        gtk_box_insert_child_after(self->whole, viewer_certificate_new(line, self->toasts), GTK_WIDGET(self->header));
    self->recalled = viewer_recall_take();
    show_recalled(self);
    show_header(self);
    return GTK_WIDGET(self);
}
