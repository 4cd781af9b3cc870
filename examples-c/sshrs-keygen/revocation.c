/* -k and -Q: making and asking key revocation lists. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "keygen.h"
#include "report.h"

/* Whose certificates serial numbers and key IDs are of. */
struct authority {
    ssh_key_t *key; /* NULL: everyone's, if `any` */
    bool any;
};

void read_comment(const char *path, char *comment, size_t size)
{
    FILE *file = fopen(path, "r");
    char line[16384];
    const char *at = NULL;
    int field;

    comment[0] = '\0';
    if (file == NULL)
        return;
    while (at == NULL && fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\r\n")] = '\0';
        at = line + strspn(line, " \t");
        if (*at == '\0' || *at == '#' || strncmp(at, "-----", 5) == 0)
            at = NULL;
    }
    fclose(file);
    for (field = 0; at != NULL && field < 2; field++) {
        at += strcspn(at, " \t");
        at += strspn(at, " \t");
    }
    if (at != NULL)
        snprintf(comment, size, "%s", at);
}

/* What stands behind "id:" and the like; NULL if the line is of another kind. */
static const char *behind(const char *line, const char *prefix)
{
    size_t len = strlen(prefix);

    if (strncasecmp(line, prefix, len) != 0)
        return NULL;
    return line + len + strspn(line + len, " \t");
}

/* "5" or "5-7". */
static ssh_status_t add_serials(ssh_krl_t *krl, const struct authority *authority, const char *range)
{
    char *end;
    uint64_t first = strtoull(range, &end, 0), last = first;

    if (*range >= '0' && *range <= '9' && *end == '-') {
        range = end + 1;
        last = strtoull(range, &end, 0);
    }
    /* What is no number is refused as 0 is. */
    return ssh_krl_add_serials(krl, authority->key, *range >= '0' && *range <= '9' && *end == '\0' ? first : 0, last);
}

/* A line "type base64": a certificate by what it is known by, or a key by itself or by its hash. */
static ssh_status_t add_key_line(ssh_krl_t *krl, const char *line)
{
    static const struct {
        const char *prefix, *algorithm;
    } kinds[] = {{"sha1:", "sha1"}, {"sha256:", "sha256"}, {"key:", NULL}};
    const char *text = NULL;
    ssh_cert_t *cert = NULL;
    ssh_key_t *key = NULL;
    ssh_status_t rc;
    size_t i;

    for (i = 0; i < sizeof kinds / sizeof *kinds && text == NULL; i++)
        text = behind(line, kinds[i].prefix);
    if (text == NULL && ssh_cert_load_memory(line, strlen(line), &cert) == SSH_OK) {
        rc = ssh_krl_add_cert(krl, cert);
        ssh_cert_free(cert);
        return rc;
    }
    rc = SSH_OK;
    if (text != NULL && ssh_cert_load_memory(text, strlen(text), &cert) == SSH_OK) {
        rc = ssh_cert_get_public_key(cert, &key);
        ssh_cert_free(cert);
    } else {
        if (text == NULL)
            text = line;
        rc = ssh_key_load_public_memory(text, strlen(text), &key);
    }
    if (rc == SSH_OK)
        rc = i > 0 && text != line && kinds[i - 1].algorithm != NULL ? ssh_krl_add_key_hash(krl, key, kinds[i - 1].algorithm)
                                                                    : ssh_krl_add_key(krl, key);
    ssh_key_free(key);
    return rc;
}

static bool add_line(ssh_krl_t *krl, const struct authority *authority, char *line, const char *path)
{
    const char *value;
    ssh_status_t rc;
    size_t len;

    line += strspn(line, " \t");
    len = strcspn(line, "#\r\n");
    while (len > 0 && (line[len - 1] == ' ' || line[len - 1] == '\t'))
        len--;
    line[len] = '\0';
    if (len == 0)
        return true;
    if ((behind(line, "serial:") != NULL || behind(line, "id:") != NULL) && authority->key == NULL && !authority->any)
        return wrong("serial numbers and key IDs need -s with their authority's public key, or \"none\" for every one");
    if ((value = behind(line, "serial:")) != NULL)
        rc = add_serials(krl, authority, value);
    else if ((value = behind(line, "id:")) != NULL)
        rc = ssh_krl_add_key_id(krl, authority->key, value);
    else if ((value = behind(line, "hash:")) != NULL)
        rc = ssh_krl_add_fingerprint(krl, value);
    else
        rc = add_key_line(krl, line);
    if (rc != SSH_OK)
        report_failure(path, rc);
    return rc == SSH_OK;
}

