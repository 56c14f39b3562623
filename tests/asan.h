/* SPDX-License-Identifier: Apache-2.0 */
/* tests/asan.h - TESTS_HAVE_ASAN: AddressSanitizer is here, which takes mlock() and much of the address space away. */
#ifndef TESTS_ASAN_H
#define TESTS_ASAN_H

#if defined(__SANITIZE_ADDRESS__)
#define TESTS_HAVE_ASAN
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TESTS_HAVE_ASAN
#endif
#endif

#endif
