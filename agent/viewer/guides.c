/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/viewer/guides.h"

#include "agent/desk/guide_view.h"
#include "agent/viewer/names.h"
#include "agent/viewer/words.h"

enum { PICTURE_PX = 120 };

struct _ViewerGuides {
    AdwBin parent_instance;
    /* Template widgets */
    GtkStack *stack;
    GtkSearchEntry *search;
    GtkLabel *none, *title, *progress;
    GtkListBox *proposals, *steps;
    GtkExpander *visits_expander;
    GtkBox *visits, *preview;
    GtkButton *back, *send, *leave;
    GtkGrid *buttons;

    struct viewer_end *end;       /* borrowed */
    char *chosen, *subject;       /* owned: of the preview */
    char *shown_list, *shown_run; /* owned: what the rows were made of */
    gint64 started_ms;            /* of the run that is shown */
    gboolean visits_shown;
};

G_DEFINE_TYPE(ViewerGuides, viewer_guides, ADW_TYPE_BIN)

static size_t language_of(const struct proto_guide *guide)
{
    const char *const *names = g_get_language_names(); /* "de_AT.UTF-8", "de_AT", "de", "C" */

    for (; *names; names++) {
        g_autofree char *wish = g_strdelimit(g_strdup(*names), "_", '-');
        size_t language = proto_guide_language(guide, wish);

        if (language > 0 || g_str_has_prefix(wish, guide->languages[0]))
            return language;
    }
    return 0;
}

static const char *say(const struct proto_guide *guide, const struct proto_guide_words *words)
{
    return proto_guide_say(words, language_of(guide));
}

static GtkWidget *label_new(const char *text, const char *class)
{
    GtkWidget *label = gtk_label_new(text);

    gtk_label_set_xalign(GTK_LABEL(label), 0);
    gtk_label_set_wrap(GTK_LABEL(label), TRUE);
    gtk_label_set_wrap_mode(GTK_LABEL(label), PANGO_WRAP_WORD_CHAR);
    gtk_label_set_max_width_chars(GTK_LABEL(label), 28);
    if (class)
        gtk_widget_add_css_class(label, class);
    return label;
}

static void add_text(GtkBox *box, const char *text, const char *class)
{
    if (*text)
        gtk_box_append(box, label_new(text, class));
}

/* What the customer sees too; a format that this machine cannot draw is said in its words. */
static void add_picture(GtkBox *box, const struct proto_guide *guide, const struct proto_guide_step *step)
{
    const char *words = say(guide, &step->picture_alt);
    g_autoptr(GBytes) bytes = g_bytes_new(step->picture_bytes, step->picture_len);
    g_autoptr(GdkTexture) texture = step->picture_len ? gdk_texture_new_from_bytes(bytes, NULL) : NULL;
    GtkWidget *picture;

    if (!texture) {
        add_text(box, words, "caption");
        return;
    }
    picture = gtk_picture_new_for_paintable(GDK_PAINTABLE(texture));
    gtk_picture_set_alternative_text(GTK_PICTURE(picture), words);
    gtk_widget_set_size_request(picture, -1, PICTURE_PX);
    gtk_widget_set_halign(picture, GTK_ALIGN_START);
    gtk_widget_add_css_class(picture, "guide-picture");
    gtk_box_append(box, picture);
}

static void empty_box(GtkBox *box)
{
    for (GtkWidget *child; (child = gtk_widget_get_first_child(GTK_WIDGET(box))) != NULL;)
        gtk_box_remove(box, child);
}

static void empty_list(GtkListBox *list)
{
    for (GtkListBoxRow *row; (row = gtk_list_box_get_row_at_index(list, 0)) != NULL;)
        gtk_list_box_remove(list, GTK_WIDGET(row));
}

/* ---- proposals ---- */

static char *learned_words(const struct agent_desk_learned *l)
{
    if (l->shown == 0)
        return g_strdup("");
    return g_strdup_printf(ngettext("Helped in %u of %u case", "Helped in %u of %u cases", l->shown), l->solved,
                           l->shown);
}

