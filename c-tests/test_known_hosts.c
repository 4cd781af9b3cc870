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
    CHECK_OK(ssh_known_hosts_add(hosts, "b.example", 2222, rsa, path, true));
    CHECK_STATUS(ssh_known_hosts_add(hosts, "a b", 0, key, path, false), SSH_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(ssh_known_hosts_add(hosts, "a", 65536, key, NULL, false), SSH_ERR_INVALID_ARGUMENT);
    CHECK(stat(path, &status) == 0 && (status.st_mode & 0777) == 0600);

    CHECK_OK(ssh_known_hosts_new(&reread));
    CHECK_OK(ssh_known_hosts_load_file(reread, path));
    CHECK(verdict_of(hosts, "a.example", 0, key) == SSH_KNOWN_HOST_MATCH);
    CHECK(verdict_of(reread, "A.EXAMPLE", 22, key) == SSH_KNOWN_HOST_MATCH);
    CHECK(verdict_of(reread, "a.example", 2222, key) == SSH_KNOWN_HOST_UNKNOWN);
    CHECK(verdict_of(reread, "b.example", 2222, key) == SSH_KNOWN_HOST_MISMATCH);

    /* Which line decided. */
    {
        int32_t verdict;
        size_t line = 7;
        char *where, *line_text, *both;

        CHECK_OK(ssh_known_hosts_check(reread, "b.example", 2222, key, &verdict, &where, &line));
        CHECK(verdict == SSH_KNOWN_HOST_MISMATCH && strcmp(where, path) == 0 && line == 2);
        ssh_string_free(where);
        CHECK_OK(ssh_known_hosts_check(reread, "a.example", 22, key, &verdict, &where, &line));
        CHECK(verdict == SSH_KNOWN_HOST_MATCH && where == NULL && line == 0);
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
    unlink(path);
    ssh_known_hosts_free(hosts);
    ssh_known_hosts_free(reread);
    ssh_key_free(key);
    ssh_key_free(rsa);
    return 0;
}
