/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/viewer/fact.h"

#include "agent/desk/property_words.h"
#include "agent/viewer/words.h"

struct _ViewerFact {
    GObject parent_instance;
    char *device, *name, *title, *value; /* owned */
    char *raw;                           /* owned; as it is told: name = value unit */
    GListStore *children;                /* owned; NULL: a property */
    gboolean number;
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
    self->title = g_strdup(*name ? name : device);
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
    const char *name = *d->name ? d->name : *d->model ? d->model : d->id;
    const char *kind = agent_desk_kind_words(d->kind);
    const char *what = *d->model && *d->name ? d->model : kind ? _(kind) : d->kind;

    g_free(self->raw);
    self->raw = g_strdup(d->kind);
    take_texts(self, g_strdup(name), g_strdup(d->hidden ? _("not shown by the customer") : what));
}

/* As scripts and conditions of guides have it. */
static char *raw_of(const struct agent_desk_property *p)
{
    char number[PROTO_NUMBER_BYTES];
    const char *value = p->type == PROTO_GUIDE_TRUTH ? (p->truth ? "true" : "false") : p->text ? p->text : "";

    if (p->hidden)
        return g_strdup(p->name);
    proto_number_text(p->number, number);
    return g_strchomp(
        g_strdup_printf("%s = %s %s", p->name, p->type == PROTO_GUIDE_NUMBER ? number : value, p->unit ? p->unit : ""));
}

void viewer_fact_show_property(ViewerFact *self, const struct agent_desk_property *p)
{
    const struct agent_desk_property_words words = agent_desk_property_words(p->name);
    char *value = NULL, figure[AGENT_DESK_FIGURE_BYTES];

    self->number = p->type == PROTO_GUIDE_NUMBER && !p->hidden;
    agent_desk_property_figure(p->number, p->unit, figure);
    if (p->hidden)
        value = g_strdup(_("not shown by the customer"));
    else if (p->type == PROTO_GUIDE_NUMBER)
        value = g_strdup(figure);
    else if (p->type == PROTO_GUIDE_TRUTH)
        value = g_strdup(_(p->truth ? words.yes : words.no));
    else
        value = g_strdup_printf("%s %s", p->text ? p->text : "", p->unit ? p->unit : "");
    g_free(self->raw);
    self->raw = raw_of(p);
    take_texts(self, g_strdup(words.title ? _(words.title) : p->name), g_strchomp(value));
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

const char *viewer_fact_get_raw(ViewerFact *self)
{
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
    g_autofree char *text = g_strdup_printf("%s %s %s %s", self->device, self->title, self->value, self->raw);
    g_autofree char *folded = g_utf8_casefold(text, -1), *wanted = g_utf8_casefold(words, -1);

    return strstr(folded, wanted) != NULL;
}
