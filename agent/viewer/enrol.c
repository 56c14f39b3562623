/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/viewer/enrol.h"

#include <string.h>

#include "agent/viewer/names.h"
#include "agent/viewer/words.h"
#include "proto/host/connection.h"

static char *folder(void)
{
    return g_build_filename(g_get_user_data_dir(), "handhold", "identity", NULL);
}

static gboolean is_there(const char *path, const char *suffix)
{
    g_autofree char *file = g_strconcat(path, suffix, NULL);

    return g_file_test(file, G_FILE_TEST_EXISTS);
}

gboolean viewer_enrol_is_due(const struct viewer_settings *s)
{
    if (!s->relay || !s->identity || !s->ca)
        return TRUE;
    return is_there(s->identity, ".key") && is_there(s->identity, ".csr") &&
           (!is_there(s->identity, ".crt") || !is_there(s->ca, ""));
}

static void say(GtkLabel *label, const char *text)
{
    gtk_label_set_label(label, text);
    gtk_widget_set_visible(GTK_WIDGET(label), *text != '\0');
}

/* ---- the first page ---- */

/* "Ada Lovelace" suggests "ada", until somebody types another. */
void viewer_enrol_named(GtkEditable *name, struct viewer_enrol *e)
{
    g_autofree char *ascii = g_str_to_ascii(gtk_editable_get_text(name), NULL);
    g_autofree char *lower = g_ascii_strdown(ascii, -1);

    if (e->id_was_typed)
        return;
    lower[strspn(lower, "abcdefghijklmnopqrstuvwxyz0123456789")] = '\0';
    e->names_id = TRUE;
    gtk_editable_set_text(e->id, lower);
    e->names_id = FALSE;
}

void viewer_enrol_typed_id(GtkEditable *id, struct viewer_enrol *e)
{
    if (!e->names_id)
        e->id_was_typed = *gtk_editable_get_text(id) != '\0';
}

/* With an end of its own: what tells assistive technology of a text (GTK 4.8) reads on to a NUL. */
static char *dup_request(const struct viewer_enrol *e)
{
    return g_strndup((const char *)e->enrolment.request.bytes, e->enrolment.request.len);
}

static void show_answer_page(struct viewer_enrol *e)
{
    g_autofree char *command =
        g_strdup_printf("handhold-certs issue --dir D agent --id %s --csr %s.csr", e->enrolment.id, e->enrolment.id);
    g_autofree char *request = dup_request(e);

    gtk_label_set_label(e->command, command);
    gtk_text_buffer_set_text(e->request, request, -1);
    gtk_stack_set_visible_child_name(e->stack, "answer");
}

/* From now on a start goes on here: the answer may come days later. */
static void remember(struct viewer_enrol *e, const char *relay)
{
    g_autofree char *identity = g_build_filename(e->enrolment.dir, e->enrolment.id, NULL);
    g_autofree char *ca = g_build_filename(e->enrolment.dir, "ca.crt", NULL);
    g_autoptr(GError) error = NULL;

    viewer_settings_set(&e->settings->relay, relay);
    viewer_settings_set(&e->settings->identity, identity);
    viewer_settings_set(&e->settings->ca, ca);
    if (!viewer_settings_save(e->settings, &error))
        say(e->wrong_answer, error->message);
}

static enum proto_err begin(struct viewer_enrol *e, const char *id, const char *name,
                            char why[static AGENT_ENROLMENT_WHY_BYTES])
{
    g_autofree char *dir = folder();
    enum proto_err err;

    if (e->begun)
        agent_enrolment_clear(&e->enrolment);
    e->begun = TRUE;
    err = agent_enrolment_begin(&e->enrolment, dir, id, name, why);
    if (err != PROTO_ERR_EXISTS)
        return err;
    agent_enrolment_clear(&e->enrolment); /* made before, and nobody has answered it: the same key serves */
    return agent_enrolment_resume(&e->enrolment, dir, id, why);
}

void viewer_enrol_make(GtkWidget *button, struct viewer_enrol *e)
{
    const char *relay = gtk_editable_get_text(e->relay);
    char why[AGENT_ENROLMENT_WHY_BYTES];
    struct host_url url;

    (void)button;
    if (host_url_parse(&url, relay) != PROTO_OK) {
        say(e->wrong_who, _("The address of the relay looks like https://staff.example.org or https://host:8444; ask "
                            "your administrator for it."));
        return;
    }
    if (begin(e, gtk_editable_get_text(e->id), gtk_editable_get_text(e->name), why) != PROTO_OK) {
        say(e->wrong_who, why);
        return;
    }
    say(e->wrong_who, "");
    remember(e, relay);
    show_answer_page(e);
}

/* ---- the second page ---- */

void viewer_enrol_copy(GtkWidget *button, struct viewer_enrol *e)
{
    g_autofree char *text = dup_request(e);

    gdk_clipboard_set_text(gtk_widget_get_clipboard(button), text);
}

