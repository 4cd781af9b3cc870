/* A real ssh-agent: keys are added with constraints, listed, sign, log in, are locked away and removed; with twelve keys of
 * which the last is right, the login stays inside sshd's six tries when the identity is named, and does not otherwise. */
#include "support.h"
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static char socket_path[64];

static pid_t start_agent(void)
{
    int64_t end = now_ms() + WAIT_MS;
    pid_t pid;

    snprintf(socket_path, sizeof socket_path, "/tmp/sshrs-agent-%ld", (long)getpid());
    pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        execlp("ssh-agent", "ssh-agent", "-D", "-a", socket_path, (char *)NULL);
        _exit(127);
    }
    while (access(socket_path, F_OK) != 0) {
        if (waitpid(pid, NULL, WNOHANG) == pid) {
            printf("skipped: no ssh-agent on this machine\n");
            exit(SKIPPED);
        }
        CHECK(now_ms() < end);
        sleep_ms(10);
    }
    return pid;
}

static ssh_agent_keys_t *list(ssh_agent_t *agent, size_t expected)
{
    ssh_agent_keys_t *keys;

    CHECK_OK(ssh_agent_list(agent, WAIT_MS, &keys));
    CHECK(ssh_agent_keys_get_count(keys) == expected);
    return keys;
}

static void sign_with(const ssh_key_t *key, const char *algorithm)
{
    uint8_t *blob;
    size_t len;

    CHECK_OK(ssh_key_sign(key, algorithm, "data", 4, &blob, &len));
    CHECK_OK(ssh_key_verify(key, algorithm, "data", 4, blob, len));
    ssh_bytes_free(blob);
}

static void holds_keys(ssh_agent_t *agent)
{
    static const char *TYPES[] = {"ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa"};
    ssh_agent_add_options_t options = SSH_AGENT_ADD_OPTIONS_INIT;
    ssh_agent_keys_t *keys;
    uint8_t *answer;
    char *text;
    size_t i, n;

    for (i = 0; i < 5; i++) {
        ssh_key_t *key;

        CHECK_OK(ssh_key_generate(TYPES[i], i == 4 ? 2048 : 0, &key));
        options.comment = TYPES[i];
        CHECK_OK(ssh_agent_add(agent, key, &options, WAIT_MS));
        keys = list(agent, 1);
        CHECK(ssh_key_is_equal(ssh_agent_keys_get_key(keys, 0), key));
        CHECK(strcmp(ssh_agent_keys_get_comment(keys, 0), TYPES[i]) == 0);
        CHECK(ssh_agent_keys_get_key(keys, 1) == NULL && ssh_agent_keys_get_comment(keys, 1) == NULL);
        sign_with(ssh_agent_keys_get_key(keys, 0), i == 4 ? "rsa-sha2-512" : TYPES[i]);
        if (i == 4)
            sign_with(ssh_agent_keys_get_key(keys, 0), "rsa-sha2-256");
        CHECK_OK(ssh_key_sign_message(ssh_agent_keys_get_key(keys, 0), "file", "data", 4, &text));
        ssh_string_free(text);
        CHECK_STATUS(ssh_agent_add(agent, ssh_agent_keys_get_key(keys, 0), NULL, WAIT_MS), SSH_ERR_KEY_NOT_EXPORTABLE);
        CHECK_OK(ssh_agent_lock(agent, "word", 4, WAIT_MS));
        ssh_agent_keys_free(list(agent, 0));
        CHECK_STATUS(ssh_key_sign(ssh_agent_keys_get_key(keys, 0), NULL, "x", 1, &answer, &n), SSH_ERR_SIGN_REFUSED);
        CHECK_STATUS(ssh_agent_unlock(agent, "w", 1, WAIT_MS), SSH_ERR_AGENT_REFUSED);
        CHECK_OK(ssh_agent_unlock(agent, "word", 4, WAIT_MS));
        CHECK_OK(ssh_agent_remove(agent, key, WAIT_MS));
        CHECK_STATUS(ssh_agent_remove(agent, key, WAIT_MS), SSH_ERR_AGENT_REFUSED);
        ssh_agent_keys_free(keys);
        ssh_key_free(key);
    }
    CHECK_STATUS(ssh_agent_extension(agent, "nothing@example.org", NULL, 0, WAIT_MS, &answer, &n), SSH_ERR_UNSUPPORTED);
}

