/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/viewer/devices.h"

#include <math.h>

#include "agent/viewer/fact.h"
#include "agent/viewer/names.h"
#include "agent/viewer/words.h"
#include "client/checks/checks.h"

#define FRESH_US (5 * G_USEC_PER_SEC) /* so long a value that changed is marked */
#define GRAPH_SAMPLES 120u
#define LINKS 6

struct link {
    GtkImage *icon;
    GtkWidget *box;
};

struct _ViewerDevices {
    AdwBin parent_instance;
    /* Template widgets */
    GtkStack *stack;
    GtkLabel *closed_text, *advice;
    GtkButton *ask, *check;
    GtkSearchEntry *search;
    GtkListView *list;
    GtkBox *chain;

    struct link links[LINKS];
    struct viewer_end *end;  /* borrowed */
    GListStore *roots;       /* owned */
    GHashTable *facts;       /* owned: "device\nname" -> ViewerFact, borrowed from the stores */
    GtkCustomFilter *filter; /* owned */
    char *words;             /* of the search, owned */
    uint64_t version;
};

G_DEFINE_TYPE(ViewerDevices, viewer_devices, ADW_TYPE_BIN)

enum { COPIED, ASK, SIGNALS };
static guint signals[SIGNALS];

/* ---- the model ---- */

static ViewerFact *fact_of(ViewerDevices *self, GListStore *store, const char *device, const char *name)
{
    g_autofree char *key = g_strdup_printf("%s\n%s", device, name);
    ViewerFact *fact = g_hash_table_lookup(self->facts, key);

    if (fact)
        return fact;
    fact = viewer_fact_new(device, name);
    g_list_store_append(store, fact);
    g_hash_table_insert(self->facts, g_steal_pointer(&key), fact);
    g_object_unref(fact); /* the store has it */
    return fact;
}

struct visit {
    ViewerDevices *self;
    GListStore *store;
};

static bool show_property(void *context, const struct agent_desk_property *property)
{
    struct visit *visit = context;

    viewer_fact_show_property(fact_of(visit->self, visit->store, property->device, property->name), property);
    return true;
}

static void show_devices(ViewerDevices *self, const struct agent_desk_devices *devices)
{
    const handhold_Device *device;

    for (size_t i = 0; (device = agent_desk_devices_at(devices, i)) != NULL; i++) {
        ViewerFact *fact;
        struct visit visit = {self, NULL};

        if (device->gone)
            continue;
        fact = fact_of(self, self->roots, device->id, "");
        viewer_fact_show_device(fact, device);
        visit.store = viewer_fact_get_children(fact);
        agent_desk_devices_each(devices, device->id, show_property, &visit);
    }
}

/* What has left. */
static void drop_gone(ViewerDevices *self, const struct agent_desk_devices *devices)
{
    for (guint i = g_list_model_get_n_items(G_LIST_MODEL(self->roots)); i-- > 0;) {
        g_autoptr(ViewerFact) fact = g_list_model_get_item(G_LIST_MODEL(self->roots), i);
        g_autofree char *key = g_strdup_printf("%s\n", viewer_fact_get_device(fact));
        const handhold_Device *device;
        gboolean there = FALSE;

        for (size_t k = 0; (device = agent_desk_devices_at(devices, k)) != NULL && !there; k++)
            there = !device->gone && !strcmp(device->id, viewer_fact_get_device(fact));
        if (there)
            continue;
        for (guint k = g_list_model_get_n_items(G_LIST_MODEL(viewer_fact_get_children(fact))); k-- > 0;) {
            g_autoptr(ViewerFact) child = g_list_model_get_item(G_LIST_MODEL(viewer_fact_get_children(fact)), k);
            g_autofree char *child_key =
                g_strdup_printf("%s\n%s", viewer_fact_get_device(child), viewer_fact_get_name(child));

            g_hash_table_remove(self->facts, child_key);
        }
        g_hash_table_remove(self->facts, key);
        g_list_store_remove(self->roots, i);
    }
}

