/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/viewer/dialogs.h"

#include "agent/viewer/names.h"
#include "agent/viewer/words.h"
#include "proto/consent/statement.h"

struct question {
    void (*answered)(void *context, gboolean yes);
    void (*referred)(void *context, const char *customer_ref, const char *reference);
    void *context;
    GtkEditable *customer, *reference;
};

/* Without the blanks and line ends that come along when it is copied. */
static char *text_of(GtkEditable *entry)
{
    return g_strstrip(g_strdup(gtk_editable_get_text(entry)));
}

static void on_response(AdwMessageDialog *dialog, const char *response, struct question *question)
{
    gboolean yes = g_strcmp0(response, "yes") == 0;

    (void)dialog;
    if (question->answered)
        question->answered(question->context, yes);
    if (question->referred && yes) {
        g_autofree char *customer = text_of(question->customer), *reference = text_of(question->reference);

        question->referred(question->context, customer, reference);
    }
}

static void free_question(void *data, GClosure *closure)
{
    (void)closure;
    g_free(data);
}

static GtkWidget *dialog_new(GtkWindow *parent, const char *title, const char *text, const char *yes,
                             AdwResponseAppearance appearance, struct question *question)
{
    GtkWidget *dialog = adw_message_dialog_new(parent, title, text);

    adw_message_dialog_add_responses(ADW_MESSAGE_DIALOG(dialog), "no", _("_Cancel"), "yes", yes, NULL);
    adw_message_dialog_set_response_appearance(ADW_MESSAGE_DIALOG(dialog), "yes", appearance);
    adw_message_dialog_set_close_response(ADW_MESSAGE_DIALOG(dialog), "no");
    viewer_name_buttons(dialog);
    g_signal_connect_data(dialog, "response", G_CALLBACK(on_response), question, free_question, 0);
    return dialog;
}

void viewer_dialog_ask(GtkWindow *parent, const char *title, const char *text, const char *yes,
                       void (*answered)(void *context, gboolean yes), void *context)
{
    struct question *question = g_new0(struct question, 1);
    GtkWidget *dialog = dialog_new(parent, title, text, yes, ADW_RESPONSE_DESTRUCTIVE, question);

    question->answered = answered;
    question->context = context;
    adw_message_dialog_set_default_response(ADW_MESSAGE_DIALOG(dialog), "no");
    gtk_window_present(GTK_WINDOW(dialog));
}

static GtkEditable *entry_in(AdwPreferencesGroup *group, const char *title)
{
    GtkWidget *row = adw_entry_row_new();

    adw_preferences_row_set_title(ADW_PREFERENCES_ROW(row), title);
    adw_entry_row_set_activates_default(ADW_ENTRY_ROW(row), TRUE);
    adw_preferences_group_add(group, row);
    return GTK_EDITABLE(row);
}

static const char *references_text(void)
{
    return _("The log keeps both, so that the session is found again, and erased when asked.");
}

/* What the log does not take is said before anybody is invited with it. */
static void on_reference(GtkEditable *entry, AdwMessageDialog *dialog)
{
    struct question *question = g_object_get_data(G_OBJECT(dialog), "question");
    g_autofree char *customer = text_of(question->customer), *reference = text_of(question->reference);
    g_autofree char *of_customer = viewer_dup_unfit(customer), *of_reference = viewer_dup_unfit(reference);
    const char *wrong = of_reference ? of_reference : of_customer;

    (void)entry;
    adw_message_dialog_set_body(dialog, wrong ? wrong : references_text());
    adw_message_dialog_set_response_enabled(dialog, "yes", !wrong);
}

void viewer_dialog_references(GtkWindow *parent,
                              void (*answered)(void *context, const char *customer_ref, const char *reference),
                              void *context)
{
    struct question *question = g_new0(struct question, 1);
    GtkWidget *dialog =
        dialog_new(parent, _("Invite a Customer"), references_text(), _("_Invite"), ADW_RESPONSE_SUGGESTED, question);
    GtkWidget *group = adw_preferences_group_new();

    question->referred = answered;
    question->context = context;
    question->reference = entry_in(ADW_PREFERENCES_GROUP(group), _("Ticket or matter"));
    question->customer = entry_in(ADW_PREFERENCES_GROUP(group), _("Customer number"));
    g_object_set_data(G_OBJECT(dialog), "question", question);
    g_signal_connect(question->reference, "changed", G_CALLBACK(on_reference), dialog);
    g_signal_connect(question->customer, "changed", G_CALLBACK(on_reference), dialog);
    adw_message_dialog_set_extra_child(ADW_MESSAGE_DIALOG(dialog), group);
    adw_message_dialog_set_default_response(ADW_MESSAGE_DIALOG(dialog), "yes");
    gtk_window_present(GTK_WINDOW(dialog));
    gtk_widget_grab_focus(GTK_WIDGET(question->reference));
}
