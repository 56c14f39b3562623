/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "client/state/redact.h"
#include "tests/proto/test.h"

static void names_that_speak_of_secrets_hide_their_value_and_harmless_ones_do_not(void **state)
{
    static const char *const secret[] = {"key",
                                         "wifi_key",
                                         "keys",
                                         "key2",
                                         "psk",
                                         "wpa_psk_1",
                                         "api_key",
                                         "apikey",
                                         "password",
                                         "wifipassword",
                                         "user_passwd",
                                         "passphrase",
                                         "access_token",
                                         "tokens",
                                         "secret",
                                         "client_secret_2",
                                         "credentials",
                                         "pin",
                                         "sim_pin",
                                         "puk",
                                         "ssid",
                                         "wifi_ssid",
                                         "bssid",
                                         "serial",
                                         "serial_number",
                                         "imei",
                                         "iccid",
                                         "latitude",
                                         "gps_longitude",
                                         "location",
                                         "email",
                                         "phone_number",
                                         "cookie",
                                         "lat",
                                         "lon",
                                         "home_lng",
                                         "long",
                                         "user",
                                         "username",
                                         "setup_code",
                                         "pairing_code",
                                         "install_code",
                                         "access_code",
                                         "wlan_name",
                                         "sn",
                                         "kennwort",
                                         "wifi_schluessel",
                                         "router_passwort"};
    static const char *const harmless[] = {
        "monkey",    "keyboard_layout", "keyboard",         "keypad_locked", "pinned_app",   "spinning", "shopping",
        "tokenless", "firmware",        "temperature",      "passive",       "bypass_state", "author",   "secretary",
        "monkeys",   "serialize",       "long_press_count", "platform",      "balloon",      "code",     "error_code",
        "network",   "latency"};

    (void)state;
    for (size_t i = 0; i < sizeof secret / sizeof *secret; i++) {
        char text[32] = "hunter2";

        if (!client_state_redact_hides(NULL, secret[i]))
            fail_msg("%s is shown", secret[i]);
        client_state_redact(NULL, secret[i], text, sizeof text);
        assert_string_equal(text, "(hidden)");
        text[0] = '\0'; /* that there is none is no secret */
        client_state_redact(NULL, secret[i], text, sizeof text);
        assert_string_equal(text, "");
    }
    for (size_t i = 0; i < sizeof harmless / sizeof *harmless; i++)
        if (client_state_redact_hides(NULL, harmless[i]))
            fail_msg("%s is hidden", harmless[i]);
}

