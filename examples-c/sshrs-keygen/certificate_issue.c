/* -s: issuing certificates. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "keygen.h"
#include "report.h"

#define MAX_PRINCIPALS 256

/* The extensions a user's certificate has unless -O says otherwise, and one more that can be asked for. */
static const char *const FLAGS[] = {
    "permit-X11-forwarding", "permit-agent-forwarding", "permit-port-forwarding", "permit-pty", "permit-user-rc",
    "no-touch-required",
};
#define FLAG_COUNT (sizeof FLAGS / sizeof *FLAGS)
#define DEFAULT_COUNT (FLAG_COUNT - 1)

/* What the options of the command line become. Texts point into `copies`. */
struct wanted {
    bool flags[FLAG_COUNT];
    bool verify;
    ssh_cert_option_t critical[MAX_CERT_OPTIONS];
    size_t critical_count;
    ssh_cert_option_t extensions[MAX_CERT_OPTIONS + FLAG_COUNT];
    size_t extension_count;
    char *copies[MAX_CERT_OPTIONS];
    size_t copy_count;
    const char *principals[MAX_PRINCIPALS];
    char *principal_text;
    ssh_cert_issue_options_t issue;
};

static void add(ssh_cert_option_t *list, size_t *count, const char *name, const char *value)
{
    ssh_cert_option_t *option = &list[(*count)++];

    option->name = name;
    option->value = value;
    option->value_len = value == NULL ? 0 : strlen(value);
}

/* "no-pty" takes away what "permit-pty" gives; "touch-required" what "no-touch-required" gives. */
static bool take_flag(struct wanted *wanted, const char *name)
{
    size_t i;

    for (i = 0; i < FLAG_COUNT; i++) {
        bool permit = strncmp(FLAGS[i], "permit-", 7) == 0;

        if (strcasecmp(name, FLAGS[i]) == 0) {
            wanted->flags[i] = true;
            return true;
        }
        if (permit ? strncasecmp(name, "no-", 3) == 0 && strcasecmp(name + 3, FLAGS[i] + 7) == 0
                   : strcasecmp(name, FLAGS[i] + 3) == 0) {
            wanted->flags[i] = false;
            return true;
        }
    }
    return false;
}

/* "critical:NAME[=VALUE]" or "extension:NAME[=VALUE]". */
static bool take_named(struct wanted *wanted, const char *option, bool critical)
{
    char *name = strdup(option), *value;

    if (name == NULL)
        return wrong("out of memory");
    wanted->copies[wanted->copy_count++] = name;
    value = strchr(name, '=');
    if (value != NULL)
        *value++ = '\0';
    if (critical)
        add(wanted->critical, &wanted->critical_count, name, value);
    else
        add(wanted->extensions, &wanted->extension_count, name, value);
    return true;
}

static bool take_cert_option(struct wanted *wanted, const char *option)
{
    if (strcasecmp(option, "clear") == 0) {
        memset(wanted->flags, 0, sizeof wanted->flags);
        wanted->verify = false;
    } else if (strcasecmp(option, "verify-required") == 0 || strcasecmp(option, "no-verify-required") == 0) {
        wanted->verify = option[0] == 'v' || option[0] == 'V';
    } else if (strncasecmp(option, "critical:", 9) == 0) {
        return take_named(wanted, option + 9, true);
    } else if (strncasecmp(option, "extension:", 10) == 0) {
        return take_named(wanted, option + 10, false);
    } else if (strncasecmp(option, "force-command=", 14) == 0 && option[14] != '\0') {
        add(wanted->critical, &wanted->critical_count, "force-command", option + 14);
    } else if (strncasecmp(option, "source-address=", 15) == 0 && option[15] != '\0') {
        add(wanted->critical, &wanted->critical_count, "source-address", option + 15);
    } else if (!take_flag(wanted, option)) {
        return wrong("an option of -O is not known, or lacks its value");
    }
    return true;
}

static bool take_validity(struct wanted *wanted, const char *validity)
{
    uint64_t now = (uint64_t)time(NULL), after = 0, before = 0;
    char *copy, *colon;
    bool ok;

    if (validity == NULL)
        return true;
    if (*validity == '+' && strchr(validity, ':') == NULL) {
        /* From the minute before: clocks differ. */
        if (!read_time(validity, "forever", UINT64_MAX, now, &wanted->issue.valid_before))
            return wrong("-V takes a span of time (+52w), or FROM:TO");
        wanted->issue.valid_after = (now - 59) / 60 * 60;
        return true;
    }
    copy = strdup(validity);
    colon = copy == NULL ? NULL : strchr(copy, ':');
    ok = colon != NULL;
    if (ok) {
        *colon = '\0';
        ok = read_time(copy, "always", 0, now, &after) && read_time(colon + 1, "forever", UINT64_MAX, now, &before) &&
             before > after;
    }
    free(copy);
    wanted->issue.valid_after = after;
    wanted->issue.valid_before = before;
    return ok || wrong("-V takes FROM:TO, with FROM before TO: dates (YYYYMMDD[HHMM[SS]][Z]), +SPAN, -SPAN, 0x..., always, forever");
}

