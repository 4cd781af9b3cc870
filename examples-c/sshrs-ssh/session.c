#include "session.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "relay.h"
#include "report.h"
#include "signal_names.h"
#include "signals.h"
#include "terminal.h"

extern char **environ;

/* ---- before the command starts ---- */

/* Environment is a wish: servers refuse most of it, and say nothing about it. */
static void send_variable(ssh_channel_t *channel, const char *assignment)
{
    const char *equals = strchr(assignment, '=');
    char *name;
    ssh_status_t rc;

    if (equals == NULL) {
        report_error(assignment, "not sent to the server", "SetEnv takes NAME=VALUE");
        return;
    }
    name = options_keep(assignment, (size_t)(equals - assignment));
    rc = ssh_channel_set_environment_variable(channel, name, equals + 1);
    if (rc != SSH_OK)
        report_failure("sending the environment", rc);
}

static bool is_wanted(const char *patterns, const char *assignment)
{
    const char *name = options_keep(assignment, strcspn(assignment, "="));
    bool wanted = false;

    while (!wanted && *(patterns += strspn(patterns, " \t")) != '\0') {
        size_t len = strcspn(patterns, " \t");
        wanted = fnmatch(options_keep(patterns, len), name, 0) == 0;
        patterns += len;
    }
    return wanted;
}

static void send_environment(const struct options *options, ssh_channel_t *channel)
{
    char **variable;
    size_t i;

    for (i = 0; i < options->send_env.count; i++)
        for (variable = environ; *variable != NULL; variable++)
            if (is_wanted(options->send_env.items[i], *variable))
                send_variable(channel, *variable);
    for (i = 0; i < options->set_env.count; i++)
        send_variable(channel, options->set_env.items[i]);
}

static bool wants_pty(const struct cli *cli)
{
    switch (cli->options.request_tty) {
    case TTY_FORCE:
        return true;
    case TTY_YES:
        if (!isatty(STDIN_FILENO))
            report_error("-t", "no terminal is asked for: stdin is none", "-tt asks for one all the same");
        return isatty(STDIN_FILENO);
    case TTY_AUTO:
        return cli->command == NULL && isatty(STDIN_FILENO);
    default:
        return false;
    }
}

static ssh_status_t request_pty(ssh_channel_t *channel)
{
    const char *term = getenv("TERM");
    struct terminal_size size = terminal_get_size(STDIN_FILENO);
    uint8_t modes[512];
    size_t modes_len = terminal_encode_modes(STDIN_FILENO, modes, sizeof modes);

    return ssh_channel_get_pty(channel, term == NULL ? "dumb" : term, size.cols, size.rows, size.width_px,
                               size.height_px, modes_len > 0 ? modes : NULL, modes_len, SSH_WAIT_FOREVER);
}

static ssh_status_t start_command(const struct cli *cli, ssh_channel_t *channel)
{
    if (cli->is_subsystem)
        return ssh_channel_invoke_subsystem(channel, cli->command, SSH_WAIT_FOREVER);
    if (cli->command != NULL)
        return ssh_channel_exec_command(channel, cli->command, SSH_WAIT_FOREVER);
    return ssh_channel_invoke_shell(channel, SSH_WAIT_FOREVER);
}

/* ---- while it runs, and its end ---- */

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* The exit status of a command that a signal ended, or of whose end nothing is known. */
static int status_of_signal(ssh_channel_t *channel)
{
    char *signal_name = NULL, *message = NULL;
    bool core_dumped = false;
    int status = EXIT_OWN_FAILURE;
    ssh_status_t rc = ssh_channel_recv_exit_signal(channel, SSH_WAIT_FOREVER, &signal_name, &core_dumped, &message);

    if (rc != SSH_OK) {
        report_failure("waiting for the command's end", rc);
    } else if (signal_name == NULL) {
        report_error("waiting for the command's end", ssh_status_text(SSH_ERR_NO_EXIT_STATUS),
                     "do not take it for success");
    } else {
        int number = signal_number(signal_name);

        report_progress("the command ended by signal %s%s", signal_name, core_dumped ? " (core dumped)" : "");
        if (number > 0)
            status = 128 + number;
        else
            report_error("signal that ended the command", signal_name, "its number is not known here");
    }
    ssh_string_free(signal_name);
    ssh_string_free(message);
    return status;
}

static int exit_status(ssh_channel_t *channel)
{
    uint32_t status = 0;
    ssh_status_t rc = ssh_channel_recv_exit_status(channel, SSH_WAIT_FOREVER, &status);

    if (rc == SSH_ERR_NO_EXIT_STATUS)
        return status_of_signal(channel);
    if (rc != SSH_OK) {
        report_failure("waiting for the command's end", rc);
        return EXIT_OWN_FAILURE;
    }
    return status > 255 ? 255 : (int)status; /* no process can have more, and 256 must not become 0 */
}

