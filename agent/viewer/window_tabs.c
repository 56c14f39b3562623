/* SPDX-License-Identifier: Apache-2.0 */
/* From the sessions to the window: its header, its tabs, and which of them is live. */
#include "agent/desk/tabs.h"
#include "agent/viewer/toasts.h"
#include "agent/viewer/window_inside.h"
#include "agent/viewer/words.h"

static ViewerSession *front(ViewerWindow *self)
{
    AdwTabPage *page = adw_tab_view_get_selected_page(self->tabs);

    return page ? VIEWER_SESSION(adw_tab_page_get_child(page)) : NULL;
}

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
    static const struct {
        const char *icon, *words;
    } reaches[] = {
        [VIEWER_REACH_ASKING] = {"network-wired-acquiring-symbolic", N_("Looking for the relay…")},
        [VIEWER_REACH_READY] = {"network-idle-symbolic", N_("Ready")},
        [VIEWER_REACH_NOT] = {"network-error-symbolic", N_("No connection")},
    };
    gboolean idle =
        !session || (viewer_session_get_phase(session) == AGENT_VIEW_ENDED && !viewer_session_is_telling(session));
    char why[VIEWER_REACH_WHY_BYTES] = "";
    enum viewer_reach reach = self->line ? viewer_line_get_reach(self->line, why) : VIEWER_REACH_NOT;
    enum proto_connection_state state = idle ? PROTO_CONNECTION_CONNECTED : viewer_session_get_connection(session);

    if (!idle && viewer_session_get_customer(session) == AGENT_VIEW_CUSTOMER_SILENT)
        state = PROTO_CONNECTION_CONNECTED; /* this line is well: it is the customer's that is not */
    const char *icon = idle ? reaches[reach].icon : states[state].icon;
    g_autofree char *said = viewer_dup_words(why);
    const char *words = !idle ? states[state].words : self->line ? reaches[reach].words : N_("Not set up");

    gtk_label_set_label(self->connection_label, _(words));
    gtk_image_set_from_icon_name(self->connection_icon, icon);
    gtk_accessible_update_property(GTK_ACCESSIBLE(self->connection), GTK_ACCESSIBLE_PROPERTY_LABEL, _(words), -1);
    gtk_widget_set_tooltip_text(self->connection, idle && *why ? said : NULL);
    gtk_label_set_label(self->unreached, said);
    gtk_widget_set_visible(GTK_WIDGET(self->unreached), *why != '\0');
}

/* Nothing of the header is missed while the picture has the whole screen. */
static gboolean is_calm(ViewerSession *session)
{
    enum proto_connection_state state = session ? viewer_session_get_connection(session) : PROTO_CONNECTION_LOST;

    return session && viewer_session_get_phase(session) == AGENT_VIEW_JOINED &&
           (state == PROTO_CONNECTION_CONNECTED || state == PROTO_CONNECTION_RESUMED);
}

void viewer_window_show_header(ViewerWindow *self)
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
    if (joined)
        gtk_widget_add_css_class(GTK_WIDGET(self->toasts), "raised");
    else
        gtk_widget_remove_css_class(GTK_WIDGET(self->toasts), "raised");
    show_connection(self, session);
    gtk_widget_set_visible(GTK_WIDGET(self->header), !gtk_window_is_fullscreen(GTK_WINDOW(self)) || !is_calm(session));
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
        [AGENT_VIEW_CUSTOMER_PARTING] = "content-loading-symbolic",
        [AGENT_VIEW_CUSTOMER_SILENT] = "network-error-symbolic",
        [AGENT_VIEW_CUSTOMER_CUT] = "network-error-symbolic",
        [AGENT_VIEW_CUSTOMER_LEFT] = "object-select-symbolic",
    };

    return icons[viewer_session_get_customer(session)];
}

void viewer_window_show_tab(ViewerWindow *self, ViewerSession *session)
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

/* Not while the session tells: its tab goes with it. */
static gboolean ask_for_reference(void *data)
{
    ViewerSession *session = data;
    GtkRoot *root = gtk_widget_get_root(GTK_WIDGET(session));
    ViewerWindow *self = root ? VIEWER_WINDOW(root) : NULL;

    if (!self)
        return G_SOURCE_REMOVE; /* its tab was closed meanwhile */
    viewer_toasts_say(self->toasts, _("Your organisation wants a ticket for each session"));
    adw_tab_view_close_page(self->tabs, adw_tab_view_get_page(self->tabs, GTK_WIDGET(session)));
    viewer_window_ask_references(self);
    return G_SOURCE_REMOVE;
}

void viewer_window_session_changed(ViewerSession *session, ViewerWindow *self)
{
    viewer_window_show_tab(self, session);
    on_joined(self, session);
    remember_connected(self);
    if (viewer_session_wants_reference(session) && !g_object_get_data(G_OBJECT(session), "asked")) {
        g_object_set_data(G_OBJECT(session), "asked", session);
        g_idle_add_full(G_PRIORITY_DEFAULT, ask_for_reference, g_object_ref(session), g_object_unref);
    }
    if (session == front(self))
        viewer_window_show_header(self);
}

void viewer_window_select(ViewerWindow *self)
{
    ViewerSession *session = front(self);

    for (int i = 0; i < adw_tab_view_get_n_pages(self->tabs); i++) {
        ViewerSession *each = VIEWER_SESSION(adw_tab_page_get_child(adw_tab_view_get_nth_page(self->tabs, i)));

        viewer_session_set_front(each, each == session);
        if (session)
            settle_hold(each, session);
    }
    if (session)
        viewer_toasts_forget(self->toasts, session);
    gtk_widget_insert_action_group(GTK_WIDGET(self), "session", session ? viewer_session_get_actions(session) : NULL);
    viewer_window_show_header(self);
}
