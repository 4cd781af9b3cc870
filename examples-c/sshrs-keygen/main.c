/* sshrs-keygen: makes keys, shows their public halves and fingerprints, rewrites key files, issues certificates, and makes
 * and asks revocation lists. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sshrs.h>

#include "arguments.h"
#include "hosts.h"
#include "keygen.h"
#include "report.h"
#include "secret.h"

static const char HELP[] =
    "usage: sshrs-keygen -t ed25519|ecdsa|rsa [-b BITS] -f FILE [-N PASSPHRASE-FILE] [-C COMMENT] [-m FORMAT] [-o rounds=N]\n"
    "       sshrs-keygen -p -f FILE [-P PASSPHRASE-FILE] [-N PASSPHRASE-FILE] [-C COMMENT] [-m FORMAT] [-o rounds=N]\n"
    "       sshrs-keygen -y -f FILE [-P PASSPHRASE-FILE]\n"
    "       sshrs-keygen -l [-v] [-E sha256|md5] -f FILE [-P PASSPHRASE-FILE]\n"
    "       sshrs-keygen -F HOST [-l] [-f FILE]\n"
    "       sshrs-keygen -R HOST [-f FILE]\n"
    "       sshrs-keygen -H [-f FILE]\n"
    "       sshrs-keygen -r HOST -f KEY.pub\n"
    "       sshrs-keygen -s CA -I ID [-h] [-n NAMES] [-O OPTION] [-V VALIDITY] [-z SERIAL] [-t ALGORITHM] [-P PASSPHRASE-FILE] KEY.pub...\n"
    "       sshrs-keygen -L -f CERTIFICATE\n"
    "       sshrs-keygen -k -f LIST [-u] [-s CA.pub|none] [-z VERSION] [-C COMMENT] FILE...\n"
    "       sshrs-keygen -Q -f LIST FILE...\n"
    "\n"
    "  -t  make a key; its public half goes to FILE.pub\n"
    "  -p  write a private key anew, with another passphrase or in another format\n"
    "  -y  print the public half of a private key\n"
    "  -l  print the fingerprint of a key, public or private; with -v its picture as well\n"
    "  -s  certify public keys with a CA's key; KEY-cert.pub is written beside each\n"
    "  -I  the certificate's name in logs; -h a host's, not a user's; -n whom it is for, names between commas\n"
    "  -O  as ssh-keygen takes it: clear, no-pty, permit-pty, ..., force-command=, source-address=, verify-required,\n"
    "      critical:NAME[=VALUE], extension:NAME[=VALUE]\n"
    "  -V  +52w, or FROM:TO of dates (YYYYMMDD[HHMM[SS]][Z]), +SPAN, -SPAN, 0x..., always and forever\n"
    "  -z  the certificate's serial number (+N counts up), or the list's version\n"
    "  -L  show what a certificate says\n"
    "  -k  make a key revocation list of keys, certificates and lines \"serial: N[-M]\", \"id: ID\", \"key: KEY\", \"sha1: KEY\",\n"
    "      \"sha256: KEY\", \"hash: FINGERPRINT\"; -u adds to it\n"
    "  -Q  ask whether a list revokes keys and certificates; the exit status is 1 if it does\n"
    "  -F  print the lines for HOST of a known_hosts file, with -l the fingerprints of their keys; \"[HOST]:PORT\" for a port\n"
    "  -R  remove the lines for HOST from a known_hosts file; -H  hash the names in one. The old file stays as FILE.old\n"
    "  -r  print the key's SSHFP records for the DNS\n"
    "  -b  bits: 256 (default), 384 or 521 for ecdsa, 2048 to 16384 (default 3072) for rsa\n"
    "  -m  openssh (default), pkcs8, or pem (PKCS#1 and SEC1: no passphrase, no ed25519)\n"
    "  -N  the file whose first line is the passphrase to write with; without it the key is not encrypted\n"
    "  -P  the file whose first line is the passphrase to read with; without it it is asked for at the terminal\n"
    "Files are read in OpenSSH's format, PEM (PKCS#1, SEC1, PKCS#8) and PuTTY's. An existing file is replaced with -p only.\n";

/* What can be asked for; one at a time, but that -k takes -s as well. */
static const char ACTIONS[] = "tpylsLkQFRHr";

bool wrong(const char *why)
{
    report_error("the command line", why, "sshrs-keygen --help lists the options");
    return false;
}

static bool take_number(uint32_t *number, const char *text)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);

    *number = (uint32_t)value;
    return *text >= '0' && *text <= '9' && *end == '\0' && value <= UINT32_MAX;
}

static bool take_format(struct command *command, const char *name)
{
    static const struct {
        const char *name;
        uint32_t format;
    } formats[] = {
        {"openssh", SSH_KEY_FORMAT_OPENSSH}, {"pkcs8", SSH_KEY_FORMAT_PKCS8}, {"pem", SSH_KEY_FORMAT_PEM},
        {"PKCS8", SSH_KEY_FORMAT_PKCS8}, {"PEM", SSH_KEY_FORMAT_PEM}, /* as ssh-keygen spells them */
    };
    size_t i;

    for (i = 0; i < sizeof formats / sizeof *formats; i++)
        if (strcmp(name, formats[i].name) == 0) {
            command->format = formats[i].format;
            return true;
        }
    return wrong("-m takes openssh, pkcs8 or pem");
}

