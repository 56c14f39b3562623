/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/serve/unit.h"

#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "proto/host/files.h"

extern const char serve_setup_unit[]; /* made from relay/package/handhold-relay.service */

static bool is_in_a_home(const char *path)
{
    static const char *const homes[] = {"/home/", "/root/", "/run/user/"};

    for (size_t i = 0; i < sizeof homes / sizeof *homes; i++)
        if (!strncmp(path, homes[i], strlen(homes[i])))
            return true;
    return false;
}

/* The line that begins with `name` becomes `value`, for a folder, a program and a user of the operator's choice. */
struct unit_line {
    const char *name;
    char value[2 * HOST_PATH_BYTES];
};

static void write_lines(struct proto_buf *out, const struct unit_line *lines, size_t count)
{
    for (const char *at = serve_setup_unit, *end; *at; at = end) {
        size_t i = 0;

        end = at + strcspn(at, "\n");
        while (i < count && strncmp(at, lines[i].name, strlen(lines[i].name)) != 0)
            i++;
        if (i < count)
            proto_buf_put_text(out, lines[i].value);
        else
            proto_buf_put(out, at, (size_t)(end - at));
        end += *end == '\n';
        if (i == count || *lines[i].value)
            proto_buf_put_u8(out, '\n');
    }
}

void serve_unit_fill(struct proto_buf *out, const char *dir, const char *user_name, const char *program)
{
    enum { EXEC, USER, GROUP, MODE, STATE, HOME, LINES };
    static struct unit_line lines[LINES] = {{.name = "ExecStart="},      {.name = "User="},
                                            {.name = "Group="},          {.name = "StateDirectoryMode="},
                                            {.name = "StateDirectory="}, {.name = "ProtectHome="}};
    const struct passwd *user = getpwnam(user_name);
    const struct group *group = user ? getgrgid(user->pw_gid) : NULL;
    bool usual = !strcmp(dir, SERVE_UNIT_DIR);

    snprintf(lines[EXEC].value, sizeof lines->value, "ExecStart=%s --dir %s", program, dir);
    snprintf(lines[USER].value, sizeof lines->value, "User=%s", user_name);
    snprintf(lines[GROUP].value, sizeof lines->value, "Group=%s", group ? group->gr_name : user_name);
    snprintf(lines[MODE].value, sizeof lines->value, usual ? "StateDirectoryMode=0700" : "");
    snprintf(lines[STATE].value, sizeof lines->value, usual ? "StateDirectory=handhold-relay" : "ReadWritePaths=%s",
             dir);
    snprintf(lines[HOME].value, sizeof lines->value, "ProtectHome=%s",
             is_in_a_home(dir) || is_in_a_home(program) ? "no" : "yes");
    write_lines(out, lines, LINES);
    proto_buf_put_u8(out, 0);
}
