/* What the command line asks for. */
#ifndef CONFIG_H
#define CONFIG_H

#include <stdbool.h>

#include "algorithms.h"
#include "settings.h"

/* Texts are NULL where nothing was given; numbers always have a value. */
struct config {
    const char *listen;
    int port;
    struct text_list host_keys;
    struct text_list host_certificates;
    const char *user;
    const char *home; /* the calling user's */
    const char *password_file;
    const char *authorized_keys; /* this and the next three: with %u and %h */
    const char *trusted_user_ca;
    const char *principals_file;
    const char *ca_algorithms; /* of authorities' signatures, comma-separated; NULL: the library's */
    const char *revoked_keys;
    const char *permit_user_environment; /* "yes", "no" or patterns */
    const char *banner;
    const char *moduli;
    bool two_step;
    bool interactive;
    bool no_exec;
    bool echo;

    struct algorithm_names algorithms;
    int compression;
    struct rekey_limit rekey;
    int alive_interval; /* seconds, 0: no probes */
    int alive_count_max;
    int login_grace; /* seconds, 0: for ever */
    int max_auth_tries;
    int max_sessions;
    int max_startups;    /* connections that are not logged in */
    int max_connections; /* 0: no bound */

    int permit_tty;
    int allow_tcp_forwarding;
    int allow_streamlocal_forwarding;
    int allow_agent_forwarding;
    int x11_forwarding;
    int x11_display_offset; /* the first display that is listened on */
    const char *xauth_location;
    struct text_list subsystems; /* "name command" */
    struct text_list accept_env; /* patterns with * and ? */
    int log_level;
    int verbose;

    bool print_help;
};

/* Reads the command line. Reports what is wrong and returns false. */
bool config_read(struct config *config, char **argv);

/* Whether keys or certificates can let anyone in. */
bool config_takes_keys(const struct config *config);

extern const char CONFIG_HELP[];

#endif
