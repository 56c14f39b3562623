/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/viewer/notify.h"

#define NAME "org.freedesktop.Notifications"
#define PATH "/org/freedesktop/Notifications"
#define ANSWER_MS 5000 /* a desktop that does not answer by then is none */

static void on_action(GDBusConnection *bus, const char *sender, const char *path, const char *interface,
                      const char *signal, GVariant *words, void *data)
{
    struct viewer_notify *notify = data;
    guint32 id = 0;

    (void)bus, (void)sender, (void)path, (void)interface, (void)signal;
    if (!g_variant_is_of_type(words, G_VARIANT_TYPE("(us)")))
        return;
    g_variant_get_child(words, 0, "u", &id);
    if (id != 0 && id == notify->id && notify->clicked)
        notify->clicked(notify->context);
}

/* The session's bus, with its signals heard; NULL: there is none. */
static GDBusConnection *bus_of(struct viewer_notify *notify)
{
    GDBusConnection *bus = g_bus_get_sync(G_BUS_TYPE_SESSION, NULL, NULL); /* GTK has opened it already */

    if (bus && !notify->subscription)
        notify->subscription = g_dbus_connection_signal_subscribe(bus, NAME, NAME, "ActionInvoked", PATH, NULL,
                                                                  G_DBUS_SIGNAL_FLAGS_NONE, on_action, notify, NULL);
    return bus;
}

static void on_shown(GObject *source, GAsyncResult *result, void *data)
{
    struct viewer_notify *notify = data; /* gone when the call was cancelled: then there is no answer */
    g_autoptr(GVariant) answer = g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, NULL);

    if (!answer)
        return;
    g_variant_get(answer, "(u)", &notify->id);
    if (!notify->wanted) /* seen before the desktop said which it is */
        viewer_notify_withdraw(notify);
}

void viewer_notify_show(struct viewer_notify *notify, const char *title, const char *text)
{
    g_autoptr(GDBusConnection) bus = bus_of(notify);
    GVariantBuilder actions, hints;

    if (!bus)
        return;
    notify->wanted = TRUE;
    if (!notify->cancel)
        notify->cancel = g_cancellable_new();
    g_variant_builder_init(&actions, G_VARIANT_TYPE("as"));
    g_variant_builder_add(&actions, "s", "default"); /* a click on all of it */
    g_variant_builder_add(&actions, "s", title);
    g_variant_builder_init(&hints, G_VARIANT_TYPE("a{sv}"));
    g_variant_builder_add(&hints, "{sv}", "desktop-entry", g_variant_new_string("org.handhold.Agent"));
    g_dbus_connection_call(bus, NAME, PATH, NAME, "Notify",
                           g_variant_new("(susssasa{sv}i)", "Handhold", notify->id, "org.handhold.Agent", title, text,
                                         &actions, &hints, -1),
                           G_VARIANT_TYPE("(u)"), G_DBUS_CALL_FLAGS_NONE, ANSWER_MS, notify->cancel, on_shown, notify);
}

void viewer_notify_withdraw(struct viewer_notify *notify)
{
    g_autoptr(GDBusConnection) bus = notify->id ? bus_of(notify) : NULL;

    if (bus)
        g_dbus_connection_call(bus, NAME, PATH, NAME, "CloseNotification", g_variant_new("(u)", notify->id), NULL,
                               G_DBUS_CALL_FLAGS_NONE, ANSWER_MS, NULL, NULL, NULL);
    notify->id = 0;
    notify->wanted = FALSE;
}

void viewer_notify_clear(struct viewer_notify *notify)
{
    g_autoptr(GDBusConnection) bus = notify->subscription ? g_bus_get_sync(G_BUS_TYPE_SESSION, NULL, NULL) : NULL;

    viewer_notify_withdraw(notify);
    if (notify->cancel)
        g_cancellable_cancel(notify->cancel);
    g_clear_object(&notify->cancel);
    if (bus)
        g_dbus_connection_signal_unsubscribe(bus, notify->subscription);
    notify->subscription = 0;
}