static bool add_file(ssh_krl_t *krl, const struct authority *authority, const char *path)
{
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "r");
    char *line = NULL;
    size_t size = 0;
    bool ok = file != NULL;

    if (!ok)
        report_error(path, "the file cannot be read", NULL);
    while (ok && getline(&line, &size, file) >= 0)
        ok = add_line(krl, authority, line, path);
    free(line);
    if (file != NULL && file != stdin)
        fclose(file);
    return ok;
}

bool make_krl(const struct command *command)
{
    struct authority authority = {NULL, false};
    ssh_krl_t *krl = NULL;
    char *const *file, *end = "";
    uint64_t version;
    ssh_status_t rc = SSH_OK;
    bool ok = true;

    if (command->authority != NULL && strcasecmp(command->authority, "none") == 0)
        authority.any = true;
    else if (command->authority != NULL && (rc = ssh_key_load_public_file(command->authority, &authority.key)) != SSH_OK)
        report_failure(command->authority, rc);
    if (rc == SSH_OK) {
        rc = command->update ? ssh_krl_load_file(command->file, &krl) : ssh_krl_new(&krl);
        if (rc != SSH_OK)
            report_failure(command->file, rc);
    }
    ok = rc == SSH_OK;
    version = ssh_krl_get_version(krl);
    if (command->serial != NULL) {
        version = strtoull(command->serial, &end, 0);
        ok = ok && ((command->serial[0] >= '0' && command->serial[0] <= '9' && *end == '\0') || wrong("-z takes a number"));
    }
    for (file = command->files; ok && *file != NULL; file++)
        ok = add_file(krl, &authority, *file);
    if (ok && (rc = ssh_krl_write_file(krl, command->file, version, command->comment)) != SSH_OK) {
        report_failure(command->file, rc);
        ok = false;
    }
    ssh_key_free(authority.key);
    ssh_krl_free(krl);
    return ok;
}

/* SSH_OK, or SSH_ERR_KEY_REVOKED or _CERT_REVOKED, or why it cannot be said. */
static ssh_status_t ask(const ssh_krl_t *krl, const char *path)
{
    ssh_cert_t *cert = NULL;
    ssh_key_t *key = NULL;
    ssh_status_t rc = ssh_cert_load_file(path, &cert);

    if (rc == SSH_OK) {
        rc = ssh_krl_check_cert(krl, cert);
    } else if (rc == SSH_ERR_KEY_UNSUPPORTED_TYPE || rc == SSH_ERR_CERT_CORRUPT) {
        rc = ssh_key_load_public_file(path, &key);
        if (rc == SSH_OK)
            rc = ssh_krl_check_key(krl, key);
    }
    ssh_key_free(key);
    ssh_cert_free(cert);
    return rc;
}

bool ask_krl(const struct command *command, bool *revoked)
{
    ssh_krl_t *krl = NULL;
    ssh_status_t rc = ssh_krl_load_file(command->file, &krl);
    char *const *file, comment[1024];
    bool ok = rc == SSH_OK;

    if (!ok)
        report_failure(command->file, rc);
    for (file = command->files; ok && *file != NULL; file++) {
        bool is_revoked;

        rc = ask(krl, *file);
        is_revoked = rc == SSH_ERR_KEY_REVOKED || rc == SSH_ERR_CERT_REVOKED;
        ok = rc == SSH_OK || is_revoked;
        if (!ok) {
            report_failure(*file, rc);
            break;
        }
        *revoked |= is_revoked;
        read_comment(*file, comment, sizeof comment);
        printf("%s%s%s%s: %s\n", *file, *comment ? " (" : "", comment, *comment ? ")" : "", is_revoked ? "REVOKED" : "ok");
    }
    ssh_krl_free(krl);
    return ok;
}
