#include "config.h"

#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "arguments.h"
#include "options.h"
#include "report.h"

const char CONFIG_HELP[] =
    "usage: sshrs-sshd [option...]\n"
    "\n"
    "An SSH server for one account. Commands run as the calling user. Prints \"listening on ADDRESS:PORT\" once it accepts;\n"
    "SIGTERM ends it.\n"
    "\n"
    "  --listen ADDRESS         the address to listen on (127.0.0.1)\n"
    "  -p PORT                  the port (2222); 0 lets the system choose\n"
    "  --host-key FILE          a private host key; may be repeated. Without one a key is made that lasts as long as the server\n"
    "  --user NAME              the account's name (that of the calling user)\n"
    "  --password-file FILE     its password is the file's first line\n"
    "  --authorized-keys FILE   its keys, one a line as in ~/.ssh/authorized_keys\n"
    "  --trusted-user-ca FILE   public keys of authorities whose certificates let the account in\n"
    "  --two-step               asks for a key, then for the password\n"
    "  --interactive            asks for the password through keyboard-interactive\n"
    "  --banner FILE            a text shown before the login\n"
    "  --moduli FILE            groups for diffie-hellman-group-exchange, as moduli(5) describes\n"
    "  --no-exec                runs no commands: forwarding only\n"
    "  --echo                   runs nothing: every command echoes its input, `source N` sends N zero bytes, `sink N` counts\n"
    "                           its input and prints how much it was\n"
    "  --login-grace SECONDS    how long a client may take to log in (120)\n"
    "  --max-auth-tries N       failed attempts before a connection ends (6)\n"
    "  --max-startups N         connections that are not logged in yet (100)\n"
    "  --max-connections N      connections at once (no bound)\n"
    "  -o KEY=VALUE             a setting under the name it has in sshd_config:\n"
    "                           AcceptEnv AllowAgentForwarding AllowStreamLocalForwarding AllowTcpForwarding\n"
    "                           AuthorizedPrincipalsFile Banner CASignatureAlgorithms Ciphers ClientAliveCountMax\n"
    "                           ClientAliveInterval Compression HostCertificate HostKeyAlgorithms KexAlgorithms LoginGraceTime\n"
    "                           LogLevel MACs MaxAuthTries MaxSessions PermitTTY PermitUserEnvironment PubkeyAcceptedAlgorithms\n"
    "                           RekeyLimit RevokedKeys Subsystem TrustedUserCAKeys X11DisplayOffset X11Forwarding XAuthLocation\n"
    "                           Lists may begin with + - ^. Key exchanges without protection from quantum computers are off;\n"
    "                           KexAlgorithms=+curve25519-sha256 lets in clients that know no others\n"
    "  -v                       say what happens; -vv adds the library's log, -vvv every packet\n"
    "  --help                   print this\n";

#define SETTINGS_RECORD struct config

static const struct choice COMPRESSION[] = {{"yes", 1}, {"delayed", 1}, {"no", 0}, {NULL, 0}};

