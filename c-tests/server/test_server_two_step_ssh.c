/* Two steps as one writes them first, a key that is a partial success whether signed or not: the system's `ssh`, which asks before it
 * signs, gets through, and nobody gets past the key without having signed. A method that is not the next one is refused unasked. */
#include "server.h"
#include <fcntl.h>
#include <sys/stat.h>

static atomic_int signed_keys, questions;

static const char *next_step(void *user_data, ssh_transport_t *transport, const char *username, const char *passed)
{
    (void)user_data, (void)transport, (void)username;
    return *passed == '\0' ? "publickey" : "keyboard-interactive";
}

static int32_t check_key(void *user_data, ssh_ticket_t *ticket, ssh_transport_t *transport, const char *username, const ssh_key_t *key, const char *algorithm, bool is_signed)
{
    (void)ticket, (void)transport, (void)username, (void)algorithm;
    atomic_fetch_add(&signed_keys, is_signed);
    return ssh_key_is_equal(key, user_data) ? SSH_AUTH_PARTIALLY_SUCCESSFUL : SSH_AUTH_FAILED;
}

/* Lets in whoever is asked: who gets here has passed the key. */
static int32_t interactive(void *user_data, ssh_ticket_t *ticket, ssh_transport_t *transport, const char *username, const char *submethods)
{
    (void)user_data, (void)ticket, (void)transport, (void)username, (void)submethods;
    atomic_fetch_add(&questions, 1);
    return SSH_AUTH_SUCCESSFUL;
}

static int32_t interactive_response(void *user_data, ssh_ticket_t *ticket, ssh_transport_t *transport, const char *username, const ssh_prompt_answer_t *answers, size_t answers_len)
{
    (void)user_data, (void)ticket, (void)transport, (void)username, (void)answers, (void)answers_len;
    return SSH_AUTH_FAILED;
}

static ssh_status_t never_asked(void *user_data, const ssh_prompts_t *prompts, ssh_prompt_answers_t *answers)
{
    (void)user_data, (void)prompts, (void)answers;
    CHECK(!"a question");
    return SSH_OK;
}

/* Our client sends the method it is told to, listed or not, which `ssh` never does. */
static void skip_the_key(const ssh_server_hooks_t *hooks)
{
    pair_t pair = pair_open(hooks);

    CHECK_STATUS(ssh_transport_auth_interactive(pair.client, "joe", "", never_asked, NULL, WAIT_MS, NULL),
                 SSH_ERR_AUTH_METHOD_NOT_ALLOWED);
    CHECK(!ssh_transport_is_authenticated(pair.server));
    ssh_transport_free(pair.client);
    ssh_transport_free(pair.server);
}

static void *serve(void *argument)
{
    ssh_channel_t *channel;

    if (ssh_transport_accept(argument, WAIT_MS, &channel) == SSH_OK) {
        CHECK_OK(ssh_channel_send_exit_status(channel, 9));
        ssh_channel_free(channel);
    }
    return NULL;
}

/* The exit status of `ssh` with these options. */
static int run_ssh(const ssh_server_hooks_t *hooks, const char *options)
{
    char command[1024];
    ssh_transport_t *server;
    uint32_t port;
    int listener = listen_local(&port), status;
    pthread_t thread;
    FILE *ssh;

    snprintf(command, sizeof command,
             "ssh -F /dev/null -p %u %s -o IdentitiesOnly=yes -o IdentityAgent=none -o StrictHostKeyChecking=no "
             "-o UserKnownHostsFile=/dev/null -o LogLevel=ERROR joe@127.0.0.1 anything </dev/null 2>&1",
             port, options);
    ssh = popen(command, "r");
    CHECK(ssh != NULL);
    server = server_accept(listener, NULL);
    close(listener);
    CHECK_OK(ssh_transport_start_server(server, hooks, WAIT_MS));
    CHECK(pthread_create(&thread, NULL, serve, server) == 0);
    status = pclose(ssh);
    pthread_join(thread, NULL);
    ssh_transport_free(server);
    CHECK(WIFEXITED(status));
    return WEXITSTATUS(status);
}

int main(void)
{
    ssh_server_hooks_t hooks = usual_hooks();
    char dir[] = "/tmp/sshrs-test-XXXXXX", command[512], options[256];
    ssh_key_t *key;

    key = ssh_key_in(dir);

    hooks.user_data = key;
    hooks.check_auth_password = NULL;
    hooks.get_allowed_auths = next_step;
    hooks.check_auth_publickey = check_key;
    hooks.check_auth_interactive = interactive;
    hooks.check_auth_interactive_response = interactive_response;

    snprintf(options, sizeof options, "-i %s/key", dir);
    CHECK(run_ssh(&hooks, options) == 9);
    CHECK(signed_keys == 1 && questions == 1);

    /* The key's public half says that it would do, and is not enough. */
    snprintf(command, sizeof command, "rm %s/key", dir);
    CHECK(system(command) == 0);
    snprintf(options, sizeof options, "-i %s/key.pub", dir);
    CHECK(run_ssh(&hooks, options) == 255);
    skip_the_key(&hooks);
    CHECK(signed_keys == 1 && questions == 1);

    ssh_key_free(key);
    ssh_key_free(host_key());
    snprintf(command, sizeof command, "rm -r %s", dir);
    CHECK(system(command) == 0);
    return 0;
}