static gboolean matches(gpointer item, gpointer data)
{
    ViewerDevices *self = data;
    GListStore *children = viewer_fact_get_children(item);

    if (!self->words || !*self->words || viewer_fact_matches(item, self->words))
        return TRUE;
    for (guint i = 0; children && i < g_list_model_get_n_items(G_LIST_MODEL(children)); i++) {
        g_autoptr(ViewerFact) child = g_list_model_get_item(G_LIST_MODEL(children), i);

        if (viewer_fact_matches(child, self->words))
            return TRUE;
    }
    return FALSE;
}

static GListModel *filtered(ViewerDevices *self, GListStore *store)
{
    return G_LIST_MODEL(
        gtk_filter_list_model_new(G_LIST_MODEL(g_object_ref(store)), GTK_FILTER(g_object_ref(self->filter))));
}

static GListModel *children_of(gpointer item, gpointer data)
{
    GListStore *children = viewer_fact_get_children(item);

    return children ? filtered(data, children) : NULL;
}

/* ---- a row ---- */

struct row {
    ViewerDevices *owner; /* borrowed */
    GtkWidget *expander, *title, *value, *graph;
    ViewerFact *fact; /* owned while bound */
    gulong handler;
};

static void draw_graph(GtkDrawingArea *area, cairo_t *cr, int width, int height, void *data)
{
    struct row *row = data;
    struct agent_desk_sample samples[GRAPH_SAMPLES];
    float low = INFINITY, high = -INFINITY;
    size_t count = 0;
    GdkRGBA colour;

    if (!row->fact || !row->owner->end)
        return;
    viewer_end_lock(row->owner->end);
    count = agent_desk_devices_history(viewer_end_devices(row->owner->end), viewer_fact_get_device(row->fact),
                                       viewer_fact_get_name(row->fact), samples, GRAPH_SAMPLES);
    viewer_end_unlock(row->owner->end);
    for (size_t i = 0; i < count; i++) {
        low = fminf(low, samples[i].value);
        high = fmaxf(high, samples[i].value);
    }
    if (count < 2)
        return;
    gtk_style_context_get_color(gtk_widget_get_style_context(GTK_WIDGET(area)), &colour);
    gdk_cairo_set_source_rgba(cr, &colour);
    cairo_set_line_width(cr, 1.5);
    for (size_t i = 0; i < count; i++) {
        double x = 1 + (width - 2) * (double)i / (double)(count - 1);
        double share = high > low ? (double)((samples[i].value - low) / (high - low)) : 0.5;

        cairo_line_to(cr, x, height - 2 - share * (height - 4));
    }
    cairo_stroke(cr);
}