static const struct setting ROWS[] = {
    LIST_ROW("AcceptEnv", accept_env),
    CHOICE_ROW("AllowAgentForwarding", allow_agent_forwarding, "yes", SETTINGS_YES_NO),
    CHOICE_ROW("AllowStreamLocalForwarding", allow_streamlocal_forwarding, "yes", SETTINGS_YES_NO),
    CHOICE_ROW("AllowTcpForwarding", allow_tcp_forwarding, "yes", SETTINGS_YES_NO),
    TEXT_ROW("AuthorizedPrincipalsFile", principals_file, NULL),
    TEXT_ROW("Banner", banner, NULL),
    TEXT_ROW("CASignatureAlgorithms", ca_algorithms, NULL),
    TEXT_ROW("Ciphers", algorithms.ciphers, NULL),
    NUMBER_ROW("ClientAliveCountMax", alive_count_max, "3", 0, 1000000),
    TIME_ROW("ClientAliveInterval", alive_interval, "0"),
    CHOICE_ROW("Compression", compression, "delayed", COMPRESSION),
    LIST_ROW("HostCertificate", host_certificates),
    TEXT_ROW("HostKeyAlgorithms", algorithms.host_keys, NULL),
    TEXT_ROW("KexAlgorithms", algorithms.kex, NULL),
    TIME_ROW("LoginGraceTime", login_grace, "120"),
    CHOICE_ROW("LogLevel", log_level, "INFO", SETTINGS_LOG_LEVELS),
    TEXT_ROW("MACs", algorithms.macs, NULL),
    NUMBER_ROW("MaxAuthTries", max_auth_tries, "6", 1, 1000000),
    NUMBER_ROW("MaxSessions", max_sessions, "64", 0, 1000000),
    CHOICE_ROW("PermitTTY", permit_tty, "yes", SETTINGS_YES_NO),
    TEXT_ROW("PermitUserEnvironment", permit_user_environment, "no"),
    TEXT_ROW("PubkeyAcceptedAlgorithms", algorithms.pubkeys, NULL),
    REKEY_ROW("RekeyLimit", rekey),
    TEXT_ROW("RevokedKeys", revoked_keys, NULL),
    LIST_ROW("Subsystem", subsystems),
    TEXT_ROW("TrustedUserCAKeys", trusted_user_ca, NULL),
    NUMBER_ROW("X11DisplayOffset", x11_display_offset, "10", 0, 50000),
    CHOICE_ROW("X11Forwarding", x11_forwarding, "no", SETTINGS_YES_NO),
    TEXT_ROW("XAuthLocation", xauth_location, "xauth"),
    /* Options of the command line alone. */
    NUMBER_ROW("--max-connections", max_connections, "0", 0, 1000000),
    NUMBER_ROW("--max-startups", max_startups, "100", 1, 1000000),
    NUMBER_ROW("-p", port, "2222", 0, 65535),
    TEXT_ROW("--authorized-keys", authorized_keys, NULL),
    LIST_ROW("--host-key", host_keys),
    TEXT_ROW("--listen", listen, "127.0.0.1"),
    TEXT_ROW("--moduli", moduli, NULL),
    TEXT_ROW("--password-file", password_file, NULL),
    TEXT_ROW("--user", user, NULL),
};

static const struct settings SETTINGS = {ROWS, sizeof ROWS / sizeof ROWS[0], "see --help"};

/* Options that take a value, and the rows they stand for. */
static const struct {
    const char *option;
    const char *key;
} VALUES[] = {
    {"authorized-keys", "--authorized-keys"}, {"banner", "Banner"},
    {"trusted-user-ca", "TrustedUserCAKeys"},
    {"host-key", "--host-key"},               {"listen", "--listen"},
    {"login-grace", "LoginGraceTime"},        {"max-auth-tries", "MaxAuthTries"},
    {"max-connections", "--max-connections"}, {"max-startups", "--max-startups"},
    {"moduli", "--moduli"},                   {"password-file", "--password-file"},
    {"user", "--user"},
};

/* What this program would do if the library could. */
static const struct {
    const char *option;
    const char *why;
} MISSING[] = {
    {"sftp-root", "the library does not serve SFTP yet"},
    {"read-only", "the library does not serve SFTP yet"},
};

static bool take_value(struct config *config, const char *option, const char *key, const char *value)
{
    const char *expected;

    if (value == NULL) {
        report_error(option, "a value is missing", "see --help");
        return false;
    }
    expected = settings_set(settings_find(&SETTINGS, key, strlen(key)), config, value);
    if (expected != NULL)
        report_error(option, value, expected);
    return expected == NULL;
}

static bool take_flag(struct config *config, const char *name)
{
    bool *flag = strcmp(name, "two-step") == 0      ? &config->two_step
                 : strcmp(name, "interactive") == 0 ? &config->interactive
                 : strcmp(name, "no-exec") == 0     ? &config->no_exec
                 : strcmp(name, "echo") == 0        ? &config->echo
                 : strcmp(name, "help") == 0        ? &config->print_help
                                                    : NULL;

    if (flag != NULL)
        *flag = true;
    return flag != NULL;
}

