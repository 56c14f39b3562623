/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/viewer/tools.h"

#include "agent/viewer/words.h"

struct _ViewerTools {
    AdwBin parent_instance;
    GtkToggleButton *tools[AGENT_MARK_TOOLS];
    GtkMenuButton *palette;
    GtkWidget *swatch;
    enum agent_mark_tool tool;
    uint32_t colour;
    void (*chosen)(void *context, enum agent_mark_tool tool, uint32_t colour);
    void *context;
};

G_DEFINE_TYPE(ViewerTools, viewer_tools, ADW_TYPE_BIN)

static const struct {
    enum agent_mark_tool tool;
    const char *icon, *key;
} shown[] = {
    {AGENT_MARK_POINTER, "handhold-pointer-symbolic", "P"},
    {AGENT_MARK_ARROW, "handhold-arrow-symbolic", "A"},
    {AGENT_MARK_LINE, "handhold-pen-symbolic", "F"},
    {AGENT_MARK_HIGHLIGHT, "handhold-highlighter-symbolic", "H"},
    {AGENT_MARK_CIRCLE, "handhold-circle-symbolic", "C"},
    {AGENT_MARK_RECTANGLE, "handhold-box-symbolic", "B"},
    {AGENT_MARK_NUMBER, "handhold-number-symbolic", "N"},
    {AGENT_MARK_TEXT, "handhold-text-symbolic", "T"},
};

/* What is done with the picture as a whole. */
static const struct {
    const char *icon, *label, *action, *key;
    gboolean gap; /* in front of it */
} acts[] = {
    {"edit-undo-symbolic", N_("Undo"), "session.undo", "Ctrl+Z", FALSE},
    {"edit-redo-symbolic", N_("Redo"), "session.redo", "Ctrl+Shift+Z", FALSE},
    {"edit-clear-all-symbolic", N_("Clear all marks"), "session.clear", "Del", FALSE},
    {"handhold-freeze-symbolic", N_("Freeze the picture"), "session.freeze", "S", TRUE},
    {"zoom-out-symbolic", N_("Zoom out"), "session.zoom-out", "−", TRUE},
    {"zoom-in-symbolic", N_("Zoom in"), "session.zoom-in", "+", FALSE},
    {"view-fullscreen-symbolic", N_("Full screen"), "win.fullscreen", "F11", FALSE},
};

static void tell(ViewerTools *self)
{
    if (self->chosen)
        self->chosen(self->context, self->tool, self->colour);
}

static void on_toggled(GtkToggleButton *button, ViewerTools *self)
{
    if (!gtk_toggle_button_get_active(button))
        return;
    for (size_t i = 0; i < AGENT_MARK_TOOLS; i++)
        if (self->tools[i] == button)
            self->tool = (enum agent_mark_tool)i;
    tell(self);
}

static void name_it(GtkWidget *widget, const char *label, const char *key)
{
    g_autofree char *tip = g_strdup_printf("%s (%s)", label, key);

    gtk_widget_set_tooltip_text(widget, tip);
    gtk_accessible_update_property(GTK_ACCESSIBLE(widget), GTK_ACCESSIBLE_PROPERTY_LABEL, label, -1);
}

static void add_tools(ViewerTools *self, GtkBox *box)
{
    for (size_t i = 0; i < G_N_ELEMENTS(shown); i++) {
        GtkWidget *button = gtk_toggle_button_new();

        gtk_button_set_icon_name(GTK_BUTTON(button), shown[i].icon);
        name_it(button, _(agent_mark_label(shown[i].tool)), shown[i].key);
        self->tools[shown[i].tool] = GTK_TOGGLE_BUTTON(button);
        if (i > 0)
            gtk_toggle_button_set_group(GTK_TOGGLE_BUTTON(button), self->tools[AGENT_MARK_POINTER]);
        g_signal_connect(button, "toggled", G_CALLBACK(on_toggled), self);
        gtk_box_append(box, button);
    }
}

static void on_colour(GtkButton *button, ViewerTools *self)
{
    g_autofree char *class = g_strdup_printf("swatch-%u", self->colour);

    gtk_widget_remove_css_class(self->swatch, class);
    self->colour = GPOINTER_TO_UINT(g_object_get_data(G_OBJECT(button), "colour"));
    g_free(class);
    class = g_strdup_printf("swatch-%u", self->colour);
    gtk_widget_add_css_class(self->swatch, class);
    gtk_menu_button_popdown(self->palette);
    tell(self);
}

