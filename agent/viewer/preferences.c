/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/viewer/preferences.h"

#include "agent/viewer/names.h"
#include "agent/viewer/words.h"
#include "proto/host/say.h"

struct sheet {
    struct viewer_settings *settings; /* borrowed */
    GtkTextBuffer *sentences, *message;
};

static void on_text(GtkEditable *row, char **field)
{
    viewer_settings_set(field, gtk_editable_get_text(row));
}

static AdwPreferencesGroup *group_in(AdwPreferencesPage *page, const char *title, const char *description)
{
    AdwPreferencesGroup *group = ADW_PREFERENCES_GROUP(adw_preferences_group_new());

    adw_preferences_group_set_title(group, title);
    adw_preferences_group_set_description(group, description);
    adw_preferences_page_add(page, group);
    return group;
}

static void entry_in(AdwPreferencesGroup *group, const char *title, char **field)
{
    GtkWidget *row = adw_entry_row_new();

    adw_preferences_row_set_title(ADW_PREFERENCES_ROW(row), title);
    gtk_editable_set_text(GTK_EDITABLE(row), *field ? *field : "");
    g_signal_connect(row, "changed", G_CALLBACK(on_text), field);
    adw_preferences_group_add(group, row);
}

static GtkTextBuffer *text_in(AdwPreferencesGroup *group, const char *name, const char *text)
{
    GtkWidget *view = gtk_text_view_new(), *frame = gtk_scrolled_window_new();
    GtkTextBuffer *buffer = gtk_text_view_get_buffer(GTK_TEXT_VIEW(view));

    gtk_text_view_set_wrap_mode(GTK_TEXT_VIEW(view), GTK_WRAP_WORD_CHAR);
    gtk_text_view_set_accepts_tab(GTK_TEXT_VIEW(view), FALSE);
    gtk_text_view_set_top_margin(GTK_TEXT_VIEW(view), 8);
    gtk_text_view_set_bottom_margin(GTK_TEXT_VIEW(view), 8);
    gtk_text_view_set_left_margin(GTK_TEXT_VIEW(view), 8);
    gtk_text_view_set_right_margin(GTK_TEXT_VIEW(view), 8);
    gtk_text_buffer_set_text(buffer, text, -1);
    gtk_accessible_update_property(GTK_ACCESSIBLE(view), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
    gtk_scrolled_window_set_child(GTK_SCROLLED_WINDOW(frame), view);
    gtk_scrolled_window_set_min_content_height(GTK_SCROLLED_WINDOW(frame), 110);
    gtk_widget_add_css_class(frame, "card");
    gtk_widget_set_overflow(frame, GTK_OVERFLOW_HIDDEN); /* round corners for what scrolls in it, too */
    gtk_widget_set_margin_top(frame, 12);
    adw_preferences_group_add(group, frame);
    return buffer;
}

static char *text_of(GtkTextBuffer *buffer)
{
    GtkTextIter start, end;

    gtk_text_buffer_get_bounds(buffer, &start, &end);
    return gtk_text_buffer_get_text(buffer, &start, &end, FALSE);
}

static gboolean on_close(GtkWindow *window, struct sheet *sheet)
{
    g_autofree char *message = text_of(sheet->message), *sentences = text_of(sheet->sentences);
    g_auto(GStrv) lines = g_strsplit(sentences, "\n", -1);
    g_autoptr(GStrvBuilder) kept = g_strv_builder_new();
    g_autoptr(GError) error = NULL;

    (void)window;
    for (char **line = lines; *line; line++)
        if (*g_strstrip(*line))
            g_strv_builder_add(kept, *line);
    g_strfreev(sheet->settings->sentences);
    sheet->settings->sentences = g_strv_builder_end(kept);
    viewer_settings_set(&sheet->settings->message, g_strstrip(message));
    if (!viewer_settings_save(sheet->settings, &error))
        host_say(HOST_WARN, "%s", error->message);
    return GDK_EVENT_PROPAGATE;
}

static void free_sheet(void *data, GClosure *closure)
{
    (void)closure;
    g_free(data);
}

GtkWidget *viewer_preferences_new(GtkWindow *parent, struct viewer_settings *settings)
{
    GtkWidget *window = g_object_new(ADW_TYPE_PREFERENCES_WINDOW, "search-enabled", FALSE, NULL);
    AdwPreferencesPage *page = ADW_PREFERENCES_PAGE(adw_preferences_page_new());
    AdwPreferencesGroup *sending = group_in(page, _("Sending a Link"),
                                            _("The command gets the link and the number on its standard input, a line "
                                              "each, on this machine: the relay never sees the link."));
    AdwPreferencesGroup *message = group_in(page, _("Message"), _("{link}, {code} and {address} are filled in."));
    AdwPreferencesGroup *ready =
        group_in(page, _("Ready-Made Sentences"), _("One a line. Without any, those of the program."));
    g_autofree char *lines = g_strjoinv("\n", settings->sentences);
    struct sheet *sheet = g_new0(struct sheet, 1);

    sheet->settings = settings;
    adw_preferences_page_set_title(page, _("General"));
    adw_preferences_page_set_icon_name(page, "preferences-system-symbolic");
    entry_in(sending, _("Command, for example a gateway for SMS"), &settings->command);
    entry_in(message, _("Subject of an e-mail"), &settings->subject);
    sheet->message = text_in(message, _("Message"), settings->message);
    sheet->sentences = text_in(ready, _("Ready-made sentences"), lines);
    adw_preferences_window_add(ADW_PREFERENCES_WINDOW(window), page);
    viewer_name_window(window);
    gtk_window_set_transient_for(GTK_WINDOW(window), parent);
    gtk_window_set_modal(GTK_WINDOW(window), TRUE);
    g_signal_connect_data(window, "close-request", G_CALLBACK(on_close), sheet, free_sheet, 0);
    return window;
}