static void show_row(struct row *row)
{
    gboolean fresh =
        viewer_fact_get_changed(row->fact) && g_get_monotonic_time() - viewer_fact_get_changed(row->fact) < FRESH_US;
    gboolean device = viewer_fact_get_children(row->fact) != NULL;
    g_autofree char *value =
        fresh ? g_strdup_printf("• %s", viewer_fact_get_value(row->fact)) : g_strdup(viewer_fact_get_value(row->fact));
    g_autofree char *name =
        g_strdup_printf("%s: %s", viewer_fact_get_title(row->fact), viewer_fact_get_value(row->fact));
    g_autofree char *tip = g_strchomp(g_strdup_printf("%s\n%s", name, viewer_fact_get_raw(row->fact)));

    gtk_label_set_label(GTK_LABEL(row->title), viewer_fact_get_title(row->fact));
    gtk_label_set_label(GTK_LABEL(row->value), value);
    gtk_widget_set_visible(row->graph, viewer_fact_is_number(row->fact));
    gtk_widget_queue_draw(row->graph);
    if (device)
        gtk_widget_add_css_class(row->title, "heading");
    else
        gtk_widget_remove_css_class(row->title, "heading");
    gtk_widget_set_tooltip_text(row->expander, tip);
    gtk_accessible_update_property(GTK_ACCESSIBLE(row->expander), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
    if (gtk_widget_get_parent(row->expander)) /* what the focus goes to; GTK 4.8 gives it no name */
        gtk_accessible_update_property(GTK_ACCESSIBLE(gtk_widget_get_parent(row->expander)),
                                       GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
}

static void on_setup(GtkSignalListItemFactory *factory, GtkListItem *item, ViewerDevices *self)
{
    struct row *row = g_new0(struct row, 1);
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 8);

    (void)factory;
    row->owner = self;
    row->expander = gtk_tree_expander_new();
    row->title = gtk_label_new(NULL);
    row->value = gtk_label_new(NULL);
    row->graph = gtk_drawing_area_new();
    gtk_label_set_xalign(GTK_LABEL(row->title), 0);
    gtk_label_set_ellipsize(GTK_LABEL(row->title), PANGO_ELLIPSIZE_MIDDLE);
    gtk_widget_set_hexpand(row->title, TRUE);
    gtk_label_set_ellipsize(GTK_LABEL(row->value), PANGO_ELLIPSIZE_END);
    gtk_label_set_max_width_chars(GTK_LABEL(row->value), 16);
    gtk_widget_add_css_class(row->value, "numeric");
    gtk_widget_add_css_class(row->value, "dim-label");
    gtk_drawing_area_set_content_width(GTK_DRAWING_AREA(row->graph), 44);
    gtk_drawing_area_set_content_height(GTK_DRAWING_AREA(row->graph), 16);
    gtk_widget_set_valign(row->graph, GTK_ALIGN_CENTER);
    gtk_drawing_area_set_draw_func(GTK_DRAWING_AREA(row->graph), draw_graph, row, NULL);
    gtk_box_append(GTK_BOX(box), row->title);
    gtk_box_append(GTK_BOX(box), row->graph);
    gtk_box_append(GTK_BOX(box), row->value);
    gtk_tree_expander_set_child(GTK_TREE_EXPANDER(row->expander), box);
    gtk_list_item_set_child(item, row->expander);
    g_object_set_data_full(G_OBJECT(item), "row", row, g_free);
}

static void on_bind(GtkSignalListItemFactory *factory, GtkListItem *item, ViewerDevices *self)
{
    struct row *row = g_object_get_data(G_OBJECT(item), "row");
    GtkTreeListRow *place = gtk_list_item_get_item(item);
    g_autoptr(ViewerFact) fact = gtk_tree_list_row_get_item(place);

    (void)factory, (void)self;
    gtk_tree_expander_set_list_row(GTK_TREE_EXPANDER(row->expander), place);
    row->fact = g_steal_pointer(&fact);
    row->handler = g_signal_connect_swapped(row->fact, "changed", G_CALLBACK(show_row), row);
    show_row(row);
}

static void on_unbind(GtkSignalListItemFactory *factory, GtkListItem *item, ViewerDevices *self)
{
    struct row *row = g_object_get_data(G_OBJECT(item), "row");

    (void)factory, (void)self;
    g_signal_handler_disconnect(row->fact, row->handler);
    g_clear_object(&row->fact);
    gtk_tree_expander_set_list_row(GTK_TREE_EXPANDER(row->expander), NULL);
}

static void on_activate(GtkListView *list, guint position, ViewerDevices *self)
{
    GtkTreeListRow *place = g_list_model_get_item(G_LIST_MODEL(gtk_list_view_get_model(list)), position);
    g_autoptr(ViewerFact) fact = gtk_tree_list_row_get_item(place);

    if (viewer_fact_get_children(fact)) {
        gtk_tree_list_row_set_expanded(place, !gtk_tree_list_row_get_expanded(place));
    } else {
        gdk_clipboard_set_text(gtk_widget_get_clipboard(GTK_WIDGET(self)), viewer_fact_get_value(fact));
        g_signal_emit(self, signals[COPIED], 0, viewer_fact_get_value(fact));
    }
    g_object_unref(place);
}

static void on_search(GtkSearchEntry *entry, ViewerDevices *self)
{
    g_free(self->words);
    self->words = g_strdup(gtk_editable_get_text(GTK_EDITABLE(entry)));
    gtk_filter_changed(GTK_FILTER(self->filter), GTK_FILTER_CHANGE_DIFFERENT);
}

/* ---- the chain ---- */

static const struct {
    const char *icon, *label;
} chain[LINKS] = {
    {"phone-symbolic", N_("Phone")},
    {"network-wireless-symbolic", N_("Wi-Fi")},
    {"network-wired-symbolic", N_("Router")},
    {"web-browser-symbolic", N_("Internet")},
    {"weather-few-clouds-symbolic", N_("Cloud")},
    {"handhold-device-symbolic", N_("Product")},
};

/* The worst of a link's results: its sign, its word and its class. */
static const struct {
    const char *icon, *words, *class;
} marks[] = {
    [0] = {NULL, N_("not checked"), "dim-label"},
    [CLIENT_CHECK_RUNNING] = {"content-loading-symbolic", N_("is being checked"), "accent"},
    [CLIENT_CHECK_PASS] = {"object-select-symbolic", N_("works"), "success"},
    [CLIENT_CHECK_WARN] = {"dialog-warning-symbolic", N_("works badly"), "warning"},
    [CLIENT_CHECK_FAIL] = {"process-stop-symbolic", N_("does not work"), "error"},
};

static void show_link(ViewerDevices *self, size_t i, uint32_t status)
{
    size_t mark = status < G_N_ELEMENTS(marks) ? status : 0;
    const char *classes[] = {marks[mark].class, NULL};
    g_autofree char *name = g_strdup_printf("%s: %s", _(chain[i].label), _(marks[mark].words));

    gtk_image_set_from_icon_name(self->links[i].icon, marks[mark].icon ? marks[mark].icon : chain[i].icon);
    gtk_widget_set_css_classes(GTK_WIDGET(self->links[i].icon), classes);
    gtk_widget_set_tooltip_text(self->links[i].box, name);
    gtk_accessible_update_property(GTK_ACCESSIBLE(self->links[i].box), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
}

static uint32_t worse(uint32_t a, uint32_t b)
{
    if (a == CLIENT_CHECK_RUNNING || b == CLIENT_CHECK_RUNNING)
        return CLIENT_CHECK_RUNNING;
    if (b > CLIENT_CHECK_FAIL)
        return a;
    return MAX(a, b);
}

static void show_chain(ViewerDevices *self, const struct agent_desk_devices *devices)
{
    uint32_t status[LINKS] = {0};
    const handhold_CheckResult *result, *worst = NULL;
    g_autofree char *advice = NULL;

    for (size_t i = 0; (result = agent_desk_devices_check(devices, i)) != NULL; i++) {
        if (result->link < 1 || result->link > LINKS || !strcmp(result->check, "chain"))
            continue; /* the chain is what the others say together, and older than what is checked again since */
        uint32_t verdict = agent_desk_devices_verdict(devices, result);

        status[result->link - 1] = worse(status[result->link - 1], verdict);
        if ((verdict == CLIENT_CHECK_FAIL || verdict == CLIENT_CHECK_WARN) && (!worst || result->link < worst->link))
            worst = result;
    }
    for (size_t i = 0; i < LINKS; i++)
        show_link(self, i, status[i]);
    if (worst)
        advice = g_strdup_printf("%s: %s. %s", _(chain[worst->link - 1].label),
                                 *worst->detail ? worst->detail : worst->figure, worst->advice);
    gtk_label_set_label(self->advice, advice ? advice : "");
    gtk_widget_set_visible(GTK_WIDGET(self->advice), advice != NULL);
}

static void make_chain(ViewerDevices *self)
{
    for (size_t i = 0; i < LINKS; i++) {
        GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 2), *label = gtk_label_new(_(chain[i].label));

        self->links[i].icon = GTK_IMAGE(gtk_image_new_from_icon_name(chain[i].icon));
        self->links[i].box = box;
        gtk_widget_add_css_class(label, "caption");
        gtk_label_set_ellipsize(GTK_LABEL(label), PANGO_ELLIPSIZE_END);
        gtk_box_append(GTK_BOX(box), GTK_WIDGET(self->links[i].icon));
        gtk_box_append(GTK_BOX(box), label);
        gtk_box_append(self->chain, box);
        show_link(self, i, 0);
    }
}

static void on_check(ViewerDevices *self)
{
    if (self->end)
        viewer_end_check(self->end, "chain", "");
}

static void on_ask(ViewerDevices *self)
{
    g_signal_emit(self, signals[ASK], 0);
}

/* ---- what is shown ---- */

void viewer_devices_set_end(ViewerDevices *self, struct viewer_end *end)
{
    self->end = end;
    self->version = 0;
    g_hash_table_remove_all(self->facts);
    g_list_store_remove_all(self->roots);
}

void viewer_devices_update(ViewerDevices *self, const struct agent_view *view)
{
    enum agent_view_ask ask = agent_view_may_ask(view, PROTO_CAPABILITY_DEVICE_STATE);
    const struct agent_desk_devices *devices = viewer_end_devices(self->end);
    gboolean open = ask == AGENT_VIEW_ASK_GRANTED;

    gtk_stack_set_visible_child_name(self->stack, open ? "open" : "closed");
    if (!open) {
        gtk_label_set_label(self->closed_text, ask == AGENT_VIEW_ASK_MAY
                                                   ? _("What the customer's device and its network say of themselves.")
                                                   : _(agent_view_ask_words(ask)));
        gtk_widget_set_visible(GTK_WIDGET(self->ask), ask == AGENT_VIEW_ASK_MAY);
        g_hash_table_remove_all(self->facts);
        g_list_store_remove_all(self->roots);
        return;
    }
    if (!devices || self->version == viewer_end_devices_version(self->end))
        return;
    self->version = viewer_end_devices_version(self->end);
    drop_gone(self, devices);
    show_devices(self, devices);
    show_chain(self, devices);
}

void viewer_devices_focus(ViewerDevices *self)
{
    gtk_widget_grab_focus(gtk_widget_get_mapped(GTK_WIDGET(self->search)) ? GTK_WIDGET(self->search)
                                                                          : GTK_WIDGET(self->ask));
}

static void viewer_devices_dispose(GObject *object)
{
    ViewerDevices *self = VIEWER_DEVICES(object);

    if (self->list)
        gtk_list_view_set_model(self->list, NULL);
    g_clear_pointer(&self->facts, g_hash_table_unref);
    g_clear_object(&self->roots);
    g_clear_object(&self->filter);
    g_clear_pointer(&self->words, g_free);
    G_OBJECT_CLASS(viewer_devices_parent_class)->dispose(object);
}

#define BIND(name) gtk_widget_class_bind_template_child(widget, ViewerDevices, name)

static void viewer_devices_class_init(ViewerDevicesClass *klass)
{
    GtkWidgetClass *widget = GTK_WIDGET_CLASS(klass);

    G_OBJECT_CLASS(klass)->dispose = viewer_devices_dispose;
    signals[COPIED] = g_signal_new("copied", VIEWER_TYPE_DEVICES, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE,
                                   1, G_TYPE_STRING);
    signals[ASK] = g_signal_new("ask", VIEWER_TYPE_DEVICES, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
    gtk_widget_class_set_template_from_resource(widget, "/org/handhold/Agent/devices.ui");
    BIND(stack), BIND(closed_text), BIND(advice), BIND(ask), BIND(check), BIND(search), BIND(list), BIND(chain);
}

static void viewer_devices_init(ViewerDevices *self)
{
    GtkListItemFactory *factory = gtk_signal_list_item_factory_new();
    GtkTreeListModel *tree;
    g_autoptr(GtkSingleSelection) chosen = NULL;

    gtk_widget_init_template(GTK_WIDGET(self));
    viewer_name_buttons(GTK_WIDGET(self));
    self->facts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    self->roots = g_list_store_new(VIEWER_TYPE_FACT);
    self->filter = gtk_custom_filter_new(matches, self, NULL);
    tree = gtk_tree_list_model_new(filtered(self, self->roots), FALSE, TRUE, children_of, self, NULL);
    g_signal_connect(factory, "setup", G_CALLBACK(on_setup), self);
    g_signal_connect(factory, "bind", G_CALLBACK(on_bind), self);
    g_signal_connect(factory, "unbind", G_CALLBACK(on_unbind), self);
    gtk_list_view_set_factory(self->list, factory);
    g_object_unref(factory);
    chosen = gtk_single_selection_new(G_LIST_MODEL(tree));
    gtk_list_view_set_model(self->list, GTK_SELECTION_MODEL(chosen));
    g_signal_connect(self->list, "activate", G_CALLBACK(on_activate), self);
    g_signal_connect(self->search, "search-changed", G_CALLBACK(on_search), self);
    g_signal_connect_swapped(self->check, "clicked", G_CALLBACK(on_check), self);
    g_signal_connect_swapped(self->ask, "clicked", G_CALLBACK(on_ask), self);
    make_chain(self);
}
