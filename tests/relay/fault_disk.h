/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/relay/fault_disk.h - a disk that stops, fills up or errs at a chosen operation, and forgets what was not
 * synced.
 *
 * It stands under SQLite as its default VFS and under the file calls of relay_log and relay_store (the linker wraps
 * them, see CMakeLists.txt), and watches one folder. Counted are the operations that change something: create, write,
 * truncate, sync, delete, rename, reserve. Beside the real files it keeps what is durable: bytes once their file was
 * synced, names once their folder was. A failed sync may have dropped what it should have written, as Linux does.
 */
#ifndef TESTS_RELAY_FAULT_DISK_H
#define TESTS_RELAY_FAULT_DISK_H

#include <stdbool.h>
#include <stdint.h>

enum fault_kind {
    FAULT_NONE,
    FAULT_STOP, /* the operation is torn, and so is everything after it */
    FAULT_FULL, /* no room, once */
    FAULT_IOERR,
    FAULT_FULL_A_WHILE, /* no room for 40 operations */
};

enum fault_loss {
    FAULT_KILLED, /* the process alone: what was written stays */
    FAULT_LOST,   /* power: nothing unsynced stays */
    FAULT_MIXED,  /* power: of what was unsynced, any sectors and names stay */
    FAULT_LOSSES
};

enum { FAULT_CALLS = 256 };

/** Registers the VFS. Once. */
void fault_disk_install(void);
/** Watches `folder`, which holds what is durable now; the `at`-th operation (from 1) fails in this way. */
void fault_disk_begin(const char *folder, enum fault_kind kind, uint64_t at, uint64_t seed);
uint64_t fault_disk_operations(void);
/** Which call on which file the `at`-th operation (from 1) was: the same number for the same; below FAULT_CALLS, 0:
 * there was none. */
unsigned fault_disk_call(uint64_t at);
/** The fault has happened. */
bool fault_disk_struck(void);
bool fault_disk_stopped(void);
/** Every handle is closed: the folder becomes what is left after the loss. Ends the watch. */
void fault_disk_lose(enum fault_loss loss);

#endif
