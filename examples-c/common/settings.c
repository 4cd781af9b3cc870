#include "settings.h"

#include <ctype.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "report.h"

struct choice {
    const char *word;
    int value;
};

static const struct choice YES_NO[] = {{"yes", 1}, {"no", 0}, {"true", 1}, {"false", 0}, {NULL, 0}};
static const struct choice FAMILY[] = {{"any", AF_UNSPEC}, {"inet", AF_INET}, {"inet6", AF_INET6}, {NULL, 0}};
/* "ask" refuses too: this program asks no questions about keys. */
static const struct choice STRICT[] = {{"yes", HOSTKEY_REFUSE_UNKNOWN}, {"ask", HOSTKEY_REFUSE_UNKNOWN},
                                       {"accept-new", HOSTKEY_ACCEPT_NEW}, {"no", HOSTKEY_ACCEPT_ANY},
                                       {"off", HOSTKEY_ACCEPT_ANY}, {NULL, 0}};
static const struct choice TTY[] = {{"auto", TTY_AUTO}, {"no", TTY_NO}, {"yes", TTY_YES}, {"force", TTY_FORCE}, {NULL, 0}};
static const struct choice LEVEL[] = {{"QUIET", REPORT_QUIET}, {"FATAL", REPORT_ERROR}, {"ERROR", REPORT_ERROR},
                                      {"INFO", REPORT_INFO}, {"VERBOSE", REPORT_VERBOSE}, {"DEBUG", REPORT_VERBOSE},
                                      {"DEBUG1", REPORT_VERBOSE}, {"DEBUG2", REPORT_DEBUG}, {"DEBUG3", REPORT_PACKETS},
                                      {NULL, 0}};

/* NUMBER is at least `least`; TIME is seconds, or "1h30m"; REKEY is "1G", "1G 1h", "default none". */
enum kind { TEXT, LIST, NUMBER, TIME, CHOICE, REKEY };

struct setting {
    const char *key;
    enum kind kind;
    size_t offset;
    const char *fallback; /* the default; NULL: none, or made elsewhere */
    const struct choice *choices;
    long least, most;
};

#define AT(field) offsetof(struct options, field)
#define TEXT_ROW(key, field, fallback) {key, TEXT, AT(field), fallback, NULL, 0, 0}
#define LIST_ROW(key, field) {key, LIST, AT(field), NULL, NULL, 0, 0}
#define NUMBER_ROW(key, field, fallback, least, most) {key, NUMBER, AT(field), fallback, NULL, least, most}
#define TIME_ROW(key, field, fallback) {key, TIME, AT(field), fallback, NULL, 0, 0}
#define CHOICE_ROW(key, field, fallback, choices) {key, CHOICE, AT(field), fallback, choices, 0, 0}

static const struct setting SETTINGS[] = {
    CHOICE_ROW("AddressFamily", address_family, "any", FAMILY),
    CHOICE_ROW("BatchMode", batch_mode, "no", YES_NO),
    TEXT_ROW("Ciphers", ciphers, NULL),
    CHOICE_ROW("Compression", compression, "no", YES_NO),
    TIME_ROW("ConnectTimeout", connect_timeout, "0"),
    TEXT_ROW("GlobalKnownHostsFile", global_known_hosts, "/etc/ssh/ssh_known_hosts"),
    CHOICE_ROW("HashKnownHosts", hash_known_hosts, "no", YES_NO),
    TEXT_ROW("HostKeyAlgorithms", host_key_algorithms, NULL),
    TEXT_ROW("HostKeyAlias", host_key_alias, NULL),
    TEXT_ROW("HostName", host, NULL),
    LIST_ROW("IdentityFile", identities),
    CHOICE_ROW("KbdInteractiveAuthentication", interactive_authentication, "yes", YES_NO),
    TEXT_ROW("KexAlgorithms", kex, NULL),
    CHOICE_ROW("LogLevel", log_level, "INFO", LEVEL),
    TEXT_ROW("MACs", macs, NULL),
    NUMBER_ROW("NumberOfPasswordPrompts", password_prompts, "3", 0, 100),
    CHOICE_ROW("PasswordAuthentication", password_authentication, "yes", YES_NO),
    NUMBER_ROW("Port", port, "22", 1, 65535),
    TEXT_ROW("PreferredAuthentications", preferred_authentications, "publickey,keyboard-interactive,password"),
    TEXT_ROW("ProxyJump", proxy_jump, NULL),
    TEXT_ROW("PubkeyAcceptedAlgorithms", pubkey_algorithms, NULL),
    CHOICE_ROW("PubkeyAuthentication", pubkey_authentication, "yes", YES_NO),
    {"RekeyLimit", REKEY, AT(rekey), "default none", NULL, 0, 0},
    CHOICE_ROW("RequestTTY", request_tty, "auto", TTY),
    LIST_ROW("SendEnv", send_env),
    NUMBER_ROW("ServerAliveCountMax", alive_count_max, "3", 0, 1000000),
    TIME_ROW("ServerAliveInterval", alive_interval, "0"),
    LIST_ROW("SetEnv", set_env),
    CHOICE_ROW("StrictHostKeyChecking", strict_host_key_checking, "ask", STRICT),
    TEXT_ROW("User", user, NULL),
    TEXT_ROW("UserKnownHostsFile", user_known_hosts, "~/.ssh/known_hosts"),
};

