/* SPDX-License-Identifier: Apache-2.0 */
#include "client/state/names.h"

#include <string.h>

#include "proto/util/utf8.h"

static const struct {
    const char *name, *unit;
} names[] = {
#define ROW(name, unit, meaning) {name, unit},
    CLIENT_STATE_NAME_LIST(ROW)
#undef ROW
};

static bool of_alphabet(const char *text, const char *alphabet, size_t max)
{
    size_t len = strlen(text);

    return len && len <= max && strspn(text, alphabet) == len;
}

bool client_state_name_ok(const char *name)
{
    return name[0] >= 'a' && name[0] <= 'z' &&
           of_alphabet(name, "abcdefghijklmnopqrstuvwxyz0123456789_", CLIENT_STATE_NAME_BYTES - 1);
}

bool client_state_id_ok(const char *id)
{
    return of_alphabet(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-:/",
                       CLIENT_STATE_ID_BYTES - 1);
}

bool client_state_text_ok(const char *text)
{
    return proto_utf8_is_clean(text, strlen(text), 0);
}

const char *client_state_unit_of(const char *name)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcmp(names[i].name, name))
            return names[i].unit;
    return NULL;
}
