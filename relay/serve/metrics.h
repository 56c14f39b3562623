/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/serve/metrics.h - the relay's figures in the text format of Prometheus (0.0.4). No name, session or address.
 */
#ifndef RELAY_SERVE_METRICS_H
#define RELAY_SERVE_METRICS_H

#include "relay/serve/serve.h"

void serve_metrics_write(struct serve *serve, struct proto_buf *out);

#endif
