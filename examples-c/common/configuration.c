#include "configuration.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "command.h"
#include "options.h"
#include "report.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- the library's handles ---- */

/* "Match exec": in the user's shell, as OpenSSH does. A configuration is the user's own word. */
static int32_t run_match(void *user_data, const char *command)
{
    const char *shell = getenv("SHELL");
    const char *arguments[] = {shell == NULL || *shell == '\0' ? "/bin/sh" : shell, "-c", command, NULL};
    pid_t process = command_start(arguments, -1, -1, STDERR_FILENO);
    int status = 0;

    (void)user_data;
    if (process < 0 || !command_wait(process, -1, &status) || !WIFEXITED(status))
        return -1;
    return WEXITSTATUS(status);
}

static ssh_status_t open_one(ssh_config_t **config)
{
    const char *home = getenv("HOME");
    ssh_status_t rc = ssh_config_new(config);

    if (rc == SSH_OK && home != NULL && *home != '\0')
        rc = ssh_config_set_home(*config, home);
    return rc == SSH_OK ? ssh_config_set_exec_handler(*config, run_match, NULL, NULL) : rc;
}

static bool open_all(struct configuration *configuration)
{
    ssh_status_t rc = SSH_OK;

    if (configuration->config == NULL)
        rc = open_one(&configuration->config);
    if (rc == SSH_OK && configuration->for_hops == NULL)
        rc = open_one(&configuration->for_hops);
    if (rc != SSH_OK)
        report_failure("reading options", rc);
    return rc == SSH_OK;
}

void configuration_close(struct configuration *configuration)
{
    ssh_config_free(configuration->config);
    ssh_config_free(configuration->for_hops);
    configuration->config = configuration->for_hops = NULL;
}

/* ---- the command line ---- */

/* What is said of the destination holds for none of the hosts on the way. */
static bool is_about_destination(const char *key)
{
    static const char *const KEYS[] = {"HostName", "Port", "User", "ProxyJump", "ProxyCommand", "HostKeyAlias", "Tag"};
    size_t i;

    for (i = 0; i < COUNT(KEYS); i++)
        if (strcasecmp(KEYS[i], key) == 0)
            return true;
    return false;
}

static void note_proxy(struct configuration *configuration, const char *key, const char *value)
{
    if (strcasecmp(value, "none") == 0)
        return;
    if (strcasecmp(key, "ProxyCommand") == 0)
        configuration->has_proxy_command = true;
    if (strcasecmp(key, "ProxyJump") == 0)
        configuration->has_proxy_jump = true;
}

static bool set_both(struct configuration *configuration, const char *what, const char *key, const char *assignment)
{
    ssh_status_t rc;

    if (!open_all(configuration))
        return false;
    rc = ssh_config_set_option(configuration->config, assignment);
    if (rc == SSH_OK && !is_about_destination(key))
        rc = ssh_config_set_option(configuration->for_hops, assignment);
    if (rc != SSH_OK)
        report_failure(what, rc);
    return rc == SSH_OK;
}

bool configuration_set(struct configuration *configuration, const char *assignment)
{
    const char *text = assignment + strspn(assignment, " \t");
    size_t len = strcspn(text, "= \t");
    const char *key = options_keep(text, len);

    note_proxy(configuration, key, text + len + strspn(text + len, "= \t"));
    return set_both(configuration, assignment, key, assignment);
}

/* In quotes the text is one word, whatever is in it. A command is the rest of the line in any case. */
bool configuration_set_value(struct configuration *configuration, const char *key, const char *value)
{
    bool is_rest = strcasecmp(key, "ProxyJump") == 0 || strcasecmp(key, "ProxyCommand") == 0;
    bool is_words = strcasecmp(key, "LocalForward") == 0 || strcasecmp(key, "RemoteForward") == 0;
    char *text = malloc(strlen(key) + 2 * strlen(value) + 4);
    const char *kept, *c;
    char *end;

    if (text == NULL)
        return false;
    end = text + sprintf(text, is_rest || is_words ? "%s=" : "%s=\"", key);
    for (c = value; *c != '\0'; c++) {
        if (!is_rest && !is_words && (*c == '"' || *c == '\\'))
            *end++ = '\\';
        *end++ = *c;
    }
    if (!is_rest && !is_words)
        *end++ = '"';
    kept = options_keep(text, (size_t)(end - text));
    free(text);
    note_proxy(configuration, key, value);
    return set_both(configuration, value, key, kept);
}

/* ---- the files ---- */

static ssh_status_t load_into(ssh_config_t *config, const char *file)
{
    if (file == NULL)
        return ssh_config_load_defaults(config);
    return strcasecmp(file, "none") == 0 ? SSH_OK : ssh_config_load_file(config, file);
}

