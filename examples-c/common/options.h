/* The settings of a connection: OpenSSH's option names, from -o and from the short options that stand for them. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "algorithms.h"
#include "arguments.h"
#include "configuration.h"
#include "settings.h"

enum { HOSTKEY_REFUSE_UNKNOWN = 0, HOSTKEY_ACCEPT_NEW = 1, HOSTKEY_ACCEPT_ANY = 2 };
enum { TTY_NO = 0, TTY_AUTO = 1, TTY_YES = 2, TTY_FORCE = 3 };

/* Texts are NULL where nothing was given; numbers always have a value once options_finish has run. */
struct options {
    struct configuration configuration;
    const char *command;     /* what will be run there; NULL: a shell */
    const char *destination; /* the host as it was typed */
    const char *host;        /* where to connect: HostName, or the destination */
    const char *host_key_alias;
    const char *user;
    bool user_is_set; /* and not just who runs this program */
    int port;
    int address_family; /* AF_* */
    int connect_timeout; /* seconds, 0: the library's */
    const char *proxy_command;
    const char *proxy_jump;

    struct algorithm_names algorithms;
    int compression;
    struct rekey_limit rekey;
    int alive_interval; /* seconds, 0: no probes */
    int alive_count_max;

    int strict_host_key_checking; /* HOSTKEY_* */
    const char *user_known_hosts; /* file names with spaces between them */
    const char *global_known_hosts;
    int hash_known_hosts;
    const char *revoked_host_keys; /* file names too; NULL: none */
    int required_rsa_size;         /* bits of the server's key; the library reads none below 2048 */
    int update_host_keys;          /* follow a server that changes its keys */

    const char *preferred_authentications;
    int pubkey_authentication;
    int password_authentication;
    int interactive_authentication;
    struct text_list identities;
    int identities_only;        /* of the agent's keys, none but those */
    const char *identity_agent; /* its socket; "SSH_AUTH_SOCK", "none" */
    bool identities_are_default; /* nobody asked for them: they may be missing */
    struct text_list certificates; /* none: those beside the identities */
    const char *password_file;
    const char *passphrase_file;
    int password_prompts;
    int batch_mode;

    int forward_agent;
    int forward_x11;
    int forward_x11_trusted;
    int forward_x11_timeout; /* seconds, 0: none */
    const char *xauth_location;
    int exit_on_forward_failure;
    struct text_list local_forwards; /* as they were typed */
    struct text_list remote_forwards;
    struct text_list dynamic_forwards;

    int request_tty; /* TTY_* */
    struct text_list send_env;
    struct text_list set_env;
    int log_level; /* enum report_level */
    int verbose;   /* how often -v was given */
};

void options_init(struct options *options);
void options_free(struct options *options);

/* Takes "Key=Value" or "Key Value". The first value given for a key holds, as in OpenSSH; lists grow. Reports what is wrong
 * and returns false. */
bool options_set(struct options *options, const char *assignment);

/* Takes what a short option stands for; value may be NULL, which is reported as missing. */
bool options_set_value(struct options *options, const char *key, const char *value);

/* Takes an option of the command line if it is one that all programs share. */
enum options_taken { OPTIONS_NOT_MINE, OPTIONS_TAKEN, OPTIONS_WRONG };
enum options_taken options_take(struct options *options, struct arguments *arguments, int letter);

/* Takes "[user@]host", which says less than -l and User do. */
bool options_set_destination(struct options *options, const char *destination);

/* Reads the files for the destination, once the command line is read, and gives everything that was not set its default. */
bool options_finish(struct options *options);

/* What holds for a jump host: what the files say of it, and the command line's options but for those about the destination
 * itself. Its texts are kept. */
bool options_for_hop(const struct options *options, const char *alias, struct options *hop);

/* Prints all options as `ssh -G` does. */
bool options_print(const struct options *options, FILE *out);

/* A path with "~/" replaced by the home directory; kept as by options_keep. */
const char *options_expand_path(const char *path);

/* A copy that lives until options_release_kept: the settings point to such texts. For the main thread only. */
char *options_keep(const char *text, size_t len);
const char *options_keep_text(const char *text);
void options_release_kept(void);

/* "host:port", "[v6]:port"; also without port, unless what is given for that case is 0. Reports what is wrong. */
bool options_split_host_port(const char *text, int default_port, const char **host, int *port);

/* The lines about the shared options for --help. */
extern const char OPTIONS_HELP[];

#endif
