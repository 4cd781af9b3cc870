/* ssh_config: the options of the command line and of the files, which the library reads. */
#ifndef CONFIGURATION_H
#define CONFIGURATION_H

#include <sshrs.h>
#include <stdbool.h>

#include "settings.h"

struct configuration {
    const char *file;       /* -F; NULL: the user's and the system's */
    ssh_config_t *config;   /* NULL until something is set or loaded */
    ssh_config_t *for_hops; /* without what was said of the destination itself */
    bool has_proxy_command, has_proxy_jump; /* on the command line, and not "none" */
};

/* Takes "Key=Value" or "Key Value". Reports what is wrong and returns false. */
bool configuration_set(struct configuration *configuration, const char *assignment);

/* Takes a value as it stands, whatever is in it. */
bool configuration_set_value(struct configuration *configuration, const char *key, const char *value);

/* Reads the files. command is what will be run, NULL for a shell. */
bool configuration_load(struct configuration *configuration, const char *command);

/* Whether the program acts on all that was set: what the table does not have is an error on the command line, and named with
 * -v in a file. */
bool configuration_check(const struct settings *settings, const ssh_host_config_t *found);

/* Sets the fields of the table for which a value was given; the texts are kept. */
bool configuration_fill(const struct settings *settings, void *record, const ssh_host_config_t *found);

void configuration_close(struct configuration *configuration);

#endif
