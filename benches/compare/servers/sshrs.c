/* Server over libsshrs. See server.h. The library's threads serve the connections, a thread of ours each command. */
#include <sshrs.h>
#include "server.h"

#define READ_SIZE ((size_t)256 * 1024)

static ssh_key_t *host_key, *authorized;

struct command {
    struct job job;
    ssh_channel_t *channel;
};

static void check(ssh_status_t rc)
{
    if (rc < 0) {
        ssh_exception_t *e = ssh_get_exception(NULL);

        die("sshrs: %s (%d)", ssh_exception_text(e), (int)rc);
    }
}

/* A client that is gone ends its commands: errors of channels are no errors of ours. */
static void end(struct command *command)
{
    ssh_channel_send_exit_status(command->channel, 0);
    ssh_channel_free(command->channel); /* the last handle: EOF and CLOSE behind what was sent */
    free(command);
}

static void send_zeros(struct command *command)
{
    while (command->job.bytes > 0) {
        size_t part = command->job.bytes < sizeof zeros ? (size_t)command->job.bytes : sizeof zeros;

        if (ssh_channel_sendall(command->channel, zeros, part, SSH_WAIT_FOREVER, NULL) != SSH_OK)
            return;
        command->job.bytes -= part;
    }
}

static void receive(struct command *command)
{
    char *buf = malloc(READ_SIZE), answer[32];
    size_t got;

    while (ssh_channel_recv(command->channel, buf, READ_SIZE, SSH_WAIT_FOREVER, &got) == SSH_OK) {
        command->job.bytes += got;
        if (command->job.kind == ECHO && ssh_channel_sendall(command->channel, buf, got, SSH_WAIT_FOREVER, NULL) != SSH_OK)
            break;
    }
    free(buf);
    if (command->job.kind == SINK) {
        snprintf(answer, sizeof answer, "%llu\n", (unsigned long long)command->job.bytes);
        ssh_channel_sendall(command->channel, answer, strlen(answer), SSH_WAIT_FOREVER, NULL);
    }
}

static void *serve(void *argument)
{
    struct command *command = argument;

    pthread_detach(pthread_self());
    if (command->job.kind == SOURCE)
        send_zeros(command);
    else
        receive(command);
    end(command);
    return NULL;
}

static int32_t on_key(void *data, ssh_ticket_t *ticket, ssh_transport_t *transport, const char *user, const ssh_key_t *key,
                      const char *algorithm, bool is_signed)
{
    (void)data, (void)ticket, (void)transport, (void)user, (void)algorithm, (void)is_signed;
    return ssh_key_is_equal(key, authorized) ? SSH_AUTH_SUCCESSFUL : SSH_AUTH_FAILED;
}

static int32_t on_channel(void *data, ssh_ticket_t *ticket, ssh_transport_t *transport, const char *kind, uint32_t id,
                          const void *open_data, size_t open_data_len)
{
    (void)data, (void)ticket, (void)transport, (void)id, (void)open_data, (void)open_data_len;
    return strcmp(kind, "session") == 0 ? SSH_OPEN_SUCCEEDED : SSH_OPEN_FAILED_UNKNOWN_CHANNEL_TYPE;
}

static int32_t on_exec(void *data, ssh_ticket_t *ticket, ssh_channel_t *channel, const char *text, size_t len)
{
    struct command *command = malloc(sizeof *command);

    (void)data;
    if (!job_parse(text, len, &command->job) || ssh_channel_take(channel, &command->channel) != SSH_OK) {
        free(command);
        return SSH_REQUEST_REFUSED;
    }
    ssh_ticket_settle(ticket, SSH_REQUEST_GRANTED);
    if (command->job.kind == NOTHING)
        end(command);
    else
        thread_start(serve, command);
    return SSH_HOOK_PENDING;
}

static void on_end(void *transport) { ssh_transport_free(transport); }

static void choose_algorithms(ssh_transport_t *transport)
{
    SSH_AUTO_SECURITY_OPTIONS ssh_security_options_t *lists = NULL;

    check(ssh_transport_get_security_options(transport, &lists));
    check(ssh_security_options_set(lists, SSH_LIST_KEX, KEX));
    check(ssh_security_options_set(lists, SSH_LIST_HOST_KEY, HOST_KEY));
    check(ssh_security_options_set(lists, SSH_LIST_CIPHER, args.cipher));
    check(ssh_security_options_set(lists, SSH_LIST_MAC, MAC));
    check(ssh_security_options_set(lists, SSH_LIST_COMPRESSION, "none"));
}

int main(int argc, char **argv)
{
    ssh_transport_options_t options = SSH_TRANSPORT_OPTIONS_INIT;
    ssh_server_hooks_t hooks = SSH_SERVER_HOOKS_INIT;
    ssh_transport_t *transport;
    int listener, fd;

    arguments(argc, argv);
    check(ssh_key_load_private_file(args.host_key, NULL, 0, &host_key));
    check(ssh_key_load_public_file(args.authorized, &authorized));
    options.max_channels = 10000;
    hooks.check_auth_publickey = on_key;
    hooks.check_channel_request = on_channel;
    hooks.check_channel_exec_request = on_exec;
    hooks.destroy = on_end; /* once the connection is over */
    listener = listen_local();
    listening();
    while ((fd = accept(listener, NULL, NULL)) >= 0) {
        check(ssh_transport_new_fd(fd, &options, &transport));
        choose_algorithms(transport);
        check(ssh_transport_add_server_key(transport, host_key));
        hooks.user_data = transport;
        ssh_transport_start_server_event(transport, &hooks, NULL);
    }
    die("accept failed");
}
