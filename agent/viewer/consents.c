/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/viewer/consents.h"

#include "agent/desk/quality.h"
#include "agent/viewer/request.h"
#include "agent/viewer/words.h"

/* In the order of their use; those that a policy forbids are not shown. */
static const struct {
    enum proto_capability capability;
    const char *icon;
} shown[] = {
    {PROTO_CAPABILITY_CAMERA, "camera-web-symbolic"},
    {PROTO_CAPABILITY_MICROPHONE, "audio-input-microphone-symbolic"},
    {PROTO_CAPABILITY_DEVICE_STATE, "handhold-device-symbolic"},
    {PROTO_CAPABILITY_STILL, "camera-photo-symbolic"},
    {PROTO_CAPABILITY_RECORDING, "media-record-symbolic"},
    {PROTO_CAPABILITY_TORCH, "handhold-torch-symbolic"},
    {PROTO_CAPABILITY_ZOOM, "zoom-in-symbolic"},
    {PROTO_CAPABILITY_LOCATION, "mark-location-symbolic"},
    {PROTO_CAPABILITY_HISTORY, "document-open-recent-symbolic"},
    {PROTO_CAPABILITY_GUEST, "contact-new-symbolic"},
};

#define CHARS_MIN 5 /* of a chip's words that are always there */

struct chip {
    GtkWidget *button;
    GtkLabel *state;
    ViewerRequest *request;
    const char *class; /* of the state; NULL: none */
};

struct _ViewerConsents {
    AdwBin parent_instance;
    struct chip chips[G_N_ELEMENTS(shown)];
    viewer_ask ask;
    void *context;
};

G_DEFINE_TYPE(ViewerConsents, viewer_consents, ADW_TYPE_BIN)

static void on_ask(void *context, enum proto_capability capability, const char *purpose, uint32_t max_s)
{
    ViewerConsents *self = context;

    if (self->ask)
        self->ask(self->context, capability, purpose, max_s);
}

static const char *class_of(const struct agent_view *view, enum proto_capability capability)
{
    enum proto_consent_state state = view->consents[capability].state;

    if (state == PROTO_CONSENT_GRANTED)
        return capability == PROTO_CAPABILITY_RECORDING ? "recording" : "granted";
    if (state == PROTO_CONSENT_REQUESTED)
        return "asked";
    return state == PROTO_CONSENT_REFUSED || state == PROTO_CONSENT_WITHDRAWN || state == PROTO_CONSENT_EXPIRED ||
                   state == PROTO_CONSENT_BLOCKED
               ? "refused"
               : NULL;
}

/* Each state has its word and its sign, so that nothing is told by a colour alone. */
static char *words_of(const struct agent_view *view, enum proto_capability capability, int64_t now_ms)
{
    int64_t left_ms = agent_view_left_ms(view, capability, now_ms);
    const char *words = _(agent_view_state_words(view, capability));
    char span[32];

    if (view->consents[capability].state != PROTO_CONSENT_GRANTED)
        return g_strdup(words);
    if (left_ms < 0)
        return g_strdup_printf("✓ %s", words);
    agent_quality_span(left_ms, span);
    return g_strdup_printf("✓ %s · %s", words, span);
}

