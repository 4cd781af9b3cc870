#include "options.h"

#include <ctype.h>
#include <pwd.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "report.h"
#include "settings.h"

const char OPTIONS_HELP[] =
    "  -4, -6                   use IPv4 or IPv6 addresses only\n"
    "  -C                       compress (-o Compression=yes)\n"
    "  -F FILE                  the configuration, in place of ~/.ssh/config and /etc/ssh/ssh_config; none: no file\n"
    "  -i FILE                  a private key to log in with; may be repeated\n"
    "  -J [USER@]HOST[:PORT],.. go through these hosts, in order\n"
    "  -l USER                  the user to log in as\n"
    "  -o KEY=VALUE             a setting under OpenSSH's name; -G prints all of them\n"
    "  -p PORT                  the server's port (22)\n"
    "  -v                       say what happens; -vv adds the library's log, -vvv every packet\n"
    "  --password-file FILE     the password is the file's first line\n"
    "  --passphrase-file FILE   the passphrase of encrypted private keys is the file's first line (OpenSSH has none)\n"
    "\n"
    "-o ProxyCommand=COMMAND talks to the server through a program's standard input and output, run by the shell in SHELL;\n"
    "%h, %p and %r in it are host, port and user, %n is the host as it was typed, %% a percent sign. A command of \"none\"\n"
    "is none.\n"
    "\n"
    "ConnectTimeout bounds, for each host, connecting and the first key exchange together; without it they have 30, 15 and 15\n"
    "seconds: to connect, for the server's version, for the keys. While logging in, each answer of the server has 30 seconds.\n"
    "\n"
    "Options are looked for on the command line, in ~/.ssh/config and in /etc/ssh/ssh_config, as ssh does. One that this program\n"
    "does not act on is an error on the command line; in a file it is passed over, and named with -v.\n";

#define SETTINGS_RECORD struct options

static const struct choice FAMILY[] = {{"any", AF_UNSPEC}, {"inet", AF_INET}, {"inet6", AF_INET6}, {NULL, 0}};
/* "ask" refuses too: this program asks no questions about keys. */
static const struct choice STRICT[] = {{"true", HOSTKEY_REFUSE_UNKNOWN}, {"ask", HOSTKEY_REFUSE_UNKNOWN},
                                       {"accept-new", HOSTKEY_ACCEPT_NEW}, {"false", HOSTKEY_ACCEPT_ANY},
                                       {NULL, 0}};
/* Nor does it ask about new ones. */
static const struct choice UPDATE[] = {{"true", 1}, {"yes", 1}, {"false", 0}, {"no", 0}, {"ask", 0}, {NULL, 0}};
static const struct choice TTY[] = {{"auto", TTY_AUTO}, {"false", TTY_NO}, {"true", TTY_YES}, {"force", TTY_FORCE}, {NULL, 0}};
/* How the signature is bound to the host is the library's business: it is wherever the server knows the method. */
static const struct choice PUBKEY[] = {{"true", 1}, {"false", 0}, {"host-bound", 1}, {NULL, 0}};