/* As people call it. */
static const char *name_of(ViewerGuides *self, const char *id)
{
    const struct agent_desk_devices *devices = viewer_end_devices(self->end);
    const handhold_Device *device;

    for (size_t i = 0; devices && (device = agent_desk_devices_at(devices, i)) != NULL; i++)
        if (!strcmp(device->id, id) && *device->name)
            return device->name;
    return id;
}

static GtkWidget *proposal_new(ViewerGuides *self, const struct agent_desk_proposal *p)
{
    const char *title = say(p->guide, &p->guide->title), *tried = agent_guide_view_tried(&p->learned);
    GtkWidget *row = gtk_list_box_row_new(), *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 2);
    g_autofree char *learned = learned_words(&p->learned);
    g_autofree char *for_whom = *p->subject ? g_strdup_printf(_("For %s"), name_of(self, p->subject)) : g_strdup("");
    const char *last = *tried ? _(tried) : "";
    g_autofree char *name = g_strdup_printf("%s. %s. %s %s", title, _(agent_guide_view_reason(p)), learned, last);

    add_text(GTK_BOX(box), title, "heading");
    add_text(GTK_BOX(box), _(agent_guide_view_reason(p)), "caption");
    add_text(GTK_BOX(box), for_whom, "caption");
    add_text(GTK_BOX(box), learned, "caption");
    add_text(GTK_BOX(box), last, p->learned.tried_solved ? "success" : "warning");
    gtk_widget_set_margin_top(box, 8);
    gtk_widget_set_margin_bottom(box, 8);
    gtk_widget_set_margin_start(box, 10);
    gtk_widget_set_margin_end(box, 10);
    gtk_list_box_row_set_child(GTK_LIST_BOX_ROW(row), box);
    g_object_set_data_full(G_OBJECT(row), "guide", g_strdup(p->guide->id), g_free);
    g_object_set_data_full(G_OBJECT(row), "subject", g_strdup(p->subject), g_free);
    gtk_accessible_update_property(GTK_ACCESSIBLE(row), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
    return row;
}

static char *list_mark(const struct agent_desk_proposal *list, size_t count)
{
    GString *mark = g_string_new(NULL);

    for (size_t i = 0; i < count; i++)
        g_string_append_printf(mark, "%s %s %d %u %u\n", list[i].guide->id, list[i].subject, (int)list[i].symptoms,
                               list[i].learned.shown, list[i].learned.solved);
    return g_string_free(mark, FALSE);
}

static void show_list(ViewerGuides *self)
{
    size_t count;
    const struct agent_desk_proposal *list = viewer_end_proposals(self->end, &count);
    g_autofree char *mark = list_mark(list, count);
    gboolean searches = *gtk_editable_get_text(GTK_EDITABLE(self->search)) != '\0';

    gtk_label_set_label(self->none, searches ? _("No guide knows these words. Try others.")
                                             : _("What fits this customer's home is proposed here, as soon as the "
                                                 "device information shows it. Or search."));
    gtk_widget_set_visible(GTK_WIDGET(self->none), count == 0);
    gtk_widget_set_visible(GTK_WIDGET(self->proposals), count > 0);
    if (g_strcmp0(mark, self->shown_list) == 0)
        return;
    g_free(self->shown_list);
    self->shown_list = g_steal_pointer(&mark);
    empty_list(self->proposals);
    for (size_t i = 0; i < count; i++)
        gtk_list_box_append(self->proposals, proposal_new(self, &list[i]));
}

/* ---- earlier visits ---- */

static GtkWidget *visit_new(ViewerGuides *self, const struct agent_guide_view_visit *visit)
{
    g_autoptr(GDateTime) when = g_date_time_new_from_unix_local(visit->unix_ms / 1000);
    g_autofree char *day = when ? g_date_time_format(when, "%x") : g_strdup("");
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 2);

    add_text(GTK_BOX(box), day, "heading");
    for (size_t i = 0; i < visit->count; i++) {
        const struct proto_guide *guide = viewer_end_guide_of(self->end, visit->guides[i].guide);
        const char *title = guide ? say(guide, &guide->title) : visit->guides[i].guide;
        g_autofree char *line = g_strdup_printf("%s: %s", title, _(visit->guides[i].end));

        add_text(GTK_BOX(box), line, "caption");
    }
    if (visit->stars) {
        g_autofree char *stars = g_strdup_printf(_("%u of 5 stars"), visit->stars);

        add_text(GTK_BOX(box), stars, "caption");
    }
    return box;
}

