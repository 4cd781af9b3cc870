/* keyboard-interactive with two rounds of several prompts, and one that gives up in between. */
#include "server.h"

static int32_t begin(void *user_data, ssh_ticket_t *ticket, ssh_transport_t *transport, const char *username, const char *submethods)
{
    (void)transport, (void)username;
    CHECK(strcmp(submethods, "otp") == 0);
    *(int *)user_data = 1;
    CHECK_OK(ssh_ticket_set_instruction(ticket, "Door", "Two things"));
    CHECK_OK(ssh_ticket_add_prompt(ticket, "Name: ", true));
    CHECK_OK(ssh_ticket_add_prompt(ticket, "Word: ", false));
    return SSH_AUTH_ASK;
}

static int32_t response(void *user_data, ssh_ticket_t *ticket, ssh_transport_t *transport, const char *username, const ssh_prompt_answer_t *answers, size_t answers_len)
{
    int *round = user_data;

    (void)transport, (void)username;
    if ((*round)++ == 1) {
        CHECK(answers_len == 2 && answers[0].text_len == 3);
        if (strcmp(answers[0].text, "joe") != 0 || strcmp(answers[1].text, "mellon") != 0)
            return SSH_AUTH_FAILED;
        CHECK_OK(ssh_ticket_add_prompt(ticket, "Code: ", false));
        return SSH_AUTH_ASK;
    }
    CHECK(answers_len == 1);
    return strcmp(answers[0].text, "42") == 0 ? SSH_AUTH_SUCCESSFUL : SSH_AUTH_FAILED;
}

static ssh_status_t answer(void *user_data, const ssh_prompts_t *prompts, ssh_prompt_answers_t *answers)
{
    const char **words = user_data;
    size_t i;

    if (prompts->prompts_len == 2) {
        CHECK(strcmp(prompts->name, "Door") == 0 && strcmp(prompts->instruction, "Two things") == 0);
        CHECK(prompts->prompts[0].echo && !prompts->prompts[1].echo && strcmp(prompts->prompts[1].text, "Word: ") == 0);
        for (i = 0; i < 2; i++)
            CHECK_OK(ssh_prompt_answers_set(answers, i, words[i], strlen(words[i])));
        return SSH_OK;
    }
    CHECK(prompts->prompts_len == 1 && strcmp(prompts->prompts[0].text, "Code: ") == 0);
    if (words[2] == NULL)
        return 1;
    return ssh_prompt_answers_set(answers, 0, words[2], strlen(words[2]));
}

int main(void)
{
    static const char *good[] = {"joe", "mellon", "42"}, *wrong[] = {"joe", "speak", "42"}, *none[] = {"joe", "mellon", NULL};
    ssh_server_hooks_t hooks = SSH_SERVER_HOOKS_INIT;
    int round = 0;
    char *left;
    pair_t pair;

    hooks.user_data = &round;
    hooks.check_auth_interactive = begin;
    hooks.check_auth_interactive_response = response;
    pair = pair_open(&hooks);
    CHECK_STATUS(ssh_transport_auth_interactive(pair.client, "user", "otp", answer, wrong, WAIT_MS, &left), SSH_ERR_AUTH_FAILED);
    CHECK(strcmp(left, "keyboard-interactive") == 0);
    ssh_string_free(left);
    CHECK_STATUS(ssh_transport_auth_interactive(pair.client, "user", "otp", answer, none, WAIT_MS, NULL), SSH_ERR_AUTH_ABORTED);
    CHECK(!ssh_transport_is_authenticated(pair.server));
    CHECK_OK(ssh_transport_auth_interactive(pair.client, "user", "otp", answer, good, WAIT_MS, NULL));
    CHECK(ssh_transport_is_authenticated(pair.server));
    pair_free(&pair);
    return 0;
}
