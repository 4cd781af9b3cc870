/* The table of -o keys: what each is called, what it takes and where it goes. */
#ifndef SETTINGS_H
#define SETTINGS_H

#include "options.h"

/* Marks numbers nobody has set. */
#define SETTINGS_UNSET (-1000)

struct setting;

/* The key's row, NULL if there is no such key. Case does not matter. */
const struct setting *settings_find(const char *key, size_t key_len);

/* Sets a value unless one is set. Returns NULL, or what the value should have been. */
const char *settings_set(const struct setting *setting, struct options *options, const char *value);

void settings_clear(struct options *options);
bool settings_set_defaults(struct options *options);
void settings_print(const struct options *options, FILE *out);

#endif
