/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/viewer/measure.h"
#include "agent/viewer/names.h"
#include "agent/viewer/session_inside.h"
#include "agent/viewer/words.h"
#include "proto/host/say.h"
#include "proto/host/world.h"

#define TICK_MS 250 /* labels that tell a time; a picture that grows old is greyed within this */

G_DEFINE_TYPE(ViewerSession, viewer_session, ADW_TYPE_BIN)

enum { CHANGED, CLOSE, AGAIN, TOAST, NEWS, SIGNALS };
static guint signals[SIGNALS];

void viewer_session_toast(ViewerSession *self, const char *text)
{
    g_signal_emit(self, signals[TOAST], 0, text);
}

void viewer_session_close(ViewerSession *self)
{
    g_signal_emit(self, signals[CLOSE], 0);
}

void viewer_session_again(ViewerSession *self)
{
    g_signal_emit(self, signals[AGAIN], 0);
}

/* ---- from the view to the widgets ---- */

static const char *page_of(enum agent_view_phase phase)
{
    static const char *const pages[] = {"invite", "invite", "live", "ended"};

    return pages[phase];
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
    self->telling = view->end_waits;
    self->has_wrap_up = view->phase == AGENT_VIEW_ENDED && view->joined_ms > 0;
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
        viewer_session_show_notice(self, view);
        viewer_session_update_invite_actions(self, view);
        if (view->phase < AGENT_VIEW_JOINED)
            viewer_invite_update(self->invite, view, now_ms);
        else
            viewer_session_show_live(self, view, now_ms);
        viewer_wrap_up_update(self->wrap_up, view);
        gtk_stack_set_visible_child_name(self->stack, page_of(view->phase));
    }
    viewer_picture_set_marks(self->picture, viewer_end_marks(self->end));
    viewer_session_show_their_pointer(self, view, now_ms);
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
        return self->number > 1 ? g_strdup_printf(_("Customer %u"), self->number) : g_strdup(_("Customer"));
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

gboolean viewer_session_is_telling(ViewerSession *self)
{
    return self->telling;
}

gboolean viewer_session_has_customer(ViewerSession *self)
{
    return self->has_customer;
}

gboolean viewer_session_has_wrap_up(ViewerSession *self)
{
    return self->has_wrap_up;
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
    g_autofree char *wrong = NULL;

    if (self->has_customer)
        viewer_end_finish(self->end, PROTO_END_AGENT_LEFT);
    if (!self->has_wrap_up || self->saved || !viewer_wrap_up_is_begun(self->wrap_up))
        return;
    wrong = viewer_session_save(self, TRUE); /* nobody is asked any more */
    if (wrong)
        host_say(HOST_WARN, "%s", wrong);
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
    memset(self->wishes, 0, sizeof self->wishes);
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
    signals[AGAIN] = g_signal_new("again", VIEWER_TYPE_SESSION, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
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
    BIND(empty), BIND(empty_title), BIND(empty_text), BIND(empty_button), BIND(empty_photo), BIND(notice_end),
        BIND(notice_compare);
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
    static guint made;
    ViewerSession *self = g_object_new(VIEWER_TYPE_SESSION, NULL);

    self->line = line;
    self->settings = settings;
    self->number = ++made;
    self->customer_ref = g_strdup(customer_ref);
    self->reference = g_strdup(reference);
    viewer_invite_set_command(self->invite, *settings->command != '\0');
    viewer_chat_set_sentences(self->chat, (const char *const *)settings->sentences);
    viewer_session_show_side(self, settings->side);
    viewer_session_invite(self);
    return GTK_WIDGET(self);
}