static const struct setting ROWS[] = {
    CHOICE_ROW("AddressFamily", address_family, "any", FAMILY),
    CHOICE_ROW("BatchMode", batch_mode, "no", SETTINGS_YES_NO),
    LIST_ROW("CertificateFile", certificates),
    TEXT_ROW("Ciphers", algorithms.ciphers, NULL),
    CHOICE_ROW("Compression", compression, "no", SETTINGS_YES_NO),
    TIME_ROW("ConnectTimeout", connect_timeout, "0"),
    LIST_ROW("DynamicForward", dynamic_forwards),
    CHOICE_ROW("ExitOnForwardFailure", exit_on_forward_failure, "no", SETTINGS_YES_NO),
    CHOICE_ROW("ForwardAgent", forward_agent, "no", SETTINGS_YES_NO),
    CHOICE_ROW("ForwardX11", forward_x11, "no", SETTINGS_YES_NO),
    TIME_ROW("ForwardX11Timeout", forward_x11_timeout, "1200"),
    CHOICE_ROW("ForwardX11Trusted", forward_x11_trusted, "no", SETTINGS_YES_NO),
    TEXT_ROW("GlobalKnownHostsFile", global_known_hosts, "/etc/ssh/ssh_known_hosts"),
    CHOICE_ROW("HashKnownHosts", hash_known_hosts, "no", SETTINGS_YES_NO),
    TEXT_ROW("HostKeyAlgorithms", algorithms.host_keys, NULL),
    TEXT_ROW("HostKeyAlias", host_key_alias, NULL),
    CHOICE_ROW("IdentitiesOnly", identities_only, "no", SETTINGS_YES_NO),
    TEXT_ROW("IdentityAgent", identity_agent, "SSH_AUTH_SOCK"),
    LIST_ROW("IdentityFile", identities),
    CHOICE_ROW("KbdInteractiveAuthentication", interactive_authentication, "yes", SETTINGS_YES_NO),
    TEXT_ROW("KexAlgorithms", algorithms.kex, NULL),
    LIST_ROW("LocalForward", local_forwards),
    CHOICE_ROW("LogLevel", log_level, "INFO", SETTINGS_LOG_LEVELS),
    TEXT_ROW("MACs", algorithms.macs, NULL),
    NUMBER_ROW("NumberOfPasswordPrompts", password_prompts, "3", 0, 100),
    CHOICE_ROW("PasswordAuthentication", password_authentication, "yes", SETTINGS_YES_NO),
    NUMBER_ROW("Port", port, "22", 1, 65535),
    TEXT_ROW("PreferredAuthentications", preferred_authentications, "publickey,keyboard-interactive,password"),
    TEXT_ROW("ProxyCommand", proxy_command, NULL),
    TEXT_ROW("ProxyJump", proxy_jump, NULL),
    TEXT_ROW("PubkeyAcceptedAlgorithms", algorithms.pubkeys, NULL),
    CHOICE_ROW("PubkeyAuthentication", pubkey_authentication, "true", PUBKEY),
    REKEY_ROW("RekeyLimit", rekey),
    LIST_ROW("RemoteForward", remote_forwards),
    CHOICE_ROW("RequestTTY", request_tty, "auto", TTY),
    LIST_ROW("SendEnv", send_env),
    NUMBER_ROW("ServerAliveCountMax", alive_count_max, "3", 0, 1000000),
    TIME_ROW("ServerAliveInterval", alive_interval, "0"),
    LIST_ROW("SetEnv", set_env),
    NUMBER_ROW("RequiredRSASize", required_rsa_size, "2048", 1024, 16384),
    TEXT_ROW("RevokedHostKeys", revoked_host_keys, NULL),
    CHOICE_ROW("StrictHostKeyChecking", strict_host_key_checking, "ask", STRICT),
    CHOICE_ROW("UpdateHostKeys", update_host_keys, "no", UPDATE),
    TEXT_ROW("UserKnownHostsFile", user_known_hosts, "~/.ssh/known_hosts"),
    TEXT_ROW("XAuthLocation", xauth_location, "xauth"),
};

static const struct settings SETTINGS = {ROWS, sizeof ROWS / sizeof ROWS[0], "-G prints the options there are"};

void options_init(struct options *options)
{
    memset(options, 0, sizeof *options);
    settings_clear(&SETTINGS, options);
}

void options_free(struct options *options)
{
    configuration_close(&options->configuration);
}

/* Every text options_keep has made. */
static struct kept {
    struct kept *next;
    char text[];
} *all_kept;

char *options_keep(const char *text, size_t len)
{
    struct kept *kept = malloc(sizeof *kept + len + 1);

    if (kept == NULL) {
        report_error("reading options", "out of memory", NULL);
        exit(EXIT_OWN_FAILURE);
    }
    kept->next = all_kept;
    all_kept = kept;
    memcpy(kept->text, text, len);
    kept->text[len] = '\0';
    return kept->text;
}

void options_release_kept(void)
{
    while (all_kept != NULL) {
        struct kept *next = all_kept->next;

        free(all_kept);
        all_kept = next;
    }
}

const char *options_keep_text(const char *text)
{
    return text == NULL ? NULL : options_keep(text, strlen(text));
}

bool options_set(struct options *options, const char *assignment)
{
    return configuration_set(&options->configuration, assignment);
}

bool options_set_value(struct options *options, const char *key, const char *value)
{
    char what[64];

    if (value != NULL)
        return configuration_set_value(&options->configuration, key, value);
    snprintf(what, sizeof what, "option for %s", key);
    report_error(what, "a value is missing", "see --help");
    return false;
}

static enum options_taken set_value(struct options *options, const char *key, const char *value)
{
    return options_set_value(options, key, value) ? OPTIONS_TAKEN : OPTIONS_WRONG;
}

static enum options_taken take_file(const char **field, struct arguments *arguments)
{
    *field = arguments_value(arguments);
    if (*field != NULL)
        return OPTIONS_TAKEN;
    report_error(arguments->name, "a file name is missing", "see --help");
    return OPTIONS_WRONG;
}

static enum options_taken take_long(struct options *options, struct arguments *arguments)
{
    if (strcmp(arguments->name, "password-file") == 0)
        return take_file(&options->password_file, arguments);
    if (strcmp(arguments->name, "passphrase-file") == 0)
        return take_file(&options->passphrase_file, arguments);
    return OPTIONS_NOT_MINE;
}

enum options_taken options_take(struct options *options, struct arguments *arguments, int letter)
{
    const char *value;

