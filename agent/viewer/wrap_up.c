/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/viewer/wrap_up.h"

#include "agent/desk/quality.h"
#include "agent/viewer/names.h"
#include "agent/viewer/words.h"

struct _ViewerWrapUp {
    AdwBin parent_instance;
    /* Template widgets */
    GtkLabel *title, *text, *note_of_end;
    AdwPreferencesGroup *form;
    AdwComboRow *outcome;
    AdwEntryRow *wrong, *fixed, *note;
    GtkSwitch *follow_up;
    AdwActionRow *rating;
    GtkButton *done;

    uint64_t version; /* 0: not shown yet */
};

G_DEFINE_TYPE(ViewerWrapUp, viewer_wrap_up, ADW_TYPE_BIN)

static void show_end(ViewerWrapUp *self, const struct agent_view *view)
{
    const char *note = agent_view_end_note(view);
    g_autofree char *text = NULL, *words = viewer_dup_words(note);
    char span[32];

    gtk_label_set_label(self->title, _(agent_view_end_words(view->end)));
    if (view->joined_ms && view->ended_ms > view->joined_ms) {
        agent_quality_span(view->ended_ms - view->joined_ms, span);
        text = g_strdup_printf(_("You were together for %s."), span);
    } else if (*view->notice && view->end == PROTO_END_FAILED) {
        text = viewer_dup_words(view->notice);
    } else {
        text = viewer_dup_words(view->end_message);
    }
    gtk_label_set_label(self->text, text);
    gtk_widget_set_visible(GTK_WIDGET(self->text), *text != '\0');
    gtk_label_set_label(self->note_of_end, words);
    gtk_widget_set_visible(GTK_WIDGET(self->note_of_end), *note && view->joined_ms);
    gtk_widget_set_visible(GTK_WIDGET(self->form), view->joined_ms > 0);
    viewer_name_button(self->done, view->joined_ms > 0 ? _("_Save and Close") : _("_Close"));
}

static void show_rating(ViewerWrapUp *self, const struct agent_view *view)
{
    g_autofree char *stars = NULL;

    if (!view->stars)
        return;
    stars = g_strdup_printf(view->solved ? _("%u of 5 stars, solved") : _("%u of 5 stars"), view->stars);
    adw_action_row_set_subtitle(self->rating, stars);
}

void viewer_wrap_up_update(ViewerWrapUp *self, const struct agent_view *view)
{
    if (view->phase != AGENT_VIEW_ENDED || self->version == view->version)
        return;
    if (self->version == 0)
        adw_combo_row_set_selected(self->outcome, agent_wrap_likely(view));
    self->version = view->version;
    show_end(self, view);
    show_rating(self, view);
}

/* Returns the name of the row when it is too long for `to`, which then has what fits. */
static const char *read_entry(AdwEntryRow *row, char to[static AGENT_WRAP_TEXT_BYTES])
{
    const char *text = gtk_editable_get_text(GTK_EDITABLE(row));

    g_autofree char *cut = g_utf8_substring(text, 0, MIN(g_utf8_strlen(text, -1), (glong)AGENT_WRAP_TEXT_CHARS));

    g_strlcpy(to, cut, AGENT_WRAP_TEXT_BYTES);
    return strlen(cut) < strlen(text) ? adw_preferences_row_get_title(ADW_PREFERENCES_ROW(row)) : NULL;
}

const char *viewer_wrap_up_read(ViewerWrapUp *self, struct agent_wrap *out)
{
    const char *wrong, *fixed, *note;

    memset(out, 0, sizeof *out);
    out->outcome = (enum agent_wrap_outcome)adw_combo_row_get_selected(self->outcome);
    wrong = read_entry(self->wrong, out->wrong);
    fixed = read_entry(self->fixed, out->fixed);
    note = read_entry(self->note, out->note);
    out->follow_up = gtk_switch_get_active(self->follow_up);
    return wrong ? wrong : fixed ? fixed : note;
}

gboolean viewer_wrap_up_is_begun(ViewerWrapUp *self)
{
    AdwEntryRow *const rows[] = {self->wrong, self->fixed, self->note};
    gboolean begun = gtk_switch_get_active(self->follow_up);

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        begun = begun || *gtk_editable_get_text(GTK_EDITABLE(rows[i]));
    return begun;
}

void viewer_wrap_up_focus(ViewerWrapUp *self)
{
    gtk_widget_grab_focus(gtk_widget_get_visible(GTK_WIDGET(self->form)) ? GTK_WIDGET(self->outcome)
                                                                         : GTK_WIDGET(self->done));
}

static void viewer_wrap_up_class_init(ViewerWrapUpClass *klass)
{
    GtkWidgetClass *widget = GTK_WIDGET_CLASS(klass);

    gtk_widget_class_set_template_from_resource(widget, "/org/handhold/Agent/wrap_up.ui");
    gtk_widget_class_bind_template_child(widget, ViewerWrapUp, title);
    gtk_widget_class_bind_template_child(widget, ViewerWrapUp, text);
    gtk_widget_class_bind_template_child(widget, ViewerWrapUp, note_of_end);
    gtk_widget_class_bind_template_child(widget, ViewerWrapUp, form);
    gtk_widget_class_bind_template_child(widget, ViewerWrapUp, outcome);
    gtk_widget_class_bind_template_child(widget, ViewerWrapUp, wrong);
    gtk_widget_class_bind_template_child(widget, ViewerWrapUp, fixed);
    gtk_widget_class_bind_template_child(widget, ViewerWrapUp, note);
    gtk_widget_class_bind_template_child(widget, ViewerWrapUp, follow_up);
    gtk_widget_class_bind_template_child(widget, ViewerWrapUp, rating);
    gtk_widget_class_bind_template_child(widget, ViewerWrapUp, done);
}

static void viewer_wrap_up_init(ViewerWrapUp *self)
{
    gtk_widget_init_template(GTK_WIDGET(self));
}
