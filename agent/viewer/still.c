/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/viewer/still.h"

#include "agent/viewer/names.h"
#include "agent/viewer/toasts.h"
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

/* ---- saving ---- */

struct saving {
    GBytes *bytes;
    GWeakRef toasts; /* of the photo's window, which may be closed meanwhile */
};

static void free_saving(void *data, GClosure *closure)
{
    struct saving *saving = data;

    (void)closure;
    g_bytes_unref(saving->bytes);
    g_weak_ref_clear(&saving->toasts);
    g_free(saving);
}

static void on_chosen(GtkNativeDialog *dialog, int response, struct saving *saving)
{
    g_autoptr(GFile) file =
        response == GTK_RESPONSE_ACCEPT ? gtk_file_chooser_get_file(GTK_FILE_CHOOSER(dialog)) : NULL;
    g_autoptr(AdwToastOverlay) toasts = g_weak_ref_get(&saving->toasts);
    g_autoptr(GError) error = NULL;
    gsize len;
    const void *data = g_bytes_get_data(saving->bytes, &len);

    if (file && !g_file_replace_contents(file, data, len, NULL, FALSE, G_FILE_CREATE_PRIVATE, NULL, NULL, &error))
        host_say(HOST_WARN, "%s", error->message);
    if (file && toasts) {
        AdwToast *toast = viewer_toasts_new(error ? error->message : _("The photo is saved"));

        if (error)
            adw_toast_set_timeout(toast, 0); /* until it was read */
        viewer_toasts_add(toasts, toast, NULL);
    }
    g_object_unref(dialog);
}

static void on_save(GtkButton *button, GBytes *bytes)
{
    GtkFileChooserNative *dialog =
        gtk_file_chooser_native_new(_("Save the Photo"), GTK_WINDOW(gtk_widget_get_root(GTK_WIDGET(button))),
                                    GTK_FILE_CHOOSER_ACTION_SAVE, NULL, NULL);
    g_autofree char *name = g_strdup_printf("photo.%s", (const char *)g_object_get_data(G_OBJECT(button), "suffix"));
    struct saving *saving = g_new(struct saving, 1);

    saving->bytes = g_bytes_ref(bytes);
    g_weak_ref_init(&saving->toasts, gtk_widget_get_ancestor(GTK_WIDGET(button), ADW_TYPE_TOAST_OVERLAY));
    gtk_file_chooser_set_current_name(GTK_FILE_CHOOSER(dialog), name);
    gtk_native_dialog_set_modal(GTK_NATIVE_DIALOG(dialog), TRUE);
    g_signal_connect_data(dialog, "response", G_CALLBACK(on_chosen), saving, free_saving, 0);
    gtk_native_dialog_show(GTK_NATIVE_DIALOG(dialog));
}

static GtkWidget *save_button_new(const struct viewer_still *still)
{
    GtkWidget *save = gtk_button_new_with_label(_("Save"));

    g_object_set_data(G_OBJECT(save), "suffix", (void *)(uintptr_t)still->suffix);
    g_signal_connect_data(save, "clicked", G_CALLBACK(on_save), g_bytes_ref(still->file),
                          (GClosureNotify)(void (*)(void))g_bytes_unref, 0);
    return save;
}

/* ---- large ---- */

/* Each of its pixels is one of the screen: what is printed small can be read. */
static void on_actual(GtkToggleButton *button, GtkScrolledWindow *scroller)
{
    gboolean actual = gtk_toggle_button_get_active(button);
    GtkPolicyType policy = actual ? GTK_POLICY_AUTOMATIC : GTK_POLICY_NEVER;

    gtk_picture_set_can_shrink(g_object_get_data(G_OBJECT(scroller), "picture"), !actual);
    gtk_scrolled_window_set_policy(scroller, policy, policy);
}

static GtkWidget *actual_button_new(GtkWidget *scroller)
{
    GtkWidget *button = gtk_toggle_button_new();

    gtk_button_set_icon_name(GTK_BUTTON(button), "zoom-original-symbolic");
    gtk_widget_set_tooltip_text(button, _("Actual size"));
    gtk_accessible_update_property(GTK_ACCESSIBLE(button), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Actual size"), -1);
    g_signal_connect(button, "toggled", G_CALLBACK(on_actual), scroller);
    return button;
}

static GtkWidget *scroller_new(const struct viewer_still *still)
{
    g_autoptr(GdkTexture) texture = texture_of(still);
    GtkWidget *scroller = gtk_scrolled_window_new(), *picture = gtk_picture_new_for_paintable(GDK_PAINTABLE(texture));

    gtk_widget_set_focusable(picture, TRUE); /* Ctrl and the arrows move it */
    gtk_accessible_update_property(GTK_ACCESSIBLE(picture), GTK_ACCESSIBLE_PROPERTY_LABEL, _("Photo"), -1);
    gtk_scrolled_window_set_child(GTK_SCROLLED_WINDOW(scroller), picture);
    gtk_scrolled_window_set_policy(GTK_SCROLLED_WINDOW(scroller), GTK_POLICY_NEVER, GTK_POLICY_NEVER);
    gtk_widget_set_vexpand(scroller, TRUE);
    g_object_set_data(G_OBJECT(scroller), "picture", picture);
    return scroller;
}

void viewer_still_open(GtkWindow *parent, const struct viewer_still *still, gboolean keep)
{
    GtkWidget *window = adw_window_new(), *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0), *bar = adw_header_bar_new();
    GtkWidget *scroller = scroller_new(still), *toasts = adw_toast_overlay_new();
    GtkEventController *keys = gtk_shortcut_controller_new();

    gtk_window_set_title(GTK_WINDOW(window), _("Photo"));
    gtk_window_set_default_size(GTK_WINDOW(window), 960, 720);
    gtk_window_set_transient_for(GTK_WINDOW(window), parent);
    adw_header_bar_pack_end(ADW_HEADER_BAR(bar), actual_button_new(scroller));
    if (keep)
        adw_header_bar_pack_start(ADW_HEADER_BAR(bar), save_button_new(still));
    gtk_box_append(GTK_BOX(box), bar);
    gtk_box_append(GTK_BOX(box), scroller);
    viewer_name_toasts(ADW_TOAST_OVERLAY(toasts));
    adw_toast_overlay_set_child(ADW_TOAST_OVERLAY(toasts), box);
    adw_window_set_content(ADW_WINDOW(window), toasts);
    gtk_shortcut_controller_add_shortcut(
        GTK_SHORTCUT_CONTROLLER(keys),
        gtk_shortcut_new(gtk_keyval_trigger_new(GDK_KEY_Escape, 0), gtk_named_action_new("window.close")));
    gtk_widget_add_controller(window, keys);
    gtk_window_present(GTK_WINDOW(window));
}
