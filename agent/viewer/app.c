/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/viewer/app.h"

#include <adwaita.h>
#include <locale.h>
#include <stdio.h>

#include "agent/identity.h"
#include "agent/viewer/enrol.h"
#include "agent/viewer/keys.h"
#include "agent/viewer/measure.h"
#include "agent/viewer/settings.h"
#include "agent/viewer/window.h"
#include "agent/viewer/words.h"
#include "proto/host/say.h"

#define GOODBYE_LOOK_MS 50

struct app {
    const struct viewer_app_config *config;
    AdwApplication *application;
    struct viewer_settings *settings;
    struct agent_identity identity;
    bool has_identity;
    struct viewer_line *line;
    GtkWidget *window;    /* borrowed */
    char *wrong;          /* why there is no line */
    char *guides, *cases; /* folders */
};

static void take_path(char **setting, const char *given)
{
    g_autofree char *path = given ? g_canonicalize_filename(given, NULL) : NULL;

    if (path)
        viewer_settings_set(setting, path);
}

/* What was given now wins over what was given before, and is kept for next time. */
static void take_options(struct app *a)
{
    const struct viewer_app_config *c = a->config;

    if (c->relay)
        viewer_settings_set(&a->settings->relay, c->relay);
    if (c->microphone)
        viewer_settings_set(&a->settings->microphone, c->microphone);
    if (c->audio)
        viewer_settings_set(&a->settings->speaker, c->audio);
    take_path(&a->settings->identity, c->identity);
    take_path(&a->settings->ca, c->ca);
    take_path(&a->settings->guides, c->guides);
    take_path(&a->settings->cases, c->cases);
}

/* Beside the program, in ../share: so in a build folder as where it is installed. */
static char *share_of(const char *name)
{
    g_autofree char *program = g_file_read_link("/proc/self/exe", NULL);
    g_autofree char *bin = g_path_get_dirname(program ? program : "/usr/bin/x");

    return g_build_filename(bin, "..", "share", name, NULL);
}

static void choose_folders(struct app *a)
{
    a->guides = *a->settings->guides ? g_strdup(a->settings->guides) : share_of("handhold/guides");
    a->cases = *a->settings->cases ? g_strdup(a->settings->cases) : NULL;
}

static void open_line(struct app *a)
{
    struct viewer_line_config config;
    g_autoptr(GError) error = NULL;
    char why[512];

    if (!a->settings->relay || !a->settings->identity || !a->settings->ca) {
        a->wrong = g_strdup(_("Start the program once with --relay, --identity and --ca, as your administrator tells "
                              "you; it remembers them."));
        return;
    }
    if (agent_identity_load(&a->identity, a->settings->identity, a->settings->ca, why) != PROTO_OK) {
        a->wrong = g_strdup(why);
        return;
    }
    a->has_identity = true;
    config = (struct viewer_line_config){a->settings->relay, a->settings->ca,       &a->identity,   a->guides,
                                         a->cases,           !*a->settings->guides, a->config->json};
    a->line = viewer_line_new(&config, &error);
    if (!a->line)
        a->wrong = g_strdup(error->message);
}

static void load_style(void)
{
    g_autoptr(GtkCssProvider) provider = gtk_css_provider_new();
    GtkIconTheme *icons = gtk_icon_theme_get_for_display(gdk_display_get_default());

    gtk_css_provider_load_from_resource(provider, "/org/handhold/Agent/style.css");
    gtk_style_context_add_provider_for_display(gdk_display_get_default(), GTK_STYLE_PROVIDER(provider),
                                               GTK_STYLE_PROVIDER_PRIORITY_APPLICATION);
    gtk_icon_theme_add_resource_path(icons, "/org/handhold/Agent/icons");
}

static void on_quit(GSimpleAction *action, GVariant *parameter, void *data)
{
    struct app *a = data;

    (void)action, (void)parameter;
    if (a->window)
        gtk_window_close(GTK_WINDOW(a->window));
}

static void on_startup(GApplication *application, struct app *a)
{
    static const GActionEntry entries[] = {{.name = "quit", .activate = on_quit}};

    g_action_map_add_action_entries(G_ACTION_MAP(application), entries, G_N_ELEMENTS(entries), a);
    load_style();
    viewer_keys_bind(GTK_APPLICATION(application));
}

