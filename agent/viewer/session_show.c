/* SPDX-License-Identifier: Apache-2.0 */
/* From the view to the widgets of a tab. */
#include "agent/viewer/session_inside.h"

#include <math.h>

#include "agent/desk/quality.h"
#include "agent/viewer/measure.h"
#include "agent/viewer/names.h"
#include "agent/viewer/quality.h"
#include "agent/viewer/still.h"
#include "agent/viewer/words.h"
#include "proto/host/world.h"

void viewer_session_show_notice(ViewerSession *self, const struct agent_view *view)
{
    gboolean alarm = view->notice_level == AGENT_VIEW_ALARM;
    gboolean act = alarm && view->phase == AGENT_VIEW_JOINED;
    g_autofree char *said = NULL;

    gtk_widget_set_visible(GTK_WIDGET(self->notice_end), act);
    gtk_widget_set_visible(GTK_WIDGET(self->notice_compare), act && view->words_ours == AGENT_VIEW_WORDS_DIFFER);
    if (self->notices == view->notices)
        return;
    self->notices = view->notices;
    said = viewer_dup_words(view->notice);
    gtk_label_set_label(self->notice, said);
    if (alarm)
        gtk_widget_add_css_class(GTK_WIDGET(self->notice_box), "alarm");
    else
        gtk_widget_remove_css_class(GTK_WIDGET(self->notice_box), "alarm");
    gtk_revealer_set_reveal_child(self->notice_revealer, *view->notice != '\0');
}

/* A photo does without the camera's picture, and serves where there is none. */
static gboolean offers_photo(const struct agent_view *view)
{
    enum agent_view_ask ask = agent_view_may_ask(view, PROTO_CAPABILITY_STILL);
    gboolean blocked = view->consents[PROTO_CAPABILITY_CAMERA].state == PROTO_CONSENT_BLOCKED;

    return ask == AGENT_VIEW_ASK_GRANTED || (blocked && ask == AGENT_VIEW_ASK_MAY);
}

/* What stands where the picture would be. */
static void show_empty(ViewerSession *self, const struct agent_view *view)
{
    const struct agent_view_consent *camera = &view->consents[PROTO_CAPABILITY_CAMERA];
    enum agent_view_ask ask = agent_view_may_ask(view, PROTO_CAPABILITY_CAMERA);
    gboolean granted = camera->state == PROTO_CONSENT_GRANTED;
    const char *title = N_("No picture yet"), *text = N_("The customer is asked first, and can say no.");

    if (granted) {
        title = N_("The camera is starting");
        text = N_("The first picture comes in a moment.");
    } else if (camera->state == PROTO_CONSENT_REQUESTED) {
        title = N_("The customer is reading your question");
        text = N_("Say what you need the camera for, and that they can stop it at any time.");
    } else if (camera->state == PROTO_CONSENT_REFUSED) {
        title = N_("The customer prefers not to show the camera");
        text = N_("That is fine: go on by chat, or explain what it would help with before you ask again.");
    } else if (camera->state == PROTO_CONSENT_WITHDRAWN || camera->state == PROTO_CONSENT_EXPIRED) {
        title = N_("The camera is off again");
        text = N_("The customer has taken it back, or its time is over.");
    } else if (agent_view_is_blocked(view, PROTO_CAPABILITY_CAMERA)) {
        title = N_("The camera is blocked by the phone");
        text = N_("The customer agreed, and their browser or phone did not allow it. Their screen says how to allow "
                  "it: ask again when they have, or ask for a photo instead.");
    }
    if (ask == AGENT_VIEW_ASK_GOODBYE)
        title = agent_view_customer_words(AGENT_VIEW_CUSTOMER_PARTING);
    if (ask == AGENT_VIEW_ASK_GOODBYE || ask == AGENT_VIEW_ASK_SILENCED || ask == AGENT_VIEW_ASK_CANNOT ||
        ask == AGENT_VIEW_ASK_POLICY)
        text = agent_view_ask_words(ask);
    gtk_label_set_label(self->empty_title, _(title));
    gtk_label_set_label(self->empty_text, _(text));
    gtk_widget_set_visible(GTK_WIDGET(self->empty_button), ask == AGENT_VIEW_ASK_MAY);
    gtk_widget_set_visible(GTK_WIDGET(self->empty_photo), offers_photo(view));
}