static void show_visits(ViewerGuides *self)
{
    struct agent_guide_view_visit visit;
    const char *json;
    g_autofree char *title = NULL;

    if (self->visits_shown || !viewer_end_before(self->end, 0))
        return;
    self->visits_shown = TRUE;
    for (size_t i = 0; (json = viewer_end_before(self->end, i)) != NULL; i++)
        if (agent_guide_view_visit(json, &visit) == PROTO_OK)
            gtk_box_append(self->visits, visit_new(self, &visit));
    title = viewer_guides_dup_before(self);
    gtk_expander_set_label(self->visits_expander, title);
    gtk_expander_set_expanded(self->visits_expander, TRUE);
    gtk_widget_set_visible(GTK_WIDGET(self->visits_expander), TRUE);
}

char *viewer_guides_dup_before(ViewerGuides *self)
{
    struct agent_guide_view_visit newest;
    const char *json = self->end ? viewer_end_before(self->end, 0) : NULL;
    g_autoptr(GDateTime) when = NULL;
    g_autofree char *day = NULL;
    guint count = 0;

    if (!json || agent_guide_view_visit(json, &newest) != PROTO_OK)
        return NULL;
    while (viewer_end_before(self->end, count))
        count++;
    when = g_date_time_new_from_unix_local(newest.unix_ms / 1000);
    day = when ? g_date_time_format(when, "%x") : g_strdup("");
    return g_strdup_printf(ngettext("%u earlier visit, on %s", "%u earlier visits, the last on %s", count), count, day);
}

/* ---- one to look at ---- */

static void add_step(GtkBox *box, const struct proto_guide *guide, size_t i)
{
    const struct proto_guide_step *step = &guide->steps[i];
    g_autofree char *title = g_strdup_printf("%zu. %s", i + 1, say(guide, &step->title));
    g_autofree char *caution =
        *say(guide, &step->caution) ? g_strdup_printf("⚠ %s", say(guide, &step->caution)) : g_strdup("");

    add_text(box, title, "heading");
    add_text(box, say(guide, &step->text), NULL);
    add_picture(box, guide, step);
    add_text(box, caution, "warning");
}

static void show_preview(ViewerGuides *self, const struct proto_guide *guide)
{
    empty_box(self->preview);
    add_text(self->preview, say(guide, &guide->title), "title-4");
    add_text(self->preview, say(guide, &guide->summary), NULL);
    for (size_t i = 0; i < guide->note_count; i++) {
        g_autofree char *note = g_strdup_printf(_("For you: %s"), say(guide, &guide->notes[i]));

        add_text(self->preview, note, "dim-label");
    }
    for (size_t i = 0; i < guide->step_count; i++)
        add_step(self->preview, guide, i);
}

static void on_proposal(ViewerGuides *self, GtkListBoxRow *row)
{
    const char *id = g_object_get_data(G_OBJECT(row), "guide");
    const struct proto_guide *guide = viewer_end_guide_of(self->end, id);

    if (!guide)
        return;
    g_free(self->chosen);
    g_free(self->subject);
    self->chosen = g_strdup(id);
    self->subject = g_strdup(g_object_get_data(G_OBJECT(row), "subject"));
    show_preview(self, guide);
    gtk_stack_set_visible_child_name(self->stack, "preview");
    gtk_widget_grab_focus(GTK_WIDGET(self->send));
}

static void show_all(ViewerGuides *self)
{
    gtk_stack_set_visible_child_name(self->stack, "list");
    gtk_widget_grab_focus(GTK_WIDGET(self->search));
}

