/* sshrs-ssh's own command line. */
#ifndef CLI_H
#define CLI_H

#include <stdbool.h>

#include "forward_spec.h"
#include "options.h"

struct cli {
    struct options options;
    const char *command;       /* what to run; NULL: a shell */
    bool is_subsystem;         /* -s: the command is a subsystem's name */
    bool no_session;           /* -N */
    int tty;                   /* TTY_* as -t and -T say, -1: neither */
    const char *relay_host;    /* -W */
    int relay_port;
    struct forward_spec forwards[3 * SETTINGS_MAX_LIST]; /* -L, -R and -D */
    size_t forward_count;
    bool print_config;         /* -G */
    bool print_help;           /* --help */
};

/* Reports what is wrong and returns false. */
bool cli_parse(struct cli *cli, char **argv);

extern const char CLI_HELP[];

#endif