static GtkWidget *swatch_new(uint32_t colour)
{
    GtkWidget *swatch = adw_bin_new();
    g_autofree char *class = g_strdup_printf("swatch-%u", colour);

    gtk_widget_add_css_class(swatch, "swatch");
    gtk_widget_add_css_class(swatch, class);
    gtk_widget_set_halign(swatch, GTK_ALIGN_CENTER);
    gtk_widget_set_valign(swatch, GTK_ALIGN_CENTER);
    return swatch;
}

static void add_palette(ViewerTools *self, GtkBox *box)
{
    GtkWidget *menu = gtk_menu_button_new(), *popover = gtk_popover_new(),
              *row = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 4);

    for (uint32_t i = 0; i < AGENT_MARK_COLOURS; i++) {
        GtkWidget *button = gtk_button_new();
        const char *name = _(agent_mark_colour(i)->name);

        gtk_button_set_child(GTK_BUTTON(button), swatch_new(i));
        gtk_widget_add_css_class(button, "flat");
        gtk_widget_set_tooltip_text(button, name);
        gtk_accessible_update_property(GTK_ACCESSIBLE(button), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
        g_object_set_data(G_OBJECT(button), "colour", GUINT_TO_POINTER(i));
        g_signal_connect(button, "clicked", G_CALLBACK(on_colour), self);
        gtk_box_append(GTK_BOX(row), button);
    }
    self->palette = GTK_MENU_BUTTON(menu);
    self->swatch = swatch_new(0);
    gtk_popover_set_child(GTK_POPOVER(popover), row);
    gtk_menu_button_set_popover(self->palette, popover);
    gtk_menu_button_set_direction(self->palette, GTK_ARROW_UP);
    gtk_menu_button_set_child(self->palette, self->swatch);
    gtk_menu_button_set_always_show_arrow(self->palette, FALSE);
    gtk_widget_set_tooltip_text(menu, _("Colour"));
    gtk_accessible_update_property(GTK_ACCESSIBLE(menu), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Colour"), -1);
    gtk_box_append(box, menu);
}

static void add_acts(GtkBox *box)
{
    for (size_t i = 0; i < G_N_ELEMENTS(acts); i++) {
        GtkWidget *button = g_strcmp0(acts[i].action, "session.freeze") ? gtk_button_new() : gtk_toggle_button_new();

        if (acts[i].gap)
            gtk_box_append(box, gtk_separator_new(GTK_ORIENTATION_VERTICAL));
        gtk_button_set_icon_name(GTK_BUTTON(button), acts[i].icon);
        gtk_actionable_set_action_name(GTK_ACTIONABLE(button), acts[i].action);
        name_it(button, _(acts[i].label), acts[i].key);
        gtk_box_append(box, button);
    }
}

void viewer_tools_listen(ViewerTools *self, void (*chosen)(void *context, enum agent_mark_tool tool, uint32_t colour),
                         void *context)
{
    self->chosen = chosen;
    self->context = context;
}

void viewer_tools_choose(ViewerTools *self, enum agent_mark_tool tool)
{
    gtk_toggle_button_set_active(self->tools[tool], TRUE);
}

enum agent_mark_tool viewer_tools_get_tool(ViewerTools *self)
{
    return self->tool;
}

uint32_t viewer_tools_get_colour(ViewerTools *self)
{
    return self->colour;
}

static void viewer_tools_class_init(ViewerToolsClass *klass)
{
    gtk_widget_class_set_accessible_role(GTK_WIDGET_CLASS(klass), GTK_ACCESSIBLE_ROLE_TOOLBAR);
}

static void viewer_tools_init(ViewerTools *self)
{
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 2);

    gtk_widget_add_css_class(box, "tools");
    add_tools(self, GTK_BOX(box));
    add_palette(self, GTK_BOX(box));
    gtk_box_append(GTK_BOX(box), gtk_separator_new(GTK_ORIENTATION_VERTICAL));
    add_acts(GTK_BOX(box));
    adw_bin_set_child(ADW_BIN(self), box);
    gtk_toggle_button_set_active(self->tools[AGENT_MARK_POINTER], TRUE);
    gtk_accessible_update_property(GTK_ACCESSIBLE(self), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Tools for guiding"), -1);
}