/* The last picture stays, greyed, while its consent lives; without one, what was shown is gone. */
static gboolean has_picture(const struct agent_view *view)
{
    return view->picture_ms != PROTO_NEVER && view->consents[PROTO_CAPABILITY_CAMERA].state == PROTO_CONSENT_GRANTED;
}

static void show_age(ViewerSession *self, const struct agent_view *view, int64_t now_ms)
{
    gboolean old = has_picture(view) && !view->frozen && agent_view_not_live(view, now_ms);
    g_autofree char *text = NULL;
    char span[32];

    viewer_picture_set_old(self->picture, old);
    gtk_widget_set_visible(GTK_WIDGET(self->not_live), old);
    if (!old)
        return;
    agent_quality_span(agent_view_picture_age_ms(view, now_ms), span);
    text = g_strdup_printf(_("Not live · %s old"), span);
    gtk_label_set_label(self->not_live, text);
}

static void show_figures(ViewerSession *self, const struct agent_view *view)
{
    enum agent_quality grade = agent_quality_grade(&view->stats);
    gboolean shown = has_picture(view) && grade != AGENT_QUALITY_NONE;
    const char *reason = agent_quality_reason(&view->stats);
    char figures[AGENT_QUALITY_BYTES];
    g_autofree char *text = NULL;

    gtk_widget_set_visible(GTK_WIDGET(self->quality_box), shown);
    gtk_widget_set_visible(GTK_WIDGET(self->reason), shown && *reason);
    if (!shown)
        return;
    agent_quality_figures(&view->stats, figures);
    text = g_strdup_printf("%s · %s", _(agent_quality_words(grade)), figures);
    gtk_label_set_label(self->figures, text);
    viewer_quality_show(self->past, &view->past);
    if (*reason)
        gtk_label_set_label(self->reason, _(reason));
}

static void show_stage(ViewerSession *self, const struct agent_view *view, int64_t now_ms)
{
    gboolean picture = has_picture(view);

    if (!picture)
        viewer_picture_set_texture(self->picture, NULL, 0);
    gtk_widget_set_visible(GTK_WIDGET(self->empty), !picture);
    gtk_widget_set_visible(GTK_WIDGET(self->tools), picture);
    gtk_widget_set_visible(GTK_WIDGET(self->camera_bar), picture);
    gtk_widget_set_visible(GTK_WIDGET(self->frozen), view->frozen);
    gtk_widget_set_visible(GTK_WIDGET(self->recording), view->recording);
    if (!picture)
        show_empty(self, view);
    show_age(self, view, now_ms);
    show_figures(self, view);
}

static void show_words(ViewerSession *self, const struct agent_view *view)
{
    gboolean known = *view->words[0] != '\0', open = view->words_ours != AGENT_VIEW_WORDS_SAME;
    g_autofree char *words =
        g_strdup_printf("%s %s %s %s", view->words[0], view->words[1], view->words[2], view->words[3]);
    const char *title = N_("Compare aloud: do both read these words?");

    if (view->words_ours == AGENT_VIEW_WORDS_DIFFER || view->words_theirs == AGENT_VIEW_WORDS_DIFFER)
        title = N_("⚠ The check words differ: end this session");
    else if (!open)
        title = N_("✓ The check words are the same");
    gtk_widget_set_visible(GTK_WIDGET(self->words_box), known);
    gtk_label_set_label(self->words_title, _(title));
    gtk_label_set_label(self->words, words);
    gtk_widget_set_visible(GTK_WIDGET(self->words_buttons), open);
    gtk_widget_set_visible(GTK_WIDGET(self->words), open);
}

