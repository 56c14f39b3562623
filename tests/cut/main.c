/* SPDX-License-Identifier: Apache-2.0 */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include <stdlib.h>

#include "tests/cut/cut.h"

int cut_main(const char *behind_each_name, void (*behind_each)(void **state), void (*instant)(void **state),
             int (*set_up)(void **state), int (*tear_down)(void **state))
{
    struct CMUnitTest tests[CUT_ROWS_MAX + 1] = {{.name = behind_each_name, .test_func = behind_each}};
    int count = 1;

    if (getenv("CUT_ONLY"))
        cmocka_set_test_filter(getenv("CUT_ONLY"));
    for (int i = 0; i < cut_row_count && count <= CUT_ROWS_MAX; i++)
        tests[count++] = (struct CMUnitTest){
            .name = cut_rows[i].instant, .test_func = instant, .initial_state = (void *)(uintptr_t)&cut_rows[i]};
    return _cmocka_run_group_tests("the line is cut when …", tests, (size_t)count, set_up, tear_down);
}
