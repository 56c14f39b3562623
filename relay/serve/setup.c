/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/serve/setup.h"

#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proto/host/files.h"
#include "proto/host/say.h"
#include "proto/host/world.h"
#include "proto/util/buf.h"
#include "relay/serve/config.h"
#include "relay/serve/unit.h"

extern char **environ;

enum { TEXT_BYTES = 8192, ARGUMENTS = 12 };

struct serve_setup serve_setup = {.dir = SERVE_UNIT_DIR,
                                  .authority = "/root/handhold-org",
                                  .user = SERVE_UNIT_USER,
                                  .hooks = "/etc/letsencrypt/renewal-hooks/deploy",
                                  .units = "/etc/systemd/system"};

const struct host_option serve_setup_options[] = {
    {.name = "host",
     .argument = "H",
     .kind = HOST_TEXT,
     .target = &serve_setup.host,
     .required = true,
     .help = "the host that strangers come to"},
    {.name = "staff-host",
     .argument = "H",
     .kind = HOST_TEXT,
     .target = &serve_setup.staff_host,
     .help = "the host of the staff end; without it staff.H"},
    {.name = "org",
     .argument = "NAME",
     .kind = HOST_TEXT,
     .target = &serve_setup.organisation,
     .help = "name of the organisation that is made; without it \"Help at H\""},
    {.name = "domain",
     .argument = "DOMAIN",
     .kind = HOST_TEXT,
     .target = &serve_setup.domain,
     .help = "what customers see as verified; without it H"},
    {.name = "authority",
     .argument = "FOLDER",
     .kind = HOST_TEXT,
     .target = &serve_setup.authority,
     .help = "folder of the organisation, made when it is missing; without it /root/handhold-org"},
    {.name = "from",
     .argument = "FILE",
     .kind = HOST_TEXT,
     .target = &serve_setup.from,
     .help = "what handhold-certs export-relay wrote on another machine, in place of an organisation on this one"},
    {.name = "user",
     .argument = "U",
     .kind = HOST_TEXT,
     .target = &serve_setup.user,
     .help = "the user that the relay runs as; without it handhold-relay"},
    {.name = "hooks",
     .argument = "FOLDER",
     .kind = HOST_TEXT,
     .target = &serve_setup.hooks,
     .help = "certbot's deploy hooks; without it /etc/letsencrypt/renewal-hooks/deploy"},
    {.name = "units",
     .argument = "FOLDER",
     .kind = HOST_TEXT,
     .target = &serve_setup.units,
     .help = "where a unit is written when no package brought one; without it /etc/systemd/system"},
    {0},
};

/* ---- steps that other programs know better ---- */

/* handhold-certs lies beside this program, or on the way. */
static const char *certs(void)
{
    static char path[HOST_PATH_BYTES];
    ssize_t len = readlink("/proc/self/exe", path, sizeof path - 1);
    char *slash;

    path[len > 0 ? len : 0] = 0;
    slash = strrchr(path, '/');
    if (!slash || (size_t)(slash - path) + sizeof "/handhold-certs" > sizeof path)
        return "handhold-certs";
    strcpy(slash, "/handhold-certs");
    return access(path, X_OK) ? "handhold-certs" : path;
}

static bool run(const char *const argv[ARGUMENTS])
{
    int status = 0;
    pid_t pid;
    int err = posix_spawnp(&pid, argv[0], NULL, NULL, (char *const *)argv, environ);

    if (err) {
        host_say_error(argv[0], strerror(err), "install it, and run this again");
        return false;
    }
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return false;
    if (WIFEXITED(status) && !WEXITSTATUS(status))
        return true;
    host_say_error(argv[0], "has failed", "see what it says above, mend it, and run this again");
    return false;
}

/* ---- files ---- */

static bool said(const char *path, enum proto_err err)
{
    if (err)
        host_say_err(path, err);
    return !err;
}

/* false when it could not be; what is there stays. */
static bool put(const char *path, const char *text, enum host_mode mode)
{
    enum proto_err err = host_file_create(path, text, strlen(text), mode);

    if (err == PROTO_ERR_EXISTS) {
        printf("%s is there already and stays as it is\n", path);
        return true;
    }
    if (!err)
        printf("%s written\n", path);
    return said(path, err);
}

static bool is_name(const char *text)
{
    return *text && strlen(text) < SERVE_HOST_BYTES - 8 && strchr(text, '.') && *text != '.' && *text != '-' &&
           strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-.") == strlen(text);
}

static bool check_names(const char *staff)
{
    const char *wrong = !is_name(serve_setup.host) ? serve_setup.host : !is_name(staff) ? staff : NULL;

    if (wrong)
        host_say_error(wrong, "is not a host name in full and in small letters",
                       "write for example --host help.example.com");
    else if (!strcmp(serve_setup.host, staff))
        host_say_error(staff, "is the host of strangers and of staff at once", "give staff another one");
    return !wrong && strcmp(serve_setup.host, staff) != 0;
}

