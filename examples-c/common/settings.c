#include "settings.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "options.h"
#include "report.h"

const struct choice SETTINGS_YES_NO[] = {{"yes", 1}, {"no", 0}, {"true", 1}, {"false", 0}, {NULL, 0}};

const struct choice SETTINGS_LOG_LEVELS[] = {{"QUIET", REPORT_QUIET}, {"FATAL", REPORT_ERROR}, {"ERROR", REPORT_ERROR},
                                             {"INFO", REPORT_INFO}, {"VERBOSE", REPORT_VERBOSE}, {"DEBUG", REPORT_VERBOSE},
                                             {"DEBUG1", REPORT_VERBOSE}, {"DEBUG2", REPORT_DEBUG}, {"DEBUG3", REPORT_PACKETS},
                                             {NULL, 0}};

static void *field_of(const struct setting *setting, void *record)
{
    return (char *)record + setting->offset;
}

const struct setting *settings_find(const struct settings *settings, const char *key, size_t key_len)
{
    size_t i;

    for (i = 0; i < settings->count; i++)
        if (strlen(settings->rows[i].key) == key_len && strncasecmp(settings->rows[i].key, key, key_len) == 0)
            return &settings->rows[i];
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
    long long total = 0; /* a long may have 32 bits */

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
        total += (long long)value * SECONDS[unit - UNITS];
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
    if (list->count == SETTINGS_MAX_LIST)
        return "given fewer times";
    list->items[list->count++] = value;
    return NULL;
}

const char *settings_set(const struct setting *setting, void *record, const char *value)
{
    void *field = field_of(setting, record);
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

void settings_clear(const struct settings *settings, void *record)
{
    size_t i;

    for (i = 0; i < settings->count; i++)
        if (settings->rows[i].kind >= NUMBER && settings->rows[i].kind <= CHOICE)
            *(int *)field_of(&settings->rows[i], record) = SETTINGS_UNSET;
}

void settings_forget(const struct settings *settings, void *record)
{
    size_t i;

    for (i = 0; i < settings->count; i++) {
        void *field = field_of(&settings->rows[i], record);

        switch (settings->rows[i].kind) {
        case TEXT: *(const char **)field = NULL; break;
        case LIST: ((struct text_list *)field)->count = 0; break;
        case REKEY: ((struct rekey_limit *)field)->is_set = false; break;
        case NUMBER:
        case TIME:
        case CHOICE: *(int *)field = SETTINGS_UNSET; break;
        }
    }
}

bool settings_set_defaults(const struct settings *settings, void *record)
{
    size_t i;

    for (i = 0; i < settings->count; i++) {
        const struct setting *row = &settings->rows[i];

        if (row->fallback != NULL && settings_set(row, record, row->fallback) != NULL)
            return false;
    }
    return true;
}

bool settings_assign(const struct settings *settings, void *record, const char *assignment)
{
    size_t key_len = strcspn(assignment, "= \t");
    const char *value = assignment + key_len;
    const struct setting *setting = settings_find(settings, assignment, key_len);
    const char *expected;
    size_t len;

    if (setting == NULL) {
        report_error(assignment, "unknown option", settings->where_listed);
        return false;
    }
    value += strspn(value, " \t");
    value += *value == '=';
    value += strspn(value, " \t");
    len = strlen(value);
    while (len > 0 && isspace((unsigned char)value[len - 1]))
        len--;
    if (len >= 2 && value[0] == '"' && value[len - 1] == '"') {
        value++;
        len -= 2;
    }
    expected = len == 0 ? "followed by a value" : settings_set(setting, record, options_keep(value, len));
    if (expected != NULL) {
        char help[256];

        snprintf(help, sizeof help, "it must be %s", expected);
        report_error(assignment, "bad option value", help);
        return false;
    }
    return true;
}
