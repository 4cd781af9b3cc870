/* known_hosts: what a file says of a host, and adding to it. */
#include "support.h"
#include <sys/stat.h>
#include <unistd.h>

static int32_t verdict_of(ssh_known_hosts_t *hosts, const char *host, uint32_t port, const ssh_key_t *key)
{
    int32_t verdict;

    CHECK_OK(ssh_known_hosts_check(hosts, host, port, key, &verdict, NULL, NULL));
    return verdict;
}

struct seen {
    int lines, with_key, marked;
    size_t last;
    char comment[64];
};

static void look(void *user_data, const ssh_known_host_t *line)
{
    struct seen *seen = user_data;

    CHECK(strlen(line->text) == line->text_len && line->file != NULL);
    seen->lines++;
    seen->with_key += line->key != NULL;
    seen->marked += line->marker != SSH_KNOWN_HOST_PLAIN;
    seen->last = line->line;
    snprintf(seen->comment, sizeof seen->comment, "%s", line->comment);
}

static void write_file(const char *path, const char *format, const char *one, const char *two)
{
    FILE *file = fopen(path, "w");

    CHECK(file != NULL && fprintf(file, format, one, two) > 0 && fclose(file) == 0);
}

/* Lines are listed, removed, hashed, and brought up to date; what is no entry stays. */
static void changes(const char *path, const ssh_key_t *key, const ssh_key_t *rsa)
{
    ssh_known_hosts_t *hosts;
    ssh_host_key_t keys[2] = {{key, true}, {rsa, false}};
    struct seen seen = {0};
    size_t removed = 7, added = 7, hashed = 7;
    char *one, *two, *reason;

    CHECK_OK(ssh_key_get_public_line(key, "mine", &one));
    CHECK_OK(ssh_key_get_public_line(rsa, "", &two));
    write_file(path, "# first\nhost %s\n@cert-authority host %s\nhost ssh-ed25519 bad\n", one, two);
    CHECK_OK(ssh_known_hosts_new(&hosts));
    CHECK_OK(ssh_known_hosts_load_file(hosts, path));
    CHECK_OK(ssh_known_hosts_each(hosts, "HOST", 0, look, &seen));
    CHECK(seen.lines == 3 && seen.with_key == 2 && seen.marked == 1 && seen.last == 4);
    CHECK_OK(ssh_known_hosts_each(hosts, "other", 0, look, &seen));
    CHECK_OK(ssh_known_hosts_each(hosts, "host", 2222, look, &seen));
    CHECK(seen.lines == 3);

    /* A line with a marker is left alone by an update. */
    CHECK_OK(ssh_known_hosts_update(hosts, "host", 0, keys, 2, path, false, &added, &removed, &reason));
    CHECK(added == 0 && removed == 0 && reason != NULL && strstr(reason, "marker") != NULL);
    ssh_string_free(reason);

    CHECK_OK(ssh_known_hosts_remove(hosts, "host", 0, rsa, path, true, &removed));
    CHECK(removed == 0);
    CHECK_OK(ssh_known_hosts_remove(hosts, "host", 0, NULL, path, true, &removed));
    CHECK(removed == 2 && verdict_of(hosts, "host", 0, key) == SSH_KNOWN_HOST_UNKNOWN);

    write_file(path, "# first\na,b %s\nbroken\n%s", one, "");
    CHECK_STATUS(ssh_known_hosts_hash_file(path, true, &hashed), SSH_ERR_FILE);
    CHECK(hashed == 0);
    CHECK_OK(ssh_known_hosts_hash_file(path, false, &hashed));
    CHECK(hashed == 2);
    ssh_known_hosts_free(hosts);

    CHECK_OK(ssh_known_hosts_new(&hosts));
    CHECK_OK(ssh_known_hosts_load_file(hosts, path));
    seen.lines = 0;
    CHECK_OK(ssh_known_hosts_each(hosts, NULL, 0, look, &seen));
    CHECK(seen.lines == 2 && strcmp(seen.comment, "mine") == 0);
    CHECK_OK(ssh_known_hosts_remove(hosts, "b", 0, NULL, NULL, false, &removed));
    CHECK(removed == 1 && verdict_of(hosts, "b", 0, key) == SSH_KNOWN_HOST_UNKNOWN);
    ssh_known_hosts_free(hosts);

    /* What was added in this session is known from the file as well. */
    unlink(path);
    CHECK_OK(ssh_known_hosts_new(&hosts));
    CHECK_OK(ssh_known_hosts_load_file(hosts, path));
    CHECK_OK(ssh_known_hosts_add(hosts, "host", 0, key, path, true));
    CHECK_OK(ssh_known_hosts_update(hosts, "host", 0, keys, 2, path, true, &added, &removed, &reason));
    CHECK(added == 1 && removed == 0 && reason == NULL && verdict_of(hosts, "host", 0, rsa) == SSH_KNOWN_HOST_MATCH);
    ssh_known_hosts_free(hosts);

    write_file(path, "# first\nhost %s\nelse %s\n", one, two);
    CHECK_OK(ssh_known_hosts_new(&hosts));
    CHECK_OK(ssh_known_hosts_load_file(hosts, path));
    CHECK_OK(ssh_known_hosts_update(hosts, "host", 0, keys, 2, path, false, &added, &removed, &reason));
    CHECK(added == 0 && strstr(reason, "another name") != NULL);
    ssh_string_free(reason);
    CHECK_OK(ssh_known_hosts_remove(hosts, "else", 0, NULL, path, true, NULL));
    CHECK_OK(ssh_known_hosts_update(hosts, "host", 0, keys, 2, path, false, &added, &removed, &reason));
    CHECK(added == 1 && removed == 0 && reason == NULL);
    CHECK(verdict_of(hosts, "host", 0, rsa) == SSH_KNOWN_HOST_MATCH);
    CHECK_OK(ssh_known_hosts_update(hosts, "host", 0, keys, 1, path, false, &added, &removed, NULL));
    CHECK(added == 0 && removed == 1 && verdict_of(hosts, "host", 0, rsa) == SSH_KNOWN_HOST_MISMATCH);
    ssh_known_hosts_free(hosts);
    ssh_string_free(one);
    ssh_string_free(two);
}

