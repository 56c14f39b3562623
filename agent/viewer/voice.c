/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/viewer/voice.h"

#include "agent/viewer/names.h"
#include "agent/viewer/words.h"

#define NONE "none"
#define METER_MS 80 /* often enough for an eye, seldom enough for the processor */

static const struct {
    enum agent_do command;
    const char *label, *nothing;
} sides[AGENT_VOICE_SIDES] = {
    [AGENT_VOICE_MICROPHONE] = {AGENT_DO_MICROPHONE, N_("Microphone"), N_("None: listen only")},
    [AGENT_VOICE_SPEAKER] = {AGENT_DO_SPEAKER, N_("Loudspeaker or headset"), N_("None")},
};

struct _ViewerVoice {
    AdwBin parent_instance;
    GtkToggleButton *mute;
    GtkLevelBar *mine, *theirs;
    GtkLabel *state;
    GtkDropDown *devices[AGENT_VOICE_SIDES];
    struct viewer_end *end;           /* borrowed */
    struct viewer_settings *settings; /* borrowed */
    guint tick, listed;
    gboolean filling; /* choices change because the list does, not by hand */
};

G_DEFINE_TYPE(ViewerVoice, viewer_voice, ADW_TYPE_BIN)

static char **setting_of(ViewerVoice *self, enum agent_voice_side side)
{
    return side == AGENT_VOICE_MICROPHONE ? &self->settings->microphone : &self->settings->speaker;
}

static void use_device(ViewerVoice *self, enum agent_voice_side side)
{
    struct agent_command command = {.what = sides[side].command};

    if (g_strcmp0(*setting_of(self, side), NONE) != 0)
        g_strlcpy(command.text, *setting_of(self, side), sizeof command.text);
    viewer_end_do(self->end, &command);
}

/* ---- which device ---- */

/* None, the system's choice, then what there is, and what was chosen though it is not there now. */
static void fill(ViewerVoice *self, enum agent_voice_side side)
{
    guint version, chosen = 0, n = 2;
    g_auto(GStrv) names = viewer_end_voice_devices(self->end, side, &version);
    const char *now = *setting_of(self, side);
    GtkStringList *list = gtk_string_list_new(NULL);

    gtk_string_list_append(list, _(sides[side].nothing));
    gtk_string_list_append(list, _("The system's choice"));
    if (g_strcmp0(now, "default") == 0)
        chosen = 1;
    for (char **name = names; *name; name++, n++) {
        gtk_string_list_append(list, *name);
        if (g_strcmp0(*name, now) == 0)
            chosen = n;
    }
    if (chosen == 0 && g_strcmp0(now, NONE) != 0) {
        gtk_string_list_append(list, now);
        chosen = n;
    }
    self->filling = TRUE;
    gtk_drop_down_set_model(self->devices[side], G_LIST_MODEL(list));
    gtk_drop_down_set_selected(self->devices[side], chosen);
    self->filling = FALSE;
    g_object_unref(list);
}

static void on_chosen(GtkDropDown *down, GParamSpec *property, ViewerVoice *self)
{
    enum agent_voice_side side =
        down == self->devices[AGENT_VOICE_MICROPHONE] ? AGENT_VOICE_MICROPHONE : AGENT_VOICE_SPEAKER;
    guint n = gtk_drop_down_get_selected(down);
    GtkStringObject *item = gtk_drop_down_get_selected_item(down);

    (void)property;
    if (self->filling || !self->end || !item)
        return;
    viewer_settings_set(setting_of(self, side), n == 0   ? NONE
                                                : n == 1 ? "default"
                                                         : gtk_string_object_get_string(item));
    use_device(self, side);
}

static void on_popover(ViewerVoice *self)
{
    if (self->end)
        viewer_end_ask_devices(self->end); /* what was plugged in meanwhile */
}

/* ---- what is shown ---- */

static void show_level(GtkLevelBar *bar, double level)
{
    if (gtk_level_bar_get_value(bar) != level)
        gtk_level_bar_set_value(bar, level);
}

static gboolean on_meter(void *data)
{
    ViewerVoice *self = data;
    struct agent_voice_now now;
    guint version;

    viewer_end_voice(self->end, &now);
    show_level(self->mine, now.mine);
    show_level(self->theirs, now.theirs);
    g_strfreev(viewer_end_voice_devices(self->end, AGENT_VOICE_SPEAKER, &version));
    if (version == self->listed)
        return G_SOURCE_CONTINUE;
    self->listed = version;
    for (enum agent_voice_side side = 0; side < AGENT_VOICE_SIDES; side++)
        fill(self, side);
    return G_SOURCE_CONTINUE;
}

void viewer_voice_update(ViewerVoice *self, const struct agent_view *view)
{
    gboolean open = view->consents[PROTO_CAPABILITY_MICROPHONE].state == PROTO_CONSENT_GRANTED && !view->held;
    struct agent_voice_now now;

    gtk_widget_set_visible(GTK_WIDGET(self), open);
    if (!open) {
        g_clear_handle_id(&self->tick, g_source_remove);
        return;
    }
    if (!self->tick)
        self->tick = g_timeout_add(METER_MS, on_meter, self);
    viewer_end_voice(self->end, &now);
    gtk_label_set_label(self->state, !now.heard  ? _("The customer does not hear you: your voice is not sent")
                                     : now.muted ? _("You are muted")
                                     : now.open[AGENT_VOICE_MICROPHONE] ? _("The customer hears you")
                                                                        : _("Your voice is not sent"));
    gtk_button_set_icon_name(GTK_BUTTON(self->mute),
                             now.muted ? "microphone-sensitivity-muted-symbolic" : "audio-input-microphone-symbolic");
}

