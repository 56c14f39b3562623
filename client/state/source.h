/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client/state/source.h - what the product itself says, in one neutral model, from any source.
 *
 * Devices have properties; a property is a typed value with a unit and a time. Sources write into one model; the model
 * keeps the latest value of each property and tells each change once, in the order in which they happened. Whoever
 * reads slowly gets the newest values, never a backlog: a value that changes again before it was told keeps its place
 * in the row. Values pass the redaction table (redact.h) on their way in, so no source can forget it. Names are those
 * of Home Assistant device classes where one exists (names.h).
 */
#ifndef CLIENT_STATE_SOURCE_H
#define CLIENT_STATE_SOURCE_H

#include "proto/util/err.h"
#include "proto/util/time.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CLIENT_STATE_DEVICES_MAX 512
#define CLIENT_STATE_PROPERTIES_MAX 8192
#define CLIENT_STATE_HIDES_MAX 128 /* devices and properties that the customer does not show */
#define CLIENT_STATE_SOURCES_MAX 8
#define CLIENT_STATE_ID_BYTES 64    /* of a device; with the final NUL, as all of these */
#define CLIENT_STATE_NAME_BYTES 48  /* of a property; kind */
#define CLIENT_STATE_LABEL_BYTES 96 /* maker, model, firmware */
#define CLIENT_STATE_UNIT_BYTES 16
#define CLIENT_STATE_TEXT_BYTES 256 /* a text value */
#define CLIENT_STATE_WHY_BYTES 512

enum client_state_type { CLIENT_STATE_TEXT, CLIENT_STATE_NUMBER, CLIENT_STATE_BOOL };

struct client_state_device {
    char id[CLIENT_STATE_ID_BYTES]; /* unique in the model: letters, digits and . _ - : / */
    char
        parent[CLIENT_STATE_ID_BYTES]; /* id of the device it hangs on; "" for none. May be told later than the child */
    char kind[CLIENT_STATE_NAME_BYTES]; /* computer, router, network_interface, battery, light, … */
    char maker[CLIENT_STATE_LABEL_BYTES], model[CLIENT_STATE_LABEL_BYTES], firmware[CLIENT_STATE_LABEL_BYTES];
    char seen_by[16];                    /* the source: "linux", "json", "mdns", "mqtt" */
    char name[CLIENT_STATE_LABEL_BYTES]; /* what people call it: "Kitchen lamp"; "" for none */
    bool gone;                           /* to a sink only: it left, its properties with it */
    bool hidden;                         /* to a sink only: the customer does not show it; labels are empty */
};

struct client_state_property {
    char device[CLIENT_STATE_ID_BYTES];
    char name[CLIENT_STATE_NAME_BYTES];
    enum client_state_type type;
    union {
        char text[CLIENT_STATE_TEXT_BYTES];
        double number; /* finite */
        bool boolean;
    } value;
    char unit[CLIENT_STATE_UNIT_BYTES]; /* "%", "°C", "MiB"; "" for none */
    int64_t unix_ms;                    /* when it was so */
    bool hidden;                        /* to a sink only: the customer does not show it; the value is empty */
};

/* The model: bounded, latest value per property. */
struct client_state_model;

/* Who is told. Each pointer is valid during the call only. Return false: not now, tell it again at the next flush. */
struct client_state_sink {
    bool (*device)(void *context, const struct client_state_device *device);
    bool (*property)(void *context, const struct client_state_property *property);
    void *context;
};

PROTO_MUST_USE enum proto_err client_state_model_new(struct client_state_model **out);
struct client_state_rules;
/** Values that come from now on pass these rules too (redact.h). Borrowed until free; NULL: the built-in ones alone. */
void client_state_model_rules(struct client_state_model *model, const struct client_state_rules *rules);
/**
 * A device, new or changed. RANGE: a field has a form that the struct above forbids, or the id is a MAC address; FULL:
 * CLIENT_STATE_DEVICES_MAX reached; REFUSED: another source told this id. `device` is copied.
 */
PROTO_MUST_USE enum proto_err client_state_model_device(struct client_state_model *model,
                                                        const struct client_state_device *device);
/**
 * A value, from the source `seen_by`. NOT_FOUND: the device was not told before; REFUSED: it is another source's;
 * RANGE: name, type, unit or value break names.h; FULL: CLIENT_STATE_PROPERTIES_MAX. The same value again is no change.
 * A number under a secret name (redact.h) is told as hidden text.
 */
