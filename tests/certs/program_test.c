/* SPDX-License-Identifier: Apache-2.0 */
/* handhold-certs as a person runs it: a real folder, real files, and what OpenSSL's own tool says of them. */
#include "tests/proto/test.h"

#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proto/host/files.h"
#include "proto/host/world.h"
#include "proto/identity/credential.h"
#include "proto/identity/policy.h"

#define CERTS HANDHOLD_BIN "/handhold-certs "
#define INIT CERTS "init --dir D --org 'Example Ltd' --domain example.org"
#define RELAY CERTS "issue --dir D relay --host help.example.org --host 127.0.0.1 --host ::1"
#define ADA CERTS "issue --dir D agent --id ada --name 'Ada Lovelace'"

static char folder[] = "/tmp/handhold-certs-XXXXXX";
static char output[65536]; /* stdout and stderr of the last command */

/* Runs a command in the test's own folder; its exit code. */
static int run(const char *command)
{
    char line[4096];

    snprintf(line, sizeof line, "{ %s ; } 2>&1", command);
    FILE *pipe = popen(line, "r");

    assert_non_null(pipe);
    size_t len = fread(output, 1, sizeof output - 1, pipe);

    output[len] = '\0';
    int status = pclose(pipe);

    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void must(const char *command)
{
    int code = run(command);

    if (code)
        fail_msg("%s: exit code %d\n%s", command, code, output);
}

/* One line that names the value and a way out, and the exit code. */
static void must_refuse(const char *command, int code, const char *value)
{
    assert_int_equal(run(command), code);
    if (!strstr(output, value) || !strstr(output, "; ") || strchr(output, '\n') != output + strlen(output) - 1)
        fail_msg("%s: %s", command, output);
}

static int enter_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int leave_folder(void **state)
{
    (void)state;
    run("cd / && rm -rf \"$OLDPWD\"");
    return 0;
}

static int start_anew(void **state)
{
    (void)state;
    must("rm -rf * && " INIT);
    return 0;
}

/* ---- reading what was written ---- */

static struct proto_buf read_file(const char *path)
{
    struct proto_buf bytes;

    proto_buf_init(&bytes, PROTO_PEM_BYTES);
    assert_ok(host_file_read(path, &bytes));
    return bytes;
}

static struct proto_identity_root read_root(struct proto_certificate *der)
{
    struct proto_identity_root root;
    struct proto_buf ca = read_file("D/ca/ca.crt");

    assert_ok(proto_root_of_pem(ca.bytes, ca.len, der, &root));
    proto_buf_free(&ca);
    return root;
}

static void read_org(struct proto_org *org)
{
    struct proto_certificate der;
    struct proto_identity_root root = read_root(&der);
    struct proto_buf note = read_file("D/org.note");

    assert_ok(proto_org_verify(org, note.bytes, note.len, root.public_key, root.domain, 0));
    proto_certificates_free(&der, 1);
    proto_buf_free(&note);
}

static enum proto_err load(const char *id, struct proto_credential *out)
{
    char path[HOST_PATH_BYTES];

    host_path(path, "D/staff/%s.crt", id);
    struct proto_buf certificate = read_file(path), ca = read_file("D/ca/ca.crt");

    host_path(path, "D/staff/%s.key", id);
    struct proto_buf key = read_file(path);
    enum proto_err err = proto_credential_of_pem(out, &certificate, &key, &ca, host_now().unix_ms / 1000);

    proto_buf_free(&certificate);
    proto_buf_free(&key);
    proto_buf_free(&ca);
    return err;
}

/* ---- tests ---- */

static void init_makes_a_whole_organisation(void **state)
{
    struct proto_credential officer;
    struct proto_certificate der;
    struct proto_policy policy;
    struct proto_org org;
    uint8_t secrets[1][32], public_key[32];
    size_t count;

    (void)state;
    struct proto_identity_root root = read_root(&der);

    assert_string_equal(root.domain, "example.org");
    assert_string_equal(root.organisation, "Example Ltd");
    assert_ok(load("officer", &officer));
    assert_int_equal(officer.identity.role, PROTO_ROLE_OFFICER);
    read_org(&org);
    assert_true(org.number == 1 && org.log_count == 0);
    struct proto_buf note = read_file("D/policy.note"), key = read_file("D/officer/evidence.key");

    assert_ok(proto_policy_verify(&policy, note.bytes, note.len, (struct proto_der){der.bytes, der.len}, &org, 1));
    assert_ok(proto_evidence_secrets_of_pem(key.bytes, key.len, secrets, 1, &count));
    assert_int_equal(count, 1);
    crypto_scalarmult_base(public_key, secrets[0]);
    assert_memory_equal(policy.evidence_key, public_key, 32);
    proto_buf_free(&note);
    proto_buf_free(&key);
    proto_certificates_free(&der, 1);
    proto_credential_clear(&officer);
}

static void an_organisation_is_never_overwritten(void **state)
{
    (void)state;
    must("cp D/ca/ca.key before");
    must_refuse(INIT, 1, "D/ca/ca.key");
    must("cmp D/ca/ca.key before");
}

static void a_failed_init_leaves_nothing_behind(void **state)
{
    (void)state;
    /* files end at 1024 bytes: the keys can be written, ca.crt with its two certificates cannot */
    assert_int_equal(run("trap '' XFSZ; ulimit -f 2; " CERTS "init --dir E --org X"), 1);
    assert_non_null(strstr(output, "E/ca/ca.crt"));
    must("test -d E/ca && test -z \"$(find E -type f)\"");
    must(CERTS "init --dir E --org X");
}

static void only_the_owner_may_read(void **state)
{
    (void)state;
    must("umask 0; " RELAY " && " ADA);
    must("test -z \"$(find D -perm /077)\"");
    assert_ok(host_file_check_private("D/ca/ca.key"));
}

static void staff_is_issued_listed_and_revoked(void **state)
{
    struct proto_credential ada;
    struct proto_org org;

    (void)state;
    must(ADA);
    assert_ok(load("ada", &ada));
    assert_string_equal(ada.identity.name, "Ada Lovelace");
    assert_string_equal(ada.identity.email, "ada@example.org");
    assert_int_equal(ada.identity.role, PROTO_ROLE_AGENT);
    int64_t issued_s = host_now().unix_ms / 1000;

    assert_in_range(issued_s - ada.identity.not_before_s, 48 * 3600, 48 * 3600 + 60);
    assert_in_range(ada.identity.not_after_s - issued_s, 30 * 86400 - 60, 30 * 86400);
    must(ADA " --days 1"); /* renewed: the older one stays valid, and both are taken back */
    must_refuse(CERTS "issue --dir D agent --id ada --name 'Another Ada'", 1, "ada");
    must(CERTS "list --dir D >/dev/null");
    must_refuse(CERTS "list --dir D >/dev/full", 1, "No space left on device");
    must("(trap '' PIPE; mkfifo p; (exec 3<p) & exec 4>p; wait; " CERTS
         "list --dir D >&4)"); /* its reader has read enough */
    must_refuse(CERTS "revoke --dir D --id bob", 1, "bob");
    must(CERTS "revoke --dir D --id ada --reason 'lost the laptop'");
    read_org(&org);
    assert_true(org.number == 2 && org.revoked_count == 2);
    assert_string_equal(proto_org_find_revoked(&org, ada.identity.serial)->reason, "lost the laptop");
    assert_int_equal(proto_org_admits(&org, &ada.identity), PROTO_ERR_CERT_REVOKED);
    must_refuse(CERTS "revoke --dir D --id ada", 1, "ada");
    must(CERTS "issue --dir D agent --id ada --name 'Another Ada'");
    proto_credential_clear(&ada);
}

static void the_list_is_json_lines(void **state)
{
    size_t lines = 0;

    (void)state;
    must(ADA);
    must(CERTS "revoke --dir D --id ada");
    must(CERTS "list --dir D --json");
    for (char *at = strtok(output, "\n"); at; at = strtok(NULL, "\n"), lines++) {
        json_t *line = json_loads(at, 0, NULL);
        bool is_ada = line && !strcmp(json_string_value(json_object_get(line, "id")), "ada");

        assert_non_null(line);
        assert_string_equal(json_string_value(json_object_get(line, "state")), is_ada ? "revoked" : "valid");
        json_decref(line);
    }
    assert_int_equal(lines, 2);
    must(CERTS "list --dir D");
    assert_non_null(strstr(output, "Ada Lovelace"));
}

static void the_relay_gets_its_log_into_the_org_note_once(void **state)
{
    struct proto_org org;
    char vkey[PROTO_ORG_VKEY_BYTES + 1] = "";

    (void)state;
    must(RELAY);
    must("cp D/relay/log.key before");
    must(CERTS "issue --dir D relay --host other.example.org"); /* renewed: the log stays the log */
    must("cmp D/relay/log.key before");
    read_org(&org);
    assert_true(org.number == 2 && org.log_count == 1);
    struct proto_buf text = read_file("D/relay/log.vkey");

    memcpy(vkey, text.bytes, text.len - 1);
    assert_true(proto_org_has_log(&org, vkey));
    assert_int_equal(strncmp(vkey, "help.example.org/audit/example.org+", 35), 0);
    proto_buf_free(&text);
}

static void a_log_that_follows_has_a_key_and_a_name_of_its_own_and_both_are_listed(void **state)
{
    struct proto_org before, after;

    (void)state;
    must_refuse(CERTS "new-log --dir nowhere", 1, "nowhere");
    must(RELAY);
    read_org(&before);
    must(CERTS "new-log --dir D");
    assert_non_null(strstr(output, "help.example.org/audit/example.org/2"));
    must(CERTS "new-log --dir D");
    assert_non_null(strstr(output, "help.example.org/audit/example.org/3"));
    read_org(&after);
    assert_int_equal(after.log_count, before.log_count + 2);
    assert_string_equal(after.logs[0], before.logs[0]); /* what was proved stays proved */
    assert_int_equal(access("D/relay/log.key.1", F_OK), 0);
    assert_int_equal(access("D/relay/log.vkey.2", F_OK), 0);
    must("test \"$(cat D/relay/log.vkey)\" != \"$(cat D/relay/log.vkey.2)\"");
    must(RELAY); /* keeps the newest */
    read_org(&after);
    assert_int_equal(after.log_count, before.log_count + 2);
    for (int i = 0; i < 5; i++)
        must(CERTS "new-log --dir D");
    must_refuse(CERTS "new-log --dir D", 1, "org.note");
}

static void openssl_accepts_the_chains_and_keeps_the_roots_apart(void **state)
{
    (void)state;
    must(RELAY);
    must(ADA);
    must("openssl verify -x509_strict -CAfile D/ca/ca.crt -purpose sslclient D/staff/ada.crt D/staff/officer.crt");
    must("openssl verify -x509_strict -CAfile D/ca/ca.crt -purpose sslserver -verify_hostname help.example.org "
         "D/relay/relay.crt");
    must("openssl verify -x509_strict -CAfile D/ca/ca.crt -purpose sslserver -verify_ip 127.0.0.1 D/relay/relay.crt");
    must("openssl verify -x509_strict -CAfile D/ca/ca.crt -purpose sslserver -verify_ip ::1 D/relay/relay.crt");
    assert_int_not_equal(run("openssl verify -CAfile D/ca/ca.crt -purpose sslserver D/staff/ada.crt"), 0);
    assert_int_not_equal(run("openssl verify -CAfile D/ca/tls.crt D/staff/ada.crt"), 0);
    assert_int_not_equal(run("openssl verify -CAfile D/ca/ca.crt -purpose sslclient D/relay/relay.crt"), 0);
}

static void a_request_of_openssl_is_answered_for_its_key_alone(void **state)
{
    struct proto_credential bob;

    (void)state;
    must("openssl genpkey -algorithm ed25519 -out bob.key");
    must("openssl req -new -key bob.key -subj '/CN=Bob Ray/O=Somebody Else' -addext 'basicConstraints=CA:TRUE' -out "
         "bob.csr");
    must(CERTS "issue --dir D expert --id bob --csr bob.csr");
    must("test ! -e D/staff/bob.key && cp bob.key D/staff/bob.key");
    assert_ok(load("bob", &bob));
    assert_string_equal(bob.identity.name, "Bob Ray");
    assert_int_equal(bob.identity.role, PROTO_ROLE_EXPERT);
    proto_credential_clear(&bob);
    must("openssl req -newkey rsa:2048 -nodes -keyout r.key -subj '/CN=Bob Ray' -out r.csr");
    must_refuse(CERTS "issue --dir D expert --id rsa --csr r.csr", 1, "r.csr");
    must("sed -i '3s/^..../AAAA/' bob.csr");
    must_refuse(CERTS "issue --dir D expert --id eve --csr bob.csr", 1, "bob.csr");
    must_refuse(CERTS "issue --dir D expert --id eve --csr none.csr", 1, "none.csr");
}

static void the_export_has_no_private_root(void **state)
{
    (void)state;
    must_refuse(CERTS "export-relay --dir D -o relay.tar", 1, "D/relay/relay.crt");
    must(RELAY);
    must(CERTS "export-relay --dir D -o relay.tar");
    assert_ok(host_file_check_private("relay.tar"));
    must("mkdir R && tar -C R -xpf relay.tar && (cd R && find . -type f | sort)");
    assert_string_equal(output, "./ca/ca.crt\n./ca/tls.crt\n./officer/evidence.pub\n./org.note\n./policy.note\n"
                                "./relay/log.key\n./relay/log.vkey\n./relay/relay.crt\n./relay/relay.key\n");
    must("cmp R/relay/relay.key D/relay/relay.key && cmp R/org.note D/org.note");
    must("test \"$(stat -c %a R/relay/relay.key R/relay/log.key | sort -u)\" = 600");
    /* no line of a private key that stays at home is anywhere in the file */
    must("for key in ca/ca.key ca/tls.key officer/evidence.key staff/officer.key; do"
         " grep -v -e ---- D/$key | while read -r l; do ! grep -qF \"$l\" relay.tar || exit 1; done || exit 1; done");
}

static void wrong_usage_says_what_and_what_to_do(void **state)
{
    static const struct {
        const char *command, *value;
        int code;
    } cases[] = {
        {"list --dir none", "none", 1},
        {"init --dir F --org ''", "(empty)", 2},
        {"init --dir F --org X --domain Example.org", "Example.org", 2},
        {"init --dir F --org X --domain example.org:443", "example.org:443", 2},
        {"issue --dir D relay", "--host", 2},
        {"issue --dir D relay --host help.example.org:443", "help.example.org:443", 2},
        {"issue --dir D relay --host https://help.example.org", "https://", 2},
        {"issue --dir D chief --id a --name A", "chief", 2},
        {"issue --dir D agent --name A", "agent", 2},
        {"issue --dir D agent --id ../a --name A", "../a", 2},
        {"issue --dir D agent --id a", "a", 2},
        {"issue --dir D agent --id a --name j.smith", "j.smith", 2},
        {"issue --dir D agent --id a --name A --days 31", "--days", 2},
        {"issue --dir D agent --id a --name A --days 0", "0", 2},
        {"revoke --dir D --id officer --reason \"$(printf '%050d' 0)\"", "000", 1},
        {"revoke --dir D --id officer --reason 'lo\u202est'", "--reason: has a character that hides or turns text", 1},
        {"revok --dir D", "revok", 2},
        {"list --dri D", "--dri", 2},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char command[512];

        snprintf(command, sizeof command, CERTS "%s", cases[i].command);
        must_refuse(command, cases[i].code, cases[i].value);
    }
    must("test ! -e F/ca/ca.key");
    assert_int_equal(run(CERTS "--version"), 0);
    assert_int_equal(run(CERTS "issue --help"), 0);
}

static void a_note_that_was_changed_stops_the_authority(void **state)
{
    (void)state;
    must("sed -i 's/^number 1$/number 9/' D/org.note");
    must_refuse(ADA, 1, "org.note");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(init_makes_a_whole_organisation, start_anew),
        cmocka_unit_test_setup(an_organisation_is_never_overwritten, start_anew),
        cmocka_unit_test_setup(a_failed_init_leaves_nothing_behind, start_anew),
        cmocka_unit_test_setup(only_the_owner_may_read, start_anew),
        cmocka_unit_test_setup(staff_is_issued_listed_and_revoked, start_anew),
        cmocka_unit_test_setup(the_list_is_json_lines, start_anew),
        cmocka_unit_test_setup(the_relay_gets_its_log_into_the_org_note_once, start_anew),
        cmocka_unit_test_setup(a_log_that_follows_has_a_key_and_a_name_of_its_own_and_both_are_listed, start_anew),
        cmocka_unit_test_setup(openssl_accepts_the_chains_and_keeps_the_roots_apart, start_anew),
        cmocka_unit_test_setup(a_request_of_openssl_is_answered_for_its_key_alone, start_anew),
        cmocka_unit_test_setup(the_export_has_no_private_root, start_anew),
        cmocka_unit_test_setup(wrong_usage_says_what_and_what_to_do, start_anew),
        cmocka_unit_test_setup(a_note_that_was_changed_stops_the_authority, start_anew),
    };

    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
