/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/viewer/keys.h"

#include "agent/viewer/names.h"
#include "agent/viewer/words.h"

const struct viewer_key viewer_keys[] = {
    {VIEWER_KEY_WINDOW, "<Control>n", "win.invite", N_("Invite a customer"), N_("Sessions")},
    {VIEWER_KEY_WINDOW, "<Control><Shift>n", "win.invite-with", N_("Invite, with a reference"), NULL},
    {VIEWER_KEY_WINDOW, "<Control><Shift>c", "session.copy-link", N_("Copy the link"), NULL},
    {VIEWER_KEY_WINDOW, "<Control><Shift>r", "session.resend", N_("New link; the old one stops working"), NULL},
    {VIEWER_KEY_WINDOW, "<Control>h", "session.hold", N_("Hold, and come back"), NULL},
    {VIEWER_KEY_WINDOW, "<Control>e", "session.end", N_("End the session"), NULL},
    {VIEWER_KEY_WINDOW, "<Control>F12", "session.wrong-person", N_("Wrong person: end at once"), NULL},
    {VIEWER_KEY_WINDOW, "<Control>Return", "session.save", N_("Save the wrap-up and close"), NULL},
    {VIEWER_KEY_WINDOW, "<Control>w", "win.close-tab", N_("Close the tab"), NULL},
    {VIEWER_KEY_WINDOW, "<Control>Page_Down", "win.next-tab", N_("Next tab"), NULL},
    {VIEWER_KEY_WINDOW, "<Control>Page_Up", "win.previous-tab", N_("Previous tab"), NULL},

    {VIEWER_KEY_WINDOW, "<Alt>1", "session.consent(uint32 0)", N_("Ask for the camera"), N_("Consent")},
    {VIEWER_KEY_WINDOW, "<Alt>2", "session.consent(uint32 1)", N_("Ask for the next in the row, and so on to Alt+9"),
     NULL},
    {VIEWER_KEY_WINDOW, "<Control>y", "session.words-same", N_("The check words are the same"), NULL},

    {VIEWER_KEY_WINDOW, "F6", "session.focus-picture", N_("Go to the picture"), N_("Picture")},
    {VIEWER_KEY_WINDOW, "<Control>z", "session.undo", N_("Undo"), NULL},
    {VIEWER_KEY_WINDOW, "<Control><Shift>z", "session.redo", N_("Redo"), NULL},
    {VIEWER_KEY_WINDOW, "F11", "win.fullscreen", N_("Full screen"), NULL},
    {VIEWER_KEY_WINDOW, "F8", "session.still", N_("Ask for a sharp photo"), NULL},
    {VIEWER_KEY_PICTURE, "s", "session.freeze", N_("Freeze, and go back to live"), NULL},
    {VIEWER_KEY_PICTURE, "Delete", "session.clear", N_("Clear all marks"), NULL},
    {VIEWER_KEY_PICTURE, "plus equal KP_Add", "session.zoom-in", N_("Zoom in"), NULL},
    {VIEWER_KEY_PICTURE, "minus KP_Subtract", "session.zoom-out", N_("Zoom out"), NULL},
    {VIEWER_KEY_PICTURE, "0 KP_0", "session.zoom-fit", N_("Whole picture"), NULL},

    {VIEWER_KEY_PICTURE, "p", "session.tool('pointer')", N_("Pointer"), N_("Guiding, with the focus on the picture")},
    {VIEWER_KEY_PICTURE, "a", "session.tool('arrow')", N_("Arrow"), NULL},
    {VIEWER_KEY_PICTURE, "f", "session.tool('line')", N_("Pen"), NULL},
    {VIEWER_KEY_PICTURE, "h", "session.tool('highlight')", N_("Highlighter"), NULL},
    {VIEWER_KEY_PICTURE, "c", "session.tool('circle')", N_("Circle"), NULL},
    {VIEWER_KEY_PICTURE, "b", "session.tool('rectangle')", N_("Box"), NULL},
    {VIEWER_KEY_PICTURE, "n", "session.tool('number')", N_("Number"), NULL},
    {VIEWER_KEY_PICTURE, "t", "session.tool('text')", N_("Text"), NULL},
    {VIEWER_KEY_TOLD, "Left Right Up Down", NULL, N_("Move the pointer; faster with Shift"), NULL},
    {VIEWER_KEY_TOLD, "Return", NULL, N_("Set a mark, or its two ends"), NULL},

    {VIEWER_KEY_WINDOW, "<Control>t", "session.focus-chat", N_("Write to the customer"), N_("Talking")},
    {VIEWER_KEY_WINDOW, "F2", "session.sentences", N_("Ready-made sentences"), NULL},
    {VIEWER_KEY_WINDOW, "<Control>d", "session.focus-devices", N_("Go to the device information"), NULL},
    {VIEWER_KEY_WINDOW, "<Control>m", "session.mute", N_("Mute your microphone, and speak again"), NULL},

    {VIEWER_KEY_WINDOW, "<Control>g", "session.focus-guides", N_("Go to the guides"), N_("Guides")},
    {VIEWER_KEY_WINDOW, "<Control><Shift>d", "session.guide('done')", N_("This step is done"), NULL},
    {VIEWER_KEY_WINDOW, "<Control><Shift>x", "session.guide('did-not-work')", N_("It did not work"), NULL},
    {VIEWER_KEY_WINDOW, "<Control><Shift>s", "session.guide('skip')", N_("Skip this step"), NULL},
    {VIEWER_KEY_WINDOW, "<Control><Shift>b", "session.guide('back')", N_("Back to the step before"), NULL},
    {VIEWER_KEY_WINDOW, "F9", "win.side", N_("Show or hide the side pane"), N_("Window")},
    {VIEWER_KEY_WINDOW, "<Control>comma", "win.preferences", N_("Preferences"), NULL},
    {VIEWER_KEY_WINDOW, "<Control>question", "win.shortcuts", N_("Keyboard shortcuts"), NULL},
    {VIEWER_KEY_WINDOW, "F10", "win.menu", N_("Main menu"), NULL},
    {VIEWER_KEY_WINDOW, "<Control>q", "app.quit", N_("Quit"), NULL},
    {VIEWER_KEY_WINDOW, NULL, NULL, NULL, NULL},
};

