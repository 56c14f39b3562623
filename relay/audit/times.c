/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/audit/times.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static void format(char out[static AUDIT_TIME_MAX], const char *how, int64_t unix_s)
{
    time_t when = (time_t)unix_s;
    struct tm parts;

    if (!localtime_r(&when, &parts) || !strftime(out, AUDIT_TIME_MAX, how, &parts))
        snprintf(out, AUDIT_TIME_MAX, "@%lld", (long long)unix_s);
}

void audit_time_day(char out[static AUDIT_TIME_MAX], int64_t unix_s)
{
    format(out, "%A %-d %B %Y", unix_s);
}

void audit_time_clock(char out[static AUDIT_TIME_MAX], int64_t unix_s)
{
    format(out, "%H:%M:%S", unix_s);
}

void audit_time_short(char out[static AUDIT_TIME_MAX], int64_t unix_s)
{
    format(out, "%Y-%m-%d %H:%M", unix_s);
}

void audit_time_zone(char out[static AUDIT_TIME_MAX], int64_t unix_s)
{
    char offset[AUDIT_TIME_MAX], name[AUDIT_TIME_MAX];

    format(offset, "%z", unix_s);
    format(name, "%Z", unix_s);
    if (strlen(offset) != 5)
        snprintf(out, AUDIT_TIME_MAX, "UTC");
    else /* zones without a name call themselves by their offset */
        snprintf(out, AUDIT_TIME_MAX, "%.20s%sUTC%.3s:%.2s", *name == '+' || *name == '-' ? "" : name,
                 *name == '+' || *name == '-' ? "" : ", ", offset, offset + 3);
}

void audit_duration(char out[static AUDIT_TIME_MAX], int64_t seconds)
{
    long long s = seconds > 0 ? seconds : 0;

    if (s < 60)
        snprintf(out, AUDIT_TIME_MAX, "%lld s", s);
    else if (s < 3600)
        snprintf(out, AUDIT_TIME_MAX, s % 60 ? "%lld min %lld s" : "%lld min", s / 60, s % 60);
    else
        snprintf(out, AUDIT_TIME_MAX, s / 60 % 60 ? "%lld h %lld min" : "%lld h", s / 3600, s / 60 % 60);
}

void audit_amount(char out[static AUDIT_TIME_MAX], uint64_t bytes)
{
    static const char *const units[] = {"bytes", "kB", "MB", "GB", "TB"};
    double amount = (double)bytes;
    size_t unit = 0;

    while (amount >= 999.5 && unit + 1 < sizeof units / sizeof *units) {
        amount /= 1000;
        unit++;
    }
    snprintf(out, AUDIT_TIME_MAX, unit && amount < 99.5 ? "%.1f %s" : "%.0f %s", amount, units[unit]);
}