bool configuration_load(struct configuration *configuration, const char *command)
{
    ssh_status_t rc;

    if (!open_all(configuration))
        return false;
    rc = load_into(configuration->config, configuration->file);
    if (rc == SSH_OK)
        rc = load_into(configuration->for_hops, configuration->file);
    if (rc == SSH_OK)
        rc = ssh_config_set_command(configuration->config, command);
    if (rc != SSH_OK)
        report_failure("reading the configuration", rc);
    return rc == SSH_OK;
}

/* ---- what was found ---- */

/* The library acts on these itself. */
static bool is_done(const char *name)
{
    static const char *const DONE[] = {"user", "hostname", "tag", "ignoreunknown", "clearallforwardings", "canonicaldomains",
                                       "canonicalizehostname", "canonicalizemaxdots", "canonicalizefallbacklocal",
                                       "canonicalizepermittedcnames"};
    size_t i;

    for (i = 0; i < COUNT(DONE); i++)
        if (strcmp(DONE[i], name) == 0)
            return true;
    return false;
}

/* What asks for nothing needs no program that does it. */
static bool asks_for_nothing(const char *value)
{
    return strcmp(value, "no") == 0 || strcmp(value, "false") == 0 || strcmp(value, "none") == 0;
}

bool configuration_check(const struct settings *settings, const ssh_host_config_t *found)
{
    const char *name;
    size_t i;

    for (i = 0; (name = ssh_host_config_get_warning(found, i)) != NULL; i++)
        report_progress("%s", name);
    for (i = 0; (name = ssh_host_config_get_name(found, i)) != NULL; i++) {
        const char *origin = ssh_host_config_get_origin(found, name);

        if (origin == NULL || is_done(name) || settings_find(settings, name, strlen(name)) != NULL ||
            asks_for_nothing(ssh_host_config_get(found, name)))
            continue;
        if (strcmp(origin, "command line") == 0) {
            report_error(name, "this program does not act on the option", "leave it out");
            return false;
        }
        report_progress("%s: %s is not acted on", origin, name);
    }
    return true;
}

static const char *fill_list(const struct setting *row, void *record, const ssh_host_config_t *found)
{
    size_t i, count = ssh_host_config_get_count(found, row->key);

    for (i = 0; i < count; i++) {
        char *value = NULL;
        ssh_status_t rc = ssh_host_config_get_expanded(found, row->key, i, &value);
        const char *kept = options_keep_text(value), *expected;

        ssh_string_free(value);
        if (rc != SSH_OK) {
            report_failure(row->key, rc);
            return "something that can be expanded";
        }
        expected = strcasecmp(kept, "none") == 0 ? NULL : settings_set(row, record, kept);
        if (expected != NULL)
            return expected;
    }
    return NULL;
}

static const char *fill_rekey(const struct setting *row, void *record, const ssh_host_config_t *found)
{
    const char *bytes = ssh_host_config_get(found, row->key), *seconds = ssh_host_config_get_at(found, row->key, 1);
    char text[64];

    snprintf(text, sizeof text, "%s %s", strcmp(bytes, "0") == 0 ? "default" : bytes, seconds == NULL ? "none" : seconds);
    return settings_set(row, record, text);
}

/* Several words of a text have a space between them. */
static const char *fill_text(const struct setting *row, void *record, const ssh_host_config_t *found)
{
    size_t i, count = ssh_host_config_get_count(found, row->key);
    char text[8192] = "";
    size_t len = 0;

    for (i = 0; i < count && len < sizeof text; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "%s%s", i > 0 ? " " : "", ssh_host_config_get_at(found, row->key, i));
    return len < sizeof text ? settings_set(row, record, options_keep_text(text)) : "shorter";
}

static const char *fill(const struct setting *row, void *record, const ssh_host_config_t *found)
{
    switch (row->kind) {
    case LIST: return fill_list(row, record, found);
    case REKEY: return fill_rekey(row, record, found);
    default: return fill_text(row, record, found);
    }
}

bool configuration_fill(const struct settings *settings, void *record, const ssh_host_config_t *found)
{
    size_t i;

    for (i = 0; i < settings->count; i++) {
        const struct setting *row = &settings->rows[i];
        /* Where nobody says anything, the program's own default holds; identities have the library's. */
        bool is_set = ssh_host_config_get_origin(found, row->key) != NULL || (row->kind == LIST && row->fallback == NULL);
        const char *expected = is_set && ssh_host_config_get_count(found, row->key) > 0 ? fill(row, record, found) : NULL;
        char help[256];

        if (expected == NULL)
            continue;
        snprintf(help, sizeof help, "it must be %s", expected);
        report_error(row->key, ssh_host_config_get(found, row->key), help);
        return false;
    }
    return true;
}