#define SETTINGS_COUNT (sizeof SETTINGS / sizeof SETTINGS[0])

static void *field_of(const struct setting *setting, struct options *options)
{
    return (char *)options + setting->offset;
}

const struct setting *settings_find(const char *key, size_t key_len)
{
    size_t i;

    for (i = 0; i < SETTINGS_COUNT; i++)
        if (strlen(SETTINGS[i].key) == key_len && strncasecmp(SETTINGS[i].key, key, key_len) == 0)
            return &SETTINGS[i];
    return NULL;
}

/* Reads a plain number in decimal; false if there is anything else in the text. */
static bool read_number(const char *text, long least, long most, int *out)
{
    char *end;
    long value = strtol(text, &end, 10);

    if (!isdigit((unsigned char)text[0]) || *end != '\0' || value < least || value > most)
        return false;
    *out = (int)value;
    return true;
}

/* Reads "90", "1h30m", "2d"; "none" is 0. */
static bool read_time(const char *text, int *out)
{
    static const char UNITS[] = "smhdw";
    static const long SECONDS[] = {1, 60, 3600, 86400, 604800};
    long total = 0;

    if (strcasecmp(text, "none") == 0) {
        *out = 0;
        return true;
    }
    do {
        char *end;
        long value = strtol(text, &end, 10);
        const char *unit = *end == '\0' ? UNITS : strchr(UNITS, tolower((unsigned char)*end));

        if (!isdigit((unsigned char)*text) || unit == NULL || value > 1000000)
            return false;
        total += value * SECONDS[unit - UNITS];
        text = *end == '\0' ? end : end + 1;
    } while (*text != '\0' && total <= 1000000000);
    *out = (int)total;
    return total <= 1000000000;
}

/* Reads "1M", "1G 1h", "default none": how many bytes, then how long. */
static bool read_rekey_limit(const char *text, struct rekey_limit *out)
{
    static const char UNITS[] = "KMG";
    size_t len = strcspn(text, " \t");
    const char *time_text = text + len + strspn(text + len, " \t");
    int seconds = 0;

    out->bytes = 0;
    if (len != strlen("default") || strncasecmp(text, "default", len) != 0) {
        char *end;
        unsigned long long value = strtoull(text, &end, 10);
        const char *unit = end == text + len ? NULL : strchr(UNITS, toupper((unsigned char)*end));

        if (!isdigit((unsigned char)*text) || value == 0 || value > UINT64_MAX >> 30 ||
            (unit == NULL ? end != text + len : end + 1 != text + len))
            return false;
        out->bytes = (uint64_t)value << (unit == NULL ? 0 : 10 * (unit - UNITS + 1));
    }
    if (*time_text != '\0' && !read_time(time_text, &seconds))
        return false;
    out->seconds = seconds;
    out->is_set = true;
    return true;
}

