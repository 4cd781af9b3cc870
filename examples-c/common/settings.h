/* Tables of -o keys: what each is called, what it takes and where in a record it goes. */
#ifndef SETTINGS_H
#define SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define SETTINGS_MAX_LIST 64
/* Marks numbers nobody has set. */
#define SETTINGS_UNSET (-1000)

/* Texts that may be given several times. */
struct text_list {
    const char *items[SETTINGS_MAX_LIST];
    size_t count;
};

/* When new keys are negotiated; 0 leaves it to the library. */
struct rekey_limit {
    bool is_set;
    uint64_t bytes;
    int64_t seconds;
};

/* A word and what it stands for; a list of them ends with NULL. */
struct choice {
    const char *word;
    int value;
};

extern const struct choice SETTINGS_YES_NO[];
extern const struct choice SETTINGS_LOG_LEVELS[]; /* enum report_level */

/* NUMBER is at least `least`; TIME is seconds, or "1h30m"; REKEY is "1G", "1G 1h", "default none". */
enum setting_kind { TEXT, LIST, NUMBER, TIME, CHOICE, REKEY };

struct setting {
    const char *key;
    enum setting_kind kind;
    size_t offset;
    const char *fallback; /* the default; NULL: none, or made elsewhere */
    const struct choice *choices;
    long least, most;
};

/* Rows of a table; the file that has it defines SETTINGS_RECORD as the record's type. */
#define SETTING_AT(field) offsetof(SETTINGS_RECORD, field)
#define TEXT_ROW(key, field, fallback) {key, TEXT, SETTING_AT(field), fallback, NULL, 0, 0}
#define LIST_ROW(key, field) {key, LIST, SETTING_AT(field), NULL, NULL, 0, 0}
#define NUMBER_ROW(key, field, fallback, least, most) {key, NUMBER, SETTING_AT(field), fallback, NULL, least, most}
#define TIME_ROW(key, field, fallback) {key, TIME, SETTING_AT(field), fallback, NULL, 0, 0}
#define CHOICE_ROW(key, field, fallback, choices) {key, CHOICE, SETTING_AT(field), fallback, choices, 0, 0}
#define REKEY_ROW(key, field) {key, REKEY, SETTING_AT(field), "default none", NULL, 0, 0}

struct settings {
    const struct setting *rows;
    size_t count;
    const char *where_listed; /* told to who gives a key that is not there */
};

/* The key's row, NULL if there is no such key. Case does not matter. */
const struct setting *settings_find(const struct settings *settings, const char *key, size_t key_len);

/* Sets a value unless one is set; lists grow. Returns NULL, or what the value should have been. */
const char *settings_set(const struct setting *setting, void *record, const char *value);

/* Takes "Key=Value" or "Key Value". Reports what is wrong and returns false. */
bool settings_assign(const struct settings *settings, void *record, const char *assignment);

/* Marks every number as not set, in a record that is zero otherwise. */
void settings_clear(const struct settings *settings, void *record);

/* Takes back all values, as in a record that is new. */
void settings_forget(const struct settings *settings, void *record);
bool settings_set_defaults(const struct settings *settings, void *record);

#endif