static void on_send(ViewerGuides *self)
{
    struct agent_command command = {.what = AGENT_DO_GUIDE};

    g_strlcpy(command.text, self->chosen, sizeof command.text);
    g_strlcpy(command.target, self->subject, sizeof command.target);
    viewer_end_do(self->end, &command);
}

/* ---- the one that is followed ---- */

static GtkWidget *step_new(const struct proto_guide_run *run, size_t i)
{
    const struct proto_guide_step *step = &run->guide->steps[i];
    struct agent_guide_view_step view = agent_guide_view_step(run, i);
    GtkWidget *row = gtk_list_box_row_new(), *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 2);
    g_autofree char *title = g_strdup_printf("%s %s", view.sign, say(run->guide, &step->title));
    g_autofree char *name = g_strdup_printf("%s: %s", say(run->guide, &step->title), _(view.words));

    add_text(GTK_BOX(box), title, view.current ? "heading" : NULL);
    add_text(GTK_BOX(box), _(view.words), "caption");
    if (view.current) {
        add_text(GTK_BOX(box), say(run->guide, &step->text), NULL);
        add_picture(GTK_BOX(box), run->guide, step);
        add_text(GTK_BOX(box), say(run->guide, &step->caution), "warning");
        gtk_widget_add_css_class(row, "step-now");
    }
    gtk_widget_set_margin_top(box, 6);
    gtk_widget_set_margin_bottom(box, 6);
    gtk_widget_set_margin_start(box, 8);
    gtk_widget_set_margin_end(box, 8);
    gtk_list_box_row_set_child(GTK_LIST_BOX_ROW(row), box);
    gtk_list_box_row_set_activatable(GTK_LIST_BOX_ROW(row), FALSE);
    gtk_accessible_update_property(GTK_ACCESSIBLE(row), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
    return row;
}

static char *run_mark(const struct proto_guide_run *run)
{
    GString *mark = g_string_new(run->guide->id);

    g_string_append_printf(mark, " %zu %d", run->current, (int)run->end);
    for (size_t i = 0; i < run->guide->step_count; i++)
        g_string_append_printf(mark, " %d%d", (int)run->steps[i].outcome, (int)run->steps[i].by);
    return g_string_free(mark, FALSE);
}

static void show_progress(ViewerGuides *self, const struct proto_guide_run *run)
{
    g_autofree char *text =
        run->end ? g_strdup(_(agent_guide_view_end(run)))
        : run->current == run->guide->step_count
            ? g_strdup(_("All steps are over. Waiting to see whether the fault is gone."))
            : g_strdup_printf(_("%zu of %zu steps are over"), agent_guide_view_over(run), run->guide->step_count);

    if (run->end == PROTO_GUIDE_SOLVED && run->fixed_by < run->guide->step_count) {
        const char *step = say(run->guide, &run->guide->steps[run->fixed_by].title);
        g_autofree char *fixed = g_strdup_printf(_("%s. It was: %s"), text, step);

        gtk_label_set_label(self->progress, fixed);
    } else {
        gtk_label_set_label(self->progress, text);
    }
}

static void show_run(ViewerGuides *self, const struct proto_guide_run *run)
{
    g_autofree char *mark = run_mark(run);

    if (g_strcmp0(mark, self->shown_run) == 0)
        return;
    g_free(self->shown_run);
    self->shown_run = g_steal_pointer(&mark);
    gtk_label_set_label(self->title, say(run->guide, &run->guide->title));
    show_progress(self, run);
    empty_list(self->steps);
    for (size_t i = 0; i < run->guide->step_count; i++)
        gtk_list_box_append(self->steps, step_new(run, i));
    gtk_widget_set_visible(GTK_WIDGET(self->buttons), run->end == PROTO_GUIDE_GOES_ON);
    viewer_name_button(self->leave, run->end ? _("_Other Guides") : _("Close the _Guide"));
}

static void on_leave(ViewerGuides *self)
{
    struct agent_command command = {.what = AGENT_DO_GUIDE};

    g_strlcpy(command.shape, proto_guide_act_name(PROTO_GUIDE_ACT_CLOSE), sizeof command.shape);
    viewer_end_do(self->end, &command); /* one that has ended is not closed again */
    show_all(self);
}