PROTO_MUST_USE enum proto_err client_state_model_property(struct client_state_model *model, const char *seen_by,
                                                          const struct client_state_property *property);
/** The device has left: it and its properties are forgotten, and the sink hears it once. NOT_FOUND, REFUSED as above.
 */
PROTO_MUST_USE enum proto_err client_state_model_gone(struct client_state_model *model, const char *seen_by,
                                                      const char *device);
/**
 * What the customer does not show: a whole device (`name` NULL) or one property, known already or not yet. The sink
 * hears that it is hidden, never its value. FULL: CLIENT_STATE_HIDES_MAX; NOT_FOUND: `hide` is false and it was not
 * hidden.
 */
PROTO_MUST_USE enum proto_err client_state_model_hide(struct client_state_model *model, const char *device,
                                                      const char *name, bool hide);
/** The i-th of them, from 0, in no order; `name` "" is a whole device. False: there are no more. Borrowed until the
 * next. */
bool client_state_model_hidden(const struct client_state_model *model, size_t i, const char **device,
                               const char **name);
/** Would a value of this name be told? Not when the customer hides it or its device, nor when a rule does. */
bool client_state_model_tells(const struct client_state_model *model, const char *device, const char *name);
/** The newest value, for a check of this end's own; NULL when there is none. Borrowed until the next change. */
const struct client_state_property *client_state_model_find(const struct client_state_model *model, const char *device,
                                                            const char *name);
const struct client_state_device *client_state_model_find_device(const struct client_state_model *model,
                                                                 const char *id);
/**
 * Tells what changed since it was last told, oldest first, until the sink says false. Returns how many were told. The
 * sink does not call the model.
 */
size_t client_state_model_flush(struct client_state_model *model, const struct client_state_sink *sink);
/** Everything that is known and not hidden, devices first, until the sink says false. Changes nothing. */
void client_state_model_each(const struct client_state_model *model, const struct client_state_sink *sink);
/** Every device that this source told leaves, hidden ones too. */
void client_state_model_forget(struct client_state_model *model, const char *seen_by);
/** Counts everything as changed: a newcomer shall hear it all. Devices come first. */
void client_state_model_retell(struct client_state_model *model);
size_t client_state_model_devices(const struct client_state_model *model);
size_t client_state_model_properties(const struct client_state_model *model);
void client_state_model_free(struct client_state_model *model); /* NULL is fine */

/* One line for a log: a bad line of a firmware, a file that does not parse. */
struct client_state_log {
    void (*say)(void *context, const char *message);
    void *context;
};

struct client_state_source;
struct client_state_source_ops {
    void (*poll)(struct client_state_source *source, struct proto_now now, struct client_state_model *model);
    void (*free)(struct client_state_source *source);
    void (*rest)(struct client_state_source *source); /* NULL: nothing is to be done */
    void (*drop)(struct client_state_source *source); /* NULL: nothing comes unless it is asked for */
};

/* Embedded first by each source. Read-only to callers. */
struct client_state_source {
    const struct client_state_source_ops *ops;
    const char *seen_by; /* static */
    int fd;              /* poll for reading; -1: goes by deadline alone */
    int64_t deadline_ms; /* mono; PROTO_NEVER: by fd alone */
    struct client_state_log log;
    uint64_t good, bad; /* lines or readings taken and refused */
};

/**
 * "linux" (this machine), "json:PATH" (lines from a product's firmware: a FIFO, or a Unix socket that is made at
 * PATH) and what else stands in the table of source.c. On error *out is NULL and `why` names
 * value, rule and way out. The caller owns *out.
 */
PROTO_MUST_USE enum proto_err client_state_source_open(const char *spec, struct client_state_log log,
                                                       struct client_state_source **out,
                                                       char why[static CLIENT_STATE_WHY_BYTES]);
/** When fd is readable or the deadline has come (or at any time): reads what there is, into the model. Never blocks. */
void client_state_source_poll(struct client_state_source *source, struct proto_now now,
                              struct client_state_model *model);
/** Nobody may read now: the source lets go of whatever it listens to. The next poll takes it up again. */
void client_state_source_rest(struct client_state_source *source);
/**
 * Nobody may read, and somebody writes all the same: what has come is thrown away unread, so that it is not told later
 * and its writer does not wait. Now and then while the source rests, and once before the first poll. True: this source
 * wants it.
 */
bool client_state_source_drop(struct client_state_source *source);
void client_state_source_free(struct client_state_source *source); /* NULL is fine */

#endif
