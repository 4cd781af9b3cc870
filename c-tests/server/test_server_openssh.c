/* The system's `ssh` logs in with a key, runs a command, sends it input, and gets output, errors and exit status. Group
 * exchange works once moduli are loaded, if the system has some. */
#include "server.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

static int32_t check_key(void *user_data, ssh_ticket_t *ticket, ssh_transport_t *transport, const char *username, const ssh_key_t *key, const char *algorithm, bool is_signed)
{
    (void)ticket, (void)transport, (void)algorithm, (void)is_signed;
    return strcmp(username, "joe") == 0 && ssh_key_is_equal(key, user_data) ? SSH_AUTH_SUCCESSFUL : SSH_AUTH_FAILED;
}

static int32_t exec(void *user_data, ssh_ticket_t *ticket, ssh_channel_t *channel, const char *command, size_t command_len)
{
    (void)user_data, (void)ticket, (void)channel, (void)command_len;
    return strcmp(command, "copy") == 0 ? SSH_REQUEST_GRANTED : SSH_REQUEST_REFUSED;
}

/* Serves one connection with one command, which sends its input back and ends with status 9. */
static void *serve(void *argument)
{
    ssh_transport_t *server = argument;
    ssh_channel_t *channel = accept_channel(server);
    char buf[4096];
    size_t n;

    while (ssh_channel_recv(channel, buf, sizeof buf, WAIT_MS, &n) == SSH_OK)
        CHECK_OK(ssh_channel_sendall(channel, buf, n, WAIT_MS, NULL));
    CHECK_OK(ssh_channel_sendall_stderr(channel, "warned\n", 7, WAIT_MS, NULL));
    CHECK_OK(ssh_channel_send_exit_status(channel, 9));
    ssh_channel_free(channel);
    return NULL;
}

static void run_ssh(const ssh_server_hooks_t *hooks, const char *dir, const char *more)
{
    char command[1024], out[256] = "";
    ssh_transport_t *server;
    uint32_t port;
    int listener = listen_local(&port), status;
    pthread_t thread;
    FILE *ssh;
    size_t n;

    snprintf(command, sizeof command,
             "printf 'hello\\n' | ssh -F /dev/null -p %u -i %s/key -o IdentitiesOnly=yes -o IdentityAgent=none -o BatchMode=yes "
             "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR %s joe@127.0.0.1 copy 2>&1",
             port, dir, more);
    ssh = popen(command, "r");
    CHECK(ssh != NULL);
    server = server_accept(listener, NULL);
    close(listener);
    CHECK_OK(ssh_transport_start_server(server, hooks, WAIT_MS));
    CHECK(pthread_create(&thread, NULL, serve, server) == 0);
    n = fread(out, 1, sizeof out - 1, ssh);
    status = pclose(ssh);
    pthread_join(thread, NULL);
    fprintf(stderr, "ssh said: %s", out);
    CHECK(n == 13 && strstr(out, "hello\n") != NULL && strstr(out, "warned\n") != NULL);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 9);
    ssh_transport_free(server);
}

int main(void)
{
    ssh_server_hooks_t hooks = usual_hooks();
    char dir[] = "/tmp/sshrs-test-XXXXXX", command[256], path[64];
    ssh_key_t *key;

    key = ssh_key_in(dir);
    snprintf(path, sizeof path, "%s/key.pub", dir);
    hooks.user_data = key;
    hooks.check_auth_publickey = check_key;
    hooks.check_channel_exec_request = exec;

    run_ssh(&hooks, dir, "");
    CHECK_STATUS(ssh_load_server_moduli(path), SSH_ERR_FILE);
    CHECK_STATUS(ssh_load_server_moduli("/nonexistent"), SSH_ERR_FILE);
    if (ssh_load_server_moduli(NULL) == SSH_OK)
        run_ssh(&hooks, dir, "-o KexAlgorithms=diffie-hellman-group-exchange-sha256");
    else
        puts("no moduli on this machine: group exchange not tried");

    ssh_key_free(key);
    ssh_key_free(host_key());
    snprintf(command, sizeof command, "rm -r %s", dir);
    CHECK(system(command) == 0);
    return 0;
}
