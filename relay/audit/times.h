/* SPDX-License-Identifier: Apache-2.0 */
/* relay/audit/times.h - times, durations and amounts as people read them, in the machine's time zone. */
#ifndef RELAY_AUDIT_TIMES_H
#define RELAY_AUDIT_TIMES_H

#include <stdint.h>

enum { AUDIT_TIME_MAX = 64 };

void audit_time_day(char out[static AUDIT_TIME_MAX], int64_t unix_s);   /* Saturday 21 November 2026 */
void audit_time_clock(char out[static AUDIT_TIME_MAX], int64_t unix_s); /* 22:56:10 */
void audit_time_short(char out[static AUDIT_TIME_MAX], int64_t unix_s); /* 2026-11-21 22:56 */
void audit_time_zone(char out[static AUDIT_TIME_MAX], int64_t unix_s);  /* CET, UTC+01:00 */
void audit_duration(char out[static AUDIT_TIME_MAX], int64_t seconds);  /* 1 min 52 s */
void audit_amount(char out[static AUDIT_TIME_MAX], uint64_t bytes);     /* 3.1 MB */

#endif