void viewer_voice_set_end(ViewerVoice *self, struct viewer_end *end, struct viewer_settings *settings)
{
    g_clear_handle_id(&self->tick, g_source_remove);
    self->end = end;
    self->settings = settings;
    self->listed = 0;
    if (!end)
        return;
    for (enum agent_voice_side side = 0; side < AGENT_VOICE_SIDES; side++) {
        fill(self, side);
        use_device(self, side);
    }
}

/* ---- the widget ---- */

static void viewer_voice_dispose(GObject *object)
{
    g_clear_handle_id(&VIEWER_VOICE(object)->tick, g_source_remove);
    G_OBJECT_CLASS(viewer_voice_parent_class)->dispose(object);
}

static void viewer_voice_class_init(ViewerVoiceClass *klass)
{
    G_OBJECT_CLASS(klass)->dispose = viewer_voice_dispose;
    gtk_widget_class_set_accessible_role(GTK_WIDGET_CLASS(klass), GTK_ACCESSIBLE_ROLE_GROUP);
}

static void name_it(GtkWidget *widget, const char *name)
{
    gtk_widget_set_tooltip_text(widget, name);
    gtk_accessible_update_property(GTK_ACCESSIBLE(widget), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
}

static GtkLevelBar *meter_new(GtkBox *box, const char *name)
{
    GtkWidget *bar = gtk_level_bar_new();

    gtk_widget_set_hexpand(bar, TRUE);
    gtk_widget_set_valign(bar, GTK_ALIGN_CENTER);
    name_it(bar, name);
    gtk_box_append(box, bar);
    return GTK_LEVEL_BAR(bar);
}

static GtkWidget *choice_new(ViewerVoice *self)
{
    GtkWidget *menu = gtk_menu_button_new(), *popover = gtk_popover_new(),
              *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 6);

    for (enum agent_voice_side side = 0; side < AGENT_VOICE_SIDES; side++) {
        GtkWidget *label = gtk_label_new(_(sides[side].label)), *down = gtk_drop_down_new(NULL, NULL);

        gtk_label_set_xalign(GTK_LABEL(label), 0);
        self->devices[side] = GTK_DROP_DOWN(down);
        name_it(down, _(sides[side].label));
        name_it(gtk_widget_get_first_child(down), _(sides[side].label)); /* the button, which takes the focus */
        gtk_box_append(GTK_BOX(box), label);
        gtk_box_append(GTK_BOX(box), down);
        g_signal_connect(down, "notify::selected", G_CALLBACK(on_chosen), self);
    }
    gtk_popover_set_child(GTK_POPOVER(popover), box);
    g_signal_connect_swapped(popover, "show", G_CALLBACK(on_popover), self);
    gtk_menu_button_set_popover(GTK_MENU_BUTTON(menu), popover);
    gtk_menu_button_set_icon_name(GTK_MENU_BUTTON(menu), "audio-headphones-symbolic");
    gtk_widget_add_css_class(menu, "flat");
    name_it(menu, _("Microphone and loudspeaker"));
    return menu;
}

static void viewer_voice_init(ViewerVoice *self)
{
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 2), *row = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 6),
              *mute = gtk_toggle_button_new(), *theirs = gtk_image_new_from_icon_name("audio-speakers-symbolic");

    self->mute = GTK_TOGGLE_BUTTON(mute);
    gtk_button_set_icon_name(GTK_BUTTON(mute), "audio-input-microphone-symbolic");
    gtk_actionable_set_action_name(GTK_ACTIONABLE(mute), "session.mute");
    gtk_widget_add_css_class(mute, "flat");
    gtk_widget_set_tooltip_text(mute, _("Mute your microphone (Ctrl+M)"));
    gtk_accessible_update_property(GTK_ACCESSIBLE(mute), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Mute your microphone"), -1);
    gtk_box_append(GTK_BOX(row), mute);
    self->mine = meter_new(GTK_BOX(row), _("Level of your voice"));
    gtk_box_append(GTK_BOX(row), theirs);
    self->theirs = meter_new(GTK_BOX(row), _("Level of the customer's voice"));
    gtk_box_append(GTK_BOX(row), choice_new(self));
    self->state = g_object_new(GTK_TYPE_LABEL, "accessible-role", GTK_ACCESSIBLE_ROLE_STATUS, NULL);
    gtk_label_set_xalign(self->state, 0);
    gtk_label_set_wrap(self->state, TRUE);
    gtk_widget_add_css_class(GTK_WIDGET(self->state), "caption");
    gtk_box_append(GTK_BOX(box), row);
    gtk_box_append(GTK_BOX(box), GTK_WIDGET(self->state));
    adw_bin_set_child(ADW_BIN(self), box);
    gtk_widget_set_visible(GTK_WIDGET(self), FALSE);
    gtk_accessible_update_property(GTK_ACCESSIBLE(self), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Voice"), -1);
}
