/* SPDX-License-Identifier: Apache-2.0 */
/* client/state/model_inside.h - what the files of the model share; nobody else includes it. */
#ifndef CLIENT_STATE_MODEL_INSIDE_H
#define CLIENT_STATE_MODEL_INSIDE_H

#include "client/state/source.h"

enum { MODEL_BUCKETS = 4096 /* of properties by name: with as many as there may be, one step finds it */ };

/* A place in the row of changes that were not told. */
struct model_waiting {
    struct model_waiting *next, *before;
    bool queued, is_device;
};

struct model_device {
    struct model_waiting waiting; /* first */
    struct model_device *same_bucket;
    struct client_state_device device;
    bool left;     /* it went while nobody heard: its going is told first */
    bool is_there; /* false with `left`: told as gone, then the slot is free */
};

struct model_property {
    struct model_waiting waiting; /* first */
    struct model_property *same_bucket;
    struct client_state_property property;
};

struct model_hide {
    char device[CLIENT_STATE_ID_BYTES];
    char name[CLIENT_STATE_NAME_BYTES]; /* "": the whole device */
};

struct client_state_model {
    struct model_device *devices;      /* owned; CLIENT_STATE_DEVICES_MAX */
    struct model_property *properties; /* owned; CLIENT_STATE_PROPERTIES_MAX */
    struct model_device *free_devices; /* by same_bucket */
    struct model_property *free_properties;
    size_t device_count, property_count;  /* that are there */
    size_t devices_used, properties_used; /* slots that were ever taken */
    struct model_device *device_bucket[MODEL_BUCKETS];
    struct model_property *bucket[MODEL_BUCKETS];
    struct model_waiting *oldest, *newest; /* the row */
    struct model_hide hides[CLIENT_STATE_HIDES_MAX];
    size_t hide_count;
    const struct client_state_rules *rules; /* borrowed; NULL: the built-in ones */
};

struct model_device *client_state_model_slot(const struct client_state_model *model, const char *id);
struct model_device *client_state_model_present(const struct client_state_model *model, const char *id);
struct model_property *client_state_model_value(const struct client_state_model *model, const char *device,
                                                const char *name);
void client_state_model_queue(struct client_state_model *model, struct model_waiting *change);
void client_state_model_unqueue(struct client_state_model *model, struct model_waiting *change);
void client_state_model_drop(struct client_state_model *model, struct model_device *slot);

#endif