static bool take_value(struct command *command, int letter, const char *value)
{
    if (value == NULL)
        return wrong("an option lacks its value");
    switch (letter) {
    case 't':
        command->type = value;
        break;
    case 'f':
        command->file = value;
        break;
    case 'N':
        command->new_passphrase_file = value;
        break;
    case 'P':
        command->old_passphrase_file = value;
        break;
    case 'C':
        command->comment = value;
        break;
    case 'F':
    case 'R':
    case 'r':
        command->known_host = value;
        break;
    case 's':
        command->authority = value;
        break;
    case 'I':
        command->key_id = value;
        break;
    case 'n':
        command->principals = value;
        break;
    case 'V':
        command->validity = value;
        break;
    case 'z':
        command->serial = value;
        break;
    case 'O':
        if (command->cert_option_count == MAX_CERT_OPTIONS)
            return wrong("-O is given too often");
        command->cert_options[command->cert_option_count++] = value;
        break;
    case 'E':
        command->hash = value;
        return strcmp(value, "sha256") == 0 || strcmp(value, "md5") == 0 || wrong("-E takes sha256 or md5");
    case 'b':
        return take_number(&command->bits, value) || wrong("-b takes a number");
    case 'm':
        return take_format(command, value);
    default: /* 'o' */
        return (strncmp(value, "rounds=", 7) == 0 && take_number(&command->rounds, value + 7)) ||
               wrong("-o takes rounds=N");
    }
    return true;
}

/* -t names the algorithm of a certificate's signature beside -s, and -s the authority of a list beside -k. */
static bool take_action(struct command *command, char letter)
{
    char before = command->action;

    if ((letter == 'l' && before == 'F') || (letter == 'F' && before == 'l')) {
        command->fingerprints = true;
        command->action = 'F';
        return true;
    }
    if (before == 0 || (letter == 's' && before == 't') || (letter == 'k' && before == 's'))
        command->action = letter;
    else if (!(letter == 't' && before == 's') && !(letter == 's' && before == 'k'))
        return wrong("only one of -t, -p, -y, -l, -s, -L, -k, -Q, -F, -R, -H and -r can be given");
    return true;
}

static bool check_command(const struct command *command)
{
    if (command->action == 0)
        return wrong("one of -t, -p, -y, -l, -s, -L, -k, -Q, -F, -R, -H and -r must be given");
    if (strchr("skQ", command->action) == NULL && *command->files != NULL)
        return wrong("there is an argument too many");
    return strchr("sFRH", command->action) != NULL || command->file != NULL || wrong("-f FILE is missing");
}

static bool read_command(struct command *command, char **argv)
{
    struct arguments arguments = {argv + 1, NULL, "", false};
    int letter;

    while ((letter = arguments_next(&arguments)) != ARGUMENTS_END) {
        if (letter == ARGUMENTS_LONG && strcmp(arguments.name, "help") == 0) {
            command->help = true;
            return true;
        }
        if (letter == 'v') {
            command->verbose = true;
        } else if (letter == 'h') {
            command->host = true;
        } else if (letter == 'u') {
            command->update = true;
        } else if (letter == ARGUMENTS_LONG || strchr("tpylsLkQFRHrfNPCEbmoInVzO", letter) == NULL) {
            return wrong("an option is not known");
        } else {
            if (strchr(ACTIONS, letter) != NULL && !take_action(command, (char)letter))
                return false;
            if (strchr("pylLkQH", letter) == NULL && !take_value(command, letter, arguments_value(&arguments)))
                return false;
        }
    }
    command->files = arguments.rest;
    if (command->host && command->action == 0) {
        command->help = true;
        return true;
    }
    return check_command(command);
}

ssh_key_t *load_private_file(const char *path, const char *passphrase_file)
{
    struct secret passphrase = {"", 0};
    ssh_key_t *key = NULL;
    ssh_status_t rc;

    if (passphrase_file != NULL && !secret_read_file(&passphrase, passphrase_file))
        return NULL;
    rc = ssh_key_load_private_file(path, passphrase.len ? passphrase.bytes : NULL, passphrase.len, &key);
    if (rc == SSH_ERR_KEY_NEEDS_PASSPHRASE && passphrase_file == NULL && secret_ask(&passphrase, "Passphrase: ", 12, false))
        rc = ssh_key_load_private_file(path, passphrase.bytes, passphrase.len, &key);
    secret_wipe(&passphrase);
    if (rc != SSH_OK)
        report_failure(path, rc);
    return key;
}

static ssh_key_t *load_private(const struct command *command)
{
    return load_private_file(command->file, command->old_passphrase_file);
}