void viewer_keys_bind(GtkApplication *application)
{
    for (const struct viewer_key *key = viewer_keys; key->accelerators; key++) {
        g_auto(GStrv) list = NULL;

        if (key->where != VIEWER_KEY_WINDOW)
            continue;
        list = g_strsplit(key->accelerators, " ", -1);
        gtk_application_set_accels_for_action(application, key->action, (const char *const *)list);
    }
    for (guint i = 2; i < 9; i++) {
        g_autofree char *accelerator = g_strdup_printf("<Alt>%u", i + 1);
        g_autofree char *action = g_strdup_printf("session.consent(uint32 %u)", i);
        const char *const list[] = {accelerator, NULL};

        gtk_application_set_accels_for_action(application, action, list);
    }
}

static gboolean perform(GtkWidget *widget, GVariant *arguments, void *data)
{
    const char *detailed = data;
    g_autofree char *name = NULL;
    g_autoptr(GVariant) target = NULL;

    (void)arguments;
    return g_action_parse_detailed_name(detailed, &name, &target, NULL) &&
           gtk_widget_activate_action_variant(widget, name, target);
}

void viewer_keys_bind_picture(GtkWidget *widget)
{
    GtkEventController *controller = gtk_shortcut_controller_new();

    for (const struct viewer_key *key = viewer_keys; key->accelerators; key++) {
        g_auto(GStrv) list = NULL;

        if (key->where != VIEWER_KEY_PICTURE)
            continue;
        list = g_strsplit(key->accelerators, " ", -1);
        for (char **one = list; *one; one++)
            gtk_shortcut_controller_add_shortcut(
                GTK_SHORTCUT_CONTROLLER(controller),
                gtk_shortcut_new(gtk_shortcut_trigger_parse_string(*one),
                                 gtk_callback_action_new(perform, (void *)(uintptr_t)key->action, NULL)));
    }
    gtk_widget_add_controller(widget, controller);
}

GtkWidget *viewer_keys_window_new(void)
{
    GtkWidget *window = g_object_new(GTK_TYPE_SHORTCUTS_WINDOW, "modal", TRUE, NULL);
    GtkWidget *section =
        g_object_new(GTK_TYPE_SHORTCUTS_SECTION, "section-name", "all", "max-height", 14, "visible", TRUE, NULL);
    GtkWidget *group = NULL;

    for (const struct viewer_key *key = viewer_keys; key->accelerators; key++) {
        if (key->group) {
            group = g_object_new(GTK_TYPE_SHORTCUTS_GROUP, "title", _(key->group), "visible", TRUE, NULL);
            gtk_box_append(GTK_BOX(section), group);
        }
        gtk_box_append(GTK_BOX(group), g_object_new(GTK_TYPE_SHORTCUTS_SHORTCUT, "accelerator", key->accelerators,
                                                    "title", _(key->label), "visible", TRUE, NULL));
    }
    gtk_window_set_child(GTK_WINDOW(window), section);
    viewer_name_window(window);
    return window;
}
