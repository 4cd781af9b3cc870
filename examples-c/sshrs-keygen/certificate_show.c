/* -L: what a certificate says, as ssh-keygen shows it. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "keygen.h"
#include "report.h"

/* "ED25519", "ECDSA-SK": the names OpenSSH has for people. */
static const char *short_name(const char *type)
{
    static const struct {
        const char *type, *name;
    } names[] = {
        {"ssh-ed25519", "ED25519"},
        {"ssh-rsa", "RSA"},
        {"ecdsa-sha2-", "ECDSA"},
        {"sk-ssh-ed25519", "ED25519-SK"},
        {"sk-ecdsa-sha2-", "ECDSA-SK"},
    };
    size_t i;

    for (i = 0; i < sizeof names / sizeof *names; i++)
        if (strncmp(type, names[i].type, strlen(names[i].type)) == 0)
            return names[i].name;
    return type;
}

static void print_key(const char *label, const ssh_key_t *key, const char *suffix, const char *algorithm)
{
    char *fingerprint = NULL;

    if (ssh_key_get_fingerprint(key, &fingerprint) == SSH_OK) {
        printf("        %s: %s%s %s", label, short_name(ssh_key_get_name(key)), suffix, fingerprint);
        if (algorithm != NULL)
            printf(" (using %s)", algorithm);
        printf("\n");
    }
    ssh_string_free(fingerprint);
}

static void print_time(const char *before, uint64_t seconds)
{
    time_t when = (time_t)seconds;
    struct tm parts;
    char text[64] = "";

    if (when >= 0 && localtime_r(&when, &parts) != NULL)
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
    if (text[0] != '\0')
        printf("%s%s", before, text);
    else
        printf("%s%" PRIu64, before, seconds);
}

static void print_validity(const ssh_cert_t *cert)
{
    uint64_t after = ssh_cert_get_valid_after(cert), before = ssh_cert_get_valid_before(cert);

    printf("        Valid: ");
    if (after == 0 && before == UINT64_MAX) {
        printf("forever");
    } else if (after == 0) {
        print_time("before ", before);
    } else if (before == UINT64_MAX) {
        print_time("after ", after);
    } else {
        print_time("from ", after);
        print_time(" to ", before);
    }
    printf("\n");
}

static void print_principals(const ssh_cert_t *cert)
{
    size_t i, count = ssh_cert_get_principal_count(cert);

    printf("        Principals: %s\n", count == 0 ? "(none)" : "");
    for (i = 0; i < count; i++)
        printf("                %s\n", ssh_cert_get_principal_at(cert, i));
}

/* An option that OpenSSH does not know is shown in hexadecimal. */
static void print_unknown(const uint8_t *data, size_t len)
{
    size_t i;

    if (len == 0) {
        printf(" UNKNOWN FLAG OPTION\n");
        return;
    }
    printf(" UNKNOWN OPTION: ");
    for (i = 0; i < len; i++)
        printf("%02x", data[i]);
    printf(" (len %zu)\n", len);
}

/* The authority chose it: no control characters for the terminal. */
static void print_value(const uint8_t *value, size_t len)
{
    size_t i;

    for (i = 0; i < len; i++)
        putchar(value[i] < 0x20 || value[i] == 0x7f ? '?' : value[i]);
}

static bool is_one_of(const char *name, const char *const *known)
{
    for (; *known != NULL; known++)
        if (strcmp(name, *known) == 0)
            return true;
    return false;
}

static void print_critical_options(const ssh_cert_t *cert)
{
    static const char *const with_value[] = {"force-command", "source-address", NULL};
    size_t i, len, count = ssh_cert_get_critical_option_count(cert);
    const uint8_t *data, *value;
    const char *name;

    printf("        Critical Options: %s\n", count == 0 ? "(none)" : "");
    for (i = 0; i < count; i++) {
        name = ssh_cert_get_critical_option_at(cert, i, &data, &len);
        printf("                %s", name);
        if (is_one_of(name, with_value) && (value = ssh_cert_get_critical_option(cert, name, &len)) != NULL) {
            printf(" ");
            print_value(value, len);
            printf("\n");
        } else if (strcmp(name, "verify-required") == 0) {
            printf("\n");
        } else {
            print_unknown(data, len);
        }
    }
}

static void print_extensions(const ssh_cert_t *cert)
{
    static const char *const known[] = {
        "permit-X11-forwarding", "permit-agent-forwarding", "permit-port-forwarding", "permit-pty", "permit-user-rc",
        "no-touch-required", NULL,
    };
    size_t i, len, count = ssh_cert_get_extension_count(cert);
    const uint8_t *data;
    const char *name;

    printf("        Extensions: %s\n", count == 0 ? "(none)" : "");
    for (i = 0; i < count; i++) {
        name = ssh_cert_get_extension_at(cert, i, &data, &len);
        printf("                %s", name);
        if (is_one_of(name, known))
            printf("\n");
        else
            print_unknown(data, len);
    }
}

bool show_certificate(const struct command *command)
{
    ssh_cert_t *cert = NULL;
    ssh_key_t *key = NULL, *authority = NULL;
    ssh_status_t rc = ssh_cert_load_file(command->file, &cert);

    if (rc == SSH_OK)
        rc = ssh_cert_get_public_key(cert, &key);
    if (rc == SSH_OK)
        rc = ssh_cert_get_signature_key(cert, &authority);
    if (rc != SSH_OK) {
        report_failure(command->file, rc);
    } else {
        printf("%s:\n        Type: %s %s certificate\n", command->file, ssh_cert_get_type(cert),
            ssh_cert_get_kind(cert) == SSH_CERT_HOST ? "host" : "user");
        print_key("Public key", key, "-CERT", NULL);
        print_key("Signing CA", authority, "", ssh_cert_get_signature_algorithm(cert));
        printf("        Key ID: \"%s\"\n        Serial: %" PRIu64 "\n", ssh_cert_get_key_id(cert), ssh_cert_get_serial(cert));
        print_validity(cert);
        print_principals(cert);
        print_critical_options(cert);
        print_extensions(cert);
    }
    ssh_key_free(authority);
    ssh_key_free(key);
    ssh_cert_free(cert);
    return rc == SSH_OK;
}