/* A shell and a unit read it, too. */
static bool check_folder(void)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._/";

    if (strspn(serve_setup.dir, plain) == strlen(serve_setup.dir))
        return true;
    host_say_error(serve_setup.dir, "has a character that a unit or a shell would read as its own",
                   "name a folder of letters, digits, - . _ and /");
    return false;
}

static bool check_user(void)
{
    if (getpwnam(serve_setup.user))
        return true;
    host_say_error(serve_setup.user, "there is no such user here",
                   "make one with adduser --system --group, or name another with --user");
    return false;
}

/* ---- the organisation ---- */

static bool make_organisation(const char *staff)
{
    const char *domain = serve_setup.domain ? serve_setup.domain : serve_setup.host;
    char path[HOST_PATH_BYTES], organisation[TEXT_BYTES];

    /* A host name alone would be held to the domain. */
    snprintf(organisation, sizeof organisation, serve_setup.organisation ? "%s" : "Help at %s",
             serve_setup.organisation ? serve_setup.organisation : serve_setup.host);
    if (!host_path(path, "%s/ca/ca.crt", serve_setup.authority))
        return false;
    if (host_file_exists(path))
        printf("%s is there already: its name stays as it is, and its domain, which customers read as verified\n",
               serve_setup.authority);
    else if (!run((const char *const[ARGUMENTS]){certs(), "init", "--dir", serve_setup.authority, "--org", organisation,
                                                 "--domain", domain}))
        return false;
    return run((const char *const[ARGUMENTS]){certs(), "issue", "--dir", serve_setup.authority, "relay", "--host",
                                              serve_setup.host, "--host", staff});
}

static bool unpack(const char *tar)
{
    return run((const char *const[ARGUMENTS]){"tar", "-xpf", tar, "-C", serve_setup.dir, "--no-same-owner"});
}

static bool give_its_part(const char *staff)
{
    char tar[HOST_PATH_BYTES];

    if (serve_setup.from)
        return unpack(serve_setup.from);
    if (!make_organisation(staff) || !host_path(tar, "%s/relay.tar", serve_setup.authority) ||
        !run((const char *const[ARGUMENTS]){certs(), "export-relay", "--dir", serve_setup.authority, "--o", tar}))
        return false;
    bool done = unpack(tar);
    (void)unlink(tar); /* it has the relay's keys */
    return done;
}

/* ---- what the relay and its surroundings read ---- */

static bool make_folders(void)
{
    char path[HOST_PATH_BYTES];

    return host_path(path, "%s/acme", serve_setup.dir) && said(path, host_folder_make(path, HOST_PUBLIC)) &&
           host_path(path, "%s/public", serve_setup.dir) && said(path, host_folder_make(path, HOST_PRIVATE));
}

/* The last of all: where it is, all is there, and what has failed before it can be run again. */
static bool write_settings(const char *staff)
{
    const struct passwd *user = getpwnam(serve_setup.user);
    char path[HOST_PATH_BYTES], text[TEXT_BYTES];

    snprintf(text, sizeof text,
             "; handhold-relay --print-config has every setting, its default and its meaning\n"
             "host = %s\nstaff_host = %s\nlisten = [::]:443\nhttp_listen = [::]:80\n",
             serve_setup.host, staff);
    if (!host_path(path, "%s/relay.ini", serve_setup.dir) || !put(path, text, HOST_PUBLIC))
        return false;
    return getuid() || !user || !chown(path, user->pw_uid, user->pw_gid) || said(path, PROTO_ERR_IO);
}

/* One that stands there is another relay's, or an earlier setup's, unless it says the same. */
static bool is_as_written(const char *path, const char *text)
{
    struct proto_buf there;

    proto_buf_init(&there, TEXT_BYTES);
    enum proto_err err = host_file_read(path, &there);
    bool same =
        err == PROTO_ERR_NOT_FOUND || (!err && there.len == strlen(text) && !memcmp(there.bytes, text, there.len));
    proto_buf_free(&there);
    if (!same)
        host_say_error(path, "is not what this setup would write: it is another relay's, or was changed",
                       "move it away, or name another folder with --hooks, and run this again");
    return same;
}

/* certbot calls it with the names and the folder of what it has renewed. The relay looks when the certificate has come,
 * so the key goes first. */