/* A relayed connection has no exit status: its channel's end is all there is to wait for. */
static int relayed_status(ssh_channel_t *channel)
{
    uint32_t none;
    ssh_status_t rc = ssh_channel_recv_exit_status(channel, SSH_WAIT_FOREVER, &none);

    return rc == SSH_OK || rc == SSH_ERR_NO_EXIT_STATUS ? EXIT_SUCCESS : EXIT_OWN_FAILURE;
}

/* Moves the bytes until the channel's end. */
static int run_relay(ssh_channel_t *channel, int (*status_at_end)(ssh_channel_t *channel))
{
    double start = now();
    struct relay *relay = relay_start(channel);
    uint64_t sent, received;
    int status = EXIT_OWN_FAILURE;

    if (relay == NULL)
        return EXIT_OWN_FAILURE;
    if (relay_finish_output(relay))
        status = status_at_end(channel);
    relay_stop(relay, &sent, &received);
    report_progress("sent %llu, received %llu bytes in %.3f seconds", (unsigned long long)sent,
                    (unsigned long long)received, now() - start);
    return status;
}

/* ---- the kinds of session ---- */

static int run_in_session(const struct cli *cli, ssh_channel_t *channel, const struct forwards *forwards)
{
    bool has_pty = wants_pty(cli);
    ssh_status_t rc = has_pty ? request_pty(channel) : SSH_OK;
    int status;

    if (rc == SSH_ERR_REQUEST_REFUSED) {
        report_failure("asking for a terminal", rc);
        has_pty = false;
        rc = SSH_OK;
    }
    forwards_request(forwards, channel);
    send_environment(&cli->options, channel);
    if (rc == SSH_OK)
        rc = start_command(cli, channel);
    if (rc != SSH_OK) {
        report_failure(cli->is_subsystem ? "starting the subsystem" : "starting the command", rc);
        return EXIT_OWN_FAILURE;
    }
    if (has_pty) {
        terminal_make_raw(STDIN_FILENO);
        signals_set_pty(channel);
    }
    status = run_relay(channel, exit_status);
    signals_set_pty(NULL);
    terminal_restore();
    return status;
}

/* As ssh does: this program opens one session, and nobody else is to open another. Told to servers that are known to
 * know the request, since some that do not hang up on it. */
static void forbid_more_sessions(ssh_transport_t *transport)
{
    char *version = NULL;

    if (ssh_transport_get_remote_version(transport, &version) == SSH_OK && version != NULL
        && (strncmp(version, "SSH-2.0-OpenSSH", 15) == 0 || strncmp(version, "SSH-2.0-sshrs", 13) == 0))
        ssh_transport_send_no_more_sessions(transport);
    ssh_string_free(version);
}

static int run_session(const struct cli *cli, ssh_transport_t *transport, const struct forwards *forwards)
{
    ssh_channel_t *channel = NULL;
    ssh_status_t rc = ssh_transport_open_session(transport, NULL, SSH_WAIT_DEFAULT, &channel);
    int status;

    if (rc != SSH_OK) {
        report_failure("opening a session", rc);
        return EXIT_OWN_FAILURE;
    }
    forbid_more_sessions(transport);
    status = run_in_session(cli, channel, forwards);
    ssh_channel_free(channel);
    return status;
}

/* -W: stdin and stdout are connected to a host the server can reach. */
static int run_direct(const struct cli *cli, ssh_transport_t *transport)
{
    ssh_channel_options_t target = SSH_CHANNEL_OPTIONS_INIT;
    ssh_channel_t *channel = NULL;
    char what[300];
    ssh_status_t rc;
    int status;

    target.dest_host = cli->relay_host;
    target.dest_port = (uint32_t)cli->relay_port;
    target.src_host = "127.0.0.1";
    rc = ssh_transport_open_channel(transport, "direct-tcpip", &target, SSH_WAIT_DEFAULT, &channel);
    if (rc != SSH_OK) {
        snprintf(what, sizeof what, "connecting to %.200s port %d from the server", cli->relay_host, cli->relay_port);
        report_failure(what, rc);
        return EXIT_OWN_FAILURE;
    }
    status = run_relay(channel, relayed_status);
    ssh_channel_free(channel);
    return status;
}

/* -N: nothing runs; waits for the connection's end. */
static int run_nothing(ssh_transport_t *transport)
{
    ssh_channel_t *channel = NULL;
    ssh_status_t rc;

    /* Forwards take their channels themselves: one that comes all the same is closed. */
    while ((rc = ssh_transport_accept(transport, SSH_WAIT_FOREVER, &channel)) == SSH_OK)
        ssh_channel_free(channel);
    report_failure("waiting", rc);
    return EXIT_OWN_FAILURE;
}

int session_run(const struct cli *cli, ssh_transport_t *transport, const struct forwards *forwards)
{
    if (cli->relay_host != NULL)
        return run_direct(cli, transport);
    if (cli->no_session)
        return run_nothing(transport);
    return run_session(cli, transport, forwards);
}
