/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/bench/verify_before.h - the years of a log that was verified long ago: all entries, sessions, keys and tiles
 * that a verification finds below what it remembers. It reads none of these entries, so they are short, in order, in
 * large groups and under lines that nobody signed: ten million are made in minutes.
 */
#ifndef TESTS_BENCH_VERIFY_BEFORE_H
#define TESTS_BENCH_VERIFY_BEFORE_H

#include "tests/relay/log_fixture.h"

/** In front of an empty log; its head is signed. Ends the program when it cannot. */
void bench_verified_before(struct log_fixture *f, uint64_t entries);

#endif