static bool take_long(struct config *config, struct arguments *arguments)
{
    char option[40];
    size_t i;

    snprintf(option, sizeof option, "--%s", arguments->name);
    for (i = 0; i < sizeof VALUES / sizeof VALUES[0]; i++)
        if (strcmp(VALUES[i].option, arguments->name) == 0)
            return take_value(config, option, VALUES[i].key, arguments_value(arguments));
    if (take_flag(config, arguments->name))
        return true;
    for (i = 0; i < sizeof MISSING / sizeof MISSING[0]; i++) {
        if (strcmp(MISSING[i].option, arguments->name) == 0) {
            report_error(option, MISSING[i].why, "leave it out");
            return false;
        }
    }
    report_error(option, "unknown option", "see --help");
    return false;
}

static bool take_option(struct config *config, struct arguments *arguments, int letter)
{
    char option[3] = {'-', (char)letter, '\0'};
    const char *value;

    switch (letter) {
    case ARGUMENTS_LONG: return take_long(config, arguments);
    case 'p': return take_value(config, option, option, arguments_value(arguments));
    case 'v': config->verbose++; return true;
    case 'o':
        value = arguments_value(arguments);
        if (value != NULL && value[0] != '-')
            return settings_assign(&SETTINGS, config, value);
        report_error("-o", "KEY=VALUE is missing", "see --help");
        return false;
    }
    report_error(option, "unknown option", "see --help");
    return false;
}

/* "name command", both there; reports what is not. */
static bool check_subsystems(const struct text_list *subsystems)
{
    size_t i;

    for (i = 0; i < subsystems->count; i++) {
        const char *row = subsystems->items[i];
        size_t name_len = strcspn(row, " \t");

        if (name_len == 0 || row[name_len + strspn(row + name_len, " \t")] == '\0') {
            report_error(row, "a subsystem without its command", "it must be Subsystem=NAME COMMAND");
            return false;
        }
    }
    return true;
}

/* Settings that do not go together, and an account nobody could log in to. */
static bool check_combination(const struct config *config)
{
    if (config->password_file == NULL && !config_takes_keys(config))
        report_error("reading the command line", "nobody could log in", "give --password-file or --authorized-keys");
    else if (config->two_step && (config->password_file == NULL || !config_takes_keys(config)))
        report_error("--two-step", "it needs a key and a password", "give --password-file and --authorized-keys");
    else if (config->interactive && config->password_file == NULL)
        report_error("--interactive", "it asks for a password, but there is none", "give --password-file");
    else if (config->echo && config->no_exec)
        report_error("--echo", "it serves commands, and --no-exec refuses them", NULL);
    else
        return check_subsystems(&config->subsystems);
    return false;
}

bool config_takes_keys(const struct config *config)
{
    return config->authorized_keys != NULL || config->trusted_user_ca != NULL;
}

/* Looked up once, here: getpwuid's result is shared by all threads. */
static bool read_account(struct config *config)
{
    const struct passwd *account = getpwuid(getuid());

    config->home = account == NULL ? "/" : options_keep(account->pw_dir, strlen(account->pw_dir));
    if (config->user == NULL && account != NULL)
        config->user = options_keep(account->pw_name, strlen(account->pw_name));
    if (config->user == NULL)
        report_error("choosing the account's name", "the calling user has none", "give --user");
    return config->user != NULL && config->home != NULL;
}

bool config_read(struct config *config, char **argv)
{
    struct arguments arguments = {0};
    int letter;

    memset(config, 0, sizeof *config);
    settings_clear(&SETTINGS, config);
    arguments.rest = argv + (argv[0] != NULL);
    while ((letter = arguments_next(&arguments)) != ARGUMENTS_END)
        if (!take_option(config, &arguments, letter))
            return false;
    if (arguments_plain(&arguments) != NULL) {
        report_error("reading the command line", "an argument that is no option", "see --help");
        return false;
    }
    if (!settings_set_defaults(&SETTINGS, config))
        return false;
    config->log_level = report_raise(config->log_level, config->verbose);
    return config->print_help || (read_account(config) && check_combination(config));
}
