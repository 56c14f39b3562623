/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/viewer/news.h"

#include "agent/viewer/notify.h"
#include "agent/viewer/toasts.h"
#include "agent/viewer/words.h"

#define SHOW_S 15       /* longer than a toast that only says something: a hand is on its way */
#define MISSED "missed" /* on a session: what happened in it while the agent was away */

struct viewer_news {
    GtkWindow *window;
    AdwTabView *tabs;
    AdwToastOverlay *toasts;
    struct viewer_notify notify;
    gpointer newest; /* the session that the notification is about; compared only */
};

static ViewerSession *session_at(struct viewer_news *news, int n)
{
    return VIEWER_SESSION(adw_tab_page_get_child(adw_tab_view_get_nth_page(news->tabs, n)));
}

static gboolean is_front(struct viewer_news *news, ViewerSession *session)
{
    AdwTabPage *page = adw_tab_view_get_selected_page(news->tabs);

    return page && adw_tab_page_get_child(page) == GTK_WIDGET(session);
}

static void go_to(struct viewer_news *news, gconstpointer session)
{
    for (int i = 0; i < adw_tab_view_get_n_pages(news->tabs); i++)
        if ((gconstpointer)session_at(news, i) == session)
            adw_tab_view_set_selected_page(news->tabs, adw_tab_view_get_nth_page(news->tabs, i));
}

static void on_show(AdwToast *toast, struct viewer_news *news)
{
    go_to(news, g_object_get_data(G_OBJECT(toast), "session"));
}

static void toast(struct viewer_news *news, ViewerSession *session, const char *words)
{
    const char *reference = viewer_session_get_reference(session);
    g_autofree char *text = reference && *reference ? g_strdup_printf("%s: %s", reference, words) : g_strdup(words);
    AdwToast *toast = viewer_toasts_new(text);

    if (!is_front(news, session)) {
        adw_toast_set_button_label(toast, _("Show"));
        adw_toast_set_timeout(toast, SHOW_S);
        g_object_set_data(G_OBJECT(toast), "session", session);
        g_signal_connect(toast, "button-clicked", G_CALLBACK(on_show), news);
    }
    viewer_toasts_add(news->toasts, toast, session);
}

static void on_news(ViewerSession *session, const char *words, struct viewer_news *news)
{
    g_autofree char *title = NULL;

    if (gtk_window_is_active(news->window)) {
        if (!is_front(news, session))
            toast(news, session, words);
        return;
    }
    title = viewer_session_dup_title(session);
    news->newest = session;
    g_object_set_data_full(G_OBJECT(session), MISSED, g_strdup(words), g_free);
    viewer_notify_show(&news->notify, title, words);
}

static void on_active(struct viewer_news *news)
{
    if (!gtk_window_is_active(news->window))
        return;
    viewer_notify_withdraw(&news->notify);
    for (int i = 0; i < adw_tab_view_get_n_pages(news->tabs); i++) {
        ViewerSession *session = session_at(news, i);
        g_autofree char *words = g_object_steal_data(G_OBJECT(session), MISSED);

        if (words)
            toast(news, session, words);
    }
}

static void on_clicked(void *context)
{
    struct viewer_news *news = context;

    go_to(news, news->newest);
    gtk_window_present(news->window);
}

struct viewer_news *viewer_news_new(GtkWindow *window, AdwTabView *tabs, AdwToastOverlay *toasts)
{
    struct viewer_news *news = g_new0(struct viewer_news, 1);

    news->window = window;
    news->tabs = tabs;
    news->toasts = toasts;
    news->notify.clicked = on_clicked;
    news->notify.context = news;
    g_signal_connect_swapped(window, "notify::is-active", G_CALLBACK(on_active), news);
    return news;
}

void viewer_news_free(struct viewer_news *news)
{
    if (!news)
        return;
    g_signal_handlers_disconnect_by_data(news->window, news);
    viewer_notify_clear(&news->notify);
    g_free(news);
}

void viewer_news_of(struct viewer_news *news, ViewerSession *session)
{
    g_signal_connect(session, "news", G_CALLBACK(on_news), news);
}
