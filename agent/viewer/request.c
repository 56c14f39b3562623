/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/viewer/request.h"

#include "agent/desk/desk.h"
#include "agent/viewer/names.h"
#include "agent/viewer/words.h"

struct _ViewerRequest {
    GtkPopover parent_instance;
    enum proto_capability capability;
    viewer_ask ask;
    void *context;
    GtkLabel *state, *kept, *too_long;
    GtkBox *form;
    GtkEntry *purpose;
    GtkDropDown *purposes, *time;
    GtkButton *button;
    /* What the form was made for */
    gboolean made;
    uint32_t max_s;
    guint times[5];
    guint time_count;
    gboolean may; /* be asked for: what the form is shown by */
};

G_DEFINE_TYPE(ViewerRequest, viewer_request, GTK_TYPE_POPOVER)

static const char *purpose_of(ViewerRequest *self)
{
    if (gtk_widget_get_visible(GTK_WIDGET(self->purposes))) {
        GtkStringObject *chosen = gtk_drop_down_get_selected_item(self->purposes);

        return chosen ? gtk_string_object_get_string(chosen) : "";
    }
    return gtk_editable_get_text(GTK_EDITABLE(self->purpose));
}

static void on_ask(ViewerRequest *self)
{
    guint chosen = gtk_drop_down_get_selected(self->time);

    if (!gtk_widget_get_sensitive(GTK_WIDGET(self->button)))
        return;
    self->ask(self->context, self->capability, purpose_of(self), chosen < self->time_count ? self->times[chosen] : 0);
    gtk_popover_popdown(GTK_POPOVER(self));
}

static void on_purpose(ViewerRequest *self)
{
    const char *text = gtk_editable_get_text(GTK_EDITABLE(self->purpose));
    g_autofree char *wrong = viewer_dup_unfit(text);

    viewer_name_wrong(GTK_WIDGET(self->purpose), self->too_long, wrong);
    gtk_widget_set_sensitive(GTK_WIDGET(self->button), *text && !wrong);
}

/* The times that the policy lets one ask for; 0 stands for the longest. */
static void make_times(ViewerRequest *self, uint32_t max_s)
{
    static const guint minutes[] = {5, 15, 60};
    g_autoptr(GtkStringList) names = gtk_string_list_new(NULL);
    g_autofree char *most =
        max_s ? g_strdup_printf(_("At most %u minutes"), (max_s + 59) / 60) : g_strdup(_("Until the session ends"));

    self->time_count = 0;
    self->times[self->time_count++] = 0;
    gtk_string_list_append(names, most);
    for (guint i = 0; i < G_N_ELEMENTS(minutes); i++) {
        g_autofree char *name = g_strdup_printf(_("%u minutes"), minutes[i]);

        if (max_s && minutes[i] * 60 >= max_s)
            continue;
        self->times[self->time_count++] = minutes[i] * 60;
        gtk_string_list_append(names, name);
    }
    gtk_drop_down_set_model(self->time, G_LIST_MODEL(names));
}

static void make_purposes(ViewerRequest *self, const struct proto_policy *policy)
{
    g_autoptr(GtkStringList) list = gtk_string_list_new(NULL);

    for (uint32_t i = 0; i < policy->purpose_count; i++)
        gtk_string_list_append(list, policy->purposes[i]);
    gtk_drop_down_set_model(self->purposes, G_LIST_MODEL(list));
    gtk_widget_set_visible(GTK_WIDGET(self->purposes), policy->purpose_count > 0);
    gtk_widget_set_visible(GTK_WIDGET(self->purpose), policy->purpose_count == 0);
}

static void make_form(ViewerRequest *self, const struct agent_view *view)
{
    uint32_t days = view->has_policy ? proto_policy_retention_days(&view->policy, self->capability) : 0;
    g_autofree char *kept =
        days ? g_strdup_printf(_("May be kept for %u days"), days) : g_strdup(_("Nothing of it is kept"));

    self->made = TRUE;
    make_times(self, view->has_policy ? view->policy.rules[self->capability].max_seconds : 0);
    if (view->has_policy)
        make_purposes(self, &view->policy);
    gtk_editable_set_text(GTK_EDITABLE(self->purpose), _(agent_desk_purpose(self->capability)));
    gtk_label_set_label(self->kept, kept);
}

/* Not behind a popover that has just closed: GTK 4.8 moves the focus out of it a frame later, and what is hidden in
 * between is kept for good, with all that is in it. */
static void show_form(ViewerRequest *self)
{
    gtk_widget_set_visible(GTK_WIDGET(self->state), *gtk_label_get_label(self->state) != '\0');
    gtk_widget_set_visible(GTK_WIDGET(self->form), self->may);
}