static void open_window(GApplication *application, struct app *a)
{
    const struct viewer_app_config *c = a->config;

    open_line(a);
    a->window = viewer_window_new(GTK_APPLICATION(application), a->line, a->settings,
                                  a->has_identity ? a->identity.credential.identity.name : NULL, a->wrong);
    g_object_add_weak_pointer(G_OBJECT(a->window), (void **)&a->window);
    gtk_window_present(GTK_WINDOW(a->window));
    if (c->stats)
        viewer_measure_start(c->stats, a->window);
    if (c->invite || c->reference || c->customer_ref)
        viewer_window_invite(VIEWER_WINDOW(a->window), c->customer_ref, c->reference);
}

/* The new window comes before the old one goes, or the program would end between them. */
static void on_enrolled(void *context)
{
    struct app *a = context;
    GtkWidget *enrol = a->window;
    g_autoptr(GError) error = NULL;

    if (!viewer_settings_save(a->settings, &error))
        host_say(HOST_WARN, "%s", error->message);
    g_object_remove_weak_pointer(G_OBJECT(enrol), (void **)&a->window);
    open_window(G_APPLICATION(a->application), a);
    gtk_window_destroy(GTK_WINDOW(enrol));
}

static void on_activate(GApplication *application, struct app *a)
{
    if (a->window) {
        gtk_window_present(GTK_WINDOW(a->window));
        return;
    }
    if (!viewer_enrol_is_due(a->settings)) {
        open_window(application, a);
        return;
    }
    a->window = viewer_enrol_new(GTK_APPLICATION(application), a->settings, on_enrolled, a);
    g_object_add_weak_pointer(G_OBJECT(a->window), (void **)&a->window);
    gtk_window_present(GTK_WINDOW(a->window));
}

static gboolean on_goodbye(void *data)
{
    struct app *a = data;

    if (viewer_line_is_open(a->line))
        return G_SOURCE_CONTINUE;
    g_application_release(G_APPLICATION(a->application));
    return G_SOURCE_REMOVE;
}

/* The window is gone at once; the program stays until the sessions' last words have left, also over a line that is
 * away: a session gives up by itself. */
static void on_window_removed(GtkApplication *application, GtkWindow *window, struct app *a)
{
    (void)window;
    if (!a->line)
        return;
    g_application_hold(G_APPLICATION(application));
    g_timeout_add(GOODBYE_LOOK_MS, on_goodbye, a);
}

static void start_words(void)
{
    g_autofree char *locale = share_of("locale");

    setlocale(LC_ALL, "");
    bindtextdomain(VIEWER_DOMAIN, locale);
    bind_textdomain_codeset(VIEWER_DOMAIN, "UTF-8");
    textdomain(VIEWER_DOMAIN);
    setlocale(LC_NUMERIC, "C"); /* JSON and the protocol's texts have a point in their numbers */
}

int viewer_app_run(const struct viewer_app_config *config)
{
    struct app a = {.config = config};
    g_autoptr(GError) error = NULL;
    int code;

    start_words();
    if (!gtk_init_check()) {
        host_say_error("the viewer", "without a display no window can open",
                       "start it in a desktop session, or add --headless");
        return HOST_EXIT_USAGE;
    }
    a.settings = viewer_settings_load();
    take_options(&a);
    choose_folders(&a);
    a.application = adw_application_new("org.handhold.Agent", G_APPLICATION_NON_UNIQUE);
    g_signal_connect(a.application, "startup", G_CALLBACK(on_startup), &a);
    g_signal_connect(a.application, "activate", G_CALLBACK(on_activate), &a);
    g_signal_connect(a.application, "window-removed", G_CALLBACK(on_window_removed), &a);
    code = g_application_run(G_APPLICATION(a.application), 0, NULL);
    viewer_line_free(a.line);
    viewer_measure_stop();
    if (!viewer_settings_save(a.settings, &error))
        host_say(HOST_WARN, "%s", error->message);
    g_object_unref(a.application);
    viewer_settings_free(a.settings);
    agent_identity_clear(&a.identity);
    g_free(a.guides);
    g_free(a.cases);
    g_free(a.wrong);
    return code == 0 ? HOST_EXIT_FINE : HOST_EXIT_FAILED;
}
