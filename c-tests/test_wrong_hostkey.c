/* A host key that is wrong, unknown or revoked ends the connection before any credentials; no decision is an error. */
#include "support.h"

static ssh_status_t connect_with(const ssh_connect_options_t *given, ssh_transport_t **out)
{
    ssh_connect_options_t options = *given;
    ssh_key_t *key = test_key();
    ssh_status_t rc;

    *out = test_transport(NULL);
    options.username = setting("SSHRS_TEST_USER");
    options.key = key;
    rc = ssh_transport_connect(*out, &options, WAIT_MS);
    ssh_key_free(key);
    return rc;
}

static void refused(const ssh_connect_options_t *options, ssh_status_t expected)
{
    ssh_transport_t *transport;
    ssh_exception_t *e;

    CHECK_STATUS(connect_with(options, &transport), expected);
    CHECK(!ssh_transport_is_active(transport) && !ssh_transport_is_authenticated(transport));
    e = ssh_get_exception(transport);
    CHECK(ssh_exception_code(e) == expected && strstr(ssh_exception_text(e), "SHA256:") != NULL);
    CHECK(ssh_exception_hint(e)[0] != '\0');
    ssh_exception_free(e);
    ssh_transport_free(transport);
}

/* A file's content with the test server's key under a marker. */
static ssh_known_hosts_t *hosts_with(const char *marker, ssh_key_t *key)
{
    char *line, text[4096];
    ssh_known_hosts_t *hosts;

    CHECK_OK(ssh_key_get_public_line(key, NULL, &line));
    snprintf(text, sizeof text, "%s[%s]:%u %s\n", marker, setting("SSHRS_TEST_HOST"), (unsigned)server_port(), line);
    ssh_string_free(line);
    CHECK_OK(ssh_known_hosts_new(&hosts));
    CHECK_OK(ssh_known_hosts_load_memory(hosts, text, strlen(text)));
    return hosts;
}

/* What a resolver would say of the test server: its key's records, or another's, validated or not. */
struct zone {
    const ssh_key_t *key;
    bool secure;
    int asked;
};

