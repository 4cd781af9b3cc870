/* A session with a terminal, an environment, a size change and a signal; then commands with output on both streams, an
 * exit status, an exit signal. The hooks see every value the client sent. */
#include "server.h"

static atomic_int seen;

static int32_t pty(void *user_data, ssh_ticket_t *ticket, ssh_channel_t *channel, const char *term, uint32_t width, uint32_t height, uint32_t width_pixels, uint32_t height_pixels, const void *modes, size_t modes_len)
{
    (void)user_data, (void)ticket, (void)channel;
    CHECK(strcmp(term, "vt100") == 0 && width == 100 && height == 30 && width_pixels == 1000 && height_pixels == 600);
    CHECK(modes_len == 1 && *(const char *)modes == 0);
    return SSH_REQUEST_GRANTED;
}

static int32_t env(void *user_data, ssh_ticket_t *ticket, ssh_channel_t *channel, const char *name, const char *value, size_t value_len)
{
    (void)user_data, (void)ticket, (void)channel;
    CHECK(strcmp(name, "LANG") == 0 && strcmp(value, "C.UTF-8") == 0 && value_len == 7);
    atomic_fetch_add(&seen, 1);
    return SSH_REQUEST_GRANTED;
}

static int32_t resized(void *user_data, ssh_ticket_t *ticket, ssh_channel_t *channel, uint32_t width, uint32_t height, uint32_t width_pixels, uint32_t height_pixels)
{
    (void)user_data, (void)ticket, (void)channel;
    CHECK(width == 80 && height == 24 && width_pixels == 0 && height_pixels == 0);
    atomic_fetch_add(&seen, 1);
    return SSH_REQUEST_GRANTED;
}

static int32_t signalled(void *user_data, ssh_ticket_t *ticket, ssh_channel_t *channel, const char *signal)
{
    (void)user_data, (void)ticket, (void)channel;
    CHECK(strcmp(signal, "TERM") == 0);
    atomic_fetch_add(&seen, 1);
    return SSH_REQUEST_GRANTED;
}

static int32_t broken(void *user_data, ssh_ticket_t *ticket, ssh_channel_t *channel, uint32_t milliseconds)
{
    (void)user_data, (void)ticket, (void)channel;
    CHECK(milliseconds == 500);
    return SSH_REQUEST_GRANTED;
}

static int32_t plain(void *user_data, ssh_ticket_t *ticket, ssh_channel_t *channel)
{
    (void)user_data, (void)ticket;
    CHECK(!ssh_channel_is_closed(channel));
    return SSH_REQUEST_GRANTED;
}

static int32_t exec(void *user_data, ssh_ticket_t *ticket, ssh_channel_t *channel, const char *command, size_t command_len)
{
    (void)user_data, (void)ticket, (void)channel;
    CHECK(strcmp(command, "run it") == 0 && command_len == 6);
    return SSH_REQUEST_GRANTED;
}

int main(void)
{
    ssh_server_hooks_t hooks = usual_hooks();
    ssh_channel_t *ours, *theirs;
    uint32_t status;
    char *signal, *message, buf[16];
    bool dumped;
    pair_t pair;
    size_t n;

    hooks.check_channel_pty_request = pty;
    hooks.check_channel_env_request = env;
    hooks.check_channel_window_change_request = resized;
    hooks.check_channel_signal_request = signalled;
    hooks.check_channel_break_request = broken;
    hooks.check_channel_shell_request = plain;
    hooks.check_channel_forward_agent_request = plain;
    hooks.check_channel_exec_request = exec;
    pair = pair_open(&hooks);
    CHECK_OK(log_in(pair.client, "secret"));

    ours = test_session(pair.client);
    theirs = accept_channel(pair.server);
    CHECK_OK(ssh_channel_get_pty(ours, "vt100", 100, 30, 1000, 600, "", 1, WAIT_MS));
    CHECK_OK(ssh_channel_set_environment_variable(ours, "LANG", "C.UTF-8"));
    CHECK_OK(ssh_channel_request_forward_agent(ours, WAIT_MS));
    CHECK_OK(ssh_channel_invoke_shell(ours, WAIT_MS));
    CHECK_OK(ssh_channel_resize_pty(ours, 80, 24, 0, 0));
    CHECK_OK(ssh_channel_send_signal(ours, "TERM"));
    CHECK_OK(ssh_channel_send_break(ours, 500, WAIT_MS));
    CHECK(seen == 3);
    CHECK_OK(ssh_channel_send_exit_signal(theirs, "TERM", true, "killed"));
    ssh_channel_free(theirs);
    CHECK_OK(ssh_channel_recv_exit_signal(ours, WAIT_MS, &signal, &dumped, &message));
    CHECK(strcmp(signal, "TERM") == 0 && dumped && strcmp(message, "killed") == 0);
    ssh_string_free(signal);
    ssh_string_free(message);
    ssh_channel_free(ours);

    ours = test_exec(pair.client, "run it");
    theirs = accept_channel(pair.server);
    CHECK_OK(ssh_channel_sendall(theirs, "out", 3, WAIT_MS, NULL));
    CHECK_OK(ssh_channel_sendall_stderr(theirs, "err", 3, WAIT_MS, NULL));
    CHECK_OK(ssh_channel_send_exit_status(theirs, 7));
    CHECK_OK(ssh_channel_close(theirs));
    ssh_channel_free(theirs);
    CHECK(read_all(ours, buf, sizeof buf) == 3 && memcmp(buf, "out", 3) == 0);
    CHECK_OK(ssh_channel_recv_stderr(ours, buf, sizeof buf, WAIT_MS, &n));
    CHECK(n == 3 && memcmp(buf, "err", 3) == 0);
    CHECK_OK(ssh_channel_recv_exit_status(ours, WAIT_MS, &status));
    CHECK(status == 7);
    ssh_channel_free(ours);
    pair_free(&pair);
    return 0;
}