static bool write_hook(void)
{
    char path[HOST_PATH_BYTES], text[TEXT_BYTES];

    snprintf(text, sizeof text,
             "#!/bin/sh\n# Gives the relay the certificate that certbot has come by; written by handhold-relay setup.\n"
             "set -eu\nid -u %s >/dev/null 2>&1 || exit 0 # the relay was taken away from this machine\n"
             "host=$(sed -n 's/^ *host *= *\\([^: ]*\\).*/\\1/p' '%s/relay.ini' 2>/dev/null) || exit 0\n"
             "case \" $RENEWED_DOMAINS \" in *\" $host \"*) ;; *) exit 0 ;; esac\n"
             "to='%s/public'\n"
             "for name in privkey fullchain; do\n"
             "    install -o %s -g \"$(id -g %s)\" -m 0600 \"$RENEWED_LINEAGE/$name.pem\" \"$to/$name.new\"\n"
             "    mv \"$to/$name.new\" \"$to/$name.pem\"\n"
             "done\n"
             "if [ -d /run/systemd/system ]; then systemctl try-reload-or-restart handhold-relay.service; fi\n",
             serve_setup.user, serve_setup.dir, serve_setup.dir, serve_setup.user, serve_setup.user);
    if (!host_path(path, "%s/handhold-relay", serve_setup.hooks) ||
        !said(serve_setup.hooks, host_folder_make(serve_setup.hooks, HOST_PUBLIC)) || !is_as_written(path, text) ||
        !put(path, text, HOST_PUBLIC))
        return false;
    return !chmod(path, 0755) || said(path, PROTO_ERR_IO);
}

static bool has_packages_unit(void)
{
    return host_file_exists("/lib/systemd/system/handhold-relay.service") ||
           host_file_exists("/usr/lib/systemd/system/handhold-relay.service");
}

static bool write_unit(void)
{
    char path[HOST_PATH_BYTES], own[HOST_PATH_BYTES] = "";
    struct proto_buf text;
    bool done;

    if (!strcmp(serve_setup.dir, SERVE_UNIT_DIR) && !strcmp(serve_setup.user, SERVE_UNIT_USER) && has_packages_unit())
        return true; /* the package's */
    if (readlink("/proc/self/exe", own, sizeof own - 1) <= 0)
        return said("/proc/self/exe", PROTO_ERR_IO);
    proto_buf_init(&text, TEXT_BYTES);
    serve_unit_fill(&text, serve_setup.dir, serve_setup.user, own);
    done = !text.failed && host_path(path, "%s/handhold-relay.service", serve_setup.units) &&
           said(serve_setup.units, host_folder_make(serve_setup.units, HOST_PUBLIC)) &&
           put(path, (const char *)text.bytes, HOST_PUBLIC);
    proto_buf_free(&text);
    return done;
}

static bool give_away(void)
{
    char owner[80];

    snprintf(owner, sizeof owner, "%s:", serve_setup.user);
    return getuid() != 0 || run((const char *const[ARGUMENTS]){"chown", "-R", owner, serve_setup.dir});
}

static void say_what_is_next(const char *staff)
{
    printf("\n%s is ready. What is left:\n\n"
           "  1. Names: %s and %s lead to this machine (A and AAAA records), ports 80 and 443.\n"
           "  2. systemctl enable --now handhold-relay\n"
           "  3. certbot certonly --webroot -w %s/acme -d %s \\\n         --deploy-hook %s/handhold-relay\n"
           "  4. handhold-relay --dir %s --check --from-outside\n",
           serve_setup.dir, serve_setup.host, staff, serve_setup.dir, serve_setup.host, serve_setup.hooks,
           serve_setup.dir);
    if (!serve_setup.from)
        printf("\n%s holds the keys that make people and open evidence. Move it to a machine that is not this one.\n",
               serve_setup.authority);
}

int serve_setup_run(void)
{
    static char whole[PATH_MAX]; /* for hook and unit, which begin elsewhere */
    char staff[SERVE_HOST_BYTES], settings[HOST_PATH_BYTES];

    if (!serve_setup.host) {
        host_say_error("--host", "is missing", "name the host that strangers come to, for example help.example.com");
        return HOST_EXIT_USAGE;
    }
    snprintf(staff, sizeof staff, serve_setup.staff_host ? "%s" : "staff.%s",
             serve_setup.staff_host ? serve_setup.staff_host : serve_setup.host);
    if (!check_names(staff) || !check_folder() || !check_user())
        return HOST_EXIT_USAGE;
    if (!host_path(settings, "%s/relay.ini", serve_setup.dir))
        return HOST_EXIT_USAGE;
    if (host_file_exists(settings)) {
        host_say_error(settings, "a relay is set up here already", "edit it, or name another folder with --dir");
        return HOST_EXIT_FAILED;
    }
    if (!said(serve_setup.dir, host_folder_make(serve_setup.dir, HOST_PRIVATE)))
        return HOST_EXIT_FAILED;
    if (realpath(serve_setup.dir, whole))
        serve_setup.dir = whole;
    if (!give_its_part(staff) || !make_folders() || !write_hook() || !write_unit() || !give_away() ||
        !write_settings(staff))
        return HOST_EXIT_FAILED;
    say_what_is_next(staff);
    return HOST_EXIT_FINE;
}