void viewer_request_update(ViewerRequest *self, const struct agent_view *view)
{
    enum agent_view_ask ask = agent_view_may_ask(view, self->capability);
    const struct agent_view_consent *c = &view->consents[self->capability];
    g_autofree char *text = NULL;

    if (!self->made && view->phase == AGENT_VIEW_JOINED)
        make_form(self, view);
    if (ask != AGENT_VIEW_ASK_MAY)
        text = g_strdup(_(agent_view_ask_words(ask)));
    else if (c->state == PROTO_CONSENT_REFUSED)
        text =
            g_strdup(_("The customer prefers not to share this now. Explain what it helps with before you ask again."));
    else if (c->state == PROTO_CONSENT_WITHDRAWN)
        text = g_strdup(_("The customer has taken it back. Ask again only if you need it."));
    else if (agent_view_is_blocked(view, self->capability))
        text = g_strdup(_("The customer agreed, and their browser or phone did not allow it. Their screen says how to "
                          "allow it: ask again when they have."));
    gtk_label_set_label(self->state, text ? text : "");
    self->may = ask == AGENT_VIEW_ASK_MAY;
    if (gtk_widget_get_visible(GTK_WIDGET(self)))
        show_form(self);
}

static GtkWidget *caption_new(const char *text)
{
    GtkWidget *label = gtk_label_new(text);

    gtk_label_set_xalign(GTK_LABEL(label), 0);
    gtk_widget_add_css_class(label, "caption-heading");
    return label;
}

static void label_it(GtkWidget *widget, const char *name)
{
    gtk_accessible_update_property(GTK_ACCESSIBLE(widget), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
}

static void fill_form(ViewerRequest *self)
{
    GtkWidget *purpose = gtk_entry_new(), *purposes = gtk_drop_down_new(NULL, NULL),
              *time = gtk_drop_down_new(NULL, NULL);
    GtkWidget *kept = gtk_label_new(NULL), *too_long = gtk_label_new(NULL),
              *button = gtk_button_new_with_mnemonic(_("_Ask the Customer"));

    self->purpose = GTK_ENTRY(purpose);
    self->purposes = GTK_DROP_DOWN(purposes);
    self->time = GTK_DROP_DOWN(time);
    self->kept = GTK_LABEL(kept);
    self->too_long = GTK_LABEL(too_long);
    self->button = GTK_BUTTON(button);
    gtk_editable_set_width_chars(GTK_EDITABLE(purpose), 36);
    gtk_widget_set_visible(purposes, FALSE);
    label_it(purpose, _("What for, as the customer reads it"));
    label_it(purposes, _("What for, as the customer reads it"));
    label_it(time, _("For how long"));
    gtk_label_set_xalign(self->kept, 0);
    gtk_label_set_xalign(self->too_long, 0);
    gtk_widget_add_css_class(too_long, "caption");
    gtk_widget_add_css_class(too_long, "error");
    gtk_widget_set_visible(too_long, FALSE);
    gtk_widget_add_css_class(kept, "dim-label");
    gtk_widget_add_css_class(kept, "caption");
    gtk_widget_add_css_class(button, "suggested-action");
    gtk_widget_set_margin_top(button, 6);
    gtk_box_append(self->form, caption_new(_("What for, as the customer reads it")));
    gtk_box_append(self->form, purpose);
    gtk_box_append(self->form, too_long);
    gtk_box_append(self->form, purposes);
    gtk_box_append(self->form, caption_new(_("For how long")));
    gtk_box_append(self->form, time);
    gtk_box_append(self->form, kept);
    gtk_box_append(self->form, button);
    g_signal_connect_swapped(purpose, "changed", G_CALLBACK(on_purpose), self);
    g_signal_connect_swapped(purpose, "activate", G_CALLBACK(on_ask), self);
    g_signal_connect_swapped(button, "clicked", G_CALLBACK(on_ask), self);
}

static void viewer_request_show(GtkWidget *widget)
{
    show_form(VIEWER_REQUEST(widget));
    GTK_WIDGET_CLASS(viewer_request_parent_class)->show(widget);
}

static void viewer_request_class_init(ViewerRequestClass *klass)
{
    GTK_WIDGET_CLASS(klass)->show = viewer_request_show;
}

static void viewer_request_init(ViewerRequest *self)
{
    (void)self;
}

GtkWidget *viewer_request_new(enum proto_capability capability, viewer_ask ask, void *context)
{
    ViewerRequest *self = g_object_new(VIEWER_TYPE_REQUEST, NULL);
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 8), *form = gtk_box_new(GTK_ORIENTATION_VERTICAL, 6);
    GtkWidget *title = gtk_label_new(_(proto_capability_label(capability))), *state = gtk_label_new(NULL);

    self->capability = capability;
    self->ask = ask;
    self->context = context;
    self->form = GTK_BOX(form);
    self->state = GTK_LABEL(state);
    gtk_widget_add_css_class(title, "heading");
    gtk_label_set_xalign(GTK_LABEL(title), 0);
    gtk_label_set_wrap(self->state, TRUE);
    gtk_label_set_xalign(self->state, 0);
    gtk_label_set_max_width_chars(self->state, 40);
    gtk_widget_set_margin_top(box, 6);
    gtk_widget_set_margin_bottom(box, 6);
    gtk_widget_set_margin_start(box, 6);
    gtk_widget_set_margin_end(box, 6);
    gtk_box_append(GTK_BOX(box), title);
    gtk_box_append(GTK_BOX(box), state);
    gtk_box_append(GTK_BOX(box), form);
    fill_form(self);
    viewer_name_buttons(box);
    gtk_popover_set_child(GTK_POPOVER(self), box);
    return GTK_WIDGET(self);
}
