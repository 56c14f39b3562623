/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/viewer/certificate.h"

#include "agent/viewer/toasts.h"
#include "agent/viewer/words.h"
#include "proto/host/world.h"

#define LOOK_S 3600
#define LATE_S (3 * 24 * 3600) /* so long before its end a person must know that nobody has signed yet */

struct certificate {
    struct viewer_line *line; /* borrowed, as are the widgets */
    AdwToastOverlay *toasts;
    GtkRevealer *revealer;
    GtkLabel *words;
    int64_t until_s; /* of one that waits for the authority; 0: none waits */
    guint tick;
};

static char *date_of(int64_t unix_s)
{
    g_autoptr(GDateTime) date = g_date_time_new_from_unix_local(unix_s);

    return date ? g_date_time_format(date, "%x") : g_strdup("?");
}

static void say(struct certificate *c, char *text)
{
    gtk_label_set_label(c->words, text);
    gtk_revealer_set_reveal_child(c->revealer, TRUE);
    g_free(text);
}

static void look(struct certificate *c)
{
    g_autofree char *date = date_of(c->until_s);

    if (c->until_s && c->until_s - host_now().unix_ms / 1000 < LATE_S)
        say(c, g_strdup_printf(_("Your certificate ends on %s and nobody has renewed it yet. Tell whoever runs the "
                                 "authority; a session that runs goes on."),
                               date));
}

static gboolean on_tick(void *data)
{
    look(data);
    return G_SOURCE_CONTINUE;
}

static void on_told(void *context, enum agent_renewal_news news, int64_t until_s, const char *why)
{
    struct certificate *c = context;
    g_autofree char *date = date_of(until_s), *text = NULL, *said = NULL;

    c->until_s = news == AGENT_RENEWAL_ASKED ? until_s : 0;
    switch (news) {
    case AGENT_RENEWAL_ASKED:
        look(c);
        break;
    case AGENT_RENEWAL_DONE:
        gtk_revealer_set_reveal_child(c->revealer, FALSE);
        text = g_strdup_printf(_("Your certificate was renewed, until %s"), date);
        viewer_toasts_say(c->toasts, text);
        break;
    case AGENT_RENEWAL_REFUSED:
        said = viewer_dup_words(why);
        say(c, g_strdup_printf(_("Your certificate was not renewed, and ends on %s: %s"), date, said));
        break;
    }
}

static void on_dismiss(GtkButton *button, GtkRevealer *revealer)
{
    (void)button;
    gtk_revealer_set_reveal_child(revealer, FALSE);
}

static void forget(void *data)
{
    struct certificate *c = data;

    viewer_line_listen(c->line, NULL, NULL);
    g_source_remove(c->tick);
    g_free(c);
}

static GtkWidget *lay_out(struct certificate *c)
{
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 12), *close;

    gtk_widget_add_css_class(box, "notice");
    gtk_widget_set_margin_top(box, 6);
    gtk_widget_set_margin_start(box, 12);
    gtk_widget_set_margin_end(box, 12);
    c->words = g_object_new(GTK_TYPE_LABEL, "accessible-role", GTK_ACCESSIBLE_ROLE_ALERT, "wrap", TRUE, "xalign", 0.0,
                            "hexpand", TRUE, "selectable", TRUE, NULL);
    close = gtk_button_new_from_icon_name("window-close-symbolic");
    gtk_widget_add_css_class(close, "flat");
    gtk_widget_add_css_class(close, "circular");
    gtk_widget_set_valign(close, GTK_ALIGN_CENTER);
    gtk_accessible_update_property(GTK_ACCESSIBLE(close), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Close this notice"), -1);
    g_signal_connect(close, "clicked", G_CALLBACK(on_dismiss), c->revealer);
    gtk_box_append(GTK_BOX(box), GTK_WIDGET(c->words));
    gtk_box_append(GTK_BOX(box), close);
    return box;
}

GtkWidget *viewer_certificate_new(struct viewer_line *line, AdwToastOverlay *toasts)
{
    struct certificate *c = g_new0(struct certificate, 1);

    c->line = line;
    c->toasts = toasts;
    c->revealer = GTK_REVEALER(gtk_revealer_new());
    gtk_revealer_set_child(c->revealer, lay_out(c));
    g_object_set_data_full(G_OBJECT(c->revealer), "certificate", c, forget);
    c->tick = g_timeout_add_seconds(LOOK_S, on_tick, c);
    viewer_line_listen(line, on_told, c);
    return GTK_WIDGET(c->revealer);
}
