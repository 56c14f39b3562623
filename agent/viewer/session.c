/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/viewer/session_inside.h"

#include <math.h>

#include "agent/desk/quality.h"
#include "agent/viewer/measure.h"
#include "agent/viewer/names.h"
#include "agent/viewer/quality.h"
#include "agent/viewer/still.h"
#include "agent/viewer/words.h"
#include "proto/host/world.h"

#define TICK_MS 250 /* labels that tell a time; a picture that grows old is greyed within this */

G_DEFINE_TYPE(ViewerSession, viewer_session, ADW_TYPE_BIN)

enum { CHANGED, CLOSE, TOAST, NEWS, SIGNALS };
static guint signals[SIGNALS];

void viewer_session_toast(ViewerSession *self, const char *text)
{
    g_signal_emit(self, signals[TOAST], 0, text);
}

void viewer_session_close(ViewerSession *self)
{
    g_signal_emit(self, signals[CLOSE], 0);
}

/* ---- from the view to the widgets ---- */

static const char *page_of(enum agent_view_phase phase)
{
    static const char *const pages[] = {"invite", "invite", "live", "ended"};

    return pages[phase];
}

static void show_notice(ViewerSession *self, const struct agent_view *view)
{
    gboolean alarm = view->notice_level == AGENT_VIEW_ALARM;

    if (self->notices == view->notices)
        return;
    self->notices = view->notices;
    gtk_label_set_label(self->notice, *view->notice ? _(view->notice) : "");
    if (alarm)
        gtk_widget_add_css_class(GTK_WIDGET(self->notice_box), "alarm");
    else
        gtk_widget_remove_css_class(GTK_WIDGET(self->notice_box), "alarm");
    gtk_revealer_set_reveal_child(self->notice_revealer, TRUE);
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
    }
    if (ask == AGENT_VIEW_ASK_SILENCED || ask == AGENT_VIEW_ASK_CANNOT || ask == AGENT_VIEW_ASK_POLICY)
        text = agent_view_ask_words(ask);
    gtk_label_set_label(self->empty_title, _(title));
    gtk_label_set_label(self->empty_text, _(text));
    gtk_widget_set_visible(GTK_WIDGET(self->empty_button), ask == AGENT_VIEW_ASK_MAY);
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
    gboolean known = *view->words[0] != '\0', open = view->words_ours == AGENT_VIEW_WORDS_OPEN;
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