/* With a lifetime, the key goes by itself. */
static void keeps_to_a_lifetime(ssh_agent_t *agent)
{
    ssh_agent_add_options_t options = SSH_AGENT_ADD_OPTIONS_INIT;
    ssh_key_t *key = test_key();

    options.lifetime_s = 1;
    CHECK_OK(ssh_agent_add(agent, key, &options, WAIT_MS));
    ssh_agent_keys_free(list(agent, 1));
    sleep_ms(2500);
    ssh_agent_keys_free(list(agent, 0));
    ssh_key_free(key);
}

static ssh_status_t log_in_by_agent(ssh_agent_t *agent, const ssh_agent_auth_options_t *options)
{
    ssh_transport_t *transport = test_transport(NULL);
    ssh_status_t rc;

    CHECK_OK(ssh_transport_start_client(transport, WAIT_MS));
    rc = ssh_transport_auth_agent(transport, setting("SSHRS_TEST_USER"), agent, options, WAIT_MS, NULL);
    CHECK(ssh_transport_is_authenticated(transport) == (rc == SSH_OK));
    ssh_transport_free(transport);
    return rc;
}

static void twelve_keys(ssh_agent_t *agent)
{
    ssh_agent_auth_options_t options = SSH_AGENT_AUTH_OPTIONS_INIT;
    ssh_key_t *right = test_key(), *other;
    const ssh_key_t *identities[1];
    int i;

    CHECK_STATUS(log_in_by_agent(agent, NULL), SSH_ERR_AGENT_REFUSED);
    for (i = 0; i < 11; i++) {
        CHECK_OK(ssh_key_generate("ssh-ed25519", 0, &other));
        CHECK_OK(ssh_agent_add(agent, other, NULL, WAIT_MS));
        if (i < 10)
            ssh_key_free(other);
    }
    CHECK_OK(ssh_agent_add(agent, right, NULL, WAIT_MS));
    /* Six refusals, and sshd hangs up. */
    CHECK(log_in_by_agent(agent, NULL) != SSH_OK);
    identities[0] = right;
    options.identities = identities;
    options.identities_len = 1;
    CHECK_OK(log_in_by_agent(agent, &options));
    options.identities_only = true;
    CHECK_OK(log_in_by_agent(agent, &options));
    identities[0] = other;
    CHECK_STATUS(log_in_by_agent(agent, &options), SSH_ERR_AUTH_FAILED);
    CHECK_OK(ssh_agent_remove_all(agent, WAIT_MS));
    ssh_agent_keys_free(list(agent, 0));
    ssh_key_free(other);
    ssh_key_free(right);
}

int main(void)
{
    ssh_agent_t *agent, *other;
    ssh_agent_keys_t *keys;
    pid_t pid;

    unsetenv("SSH_AUTH_SOCK");
    CHECK_STATUS(ssh_agent_connect(NULL, &agent), SSH_ERR_AGENT_UNAVAILABLE);
    CHECK_STATUS(ssh_agent_connect("/nonexistent", &agent), SSH_ERR_AGENT_UNAVAILABLE);
    pid = start_agent();
    CHECK(setenv("SSH_AUTH_SOCK", socket_path, 1) == 0);
    CHECK_OK(ssh_agent_connect(NULL, &agent));
    holds_keys(agent);
    keeps_to_a_lifetime(agent);
    twelve_keys(agent);
    CHECK_OK(ssh_agent_connect(socket_path, &other));
    kill(pid, SIGTERM);
    CHECK(waitpid(pid, NULL, 0) == pid);
    CHECK_STATUS(ssh_agent_list(agent, WAIT_MS, &keys), SSH_ERR_AGENT_UNAVAILABLE);
    CHECK_STATUS(ssh_agent_list(other, WAIT_MS, &keys), SSH_ERR_AGENT_UNAVAILABLE);
    ssh_agent_free(agent);
    ssh_agent_free(other);
    unlink(socket_path);
    return 0;
}