static void on_save_chosen(GtkNativeDialog *dialog, int response, struct viewer_enrol *e)
{
    g_autoptr(GFile) file =
        response == GTK_RESPONSE_ACCEPT ? gtk_file_chooser_get_file(GTK_FILE_CHOOSER(dialog)) : NULL;
    g_autoptr(GError) error = NULL;

    if (file && !g_file_replace_contents(file, (const char *)e->enrolment.request.bytes, e->enrolment.request.len, NULL,
                                         FALSE, G_FILE_CREATE_NONE, NULL, NULL, &error))
        say(e->wrong_answer, error->message);
    g_object_unref(dialog);
}

void viewer_enrol_save(GtkWidget *button, struct viewer_enrol *e)
{
    GtkFileChooserNative *dialog = gtk_file_chooser_native_new(_("Save the Request"), GTK_WINDOW(e->window),
                                                               GTK_FILE_CHOOSER_ACTION_SAVE, NULL, NULL);
    g_autofree char *name = g_strconcat(e->enrolment.id, ".csr", NULL);

    (void)button;
    gtk_file_chooser_set_current_name(GTK_FILE_CHOOSER(dialog), name);
    g_signal_connect(dialog, "response", G_CALLBACK(on_save_chosen), e);
    gtk_native_dialog_set_modal(GTK_NATIVE_DIALOG(dialog), TRUE); /* its answer needs this window */
    gtk_native_dialog_show(GTK_NATIVE_DIALOG(dialog));
}

/* TRUE: there is an end to it, well or not. */
static gboolean take(struct viewer_enrol *e, const char *text, gsize len, gboolean *done)
{
    char why[AGENT_ENROLMENT_WHY_BYTES];
    enum proto_err err = agent_enrolment_answer(&e->enrolment, text, len, why);

    say(e->wrong_answer, why);
    *done = err == PROTO_OK;
    return *done || err != PROTO_ERR_BUSY;
}

static void on_open_chosen(GtkNativeDialog *dialog, int response, struct viewer_enrol *e)
{
    g_autoptr(GListModel) files =
        response == GTK_RESPONSE_ACCEPT ? gtk_file_chooser_get_files(GTK_FILE_CHOOSER(dialog)) : NULL;
    gboolean done = FALSE, failed = FALSE;

    for (guint i = 0; files && i < g_list_model_get_n_items(files) && !failed; i++) {
        g_autoptr(GFile) file = g_list_model_get_item(files, i);
        g_autoptr(GError) error = NULL;
        g_autofree char *text = NULL;
        gboolean this_one = FALSE;
        gsize len;

        if (!g_file_load_contents(file, NULL, &text, &len, NULL, &error)) {
            say(e->wrong_answer, error->message);
            failed = TRUE;
        } else {
            failed = take(e, text, len, &this_one) && !this_one;
            done |= this_one;
        }
    }
    g_object_unref(dialog);
    if (done && !failed)
        e->enrolled(e->context);
}

void viewer_enrol_open(GtkWidget *button, struct viewer_enrol *e)
{
    GtkFileChooserNative *dialog = gtk_file_chooser_native_new(_("Open the Answer"), GTK_WINDOW(e->window),
                                                               GTK_FILE_CHOOSER_ACTION_OPEN, NULL, NULL);

    (void)button;
    gtk_file_chooser_set_select_multiple(GTK_FILE_CHOOSER(dialog), TRUE);
    g_signal_connect(dialog, "response", G_CALLBACK(on_open_chosen), e);
    gtk_native_dialog_set_modal(GTK_NATIVE_DIALOG(dialog), TRUE); /* its answer needs this window */
    gtk_native_dialog_show(GTK_NATIVE_DIALOG(dialog));
}

void viewer_enrol_paste(GtkWidget *button, struct viewer_enrol *e)
{
    GtkTextIter from, to;
    g_autofree char *text = NULL;
    gboolean done;

    (void)button;
    gtk_text_buffer_get_bounds(e->answer, &from, &to);
    text = gtk_text_buffer_get_text(e->answer, &from, &to, FALSE);
    (void)take(e, text, strlen(text), &done);
    if (done)
        e->enrolled(e->context);
}

/* ---- the window ---- */

static void resume(struct viewer_enrol *e)
{
    g_autofree char *dir = NULL, *id = NULL;
    char why[AGENT_ENROLMENT_WHY_BYTES];

    if (!e->settings->identity || !is_there(e->settings->identity, ".csr"))
        return;
    dir = g_path_get_dirname(e->settings->identity);
    id = g_path_get_basename(e->settings->identity);
    e->begun = TRUE;
    if (agent_enrolment_resume(&e->enrolment, dir, id, why) == PROTO_OK)
        show_answer_page(e);
}

static void forget(void *data)
{
    struct viewer_enrol *e = data;

    if (e->begun)
        agent_enrolment_clear(&e->enrolment);
    g_free(e);
}

GtkWidget *viewer_enrol_new(GtkApplication *application, struct viewer_settings *settings,
                            void (*enrolled)(void *context), void *context)
{
    struct viewer_enrol *e = g_new0(struct viewer_enrol, 1);

    e->settings = settings;
    e->enrolled = enrolled;
    e->context = context;
    e->window = adw_application_window_new(application);
    g_object_set_data_full(G_OBJECT(e->window), "enrol", e, forget);
    viewer_enrol_lay_out(e);
    viewer_name_window(e->window);
    resume(e);
    return e->window;
}