static gboolean is_cut(enum agent_view_customer customer)
{
    return customer == AGENT_VIEW_CUSTOMER_SILENT || customer == AGENT_VIEW_CUSTOMER_CUT;
}

static void show_customer(ViewerSession *self, const struct agent_view *view, int64_t now_ms)
{
    enum agent_view_customer customer = agent_view_customer(view);
    const char *sign = customer == AGENT_VIEW_CUSTOMER_HERE ? "●" : is_cut(customer) ? "⚠" : "◌";
    g_autofree char *text = g_strdup_printf("%s %s", sign, _(agent_view_customer_words(customer)));
    g_autofree char *peer = NULL;
    char span[32];

    if (agent_view_hold_left_ms(view, now_ms) >= 0) {
        agent_quality_span(agent_view_hold_left_ms(view, now_ms), span);
        g_free(text);
        text = g_strdup_printf(_("‖ On hold: nothing is sent. Come back within %s and nothing is asked again."), span);
    }
    agent_quality_span(now_ms - view->joined_ms, span);
    peer = g_strdup_printf("%s · %s", span, view->peer);
    if (g_strcmp0(gtk_label_get_label(self->customer), text) != 0)
        gtk_label_set_label(self->customer, text);
    gtk_label_set_label(self->peer, peer);
}

static void on_still(GtkButton *button, ViewerSession *self)
{
    guint n = GPOINTER_TO_UINT(g_object_get_data(G_OBJECT(button), "still"));
    const struct agent_view *view = viewer_end_lock(self->end);
    gboolean keep = view->has_policy && proto_policy_retention_days(&view->policy, PROTO_CAPABILITY_STILL) > 0;

    viewer_still_open(GTK_WINDOW(gtk_widget_get_root(GTK_WIDGET(self))), viewer_end_still(self->end, n), keep);
    viewer_end_unlock(self->end);
}

static void show_stills(ViewerSession *self)
{
    const struct viewer_still *still;

    while ((still = viewer_end_still(self->end, self->stills)) != NULL) {
        GtkWidget *button = viewer_still_button_new(still, ++self->stills);

        g_object_set_data(G_OBJECT(button), "still", GUINT_TO_POINTER(self->stills - 1));
        g_signal_connect(button, "clicked", G_CALLBACK(on_still), self);
        gtk_box_append(self->strip, button);
        gtk_widget_set_visible(GTK_WIDGET(self->strip_scroller), TRUE);
        viewer_session_toast(self, _("A photo has come"));
    }
}

/* Who was here before is met as such: what was tried is shown before a word is said. */
static void show_before(ViewerSession *self)
{
    g_autofree char *before = self->returned ? NULL : viewer_guides_dup_before(self->guides);

    if (!before)
        return;
    self->returned = TRUE;
    viewer_name_button(self->before, before);
    gtk_widget_set_visible(GTK_WIDGET(self->before), TRUE);
    gtk_stack_set_visible_child_name(self->panes, "guides");
}

void viewer_session_show_live(ViewerSession *self, const struct agent_view *view, int64_t now_ms)
{
    viewer_consents_update(self->consents, view, now_ms);
    show_stage(self, view, now_ms);
    show_words(self, view);
    show_customer(self, view, now_ms);
    viewer_chat_update(self->chat, view);
    viewer_devices_update(self->devices, view);
    viewer_guides_update(self->guides);
    viewer_voice_update(self->voice, view);
    show_before(self);
    viewer_session_update_actions(self, view);
    show_stills(self);
}

void viewer_session_show_their_pointer(ViewerSession *self, const struct agent_view *view, int64_t now_ms)
{
    double u = (double)NAN, v = (double)NAN;

    if (has_picture(view))
        (void)agent_view_their_pointer(view, now_ms, &u, &v);
    viewer_picture_set_their_pointer(self->picture, u, v);
}