/* A list of revoked keys outranks what is known. */
static void revoked_list(const char *path, const ssh_key_t *key, const ssh_key_t *rsa)
{
    ssh_known_hosts_t *hosts;
    int32_t verdict;
    size_t line = 7;
    char *text, *where;

    CHECK_OK(ssh_known_hosts_new(&hosts));
    CHECK_OK(ssh_known_hosts_add(hosts, "host", 0, key, NULL, false));
    CHECK_OK(ssh_known_hosts_add(hosts, "host", 0, rsa, NULL, false));
    CHECK_OK(ssh_key_get_public_line(key, "", &text));
    write_file(path, "%s\n%s", text, "");
    ssh_string_free(text);
    CHECK_OK(ssh_known_hosts_add_krl_file(hosts, path));
    CHECK(verdict_of(hosts, "host", 0, rsa) == SSH_KNOWN_HOST_MATCH);
    CHECK_OK(ssh_known_hosts_check(hosts, "host", 0, key, &verdict, &where, &line));
    CHECK(verdict == SSH_KNOWN_HOST_REVOKED && strcmp(where, path) == 0 && line == 0);
    ssh_string_free(where);
    /* A list that cannot be read may revoke any key. */
    CHECK_STATUS(ssh_known_hosts_add_krl_file(hosts, "/nonexistent/list"), SSH_ERR_FILE);
    CHECK(verdict_of(hosts, "host", 0, rsa) == SSH_KNOWN_HOST_REVOKED);
    ssh_known_hosts_free(hosts);
}

