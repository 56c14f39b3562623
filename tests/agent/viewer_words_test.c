/* SPDX-License-Identifier: Apache-2.0 */
/* Errors of rooms that know no translation, clause by clause. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "agent/viewer/words.h"

/* In the place of the library's, with a language of few texts. Its header makes one of the other. */
#undef dgettext
char *dgettext(const char *domain, const char *text)
{
    return dcgettext(domain, text, 0);
}

#undef dcgettext
char *dcgettext(const char *domain, const char *text, int category)
{
    static const char *const words[][2] = {{"the relay is not reachable", "kein Relay"},
                                           {"check the address, that it runs, and the network", "sieh nach"},
                                           {"Camera", "Kamera"},
                                           {"there is no consent for this", "niemand hat ja gesagt"},
                                           {"ask the customer first", "frag erst"},
                                           {"", "the head of the file"}};

    (void)category;
    assert_string_equal(domain, VIEWER_DOMAIN);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (!strcmp(text, words[i][0]))
            return (char *)(uintptr_t)words[i][1];
    return (char *)(uintptr_t)text;
}

static void an_error_is_translated_part_by_part_and_its_values_stay(void **state)
{
    static const char *const cases[][2] = {
        {"localhost:8444: the relay is not reachable (Connection refused); check the address, that it runs, and the "
         "network",
         "localhost:8444: kein Relay (Connection refused); sieh nach"},
        {"Camera: there is no consent for this; ask the customer first", "Kamera: niemand hat ja gesagt; frag erst"},
        {"the relay is not reachable", "kein Relay"},
        {"[::1]:8444: the relay is not reachable", "[::1]:8444: kein Relay"},
        {"something that nobody knows: (at all); there is no consent for this",
         "something that nobody knows: (at all); niemand hat ja gesagt"},
        {"a ; b:; : ;; (", "a ; b:; : ;; ("},
        {"", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *words = viewer_dup_words(cases[i][0]);
        assert_string_equal(words, cases[i][1]);
        free(words);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_error_is_translated_part_by_part_and_its_values_stay),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