static const char *set_choice(const struct setting *setting, int *field, const char *value)
{
    static char expected[200];
    const struct choice *choice;

    for (choice = setting->choices; choice->word != NULL; choice++) {
        if (strcasecmp(choice->word, value) == 0) {
            *field = choice->value;
            return NULL;
        }
    }
    snprintf(expected, sizeof expected, "one of");
    for (choice = setting->choices; choice->word != NULL; choice++) {
        size_t len = strlen(expected);
        snprintf(expected + len, sizeof expected - len, " %s", choice->word);
    }
    return expected;
}

static const char *set_text(const char **field, const char *value)
{
    if (*field == NULL)
        *field = value;
    return NULL;
}

static const char *add_to_list(struct text_list *list, const char *value)
{
    if (list->count == OPTIONS_MAX_LIST)
        return "given fewer times";
    list->items[list->count++] = value;
    return NULL;
}

const char *settings_set(const struct setting *setting, struct options *options, const char *value)
{
    void *field = field_of(setting, options);
    struct rekey_limit limit;
    int ignored;
    /* A value that comes too late must be well-formed all the same. */
    int *number = setting->kind >= NUMBER && setting->kind <= CHOICE && *(int *)field == SETTINGS_UNSET ? field : &ignored;

    switch (setting->kind) {
    case TEXT: return set_text(field, value);
    case LIST: return add_to_list(field, value);
    case CHOICE: return set_choice(setting, number, value);
    case TIME: return read_time(value, number) ? NULL : "a time, such as 90 or 1h30m";
    case NUMBER: return read_number(value, setting->least, setting->most, number) ? NULL : "a number in range";
    case REKEY: break;
    }
    if (!read_rekey_limit(value, &limit))
        return "a size and a time, such as 1G 1h";
    if (!((struct rekey_limit *)field)->is_set)
        *(struct rekey_limit *)field = limit;
    return NULL;
}

void settings_clear(struct options *options)
{
    size_t i;

    for (i = 0; i < SETTINGS_COUNT; i++)
        if (SETTINGS[i].kind >= NUMBER && SETTINGS[i].kind <= CHOICE)
            *(int *)field_of(&SETTINGS[i], options) = SETTINGS_UNSET;
}

bool settings_set_defaults(struct options *options)
{
    size_t i;

    for (i = 0; i < SETTINGS_COUNT; i++)
        if (SETTINGS[i].fallback != NULL && settings_set(&SETTINGS[i], options, SETTINGS[i].fallback) != NULL)
            return false;
    return true;
}

static void print_key(const struct setting *setting, FILE *out)
{
    const char *c;

    for (c = setting->key; *c != '\0'; c++)
        fputc(tolower((unsigned char)*c), out);
    fputc(' ', out);
}

static void print_choice(const struct choice *choice, int value, FILE *out)
{
    while (choice->word != NULL && choice->value != value)
        choice++;
    fprintf(out, "%s\n", choice->word == NULL ? "?" : choice->word);
}

static void print_one(const struct setting *setting, const void *field, FILE *out)
{
    const struct text_list *list = field;
    const struct rekey_limit *rekey = field;
    const char *text;
    size_t i;

    switch (setting->kind) {
    case TEXT:
        text = *(const char *const *)field;
        if (text != NULL) {
            print_key(setting, out);
            fprintf(out, "%s\n", text);
        }
        return;
    case LIST:
        for (i = 0; i < list->count; i++) {
            print_key(setting, out);
            fprintf(out, "%s\n", list->items[i]);
        }
        return;
    case CHOICE:
        print_key(setting, out);
        print_choice(setting->choices, *(const int *)field, out);
        return;
    case NUMBER:
    case TIME:
        print_key(setting, out);
        fprintf(out, "%d\n", *(const int *)field);
        return;
    case REKEY:
        print_key(setting, out);
        fprintf(out, "%llu %lld\n", (unsigned long long)rekey->bytes, (long long)rekey->seconds);
        return;
    }
}

void settings_print(const struct options *options, FILE *out)
{
    size_t i;

    for (i = 0; i < SETTINGS_COUNT; i++)
        print_one(&SETTINGS[i], (const char *)options + SETTINGS[i].offset, out);
}
