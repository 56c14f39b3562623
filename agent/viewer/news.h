/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/viewer/news.h - tells an agent who looks elsewhere what a customer did.
 *
 * Another tab is in front: a toast, with the way there. Another program is: a notification of the desktop, and when the
 * agent is back a toast for each session in which something happened.
 */
#ifndef AGENT_VIEWER_NEWS_H
#define AGENT_VIEWER_NEWS_H

#include <adwaita.h>

#include "agent/viewer/session.h"

G_BEGIN_DECLS

struct viewer_news;

/** All are borrowed, and outlive it. */
struct viewer_news *viewer_news_new(GtkWindow *window, AdwTabView *tabs, AdwToastOverlay *toasts);
void viewer_news_free(struct viewer_news *news); /* NULL is fine */
/** From now on of this session too, which is a page of the tabs, or will be. */
void viewer_news_of(struct viewer_news *news, ViewerSession *session);

G_END_DECLS

#endif
