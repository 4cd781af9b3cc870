#include "admission.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "options.h"
#include "report.h"

/* sshd_config's tokens in a file's name: %u and %h are the account's, %% is one %. False for others, and without room. */
static bool expand(const struct config *config, const char *pattern, char *out, size_t size)
{
    size_t len = 0;

    for (; *pattern != '\0'; pattern++) {
        char plain[2] = {*pattern, '\0'};
        const char *part = plain;
        int written;

        if (*pattern == '%') {
            pattern++;
            part = *pattern == 'u' ? config->user : *pattern == 'h' ? config->home : *pattern == '%' ? "%" : NULL;
        }
        if (part == NULL || (written = snprintf(out + len, size - len, "%s", part)) < 0 || (size_t)written >= size - len)
            return false;
        len += (size_t)written;
    }
    out[len] = '\0';
    return true;
}

static bool is_set(const char *value)
{
    return value != NULL && strcasecmp(value, "none") != 0;
}

typedef ssh_status_t load_fn(ssh_authorized_keys_t *lists, const char *path);

static ssh_status_t load(const struct config *config, ssh_authorized_keys_t *lists, load_fn *function, const char *pattern)
{
    char path[4096];
    ssh_status_t rc;

    if (!is_set(pattern))
        return SSH_OK;
    if (!expand(config, pattern, path, sizeof path)) {
        report_error(pattern, "it has a token that is not known here, or is too long", "use %u, %h or %%");
        return SSH_ERR_INVALID_ARGUMENT;
    }
    rc = function(lists, options_expand_path(path));
    if (rc != SSH_OK)
        report_failure(path, rc);
    return rc;
}

/* All or nothing: without the list of what is revoked, everything might be. NULL, and reported, where a file fails. */
static ssh_authorized_keys_t *load_lists(const struct config *config)
{
    ssh_authorized_keys_t *lists = NULL;
    ssh_status_t rc = ssh_authorized_keys_new(&lists);

    if (rc == SSH_OK)
        rc = load(config, lists, ssh_authorized_keys_load_krl_file, config->revoked_keys);
    if (rc == SSH_OK)
        rc = load(config, lists, ssh_authorized_keys_load_file, config->authorized_keys);
    if (rc == SSH_OK)
        rc = load(config, lists, ssh_authorized_keys_load_user_ca_file, config->trusted_user_ca);
    if (rc == SSH_OK)
        rc = load(config, lists, ssh_authorized_keys_load_principals_file, config->principals_file);
    if (rc == SSH_OK && config->ca_algorithms != NULL) {
        rc = ssh_authorized_keys_set_ca_algorithms(lists, config->ca_algorithms);
        if (rc != SSH_OK)
            report_failure("CASignatureAlgorithms", rc);
    }
    if (rc == SSH_OK && strcmp(config->permit_user_environment, "no") != 0)
        rc = ssh_authorized_keys_permit_environment(
            lists, strcmp(config->permit_user_environment, "yes") == 0 ? "*" : config->permit_user_environment);
    if (rc == SSH_OK)
        return lists;
    ssh_authorized_keys_free(lists);
    return NULL;
}

static void report_rejected(const ssh_authorized_keys_t *lists)
{
    size_t count = ssh_authorized_keys_get_rejected_count(lists), i;

    for (i = 0; i < count; i++) {
        char *text = NULL;

        if (ssh_authorized_keys_get_rejected(lists, i, &text) == SSH_OK)
            report_progress("a line is passed over: %s", text);
        ssh_string_free(text);
    }
}

bool admission_try(const struct config *config)
{
    ssh_authorized_keys_t *lists = load_lists(config);
    bool ok = lists != NULL;

    if (ok)
        report_rejected(lists);
    ssh_authorized_keys_free(lists);
    return ok;
}

static void report_admitted(const ssh_permissions_t *permissions)
{
    const char *file = ssh_permissions_get_file(permissions), *id = ssh_permissions_get_key_id(permissions);
    size_t line = ssh_permissions_get_line(permissions);

    if (id == NULL)
        report_progress("%s:%zu admits the key", file, line);
    else
        report_progress("%s:%zu admits the certificate \"%s\", serial number %llu", file, line, id,
                        (unsigned long long)ssh_permissions_get_serial(permissions));
}

ssh_permissions_t *admission_check(const struct connection *connection, const ssh_key_t *key)
{
    ssh_authorized_keys_request_t request = SSH_AUTHORIZED_KEYS_REQUEST_INIT;
    const struct config *config = &connection->server->config;
    ssh_authorized_keys_t *lists = load_lists(config);
    ssh_permissions_t *permissions = NULL;
    char *address = NULL;
    uint32_t port = 0;
    ssh_status_t rc;

    if (lists == NULL)
        return NULL;
    report_rejected(lists);
    request.user = config->user;
    request.key = key;
    if (ssh_transport_getpeername(connection->transport, &address, &port) == SSH_OK)
        request.address = address;
    rc = ssh_authorized_keys_check(lists, &request, &permissions);
    if (rc == SSH_OK)
        report_admitted(permissions);
    else
        report_refusal("a key", rc);
    ssh_string_free(address);
    ssh_authorized_keys_free(lists);
    return permissions;
}