static void show_customer(ViewerSession *self, const struct agent_view *view, int64_t now_ms)
{
    enum agent_view_customer customer = agent_view_customer(view);
    const char *sign = customer == AGENT_VIEW_CUSTOMER_HERE ? "●" : customer == AGENT_VIEW_CUSTOMER_SILENT ? "⚠" : "◌";
    g_autofree char *text = g_strdup_printf("%s %s", sign, _(agent_view_customer_words(customer)));
    g_autofree char *peer = NULL;
    char span[32];

    if (agent_view_hold_left_ms(view, now_ms) >= 0) {
        agent_quality_span(agent_view_hold_left_ms(view, now_ms), span);
        g_free(text);
        text =
            g_strdup_printf(_("⏸ On hold: nothing is sent. Come back within %s and nothing is asked again."), span);
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

static void show_live(ViewerSession *self, const struct agent_view *view, int64_t now_ms)
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

/* Returns what the agent is told of when they look elsewhere, or NULL. */
static const char *note_what_is_new(ViewerSession *self, const struct agent_view *view)
{
    const char *news = agent_news(&self->news, view);

    if (news && !self->front)
        self->attention = TRUE;
    self->phase = view->phase;
    self->connection = view->connection;
    self->customer_state = agent_view_customer(view);
    self->has_customer = agent_view_has_customer(view);
    self->held = view->held;
    self->wants_reference = !view->joined_ms && !*view->link && view->has_policy && view->policy.ticket_required &&
                            (!self->reference || !*self->reference);
    return news;
}

static void take_picture(ViewerSession *self)
{
    uint32_t ts_ms;
    g_autoptr(GdkTexture) texture = viewer_end_take_picture(self->end, &ts_ms);

    if (texture)
        viewer_picture_set_texture(self->picture, texture, ts_ms);
}

static void show_their_pointer(ViewerSession *self, const struct agent_view *view, int64_t now_ms)
{
    double u = (double)NAN, v = (double)NAN;

    if (has_picture(view))
        (void)agent_view_their_pointer(view, now_ms, &u, &v);
    viewer_picture_set_their_pointer(self->picture, u, v);
}

void viewer_session_update(ViewerSession *self)
{
    int64_t now_ms = host_now().mono_ms;
    struct agent_view *view;
    enum agent_view_phase before = self->phase;
    const char *news = NULL;
    gboolean shown = FALSE;

    take_picture(self);
    view = viewer_end_lock(self->end);
    if (view->version != self->version || now_ms - self->updated_ms >= TICK_MS) {
        self->version = view->version;
        self->updated_ms = now_ms;
        shown = TRUE; /* not with each picture */
        news = note_what_is_new(self, view);
        show_notice(self, view);
        if (view->phase < AGENT_VIEW_JOINED)
            viewer_invite_update(self->invite, view, now_ms);
        else
            show_live(self, view, now_ms);
        viewer_wrap_up_update(self->wrap_up, view);
        gtk_stack_set_visible_child_name(self->stack, page_of(view->phase));
    }
    viewer_picture_set_marks(self->picture, viewer_end_marks(self->end));
    show_their_pointer(self, view, now_ms);
    viewer_end_unlock(self->end);
    if (before != AGENT_VIEW_ENDED && self->phase == AGENT_VIEW_ENDED && self->front)
        viewer_wrap_up_focus(self->wrap_up);
    if (shown)
        g_signal_emit(self, signals[CHANGED], 0);
    if (news)
        g_signal_emit(self, signals[NEWS], 0, _(news));
}

static void on_changed(void *context)
{
    viewer_session_update(context);
}

static gboolean on_tick(void *data)
{
    VIEWER_MEASURE_OURS(tick);

    viewer_session_update(data);
    return G_SOURCE_CONTINUE;
}

/* ---- from hands to commands ---- */

static void on_ask(void *context, enum proto_capability capability, const char *purpose, uint32_t max_s)
{
    viewer_session_ask(context, capability, purpose, max_s);
}

static void on_say(void *context, const char *text)
{
    ViewerSession *self = context;
    struct agent_command command = {.what = AGENT_DO_CHAT};

    g_strlcpy(command.text, text, sizeof command.text);
    viewer_end_do(self->end, &command);
}

static void on_point(void *context, double u, double v)
{
    ViewerSession *self = context;
    const struct agent_command command = {.what = AGENT_DO_POINT, .points = {u, v}, .pairs = 1};

    viewer_end_do(self->end, &command);
}

static void on_draw(void *context, const struct agent_mark *mark)
{
    viewer_session_draw(context, mark);
}

static void on_copied(ViewerSession *self, const char *text)
{
    g_autofree char *words = g_strdup_printf(_("Copied: %s"), text);

    viewer_session_toast(self, words);
}

static void on_ask_devices(ViewerSession *self)
{
    viewer_consents_open_for(self->consents, PROTO_CAPABILITY_DEVICE_STATE);
}

static void on_tool(void *context, enum agent_mark_tool tool, uint32_t colour)
{
    ViewerSession *self = context;

    viewer_picture_set_tool(self->picture, tool, colour);
}

/* ---- what the window asks ---- */

GActionGroup *viewer_session_get_actions(ViewerSession *self)
{
    return G_ACTION_GROUP(self->actions);
}

char *viewer_session_dup_title(ViewerSession *self)
{
    if (self->reference && *self->reference)
        return g_strdup(self->reference);
    if (self->phase == AGENT_VIEW_JOINED)
        return g_strdup(_("Customer"));
    return g_strdup(self->phase == AGENT_VIEW_ENDED ? _("Ended") : _("Invitation"));
}

enum agent_view_phase viewer_session_get_phase(ViewerSession *self)
{
    return self->phase;
}

enum agent_view_customer viewer_session_get_customer(ViewerSession *self)
{
    return self->customer_state;
}

enum proto_connection_state viewer_session_get_connection(ViewerSession *self)
{
    return self->connection;
}

const char *viewer_session_get_reference(ViewerSession *self)
{
    return self->reference;
}

const char *viewer_session_get_customer_ref(ViewerSession *self)
{
    return self->customer_ref;
}

gboolean viewer_session_wants_reference(ViewerSession *self)
{
    return self->wants_reference;
}

gboolean viewer_session_is_held(ViewerSession *self)
{
    return self->held;
}

gboolean viewer_session_has_customer(ViewerSession *self)
{
    return self->has_customer;
}

gboolean viewer_session_wants_attention(ViewerSession *self)
{
    return self->attention;
}

void viewer_session_set_front(ViewerSession *self, gboolean front)
{
    self->front = front;
    /* A tab behind another is not painted, but GTK 4.8 would still read it aloud. */
    gtk_widget_set_visible(GTK_WIDGET(self->stack), front);
    if (front)
        self->attention = FALSE;
}

void viewer_session_show_side(ViewerSession *self, gboolean shown)
{
    gtk_widget_set_visible(GTK_WIDGET(self->side), shown);
}

void viewer_session_leave(ViewerSession *self)
{
    if (self->has_customer)
        viewer_end_finish(self->end, PROTO_END_AGENT_LEFT);
}

/* ---- the widget ---- */

void viewer_session_invite(ViewerSession *self)
{
    viewer_devices_set_end(self->devices, NULL);
    viewer_guides_set_end(self->guides, NULL);
    viewer_voice_set_end(self->voice, NULL, self->settings);
    viewer_end_release(self->end);
    self->returned = FALSE;
    gtk_widget_set_visible(GTK_WIDGET(self->before), FALSE);
    self->version = self->notices = 0;
    self->news = (struct agent_news){0};
    self->phase = AGENT_VIEW_CONNECTING;
    gtk_revealer_set_reveal_child(self->notice_revealer, FALSE);
    self->stills = 0;
    for (GtkWidget *child; (child = gtk_widget_get_first_child(GTK_WIDGET(self->strip))) != NULL;)
        gtk_box_remove(self->strip, child);
    gtk_widget_set_visible(GTK_WIDGET(self->strip_scroller), FALSE);
    self->end = viewer_end_new(self->line, self->customer_ref, self->reference, on_changed, self);
    viewer_devices_set_end(self->devices, self->end);
    viewer_guides_set_end(self->guides, self->end);
    viewer_voice_set_end(self->voice, self->end, self->settings);
    viewer_session_update(self);
}

static void viewer_session_dispose(GObject *object)
{
    ViewerSession *self = VIEWER_SESSION(object);

    g_clear_handle_id(&self->tick, g_source_remove);
    if (self->devices)
        viewer_devices_set_end(self->devices, NULL);
    if (self->guides)
        viewer_guides_set_end(self->guides, NULL);
    if (self->voice)
        viewer_voice_set_end(self->voice, NULL, self->settings);
    self->devices = NULL;
    self->guides = NULL;
    self->voice = NULL;
    g_clear_pointer(&self->end, viewer_end_release);
    g_clear_object(&self->actions);
    G_OBJECT_CLASS(viewer_session_parent_class)->dispose(object);
}

static void viewer_session_finalize(GObject *object)
{
    ViewerSession *self = VIEWER_SESSION(object);

    g_free(self->customer_ref);
    g_free(self->reference);
    G_OBJECT_CLASS(viewer_session_parent_class)->finalize(object);
}

#define BIND(name) gtk_widget_class_bind_template_child(widget, ViewerSession, name)

static void viewer_session_class_init(ViewerSessionClass *klass)
{
    GtkWidgetClass *widget = GTK_WIDGET_CLASS(klass);

    G_OBJECT_CLASS(klass)->dispose = viewer_session_dispose;
    G_OBJECT_CLASS(klass)->finalize = viewer_session_finalize;
    signals[CHANGED] =
        g_signal_new("changed", VIEWER_TYPE_SESSION, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
    signals[CLOSE] = g_signal_new("close", VIEWER_TYPE_SESSION, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
    signals[TOAST] = g_signal_new("toast", VIEWER_TYPE_SESSION, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1,
                                  G_TYPE_STRING);
    signals[NEWS] = g_signal_new("news", VIEWER_TYPE_SESSION, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1,
                                 G_TYPE_STRING);
    g_type_ensure(VIEWER_TYPE_INVITE);
    g_type_ensure(VIEWER_TYPE_CONSENTS);
    g_type_ensure(VIEWER_TYPE_PICTURE);
    g_type_ensure(VIEWER_TYPE_TOOLS);
    g_type_ensure(VIEWER_TYPE_CHAT);
    g_type_ensure(VIEWER_TYPE_DEVICES);
    g_type_ensure(VIEWER_TYPE_GUIDES);
    g_type_ensure(VIEWER_TYPE_VOICE);
    g_type_ensure(VIEWER_TYPE_WRAP_UP);
    gtk_widget_class_set_template_from_resource(widget, "/org/handhold/Agent/session.ui");
    BIND(stack), BIND(invite), BIND(consents), BIND(picture), BIND(tools), BIND(chat), BIND(devices), BIND(wrap_up),
        BIND(stage);
    BIND(notice_revealer), BIND(notice_box), BIND(notice), BIND(side), BIND(panes);
    BIND(guides), BIND(voice), BIND(before);
    BIND(empty), BIND(empty_title), BIND(empty_text), BIND(empty_button);
    BIND(strip_scroller), BIND(strip), BIND(camera_bar), BIND(recording), BIND(frozen), BIND(not_live), BIND(figures),
        BIND(quality_box), BIND(past), BIND(reason);
    BIND(customer), BIND(peer), BIND(words_box), BIND(words_title), BIND(words), BIND(words_buttons);
}

static void viewer_session_init(ViewerSession *self)
{
    const struct viewer_picture_listener listener = {on_point, on_draw, self};

    gtk_widget_init_template(GTK_WIDGET(self));
    viewer_name_buttons(GTK_WIDGET(self));
    self->front = TRUE;
    viewer_picture_listen(self->picture, &listener);
    viewer_tools_listen(self->tools, on_tool, self);
    viewer_consents_listen(self->consents, on_ask, self);
    viewer_chat_listen(self->chat, on_say, self);
    g_signal_connect_swapped(self->devices, "copied", G_CALLBACK(on_copied), self);
    g_signal_connect_swapped(self->devices, "ask", G_CALLBACK(on_ask_devices), self);
    viewer_session_add_actions(self);
    self->tick = g_timeout_add(TICK_MS, on_tick, self);
}

GtkWidget *viewer_session_new(struct viewer_line *line, struct viewer_settings *settings, const char *customer_ref,
                              const char *reference)
{
    ViewerSession *self = g_object_new(VIEWER_TYPE_SESSION, NULL);

    self->line = line;
    self->settings = settings;
    self->customer_ref = g_strdup(customer_ref);
    self->reference = g_strdup(reference);
    viewer_invite_set_command(self->invite, *settings->command != '\0');
    viewer_chat_set_sentences(self->chat, (const char *const *)settings->sentences);
    viewer_session_show_side(self, settings->side);
    viewer_session_invite(self);
    return GTK_WIDGET(self);
}
