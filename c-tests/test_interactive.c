/* keyboard-interactive: through the callback, given up, by the dumb handler, and as the fallback of a password. */
#include "support.h"
#include <unistd.h>

static int rounds;

static ssh_status_t answer(void *user_data, const ssh_prompts_t *prompts, ssh_prompt_answers_t *answers)
{
    size_t i;

    rounds++;
    CHECK(prompts->size == sizeof *prompts && prompts->name[prompts->name_len] == '\0');
    CHECK_STATUS(ssh_prompt_answers_set(answers, prompts->prompts_len, "x", 1), SSH_ERR_INVALID_ARGUMENT);
    for (i = 0; i < prompts->prompts_len; i++) {
        CHECK(prompts->prompts[i].text_len > 0 && !prompts->prompts[i].echo);
        CHECK_OK(ssh_prompt_answers_set(answers, i, user_data, strlen(user_data)));
    }
    return SSH_OK;
}

static ssh_status_t give_up(void *user_data, const ssh_prompts_t *prompts, ssh_prompt_answers_t *answers)
{
    (void)user_data;
    (void)prompts;
    (void)answers;
    return SSH_ERR_INVALID_STATE;
}

static ssh_transport_t *started(void)
{
    ssh_transport_t *transport = test_transport(NULL);

    CHECK_OK(ssh_transport_start_client(transport, WAIT_MS));
    return transport;
}

int main(void)
{
    const char *user = setting("SSHRS_TEST_USER"), *password = setting("SSHRS_TEST_PASSWORD");
    ssh_transport_t *transport;
    int pipe_fds[2];

    if (password[0] == '\0') {
        printf("skipped: no account with a password on this machine\n");
        return SKIPPED;
    }
    transport = started();
    CHECK_STATUS(ssh_transport_auth_interactive(transport, user, NULL, NULL, NULL, WAIT_MS, NULL), SSH_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(ssh_transport_auth_interactive(transport, user, NULL, give_up, NULL, WAIT_MS, NULL), SSH_ERR_AUTH_ABORTED);
    CHECK_STATUS(ssh_transport_auth_interactive(transport, user, "", answer, "wrong", WAIT_MS, NULL), SSH_ERR_AUTH_FAILED);
    rounds = 0;
    CHECK_OK(ssh_transport_auth_interactive(transport, user, "", answer, (void *)password, WAIT_MS, NULL));
    CHECK(rounds >= 1 && ssh_transport_is_authenticated(transport));
    ssh_transport_free(transport);

    /* From stdin, which here is a pipe. */
    CHECK(pipe(pipe_fds) == 0 && dup2(pipe_fds[0], STDIN_FILENO) == STDIN_FILENO);
    CHECK(write(pipe_fds[1], password, strlen(password)) > 0 && write(pipe_fds[1], "\n", 1) == 1);
    transport = started();
    CHECK_OK(ssh_transport_auth_interactive_dumb(transport, user, NULL, WAIT_MS, NULL));
    ssh_transport_free(transport);
    close(pipe_fds[1]);
    transport = started();
    CHECK_STATUS(ssh_transport_auth_interactive_dumb(transport, user, NULL, WAIT_MS, NULL), SSH_ERR_AUTH_ABORTED);
    ssh_transport_free(transport);

    /* This server takes no "password" (see CMakeLists.txt): the fallback answers. */
    transport = started();
    CHECK_OK(ssh_transport_auth_password(transport, user, password, strlen(password), NULL, WAIT_MS, NULL));
    ssh_transport_free(transport);
    {
        ssh_password_options_t options = SSH_PASSWORD_OPTIONS_INIT;

        options.no_fallback = true;
        transport = started();
        CHECK_STATUS(ssh_transport_auth_password(transport, user, password, strlen(password), &options, WAIT_MS, NULL), SSH_ERR_AUTH_METHOD_NOT_ALLOWED);
        ssh_transport_free(transport);
    }
    return 0;
}
