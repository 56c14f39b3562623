/* SPDX-License-Identifier: Apache-2.0 */
/* tests/system/traces.h - bytes that must be gone: kept from before, and looked for in all files of a data folder. */
#ifndef TESTS_SYSTEM_TRACES_H
#define TESTS_SYSTEM_TRACES_H

#include <stddef.h>

void traces_add(const void *bytes, size_t len); /* copied; at least four */
/** Each value of the first column that a query on this database gives. */
void traces_add_column(const char *path, const char *query);
/** The keys under which a customer's evidence lies, whatever name they have by now. */
void traces_add_keys(const char *data, const char *customer);
/** In how many places of the folder's files they are found. */
unsigned traces_found_in(const char *folder);
size_t traces_count(void);
void traces_forget(void);

#endif