    switch (letter) {
    case ARGUMENTS_LONG: return take_long(options, arguments);
    case '4': return set_value(options, "AddressFamily", "inet");
    case '6': return set_value(options, "AddressFamily", "inet6");
    case 'C': return set_value(options, "Compression", "yes");
    case 'F': return take_file(&options->configuration.file, arguments);
    case 'i': return set_value(options, "IdentityFile", arguments_value(arguments));
    case 'J': return set_value(options, "ProxyJump", arguments_value(arguments));
    case 'l': return set_value(options, "User", arguments_value(arguments));
    case 'p': return set_value(options, "Port", arguments_value(arguments));
    case 'v': options->verbose++; return OPTIONS_TAKEN;
    case 'o':
        value = arguments_value(arguments);
        if (value == NULL)
            report_error("-o", "KEY=VALUE is missing", "see --help");
        return value != NULL && options_set(options, value) ? OPTIONS_TAKEN : OPTIONS_WRONG;
    default: return OPTIONS_NOT_MINE;
    }
}

bool options_set_destination(struct options *options, const char *destination)
{
    const char *at = strrchr(destination, '@');

    options->destination = at == NULL ? destination : at + 1;
    if (*options->destination != '\0' && at != destination)
        return at == NULL || options_set_value(options, "User", options_keep(destination, (size_t)(at - destination)));
    report_error(destination, "not a destination", "it must be [user@]host");
    return false;
}

static const char *home_directory(void)
{
    const char *home = getenv("HOME");
    const struct passwd *account = home == NULL || *home == '\0' ? getpwuid(getuid()) : NULL;

    return account != NULL ? account->pw_dir : home;
}

const char *options_expand_path(const char *path)
{
    const char *home = home_directory();
    char expanded[4096];

    if (strncmp(path, "~/", 2) != 0 || home == NULL)
        return path;
    snprintf(expanded, sizeof expanded, "%s%s", home, path + 1);
    return options_keep(expanded, strlen(expanded));
}

/* With both on the command line nobody can know which is meant. In files, the first counts. */
static bool check_proxies(const struct options *options)
{
    if (!options->configuration.has_proxy_command || !options->configuration.has_proxy_jump)
        return true;
    report_error("ProxyCommand", "it does not go with ProxyJump or -J", "set one of them to none");
    return false;
}

/* Fills the fields from what the configuration says of a host. */
static bool look_up(struct options *options, ssh_config_t *config, const char *alias)
{
    ssh_host_config_t *found = NULL;
    ssh_status_t rc = ssh_config_lookup(config, alias, &found);
    bool ok = rc == SSH_OK;

    if (!ok)
        report_failure("reading the configuration", rc);
    ok = ok && configuration_check(&SETTINGS, found) && configuration_fill(&SETTINGS, options, found) &&
         settings_set_defaults(&SETTINGS, options);
    if (ok) {
        options->user = options_keep_text(ssh_host_config_get(found, "User"));
        options->host = options_keep_text(ssh_host_config_get(found, "HostName"));
        options->identities_are_default = ssh_host_config_get_origin(found, "IdentityFile") == NULL;
        options->user_is_set = ssh_host_config_get_origin(found, "User") != NULL;
    }
    ssh_host_config_free(found);
    return ok;
}

bool options_finish(struct options *options)
{
    if (!check_proxies(options) || !configuration_load(&options->configuration, options->command) ||
        !look_up(options, options->configuration.config, options->destination))
        return false;
    options->log_level = report_raise(options->log_level, options->verbose);
    return true;
}

bool options_for_hop(const struct options *options, const char *alias, struct options *hop)
{
    *hop = *options;
    memset(&hop->configuration, 0, sizeof hop->configuration);
    settings_forget(&SETTINGS, hop);
    hop->destination = alias;
    if (!look_up(hop, options->configuration.for_hops, alias))
        return false;
    /* As the user would expect of a name that is in no file. */
    if (!hop->user_is_set)
        hop->user = options->user;
    return true;
}

bool options_split_host_port(const char *text, int default_port, const char **host, int *port)
{
    const char *host_text = text;
    const char *end;
    const char *port_text;
    char *rest;
    long number = default_port;

    if (text[0] == '[') {
        host_text = text + 1;
        end = strchr(text, ']');
        port_text = end == NULL ? NULL : end + 1;
    } else {
        end = text + strcspn(text, ":");
        port_text = end;
    }
    if (port_text != NULL && port_text[0] == ':' && isdigit((unsigned char)port_text[1])) {
        number = strtol(port_text + 1, &rest, 10);
        port_text = rest;
    }
    if (port_text == NULL || *port_text != '\0' || end == host_text || number == 0 || number > 65535) {
        report_error(text, "not a host and port", "it must be host:port or [IPv6 address]:port");
        return false;
    }
    *host = options_keep(host_text, (size_t)(end - host_text));
    *port = (int)number;
    return true;
}

bool options_print(const struct options *options, FILE *out)
{
    ssh_host_config_t *found = NULL;
    char *text = NULL;
    ssh_status_t rc = ssh_config_lookup(options->configuration.config, options->destination, &found);

    if (rc == SSH_OK)
        rc = ssh_host_config_to_text(found, &text);
    if (rc == SSH_OK)
        fputs(text, out);
    else
        report_failure("reading the configuration", rc);
    ssh_string_free(text);
    ssh_host_config_free(found);
    return rc == SSH_OK;
}
