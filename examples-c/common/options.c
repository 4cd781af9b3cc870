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
    "seconds: to connect, for the server's version, for the keys. While logging in, each answer of the server has 30 seconds.\n";

#define SETTINGS_RECORD struct options

static const struct choice FAMILY[] = {{"any", AF_UNSPEC}, {"inet", AF_INET}, {"inet6", AF_INET6}, {NULL, 0}};
/* "ask" refuses too: this program asks no questions about keys. */
static const struct choice STRICT[] = {{"yes", HOSTKEY_REFUSE_UNKNOWN}, {"ask", HOSTKEY_REFUSE_UNKNOWN},
                                       {"accept-new", HOSTKEY_ACCEPT_NEW}, {"no", HOSTKEY_ACCEPT_ANY},
                                       {"off", HOSTKEY_ACCEPT_ANY}, {NULL, 0}};
static const struct choice TTY[] = {{"auto", TTY_AUTO}, {"no", TTY_NO}, {"yes", TTY_YES}, {"force", TTY_FORCE}, {NULL, 0}};

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
    TEXT_ROW("HostName", host, NULL),
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
    CHOICE_ROW("PubkeyAuthentication", pubkey_authentication, "yes", SETTINGS_YES_NO),
    REKEY_ROW("RekeyLimit", rekey),
    LIST_ROW("RemoteForward", remote_forwards),
    CHOICE_ROW("RequestTTY", request_tty, "auto", TTY),
    LIST_ROW("SendEnv", send_env),
    NUMBER_ROW("ServerAliveCountMax", alive_count_max, "3", 0, 1000000),
    TIME_ROW("ServerAliveInterval", alive_interval, "0"),
    LIST_ROW("SetEnv", set_env),
    CHOICE_ROW("StrictHostKeyChecking", strict_host_key_checking, "ask", STRICT),
    TEXT_ROW("User", user, NULL),
    TEXT_ROW("UserKnownHostsFile", user_known_hosts, "~/.ssh/known_hosts"),
    TEXT_ROW("XAuthLocation", xauth_location, "xauth"),
};

static const struct settings SETTINGS = {ROWS, sizeof ROWS / sizeof ROWS[0], "-G prints the options there are"};

void options_init(struct options *options)
{
    memset(options, 0, sizeof *options);
    settings_clear(&SETTINGS, options);
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

bool options_set(struct options *options, const char *assignment)
{
    return settings_assign(&SETTINGS, options, assignment);
}

bool options_set_value(struct options *options, const char *key, const char *value)
{
    char what[64];
    const char *expected;

    snprintf(what, sizeof what, "option for %s", key);
    if (value == NULL) {
        report_error(what, "a value is missing", "see --help");
        return false;
    }
    expected = settings_set(settings_find(&SETTINGS, key, strlen(key)), options, value);
    if (expected == NULL)
        return true;
    report_error(what, value, expected);
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
    if (at != NULL && options->user == NULL)
        options->user = options_keep(destination, (size_t)(at - destination));
    if (*options->destination != '\0' && (at == NULL || at != destination))
        return true;
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

/* Asks for the account's name only where no user is given. */
static const char *own_name(void)
{
    const struct passwd *account = getpwuid(getuid());

    return account == NULL ? NULL : options_keep(account->pw_name, strlen(account->pw_name));
}

/* Each would be the way to the server. */
static bool check_proxies(const struct options *options)
{
    if (options->proxy_command == NULL || options->proxy_jump == NULL || strcmp(options->proxy_command, "none") == 0 ||
        strcmp(options->proxy_jump, "none") == 0)
        return true;
    report_error("ProxyCommand", "it does not go with ProxyJump or -J", "set one of them to none");
    return false;
}

bool options_finish(struct options *options)
{
    static const char *const IDENTITIES[] = {"~/.ssh/id_ed25519", "~/.ssh/id_ecdsa", "~/.ssh/id_rsa"};
    size_t i;

    if (!settings_set_defaults(&SETTINGS, options))
        return false;
    if (options->host == NULL)
        options->host = options->destination;
    if (options->user == NULL)
        options->user = own_name();
    if (options->user == NULL) {
        report_error("choosing a user", "this account has no name", "give one with -l");
        return false;
    }
    if (options->identities.count == 0) {
        options->identities_are_default = true;
        for (i = 0; i < sizeof IDENTITIES / sizeof IDENTITIES[0]; i++)
            options->identities.items[options->identities.count++] = IDENTITIES[i];
    }
    options->log_level = report_raise(options->log_level, options->verbose);
    return check_proxies(options);
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
    if (port_text == NULL || *port_text != '\0' || end == host_text || number < 1 || number > 65535) {
        report_error(text, "not a host and port", "it must be host:port or [IPv6 address]:port");
        return false;
    }
    *host = options_keep(host_text, (size_t)(end - host_text));
    *port = (int)number;
    return true;
}

void options_print(const struct options *options, FILE *out)
{
    fprintf(out, "host %s\n", options->destination);
    settings_print(&SETTINGS, options, out);
}
