/* SPDX-License-Identifier: Apache-2.0 */
/* tests/proto/test.h - cmocka with the headers that it wants before it, and what every test here needs. */
#ifndef TESTS_PROTO_TEST_H
#define TESTS_PROTO_TEST_H

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#define assert_ok(call) assert_int_equal((call), PROTO_OK)

#endif
