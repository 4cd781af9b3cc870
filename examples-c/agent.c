/* An agent in a few lines: SSH_AUTH_SOCK for ssh, ssh-add, ssh-keygen and sshrs-ssh, until SIGTERM or SIGINT.
 *
 *   agent SOCKET [yes|no]      what is said where a use is to be confirmed (ssh-add -c); no by itself */
#include <sshrs.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static void confirm(void *user_data, ssh_agent_confirm_t *question)
{
    char *fingerprint = NULL;

    if (ssh_key_get_fingerprint(ssh_agent_confirm_get_key(question), &fingerprint) == SSH_OK)
        fprintf(stderr, "a use of %s: %s\n", fingerprint, user_data != NULL ? "allowed" : "denied");
    ssh_string_free(fingerprint);
    ssh_agent_confirm_answer(question, user_data != NULL);
}

static int fail(const char *what, ssh_status_t status)
{
    fprintf(stderr, "agent: %s: %s\n", what, ssh_status_text(status));
    return 1;
}

int main(int argc, char **argv)
{
    ssh_agent_server_options_t options = SSH_AGENT_SERVER_OPTIONS_INIT;
    ssh_agent_server_t *server;
    ssh_status_t status;
    sigset_t ends;
    int signal;

    if (argc < 2 || argc > 3) {
        fprintf(stderr, "usage: agent SOCKET [yes|no]\n");
        return 2;
    }
    /* Before the library makes threads, which inherit it. */
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    sigprocmask(SIG_BLOCK, &ends, NULL);

    options.user_data = argc == 3 && strcmp(argv[2], "yes") == 0 ? argv[2] : NULL;
    options.confirm = confirm;
    status = ssh_agent_server_new(&options, &server);
    if (status != SSH_OK)
        return fail("starting", status);
    status = ssh_agent_server_listen(server, argv[1], NULL);
    if (status == SSH_OK)
        sigwait(&ends, &signal);
    ssh_agent_server_free(server); /* removes the socket */
    return status == SSH_OK ? 0 : fail(argv[1], status);
}