static void forms_of_secrets_are_cut_and_words_stay(void **state)
{
    static const struct {
        const char *name, *in, *out;
    } cases[] = {
        /* MAC addresses keep the maker's half */
        {"note", "aa:bb:cc:dd:ee:ff", "aa:bb:cc:xx:xx:xx"},
        {"note", "from AA-BB-CC-DD-EE-FF.", "from AA-BB-CC-xx-xx-xx."},
        {"note", "00:11:22:33:44:55:66:77", "00:11:22:xx:xx:xx:xx:xx"},
        {"note", "00:11:22:33:44:55 00:11:22:33:44:66", "00:11:22:xx:xx:xx 00:11:22:xx:xx:xx"},
        {"note", "12:30:45", "12:30:45"},
        {"note", "aa:bb-cc:dd-ee:ff", "aa:bb-cc:dd-ee:ff"},
        /* IP addresses keep the network's half, but for those that a repair is about */
        {"ip_address", "192.168.7.42", "192.168.x.x"},
        {"note", "last seen 203.0.113.77, then 198.51.100.1.", "last seen 203.0.x.x, then 198.51.x.x."},
        {"note", "id:203.0.113.77", "id:203.0.x.x"},
        {"note", "203.0.113.77:8080", "203.0.x.x:8080"},
        {"note", "2001:db8:1:2:3:4:5:6", "2001:db8:1::x"},
        {"note", "via fe80::1%eth0", "via fe80:0:0::x%eth0"},
        {"note", "::1", "0:0:0::x"},
        {"note", "300.1.1.1 and 1.2.3.4.5", "300.1.1.1 and 1.2.3.4.5"},
        {"gateway", "192.168.7.1", "192.168.7.1"},
        {"dns_servers", "192.168.7.1 2001:db8::53", "192.168.7.1 2001:db8::53"},
        {"firmware", "1.2.3.4", "1.2.3.4"},
        {"software_version", "10.20.30.40", "10.20.30.40"},
        /* what changes all the time between small, large and digit is a key */
        {"note", "ghp_16C7e42F292c6912E7710c838347Ae178B4a", "ghp_..."},
        {"note", "auth eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9 ok", "auth eyJh... ok"},
        {"note", "5f4dcc3b5aa765d61d8327deb882cf99", "5f4d..."},
        {"note", "x=dGhpcyBpcyBhIHNlY3JldCBrZXk=", "x=dG..."},
        {"note", "550e8400-e29b-41d4-a716-446655440000", "550e..."},
        {"note", "living_room_light_group_2", "living_room_light_group_2"},
        {"model", "HP-LaserJet-Pro-M404dn", "HP-LaserJet-Pro-M404dn"},
        {"note", "network_interface/eth0", "network_interface/eth0"},
        {"note", "InternetGatewayDeviceManager", "InternetGatewayDeviceManager"},
        {"note", "2026-11-21T23:30:41Z", "2026-11-21T23:30:41Z"},
        {"note", "the-quick-brown-fox-jumps", "the-quick-brown-fox-jumps"},
        {"note", "Grüße aus der Küche", "Grüße aus der Küche"},
        {"note", "", ""},
        {"note", "at 52.5200, 13.4050 since noon", "(hidden)"},
        {"note", "-33.868;151.209", "(hidden)"},
        {"note", "21.5, 40.25", "21.5, 40.25"}, /* a room's climate */
        {"note", "12.345 V 0.567 A", "12.345 V 0.567 A"},
        {"note", "lat=52.520012 lon=13.404954", "(hidden)"},
        {"note", "52.520012N 13.404954E", "(hidden)"},
        {"note", "52.520012/13.404954", "(hidden)"},
        /* MAC addresses without colons too, but not in the number of a version */
        {"note", "hub aabbccddeeff here", "hub aabbccxxxxxx here"},
        {"note", "aabb.ccdd.eeff", "aabb.ccxx.xxxx"},
        {"name", "0x00158d0001a2b3c4", "0x00158dxxxxxxxxxx"},
        {"firmware", "20231106abcd", "20231106abcd"},
        {"note", "123456789012", "123456789012"},
        {"note", "facade and decade", "facade and decade"},
        /* what stands behind the name of a secret, in a text of another name */
        {"status", "{\"Wifi\":{\"SSId\":\"HomeNet42\",\"psk\":\"hunter2x\",\"Signal\":-61}}",
         "{\"Wifi\":{\"SSId\":(hidden),\"psk\":(hidden),\"Signal\":-61}}"},
        {"status", "{\"lat\":52.520012,\"lon\":13.404954}", "(hidden)"},
        {"status", "password=hunter2x&room=hall", "password=(hidden)&room=hall"},
        {"status", "Password: hunter2x", "Password: (hidden)"},
        {"status", "{\"psk\":\"hun\\\"ter2x\"}", "{\"psk\":(hidden)}"},
        {"status", "{\"psk\":\"cut off", "{\"psk\":(hidden)"},
        {"url", "http://admin:hunter2x@192.168.1.20:80/", "http://(hidden)@192.168.x.x:80/"},
        {"url", "http://example.org/a@b", "http://example.org/a@b"},
        {"note", "monkey=banana", "monkey=banana"},
        /* tokens of a known kind */
        {"note", "ghp_abcdefABCDEF0123456789abcdefABCDEF01", "ghp_..."},
        {"note", "AKIAIOSFODNN7EXAMPLE", "AKIA..."},
        {"note", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.aaaaaaaaaaaaaaaaaaaa", "eyJh..."},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[256];

        snprintf(text, sizeof text, "%s", cases[i].in);
        client_state_redact(NULL, cases[i].name, text, sizeof text);
        assert_string_equal(text, cases[i].out);
        client_state_redact(NULL, cases[i].name, text, sizeof text); /* twice is as once */
        assert_string_equal(text, cases[i].out);
    }
}

static void a_text_that_grows_stays_in_its_room_and_ends_with_a_whole_character(void **state)
{
    char small[10] = "::1 \xc3\xbc", full[256] = "";

    (void)state;
    client_state_redact(NULL, "note", small, sizeof small);
    assert_string_equal(small, "0:0:0::x ");
    for (int i = 0; i < 63; i++)
        memcpy(full + 4 * i, "::1 ", 5);
    client_state_redact(NULL, "note", full, sizeof full);
    assert_int_equal(strlen(full), 255);
    assert_memory_equal(full, "0:0:0::x 0:0:0::x ", 18);
}

static void a_file_of_rules_adds_and_lifts(void **state)
{
    static const char file[] = "# of this home\nhide owner\n\nshow ssid # it is public\nplain address\n";
    struct client_state_rules rules;
    char why[256], text[64] = "FRITZ 7590 at 192.168.7.4";

    (void)state;
    assert_int_equal(client_state_rules_parse(file, strlen(file), &rules, why, sizeof why), PROTO_OK);
    assert_true(client_state_redact_hides(&rules, "owner_name"));
    assert_false(client_state_redact_hides(NULL, "owner_name"));
    assert_false(client_state_redact_hides(&rules, "ssid"));
    assert_true(client_state_redact_hides(&rules, "wifi_key"));         /* the built-in ones hold */
    assert_true(client_state_redact_hides_truth(&rules, "owner_home")); /* what the file names: true and false too */
    assert_false(client_state_redact_hides_truth(&rules, "token_valid"));
    client_state_redact(&rules, "ssid", text, sizeof text);
    assert_string_equal(text, "FRITZ 7590 at 192.168.7.4");
    client_state_redact(NULL, "note", text, sizeof text);
    assert_string_equal(text, "FRITZ 7590 at 192.168.x.x");
}

static void a_rule_that_is_none_is_named_with_its_line(void **state)
{
    static const struct {
        const char *line, *says;
    } wrong[] = {
        {"hide", "a word is of small letters"},
        {"hide a b", "more than a rule and a word"},
        {"hise ssid", "a rule is hide WORD"},
        {"plain everything", "a form is mac, address, key or coordinates"},
        {"show SSID", "small letters, digits and _"},
        {"hide wifi-name", "small letters, digits and _"},
        {"hide a_word_that_is_longer_than_any_of_them", "31 letters at most"},
    };
    struct client_state_rules rules;
    char why[256], file[256];

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        snprintf(file, sizeof file, "hide owner\n%s\n", wrong[i].line);
        assert_int_equal(client_state_rules_parse(file, strlen(file), &rules, why, sizeof why), PROTO_ERR_FORMAT);
        if (!strstr(why, "line 2") || !strstr(why, wrong[i].says))
            fail_msg("%s: %s", wrong[i].line, why);
    }
    /* the mark that some editors write in front */
    assert_int_equal(client_state_rules_parse("\xef\xbb\xbfhide owner\n", 14, &rules, why, sizeof why), PROTO_OK);
    assert_int_equal(rules.hides, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_that_speak_of_secrets_hide_their_value_and_harmless_ones_do_not),
        cmocka_unit_test(forms_of_secrets_are_cut_and_words_stay),
        cmocka_unit_test(a_file_of_rules_adds_and_lifts),
        cmocka_unit_test(a_rule_that_is_none_is_named_with_its_line),
        cmocka_unit_test(a_text_that_grows_stays_in_its_room_and_ends_with_a_whole_character),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