static void on_search(ViewerGuides *self)
{
    struct agent_command command = {.what = AGENT_DO_GUIDES};

    if (!self->end)
        return;
    g_strlcpy(command.text, gtk_editable_get_text(GTK_EDITABLE(self->search)), 200);
    viewer_end_do(self->end, &command);
}

/* ---- for the tab ---- */

void viewer_guides_set_end(ViewerGuides *self, struct viewer_end *end)
{
    self->end = NULL;
    gtk_editable_set_text(GTK_EDITABLE(self->search), "");
    self->end = end;
    self->started_ms = 0;
    self->visits_shown = FALSE;
    g_clear_pointer(&self->shown_list, g_free);
    g_clear_pointer(&self->shown_run, g_free);
    empty_box(self->visits);
    gtk_widget_set_visible(GTK_WIDGET(self->visits_expander), FALSE);
    gtk_stack_set_visible_child_name(self->stack, "list");
}

void viewer_guides_update(ViewerGuides *self)
{
    const struct proto_guide_run *run = self->end ? viewer_end_guide_run(self->end) : NULL;

    if (!self->end)
        return;
    show_list(self);
    show_visits(self);
    if (!run)
        return;
    show_run(self, run);
    if (run->started_ms == self->started_ms)
        return;
    self->started_ms = run->started_ms;
    gtk_stack_set_visible_child_name(self->stack, "run");
}

gboolean viewer_guides_may(ViewerGuides *self, enum proto_guide_act act)
{
    return self->end && agent_guide_view_may(viewer_end_guide_run(self->end), act);
}

void viewer_guides_focus(ViewerGuides *self)
{
    const char *page = gtk_stack_get_visible_child_name(self->stack);
    GtkWidget *run_first = gtk_widget_get_first_child(GTK_WIDGET(self->buttons));

    if (g_strcmp0(page, "run") == 0)
        gtk_widget_grab_focus(gtk_widget_get_visible(GTK_WIDGET(self->buttons)) ? run_first : GTK_WIDGET(self->leave));
    else if (g_strcmp0(page, "preview") == 0)
        gtk_widget_grab_focus(GTK_WIDGET(self->send));
    else
        gtk_widget_grab_focus(GTK_WIDGET(self->search));
}

static void viewer_guides_dispose(GObject *object)
{
    ViewerGuides *self = VIEWER_GUIDES(object);

    g_clear_pointer(&self->chosen, g_free);
    g_clear_pointer(&self->subject, g_free);
    g_clear_pointer(&self->shown_list, g_free);
    g_clear_pointer(&self->shown_run, g_free);
    G_OBJECT_CLASS(viewer_guides_parent_class)->dispose(object);
}

#define BIND(name) gtk_widget_class_bind_template_child(widget, ViewerGuides, name)

static void viewer_guides_class_init(ViewerGuidesClass *klass)
{
    GtkWidgetClass *widget = GTK_WIDGET_CLASS(klass);

    G_OBJECT_CLASS(klass)->dispose = viewer_guides_dispose;
    gtk_widget_class_set_template_from_resource(widget, "/org/handhold/Agent/guides.ui");
    BIND(stack), BIND(search), BIND(none), BIND(proposals), BIND(visits_expander), BIND(visits);
    BIND(back), BIND(preview), BIND(send), BIND(title), BIND(progress), BIND(steps), BIND(buttons), BIND(leave);
}

static void viewer_guides_init(ViewerGuides *self)
{
    gtk_widget_init_template(GTK_WIDGET(self));
    viewer_name_buttons(GTK_WIDGET(self));
    g_signal_connect_swapped(self->proposals, "row-activated", G_CALLBACK(on_proposal), self);
    g_signal_connect_swapped(self->search, "search-changed", G_CALLBACK(on_search), self);
    g_signal_connect_swapped(self->back, "clicked", G_CALLBACK(show_all), self);
    g_signal_connect_swapped(self->send, "clicked", G_CALLBACK(on_send), self);
    g_signal_connect_swapped(self->leave, "clicked", G_CALLBACK(on_leave), self);
}
