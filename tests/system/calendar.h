/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/system/calendar.h - preloaded: a calendar that is wrong. Only the calendar: what measures how long something
 * takes stays as it is, as on a machine whose date was never set.
 */
#ifndef TESTS_SYSTEM_CALENDAR_H
#define TESTS_SYSTEM_CALENDAR_H

#include <time.h>

/** By how many seconds, at this moment; each library that is preloaded says it in its own way. */
time_t calendar_wrong_by_s(void);

#endif