static void look_up(void *user_data, const char *host, ssh_sshfp_answer_t *answer)
{
    struct zone *zone = user_data;
    char *lines, *line;

    CHECK(strcmp(host, "host.example") == 0);
    zone->asked++;
    CHECK_STATUS(ssh_sshfp_answer_add(answer, 256, 1, "", 0), SSH_ERR_INVALID_ARGUMENT);
    CHECK_OK(ssh_sshfp_answer_add(answer, 99, 99, "\1", 1));
    CHECK_OK(ssh_sshfp_answer_set_secure(answer, zone->secure));
    CHECK_OK(ssh_key_get_sshfp(zone->key, host, &lines));
    for (line = strtok(lines, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        unsigned algorithm, type, byte;
        unsigned char bytes[32];
        size_t len = 0;
        int at = 0;

        CHECK(sscanf(line, "host.example IN SSHFP %u %u %n", &algorithm, &type, &at) == 2 && at > 0);
        for (; len < sizeof bytes && sscanf(line + at + 2 * len, "%2x", &byte) == 1; len++)
            bytes[len] = (unsigned char)byte;
        CHECK(len == (type == 1 ? 20 : 32));
        CHECK_OK(ssh_sshfp_answer_add(answer, algorithm, type, bytes, len));
    }
    ssh_string_free(lines);
}

static void dns(const ssh_key_t *right, const ssh_key_t *wrong)
{
    ssh_connect_options_t options = SSH_CONNECT_OPTIONS_INIT;
    struct zone zone = {right, true, 0};
    ssh_transport_t *transport;
    ssh_known_hosts_t *hosts;
    ssh_exception_t *e;

    options.sshfp_lookup = look_up;
    options.sshfp_user_data = &zone;
    options.known_host_name = "host.example";
    CHECK_OK(connect_with(&options, &transport));
    ssh_transport_free(transport);

    /* Not validated: only told of. */
    zone.secure = false;
    CHECK_STATUS(connect_with(&options, &transport), SSH_ERR_HOST_KEY_UNKNOWN);
    e = ssh_get_exception(transport);
    CHECK(strstr(ssh_exception_text(e), "not validated") != NULL);
    ssh_exception_free(e);
    ssh_transport_free(transport);

    /* Another key's: worse than nothing. */
    zone.key = wrong;
    zone.secure = true;
    options.hostkey_policy = SSH_HOSTKEY_ACCEPT_NEW;
    refused(&options, SSH_ERR_HOST_KEY_UNKNOWN);
    CHECK(zone.asked == 3);

    /* Revoked outranks it. */
    zone.key = right;
    CHECK_OK(ssh_known_hosts_new(&hosts));
    {
        char *line, text[4096];

        CHECK_OK(ssh_key_get_public_line(right, "", &line));
        snprintf(text, sizeof text, "@revoked host.example %s\n", line);
        CHECK_OK(ssh_known_hosts_load_memory(hosts, text, strlen(text)));
        ssh_string_free(line);
    }
    options.known_hosts = hosts;
    refused(&options, SSH_ERR_HOST_KEY_REVOKED);
    CHECK(zone.asked == 3);
    ssh_known_hosts_free(hosts);
}

int main(void)
{
    ssh_connect_options_t options = SSH_CONNECT_OPTIONS_INIT;
    ssh_transport_t *transport;
    ssh_known_hosts_t *hosts;
    ssh_exception_t *e;
    ssh_key_t *right, *wrong;
    int32_t verdict;

    CHECK_OK(ssh_key_load_public_file(setting("SSHRS_TEST_HOSTKEY_PUB"), &right));
    wrong = test_key();

    CHECK_STATUS(connect_with(&options, &transport), SSH_ERR_INVALID_ARGUMENT);
    e = ssh_get_exception(transport);
    CHECK(strstr(ssh_exception_text(e), "SSH_HOSTKEY_ANY") != NULL);
    ssh_exception_free(e);
    ssh_transport_free(transport);

    options.hostkey = wrong;
    refused(&options, SSH_ERR_HOST_KEY_MISMATCH);
    options.hostkey = right;
    CHECK_OK(connect_with(&options, &transport));
    CHECK(ssh_transport_is_authenticated(transport));
    ssh_transport_free(transport);
    options.hostkey = NULL;

    CHECK_OK(ssh_known_hosts_new(&hosts));
    options.known_hosts = hosts;
    refused(&options, SSH_ERR_HOST_KEY_UNKNOWN);
    options.hostkey_policy = SSH_HOSTKEY_ACCEPT_NEW;
    CHECK_OK(connect_with(&options, &transport));
    ssh_transport_free(transport);
    ssh_known_hosts_free(hosts);

    hosts = hosts_with("", wrong);
    options.known_hosts = hosts;
    refused(&options, SSH_ERR_HOST_KEY_MISMATCH);
    options.hostkey_policy = SSH_HOSTKEY_CHECK;
    refused(&options, SSH_ERR_HOST_KEY_MISMATCH);
    ssh_known_hosts_free(hosts);

    hosts = hosts_with("@revoked ", right);
    options.known_hosts = hosts;
    options.hostkey_policy = SSH_HOSTKEY_ACCEPT_NEW;
    CHECK_OK(ssh_known_hosts_check(hosts, setting("SSHRS_TEST_HOST"), server_port(), right, &verdict, NULL, NULL));
    CHECK(verdict == SSH_KNOWN_HOST_REVOKED);
    ssh_known_hosts_free(hosts);

    options.known_hosts = NULL;
    options.hostkey_policy = SSH_HOSTKEY_ANY;
    CHECK_OK(connect_with(&options, &transport));
    ssh_transport_free(transport);
    dns(right, wrong);
    options.hostkey_policy = 99;
    CHECK_STATUS(connect_with(&options, &transport), SSH_ERR_INVALID_ARGUMENT);
    ssh_transport_free(transport);
    ssh_key_free(right);
    ssh_key_free(wrong);
    return 0;
}
