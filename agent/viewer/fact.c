/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/viewer/fact.h"

#include "agent/desk/property_words.h"
#include "agent/viewer/words.h"

struct _ViewerFact {
    GObject parent_instance;
    char *device, *name, *title, *value; /* owned */
    char *raw;                           /* owned; viewer_fact_get_raw() */
    GListStore *children;                /* owned; NULL: a property */
    struct agent_desk_property_words words;
    gboolean number, truth;
    double figure; /* of a number, or of what is true: 1 */
    char unit[17];
    gint64 changed;
};

G_DEFINE_TYPE(ViewerFact, viewer_fact, G_TYPE_OBJECT)

static guint changed_signal;

static void viewer_fact_finalize(GObject *object)
{
    ViewerFact *self = VIEWER_FACT(object);

    g_free(self->device);
    g_free(self->name);
    g_free(self->title);
    g_free(self->value);
    g_free(self->raw);
    g_clear_object(&self->children);
    G_OBJECT_CLASS(viewer_fact_parent_class)->finalize(object);
}

static void viewer_fact_class_init(ViewerFactClass *klass)
{
    G_OBJECT_CLASS(klass)->finalize = viewer_fact_finalize;
    changed_signal = g_signal_new("changed", VIEWER_TYPE_FACT, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void viewer_fact_init(ViewerFact *self)
{
    (void)self;
}

ViewerFact *viewer_fact_new(const char *device, const char *name)
{
    ViewerFact *self = g_object_new(VIEWER_TYPE_FACT, NULL);

    self->device = g_strdup(device);
    self->name = g_strdup(name);
    self->words = agent_desk_property_words(name);
    self->title = g_strdup(self->words.title ? _(self->words.title) : *name ? name : device);
    self->value = g_strdup("");
    self->raw = g_strdup(name);
    if (!*name)
        self->children = g_list_store_new(VIEWER_TYPE_FACT);
    return self;
}

static void take_texts(ViewerFact *self, char *title, char *value)
{
    gboolean same = !g_strcmp0(title, self->title) && !g_strcmp0(value, self->value);

    if (same) {
        g_free(title);
        g_free(value);
        return;
    }
    if (*self->value && g_strcmp0(value, self->value) != 0)
        self->changed = g_get_monotonic_time();
    g_free(self->title);
    g_free(self->value);
    self->title = title;
    self->value = value;
    g_signal_emit(self, changed_signal, 0);
}

void viewer_fact_show_device(ViewerFact *self, const handhold_Device *d)
{
    const char *id = agent_desk_id_words(d->id);
    const char *name = *d->name ? d->name : *d->model ? d->model : id ? _(id) : d->id;
    const char *kind = agent_desk_kind_words(d->kind);
    const char *what = *d->model && *d->name ? d->model : kind ? _(kind) : d->kind;

    g_free(self->raw);
    self->raw = g_strdup(d->kind);
    take_texts(self, g_strdup(name), g_strdup(d->hidden ? _("not shown by the customer") : what));
}

void viewer_fact_show_property(ViewerFact *self, const struct agent_desk_property *p)
{
    char *value = NULL, figure[AGENT_DESK_FIGURE_BYTES];

    self->number = p->type == PROTO_GUIDE_NUMBER && !p->hidden;
    self->truth = p->type == PROTO_GUIDE_TRUTH && !p->hidden;
    self->figure = p->type == PROTO_GUIDE_TRUTH ? p->truth : p->number;
    g_strlcpy(self->unit, p->unit ? p->unit : "", sizeof self->unit);
    agent_desk_property_figure(p->number, p->unit, figure);
    if (p->hidden)
        value = g_strdup(_("not shown by the customer"));
    else if (self->number)
        value = g_strdup(figure);
    else if (self->truth)
        value = g_strdup(_(p->truth ? self->words.yes : self->words.no));
    else
        value = g_strdup_printf("%s %s", p->text ? p->text : "", self->unit);
    take_texts(self, g_strdup(self->title), g_strchomp(value));
}

const char *viewer_fact_get_device(ViewerFact *self)
{
    return self->device;
}

const char *viewer_fact_get_name(ViewerFact *self)
{
    return self->name;
}

const char *viewer_fact_get_title(ViewerFact *self)
{
    return self->title;
}

const char *viewer_fact_get_value(ViewerFact *self)
{
    return self->value;
}

/* Made when it is asked for: a home of 5000 properties is shown many times before anybody points at one. */
const char *viewer_fact_get_raw(ViewerFact *self)
{
    char number[PROTO_NUMBER_BYTES];

    if (self->children)
        return self->raw;
    proto_number_text(self->figure, number);
    g_free(self->raw);
    if (self->number)
        self->raw = g_strchomp(g_strdup_printf("%s = %s %s", self->name, number, self->unit));
    else if (self->truth)
        self->raw = g_strdup_printf("%s = %s", self->name, self->figure != 0 ? "true" : "false");
    else
        self->raw = g_strdup(self->name); /* a text is shown as it came */
    return self->raw;
}

gboolean viewer_fact_is_number(ViewerFact *self)
{
    return self->number;
}

GListStore *viewer_fact_get_children(ViewerFact *self)
{
    return self->children;
}

gint64 viewer_fact_get_changed(ViewerFact *self)
{
    return self->changed;
}

gboolean viewer_fact_matches(ViewerFact *self, const char *words)
{
    g_autofree char *text =
        g_strdup_printf("%s %s %s %s", self->device, self->title, self->value, viewer_fact_get_raw(self));
    g_autofree char *folded = g_utf8_casefold(text, -1), *wanted = g_utf8_casefold(words, -1);

    return strstr(folded, wanted) != NULL;
}