static bool write_private(const struct command *command, const ssh_key_t *key)
{
    ssh_key_write_options_t how = SSH_KEY_WRITE_OPTIONS_INIT;
    struct secret passphrase = {"", 0};
    ssh_status_t rc;

    if (command->new_passphrase_file != NULL) {
        if (!secret_read_file(&passphrase, command->new_passphrase_file))
            return false;
        how.passphrase = passphrase.bytes;
        how.passphrase_len = passphrase.len;
    }
    how.format = command->format;
    how.rounds = command->rounds;
    how.comment = command->comment;
    how.replace = command->action == 'p';
    rc = ssh_key_write_private_file(key, command->file, &how);
    secret_wipe(&passphrase);
    if (rc != SSH_OK)
        report_failure(command->file, rc);
    return rc == SSH_OK;
}

static bool make_key(const struct command *command)
{
    static const struct {
        const char *name;
        uint32_t bits;
        const char *type;
    } types[] = {
        {"ed25519", 0, "ssh-ed25519"},         {"ecdsa", 0, "ecdsa-sha2-nistp256"},   {"ecdsa", 256, "ecdsa-sha2-nistp256"},
        {"ecdsa", 384, "ecdsa-sha2-nistp384"}, {"ecdsa", 521, "ecdsa-sha2-nistp521"}, {"rsa", 0, "ssh-rsa"},
    };
    bool rsa = strcmp(command->type, "rsa") == 0;
    ssh_key_t *key = NULL;
    ssh_status_t rc;
    char public_path[4096];
    size_t i;

    for (i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(command->type, types[i].name) == 0 && (rsa || command->bits == types[i].bits))
            break;
    if (i == sizeof types / sizeof *types)
        return wrong("-t takes ed25519, ecdsa (-b 256, 384 or 521) or rsa");
    if ((size_t)snprintf(public_path, sizeof public_path, "%s.pub", command->file) >= sizeof public_path)
        return wrong("FILE is too long");
    rc = ssh_key_generate(types[i].type, rsa ? command->bits : 0, &key);
    if (rc != SSH_OK) {
        report_failure("making a key", rc);
    } else if (write_private(command, key)) {
        rc = ssh_key_write_public_file(key, public_path, command->comment, true);
        if (rc != SSH_OK)
            report_failure(public_path, rc);
        ssh_key_free(key);
        return rc == SSH_OK;
    }
    ssh_key_free(key);
    return false;
}

static bool rewrite_key(const struct command *command)
{
    ssh_key_t *key = load_private(command);
    bool ok = key != NULL && write_private(command, key);

    ssh_key_free(key);
    return ok;
}

static bool print_public(const struct command *command)
{
    ssh_key_t *key = load_private(command);
    char *line = NULL;
    bool ok = key != NULL && ssh_key_get_public_line(key, command->comment, &line) == SSH_OK && puts(line) >= 0;

    ssh_string_free(line);
    ssh_key_free(key);
    return ok;
}

static bool print_fingerprint(const struct command *command)
{
    ssh_key_t *key = NULL;
    char *text = NULL;
    bool md5 = command->hash != NULL && strcmp(command->hash, "md5") == 0, ok;

    if (ssh_key_load_public_file(command->file, &key) != SSH_OK && (key = load_private(command)) == NULL)
        return false;
    ok = (md5 ? ssh_key_get_fingerprint_md5(key, &text) : ssh_key_get_fingerprint(key, &text)) == SSH_OK &&
         printf("%u %s (%s)\n", (unsigned)ssh_key_get_bits(key), text, ssh_key_get_name(key)) > 0;
    ssh_string_free(text);
    if (ok && command->verbose && (ok = ssh_key_get_randomart(key, &text) == SSH_OK)) {
        ok = puts(text) >= 0;
        ssh_string_free(text);
    }
    ssh_key_free(key);
    return ok;
}

static bool run(const struct command *command, bool *revoked)
{
    switch (command->action) {
    case 't':
        return make_key(command);
    case 'p':
        return rewrite_key(command);
    case 'y':
        return print_public(command);
    case 'l':
        return print_fingerprint(command);
    case 's':
        return certify(command);
    case 'L':
        return show_certificate(command);
    case 'k':
        return make_krl(command);
    default:
        return ask_krl(command, revoked);
    }
}

/* The exit status. */
static int known_hosts(const struct command *command)
{
    int status;

    if (command->action == 'r')
        status = hosts_records(command->file, command->known_host);
    else if (command->action == 'F')
        status = hosts_find(command->file, command->known_host, command->fingerprints);
    else
        status = command->action == 'R' ? hosts_remove(command->file, command->known_host) : hosts_hash(command->file);
    return fflush(stdout) == 0 ? status : EXIT_OWN_FAILURE;
}

int main(int argc, char **argv)
{
    struct command command = {0};
    bool ok, revoked = false;

    (void)argc;
    report_start("sshrs-keygen", REPORT_INFO);
    if (!read_command(&command, argv))
        return EXIT_OWN_FAILURE;
    if (!command.help && strchr("FRHr", command.action) != NULL)
        return known_hosts(&command);
    ok = command.help ? fputs(HELP, stdout) >= 0 : run(&command, &revoked);
    if (!ok || fflush(stdout) != 0)
        return EXIT_OWN_FAILURE;
    return revoked ? EXIT_FAILURE : EXIT_SUCCESS;
}