int main(void)
{
    ssh_known_hosts_t *hosts, *reread;
    ssh_security_options_t *lists;
    ssh_transport_t *transport;
    ssh_key_t *key = test_key(), *rsa;
    char path[] = "/tmp/sshrs-known-hosts-XXXXXX", file[1024], *names;
    struct stat status;
    int fd = mkstemp(path);

    CHECK(fd >= 0);
    close(fd);
    unlink(path);
    snprintf(file, sizeof file, "%s/rsa.pub", setting("SSHRS_TEST_KEYDIR"));
    CHECK_OK(ssh_key_load_public_file(file, &rsa));

    CHECK_OK(ssh_known_hosts_new(&hosts));
    CHECK_OK(ssh_known_hosts_load_file(hosts, path)); /* does not exist: counts as empty */
    CHECK(verdict_of(hosts, "a.example", 22, key) == SSH_KNOWN_HOST_UNKNOWN);
    CHECK_OK(ssh_known_hosts_add(hosts, "a.example", 0, key, path, false));
    CHECK_OK(ssh_known_hosts_add(hosts, "a.example", 0, key, path, false)); /* there already: not written again */
    CHECK_OK(ssh_known_hosts_add(hosts, "b.example", 2222, rsa, path, true));
    CHECK_STATUS(ssh_known_hosts_add(hosts, "a b", 0, key, path, false), SSH_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(ssh_known_hosts_add(hosts, "a", 65536, key, NULL, false), SSH_ERR_INVALID_ARGUMENT);
    CHECK(stat(path, &status) == 0 && (status.st_mode & 0777) == 0600);

    CHECK_OK(ssh_known_hosts_new(&reread));
    CHECK_OK(ssh_known_hosts_load_file(reread, path));
    CHECK(verdict_of(hosts, "a.example", 0, key) == SSH_KNOWN_HOST_MATCH);
    CHECK(verdict_of(reread, "A.EXAMPLE", 22, key) == SSH_KNOWN_HOST_MATCH);
    CHECK(verdict_of(reread, "a.example", 2222, key) == SSH_KNOWN_HOST_MATCH); /* without a port: as OpenSSH */
    CHECK(verdict_of(reread, "a.example", 2222, rsa) == SSH_KNOWN_HOST_UNKNOWN);
    CHECK(verdict_of(reread, "b.example", 2222, key) == SSH_KNOWN_HOST_MISMATCH);

    /* Which line decided. */
    {
        int32_t verdict;
        size_t line = 7;
        char *where, *line_text, *both;

        CHECK_OK(ssh_known_hosts_check(hosts, "b.example", 2222, rsa, &verdict, &where, &line));
        CHECK(verdict == SSH_KNOWN_HOST_MATCH && strcmp(where, path) == 0 && line == 2);
        ssh_string_free(where);
        CHECK_OK(ssh_known_hosts_check(reread, "b.example", 2222, key, &verdict, &where, &line));
        CHECK(verdict == SSH_KNOWN_HOST_MISMATCH && strcmp(where, path) == 0 && line == 2);
        ssh_string_free(where);
        CHECK_OK(ssh_known_hosts_check(reread, "a.example", 22, key, &verdict, &where, &line));
        CHECK(verdict == SSH_KNOWN_HOST_MATCH && strcmp(where, path) == 0 && line == 1);
        ssh_string_free(where);
        CHECK_OK(ssh_known_hosts_check(reread, "c.example", 22, key, &verdict, &where, &line));
        CHECK(verdict == SSH_KNOWN_HOST_UNKNOWN && where == NULL && line == 0);
        CHECK_OK(ssh_key_get_public_line(key, "", &line_text));
        both = malloc(strlen(line_text) + 40);
        CHECK(both != NULL);
        sprintf(both, "# none\n\n@revoked * %s\n", line_text);
        CHECK_OK(ssh_known_hosts_load_memory(reread, both, strlen(both)));
        CHECK_OK(ssh_known_hosts_check(reread, "a.example", 22, key, &verdict, &where, &line));
        CHECK(verdict == SSH_KNOWN_HOST_REVOKED && strcmp(where, "memory") == 0 && line == 3);
        ssh_string_free(where);
        ssh_string_free(line_text);
        free(both);
    }

    /* The RSA host is asked for its RSA key first. */
    transport = test_transport(NULL);
    CHECK_OK(ssh_known_hosts_prefer(reread, "b.example", 2222, transport));
    CHECK_OK(ssh_transport_get_security_options(transport, &lists));
    CHECK_OK(ssh_security_options_get(lists, SSH_LIST_HOST_KEY, &names));
    CHECK(strncmp(names, "rsa-sha2-", 9) == 0 && strstr(names, "ssh-ed25519") != NULL);
    ssh_string_free(names);
    ssh_security_options_free(lists);
    ssh_transport_free(transport);

    CHECK_STATUS(ssh_known_hosts_load_file(reread, "/"), SSH_ERR_FILE);
    changes(path, key, rsa);
    revoked_list(path, key, rsa);
    unlink(path);
    ssh_known_hosts_free(hosts);
    ssh_known_hosts_free(reread);
    ssh_key_free(key);
    ssh_key_free(rsa);
    return 0;
}
