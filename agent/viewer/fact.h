/* SPDX-License-Identifier: Apache-2.0 */
/* agent/viewer/fact.h - one row of the device tree: a device, or one of its properties. */
#ifndef AGENT_VIEWER_FACT_H
#define AGENT_VIEWER_FACT_H

#include <gio/gio.h>

#include "agent/desk/devices.h"

G_BEGIN_DECLS

#define VIEWER_TYPE_FACT (viewer_fact_get_type())
G_DECLARE_FINAL_TYPE(ViewerFact, viewer_fact, VIEWER, FACT, GObject)

ViewerFact *viewer_fact_new(const char *device, const char *name); /* name "": the device itself */
const char *viewer_fact_get_device(ViewerFact *self);
const char *viewer_fact_get_name(ViewerFact *self);
const char *viewer_fact_get_title(ViewerFact *self);
const char *viewer_fact_get_value(ViewerFact *self);
/** As JSON and conditions of guides have it: "memory_free = 8192 MiB". Of a device: its kind. Until the next call. */
const char *viewer_fact_get_raw(ViewerFact *self);
gboolean viewer_fact_is_number(ViewerFact *self);
/** Its properties; NULL for a property. Borrowed. */
GListStore *viewer_fact_get_children(ViewerFact *self);
/** Monotonic microseconds of the last change of its value; 0: it did not change since it came. */
gint64 viewer_fact_get_changed(ViewerFact *self);

void viewer_fact_show_device(ViewerFact *self, const handhold_Device *device);
void viewer_fact_show_property(ViewerFact *self, const struct agent_desk_property *property);
/** The words of the search are in its name, value or device. */
gboolean viewer_fact_matches(ViewerFact *self, const char *words);

/* Signal "changed". */

G_END_DECLS

#endif
