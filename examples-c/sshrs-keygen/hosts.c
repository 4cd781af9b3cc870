#include "hosts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sshrs.h>

#include "options.h"
#include "report.h"

static const char *chosen(const char *file)
{
    return file != NULL ? file : options_expand_path("~/.ssh/known_hosts");
}

static ssh_known_hosts_t *load(const char *file)
{
    ssh_known_hosts_t *known = NULL;
    ssh_status_t rc;

    /* For the library a missing file is an empty one; here it is a mistake. */
    if (access(file, R_OK) != 0) {
        report_error(file, strerror(errno), NULL);
        return NULL;
    }
    rc = ssh_known_hosts_new(&known);
    if (rc == SSH_OK && (rc = ssh_known_hosts_load_file(known, file)) == SSH_OK)
        return known;
    report_failure(file, rc);
    ssh_known_hosts_free(known);
    return NULL;
}

struct search {
    const char *host;
    bool fingerprints; /* rather than lines */
    bool only_hosts;   /* lines without a marker, which are to be removed */
    size_t found;
};

/* A key's type as ssh-keygen calls it. */
static const char *short_type(const char *name)
{
    static const char *const names[][2] = {
        {"ssh-ed25519", "ED25519"},
        {"ssh-rsa", "RSA"},
        {"sk-ssh-ed25519@openssh.com", "ED25519-SK"},
        {"sk-ecdsa-sha2-nistp256@openssh.com", "ECDSA-SK"},
    };
    size_t i;

    for (i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i][0]) == 0)
            return names[i][1];
    return "ECDSA";
}

/* What anybody may have put there must not take over the terminal. */
static void print_printable(const char *text)
{
    for (; *text != '\0'; text++)
        putchar((unsigned char)*text < 0x20 || *text == 0x7f ? '?' : *text);
}

static void print_fingerprint(const struct search *search, const ssh_known_host_t *line)
{
    char *fingerprint = NULL;
    ssh_status_t rc = ssh_key_get_fingerprint(line->key, &fingerprint);

    if (rc != SSH_OK) {
        report_failure("making a fingerprint", rc);
        return;
    }
    printf("%s %s %s%s", search->host, short_type(ssh_key_get_name(line->key)), fingerprint,
           *line->comment != '\0' ? " " : "");
    print_printable(line->comment);
    ssh_string_free(fingerprint);
}

static void print_line(void *user_data, const ssh_known_host_t *line)
{
    struct search *search = user_data;
    const char *mark = line->marker == SSH_KNOWN_HOST_CERT_AUTHORITY ? " CA" : " REVOKED";

    if (search->only_hosts ? line->marker != SSH_KNOWN_HOST_PLAIN : search->fingerprints && line->key == NULL)
        return;
    search->found++;
    if (line->marker == SSH_KNOWN_HOST_PLAIN)
        mark = search->only_hosts ? "" : " ";
    printf("# Host %s found: line %zu%s\n", search->host, line->line, mark);
    if (search->only_hosts)
        return;
    if (search->fingerprints)
        print_fingerprint(search, line);
    else
        fwrite(line->text, 1, line->text_len, stdout);
    putchar('\n');
}

static bool search_file(const char *file, struct search *search)
{
    ssh_known_hosts_t *known = load(file);
    ssh_status_t rc;

    if (known == NULL)
        return false;
    rc = ssh_known_hosts_each(known, search->host, 0, print_line, search);
    if (rc != SSH_OK)
        report_failure(search->host, rc);
    ssh_known_hosts_free(known);
    return rc == SSH_OK;
}

int hosts_find(const char *file, const char *host, bool fingerprints)
{
    struct search search = {host, fingerprints, false, 0};

    if (!search_file(chosen(file), &search))
        return EXIT_OWN_FAILURE;
    return search.found > 0 ? EXIT_SUCCESS : 1;
}

/* Gives the file a second name, which is all that is left of it once the library has put another in its place. */
static bool keep_old(const char *file, char *old, size_t size)
{
    if ((size_t)snprintf(old, size, "%s.old", file) >= size) {
        report_error(file, "the name is too long", NULL);
        return false;
    }
    if ((unlink(old) != 0 && errno != ENOENT) || link(file, old) != 0) {
        report_error(old, strerror(errno), NULL);
        return false;
    }
    return true;
}

/* host: whose lines go; NULL: names are hashed instead. */
static int change(const char *file, const char *host)
{
    ssh_known_hosts_t *known = load(file);
    char old[4096];
    ssh_status_t rc;

    if (known == NULL || !keep_old(file, old, sizeof old)) {
        ssh_known_hosts_free(known);
        return EXIT_OWN_FAILURE;
    }
    rc = host != NULL ? ssh_known_hosts_remove(known, host, 0, NULL, file, true, NULL)
                      : ssh_known_hosts_hash_file(file, true, NULL);
    ssh_known_hosts_free(known);
    if (rc != SSH_OK) {
        report_failure(file, rc);
        unlink(old);
        return 1;
    }
    printf("%s updated.\nOriginal contents retained as %s\n", file, old);
    return EXIT_SUCCESS;
}

int hosts_remove(const char *file, const char *host)
{
    struct search search = {host, false, true, 0};

    file = chosen(file);
    if (!search_file(file, &search))
        return EXIT_OWN_FAILURE;
    if (search.found > 0)
        return change(file, host);
    report_notice("Host %s not found in %s", host, file);
    return EXIT_SUCCESS;
}

int hosts_hash(const char *file)
{
    return change(chosen(file), NULL);
}

int hosts_records(const char *file, const char *host)
{
    ssh_key_t *key = NULL;
    char *lines = NULL;
    ssh_status_t rc = ssh_key_load_public_file(file, &key);

    if (rc == SSH_OK && (rc = ssh_key_get_sshfp(key, host, &lines)) == SSH_OK)
        fputs(lines, stdout);
    else
        report_failure(file, rc);
    ssh_string_free(lines);
    ssh_key_free(key);
    return rc == SSH_OK ? EXIT_SUCCESS : EXIT_OWN_FAILURE;
}
