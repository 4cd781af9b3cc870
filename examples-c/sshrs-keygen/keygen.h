/* What the parts of sshrs-keygen share: the command line, and loading keys. */
#ifndef KEYGEN_H
#define KEYGEN_H

#include <sshrs.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MAX_CERT_OPTIONS 64

struct command {
    char action; /* one of ACTIONS in main.c; 0: none yet */
    const char *type;
    uint32_t bits;
    const char *file;
    const char *old_passphrase_file;
    const char *new_passphrase_file;
    const char *comment;
    const char *hash;
    uint32_t format;
    uint32_t rounds;
    bool verbose;
    bool help;
    const char *authority;  /* -s: the authority's key */
    const char *key_id;     /* -I */
    const char *principals; /* -n: names between commas */
    const char *validity;   /* -V */
    const char *serial;     /* -z */
    const char *cert_options[MAX_CERT_OPTIONS];
    size_t cert_option_count;
    const char *known_host; /* -F, -R, -r */
    bool fingerprints;      /* -l beside -F */
    bool host;    /* -h */
    bool update;  /* -u */
    char **files; /* the plain arguments, ended by NULL */
};

/* Says what is wrong with the command line; false. */
bool wrong(const char *why);

/* Reads a private key, with the passphrase's file (NULL: none) or, where one is needed, the terminal. NULL after a report. */
ssh_key_t *load_private_file(const char *path, const char *passphrase_file);

/* The comment on a public key's or certificate's line; empty if there is none. */
void read_comment(const char *path, char *comment, size_t size);

/* Reads "[+-]N[smhdw]..." (a span of seconds), a date, 0x... or the word; false if it is none of them. `now` is in seconds. */
bool read_time(const char *text, const char *word, uint64_t word_time, uint64_t now, uint64_t *time);

/* -s, -L. */
bool certify(const struct command *command);
bool show_certificate(const struct command *command);

/* -k, -Q: `revoked` is set if a file is. */
bool make_krl(const struct command *command);
bool ask_krl(const struct command *command, bool *revoked);

#endif