static bool take_principals(struct wanted *wanted, const char *list)
{
    char *name, *comma;

    if (list == NULL)
        return true;
    wanted->principal_text = strdup(list);
    for (name = wanted->principal_text; name != NULL; name = comma == NULL ? NULL : comma + 1) {
        if (wanted->issue.principal_count == MAX_PRINCIPALS)
            return wrong("-n takes at most 256 names");
        comma = strchr(name, ',');
        if (comma != NULL)
            *comma = '\0';
        wanted->principals[wanted->issue.principal_count++] = name;
    }
    wanted->issue.principals = wanted->principals;
    return wanted->principal_text != NULL || wrong("out of memory");
}

static bool take_wanted(struct wanted *wanted, const struct command *command)
{
    const ssh_cert_issue_options_t initial = SSH_CERT_ISSUE_OPTIONS_INIT;
    size_t i;

    memset(wanted, 0, sizeof *wanted);
    wanted->issue = initial;
    for (i = 0; i < DEFAULT_COUNT; i++)
        wanted->flags[i] = !command->host;
    for (i = 0; i < command->cert_option_count; i++)
        if (!take_cert_option(wanted, command->cert_options[i]))
            return false;
    if (wanted->verify)
        add(wanted->critical, &wanted->critical_count, "verify-required", NULL);
    for (i = 0; i < FLAG_COUNT; i++)
        if (wanted->flags[i])
            add(wanted->extensions, &wanted->extension_count, FLAGS[i], NULL);
    wanted->issue.kind = command->host ? SSH_CERT_HOST : SSH_CERT_USER;
    wanted->issue.no_default_extensions = true;
    wanted->issue.key_id = command->key_id;
    wanted->issue.critical_options = wanted->critical;
    wanted->issue.critical_option_count = wanted->critical_count;
    wanted->issue.extensions = wanted->extensions;
    wanted->issue.extension_count = wanted->extension_count;
    wanted->issue.algorithm = command->type;
    return take_principals(wanted, command->principals) && take_validity(wanted, command->validity);
}

/* "id_ed25519.pub" is certified in "id_ed25519-cert.pub". */
static bool certify_file(const ssh_key_t *authority, const struct wanted *wanted, const char *path)
{
    size_t len = strlen(path);
    char target[4096], comment[1024];
    ssh_key_t *key = NULL;
    ssh_cert_t *cert = NULL;
    ssh_status_t rc;

    if (len > 4 && strcmp(path + len - 4, ".pub") == 0)
        len -= 4;
    if ((size_t)snprintf(target, sizeof target, "%.*s-cert.pub", (int)len, path) >= sizeof target)
        return wrong("a file's name is too long");
    read_comment(path, comment, sizeof comment);
    rc = ssh_key_load_public_file(path, &key);
    if (rc == SSH_OK)
        rc = ssh_cert_issue(authority, key, &wanted->issue, &cert);
    if (rc == SSH_OK)
        rc = ssh_cert_write_file(cert, target, comment, true);
    if (rc == SSH_OK)
        report_notice("Signed %s key %s: id \"%s\" serial %" PRIu64, wanted->issue.kind == SSH_CERT_HOST ? "host" : "user", target,
            ssh_cert_get_key_id(cert), ssh_cert_get_serial(cert));
    else
        report_failure(path, rc);
    ssh_cert_free(cert);
    ssh_key_free(key);
    return rc == SSH_OK;
}

bool certify(const struct command *command)
{
    struct wanted *wanted = malloc(sizeof *wanted);
    ssh_key_t *authority = NULL;
    bool counting = command->serial != NULL && command->serial[0] == '+';
    char *end = "", *const *file = command->files;
    bool ok = wanted != NULL && take_wanted(wanted, command);

    if (ok && command->serial != NULL) {
        wanted->issue.serial = strtoull(command->serial + counting, &end, 0);
        ok = (command->serial[counting] != '\0' && *end == '\0') || wrong("-z takes a number");
    }
    if (ok)
        ok = command->key_id != NULL || wrong("-I ID is missing");
    if (ok)
        ok = *file != NULL || wrong("the public keys to certify are missing");
    if (ok)
        ok = (authority = load_private_file(command->authority, command->old_passphrase_file)) != NULL;
    for (; ok && *file != NULL; file++) {
        ok = certify_file(authority, wanted, *file);
        if (counting)
            wanted->issue.serial++;
    }
    ssh_key_free(authority);
    if (wanted != NULL) {
        while (wanted->copy_count > 0)
            free(wanted->copies[--wanted->copy_count]);
        free(wanted->principal_text);
    }
    free(wanted);
    return ok;
}
