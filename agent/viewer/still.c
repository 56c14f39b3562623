/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/viewer/still.h"

#include "agent/viewer/words.h"
#include "proto/host/say.h"

#define SMALL_PX 76

static GdkTexture *texture_of(const struct viewer_still *still)
{
    return gdk_memory_texture_new(still->width, still->height, GDK_MEMORY_R8G8B8, still->pixels,
                                  (gsize)still->width * 3);
}

GtkWidget *viewer_still_button_new(const struct viewer_still *still, guint n)
{
    g_autoptr(GdkTexture) texture = texture_of(still);
    GtkWidget *button = gtk_button_new(), *picture = gtk_picture_new_for_paintable(GDK_PAINTABLE(texture));
    g_autofree char *name = g_strdup_printf(_("Photo %u, %d×%d"), n, still->width, still->height);

    gtk_widget_set_size_request(picture, SMALL_PX * still->width / MAX(still->height, 1), SMALL_PX);
    gtk_widget_add_css_class(picture, "still");
    gtk_widget_set_overflow(picture, GTK_OVERFLOW_HIDDEN);
    gtk_button_set_child(GTK_BUTTON(button), picture);
    gtk_widget_add_css_class(button, "flat");
    gtk_widget_set_tooltip_text(button, name);
    gtk_accessible_update_property(GTK_ACCESSIBLE(button), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
    gtk_accessible_update_property(GTK_ACCESSIBLE(picture), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
    return button;
}

static void on_chosen(GtkNativeDialog *dialog, int response, GBytes *bytes)
{
    g_autoptr(GFile) file =
        response == GTK_RESPONSE_ACCEPT ? gtk_file_chooser_get_file(GTK_FILE_CHOOSER(dialog)) : NULL;
    g_autoptr(GError) error = NULL;
    gsize len;
    const void *data = g_bytes_get_data(bytes, &len);

    if (file && !g_file_replace_contents(file, data, len, NULL, FALSE, G_FILE_CREATE_PRIVATE, NULL, NULL, &error))
        host_say(HOST_WARN, "%s", error->message);
    g_object_unref(dialog);
}

static void on_save(GtkButton *button, GBytes *bytes)
{
    GtkFileChooserNative *dialog =
        gtk_file_chooser_native_new(_("Save the Photo"), GTK_WINDOW(gtk_widget_get_root(GTK_WIDGET(button))),
                                    GTK_FILE_CHOOSER_ACTION_SAVE, NULL, NULL);
    g_autofree char *name = g_strdup_printf("photo.%s", (const char *)g_object_get_data(G_OBJECT(button), "suffix"));

    gtk_file_chooser_set_current_name(GTK_FILE_CHOOSER(dialog), name);
    g_signal_connect(dialog, "response", G_CALLBACK(on_chosen), bytes);
    gtk_native_dialog_show(GTK_NATIVE_DIALOG(dialog));
}

void viewer_still_open(GtkWindow *parent, const struct viewer_still *still, gboolean keep)
{
    g_autoptr(GdkTexture) texture = texture_of(still);
    GtkWidget *window = adw_window_new(), *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0), *bar = adw_header_bar_new();
    GtkEventController *keys = gtk_shortcut_controller_new();
    GtkWidget *picture = gtk_picture_new_for_paintable(GDK_PAINTABLE(texture)),
              *save = gtk_button_new_with_label(_("Save"));

    gtk_widget_set_vexpand(picture, TRUE);
    gtk_accessible_update_property(GTK_ACCESSIBLE(picture), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Photo"), -1);
    gtk_window_set_title(GTK_WINDOW(window), _("Photo"));
    gtk_window_set_default_size(GTK_WINDOW(window), 960, 720);
    gtk_window_set_transient_for(GTK_WINDOW(window), parent);
    gtk_box_append(GTK_BOX(box), bar);
    gtk_box_append(GTK_BOX(box), picture);
    adw_window_set_content(ADW_WINDOW(window), box);
    if (keep) {
        g_object_set_data(G_OBJECT(save), "suffix", (void *)(uintptr_t)still->suffix);
        g_signal_connect_data(save, "clicked", G_CALLBACK(on_save), g_bytes_ref(still->file),
                              (GClosureNotify)(void (*)(void))g_bytes_unref, 0);
        adw_header_bar_pack_start(ADW_HEADER_BAR(bar), save);
    } else {
        g_object_ref_sink(save);
        g_object_unref(save);
    }
    gtk_shortcut_controller_add_shortcut(
        GTK_SHORTCUT_CONTROLLER(keys),
        gtk_shortcut_new(gtk_keyval_trigger_new(GDK_KEY_Escape, 0), gtk_named_action_new("window.close")));
    gtk_widget_add_controller(window, keys);
    gtk_window_present(GTK_WINDOW(window));
}
