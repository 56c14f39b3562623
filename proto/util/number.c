/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/util/number.h"

#include <math.h>
#include <stdio.h>

void proto_number_text(double number, char out[static PROTO_NUMBER_BYTES])
{
    double size = fabs(number);

    snprintf(out, PROTO_NUMBER_BYTES, size >= 99999.5 && size < 1e15 ? "%.0f" : "%g", number);
}
