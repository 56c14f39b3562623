/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/system/house.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

int house_home(const struct house *house, const char *name)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int home = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(at.sun_path, sizeof at.sun_path, "%s", house_path(house, name));
    assert_int_equal(connect(home, (struct sockaddr *)&at, sizeof at), 0);
    return home;
}

void house_home_says(int home, const char *line)
{
    assert_int_equal(send(home, line, strlen(line), MSG_NOSIGNAL), strlen(line));
    assert_int_equal(send(home, "\n", 1, MSG_NOSIGNAL), 1);
}

json_t *house_await_proposal(struct house *house, struct demo_child *agent, const char *guide)
{
    for (;;) {
        json_t *event = house_await(house, agent, "guides", NULL);
        json_t *best = json_array_get(json_object_get(event, "proposals"), 0);

        if (!strcmp(house_text(best, "guide"), guide))
            return best;
    }
}