static void update_chip(ViewerConsents *self, size_t i, const struct agent_view *view, int64_t now_ms)
{
    struct chip *chip = &self->chips[i];
    enum proto_capability capability = shown[i].capability;
    const char *class = class_of(view, capability);
    g_autofree char *words = words_of(view, capability, now_ms);
    g_autofree char *name = NULL;
    gboolean forbidden = view->has_policy && !(view->policy.rules[capability].roles & 1u << view->role);

    gtk_widget_set_visible(chip->button, !forbidden);
    viewer_request_update(chip->request, view);
    if (g_strcmp0(gtk_label_get_label(chip->state), words) == 0)
        return;
    gtk_label_set_label(chip->state, words);
    name = g_strdup_printf("%s: %s", _(proto_capability_label(capability)), words);
    gtk_widget_set_tooltip_text(chip->button, name);
    gtk_accessible_update_property(GTK_ACCESSIBLE(chip->button), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
    if (class == chip->class)
        return;
    if (chip->class)
        gtk_widget_remove_css_class(chip->button, chip->class);
    if (class)
        gtk_widget_add_css_class(chip->button, class);
    chip->class = class;
}

void viewer_consents_update(ViewerConsents *self, const struct agent_view *view, int64_t now_ms)
{
    for (size_t i = 0; i < G_N_ELEMENTS(shown); i++)
        update_chip(self, i, view, now_ms);
}

void viewer_consents_open(ViewerConsents *self, guint n)
{
    for (size_t i = 0; i < G_N_ELEMENTS(shown); i++)
        if (gtk_widget_get_visible(self->chips[i].button) && n-- == 0)
            gtk_menu_button_popup(GTK_MENU_BUTTON(self->chips[i].button));
}

void viewer_consents_open_for(ViewerConsents *self, enum proto_capability capability)
{
    for (size_t i = 0; i < G_N_ELEMENTS(shown); i++)
        if (shown[i].capability == capability)
            gtk_menu_button_popup(GTK_MENU_BUTTON(self->chips[i].button));
}

void viewer_consents_listen(ViewerConsents *self, viewer_ask ask, void *context)
{
    self->ask = ask;
    self->context = context;
}

/* In a narrow window all stay in view: long words end in dots, and the tooltip has the whole of them. */
static void shrink(GtkLabel *label, glong chars)
{
    gtk_label_set_ellipsize(label, PANGO_ELLIPSIZE_END);
    gtk_label_set_width_chars(label, (int)MIN(chars, CHARS_MIN));
}

static GtkWidget *chip_new(ViewerConsents *self, size_t i)
{
    struct chip *chip = &self->chips[i];
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 8), *texts = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
    const char *label = _(proto_capability_label(shown[i].capability));
    GtkWidget *name = gtk_label_new(label), *state = gtk_label_new(NULL);

    chip->button = gtk_menu_button_new();
    chip->state = GTK_LABEL(state);
    chip->request = VIEWER_REQUEST(viewer_request_new(shown[i].capability, on_ask, self));
    gtk_label_set_xalign(GTK_LABEL(name), 0);
    gtk_label_set_xalign(chip->state, 0);
    shrink(GTK_LABEL(name), g_utf8_strlen(label, -1));
    shrink(chip->state, CHARS_MIN);
    gtk_widget_add_css_class(state, "state");
    gtk_widget_add_css_class(state, "numeric");
    gtk_box_append(GTK_BOX(texts), name);
    gtk_box_append(GTK_BOX(texts), state);
    gtk_box_append(GTK_BOX(box), gtk_image_new_from_icon_name(shown[i].icon));
    gtk_box_append(GTK_BOX(box), texts);
    gtk_menu_button_set_child(GTK_MENU_BUTTON(chip->button), box);
    gtk_menu_button_set_popover(GTK_MENU_BUTTON(chip->button), GTK_WIDGET(chip->request));
    gtk_menu_button_set_has_frame(GTK_MENU_BUTTON(chip->button), FALSE);
    gtk_widget_add_css_class(chip->button, "capability");
    return chip->button;
}

static void viewer_consents_class_init(ViewerConsentsClass *klass)
{
    gtk_widget_class_set_accessible_role(GTK_WIDGET_CLASS(klass), GTK_ACCESSIBLE_ROLE_GROUP);
}

static void viewer_consents_init(ViewerConsents *self)
{
    GtkWidget *scroller = gtk_scrolled_window_new(), *box = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 4);

    for (size_t i = 0; i < G_N_ELEMENTS(shown); i++)
        gtk_box_append(GTK_BOX(box), chip_new(self, i));
    gtk_widget_set_margin_start(box, 8);
    gtk_widget_set_margin_end(box, 8);
    gtk_scrolled_window_set_child(GTK_SCROLLED_WINDOW(scroller), box);
    gtk_scrolled_window_set_policy(GTK_SCROLLED_WINDOW(scroller), GTK_POLICY_AUTOMATIC, GTK_POLICY_NEVER);
    adw_bin_set_child(ADW_BIN(self), scroller);
    gtk_accessible_update_property(GTK_ACCESSIBLE(self), GTK_ACCESSIBLE_PROPERTY_LABEL, _("What the customer shares"),
                                   -1);
}
