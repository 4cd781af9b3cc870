/* Each limit of a server: crossing it ends that connection with the reason in the log, or refuses what is too much where
 * the header says so; another connection of the same program goes on. */
#include "server.h"

/* The log of the connection under test. */
static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;
static char log_text[1 << 16];

static void on_line(void *user_data, uint32_t level, const char *channel, const char *text)
{
    (void)user_data, (void)level;
    if (strcmp(channel, "limited") != 0)
        return;
    pthread_mutex_lock(&log_lock);
    if (strlen(log_text) + strlen(text) + 2 < sizeof log_text) {
        strcat(log_text, text);
        strcat(log_text, "\n");
    }
    pthread_mutex_unlock(&log_lock);
}

/* Lines are told after the lock is free: they may come a little later than what they tell. */
static void expect_log(const char *part)
{
    int64_t end = now_ms() + WAIT_MS;
    bool there = false;

    while (!there) {
        if (now_ms() >= end)
            fprintf(stderr, "no \"%s\" in:\n%s", part, log_text);
        CHECK(now_ms() < end);
        pthread_mutex_lock(&log_lock);
        there = strstr(log_text, part) != NULL;
        pthread_mutex_unlock(&log_lock);
        sleep_ms(2);
    }
    pthread_mutex_lock(&log_lock);
    log_text[0] = '\0';
    pthread_mutex_unlock(&log_lock);
}

static void expect_end(pair_t *pair, const char *reason)
{
    int64_t end = now_ms() + WAIT_MS;

    while (ssh_transport_is_active(pair->server)) {
        CHECK(now_ms() < end);
        sleep_ms(2);
    }
    expect_log(reason);
    pair_close(pair);
}

static pair_t limited(const ssh_server_hooks_t *hooks, const ssh_transport_options_t *options)
{
    pair_t pair = pair_open_with(hooks, options);

    CHECK_OK(ssh_transport_set_log_channel(pair.server, "limited"));
    return pair;
}

static void login_grace(const ssh_server_hooks_t *hooks)
{
    ssh_transport_options_t options = SSH_TRANSPORT_OPTIONS_INIT;
    pair_t pair;

    options.login_grace_ms = 1000 + 5 * login_ms(hooks);
    pair = limited(hooks, &options);
    expect_end(&pair, "connection ended: no login within ");
    /* Whoever is in has no such bound. */
    pair = limited(hooks, &options);
    CHECK_OK(log_in(pair.client, "secret"));
    sleep_ms((long)options.login_grace_ms + 200);
    ssh_channel_free(test_session(pair.client));
    pair_close(&pair);
}

static void auth_attempts(const ssh_server_hooks_t *hooks)
{
    ssh_transport_options_t options = SSH_TRANSPORT_OPTIONS_INIT;
    pair_t pair;

    options.max_auth_attempts = 3;
    pair = limited(hooks, &options);
    CHECK_STATUS(log_in(pair.client, "wrong"), SSH_ERR_AUTH_FAILED);
    /* Another method counts as well. */
    CHECK(ssh_transport_auth_publickey(pair.client, "user", host_key(), WAIT_MS, NULL) < 0);
    CHECK(log_in(pair.client, "wrong") < 0);
    CHECK(log_in(pair.client, "wrong") < 0);
    expect_end(&pair, "too many failed authentication attempts");
}

static void preauth_packets(const ssh_server_hooks_t *hooks)
{
    ssh_transport_options_t options = SSH_TRANSPORT_OPTIONS_INIT;
    pair_t pair;
    int i;

    options.max_preauth_packets = 50;
    pair = limited(hooks, &options);
    for (i = 0; i < 50; i++)
        if (ssh_transport_send_ignore(pair.client, 0) != SSH_OK)
            break;
    expect_end(&pair, "too much data before authentication");
}

static void preauth_bytes(const ssh_server_hooks_t *hooks)
{
    ssh_transport_options_t options = SSH_TRANSPORT_OPTIONS_INIT;
    pair_t pair;
    int i;

    options.max_preauth_bytes = 100000;
    pair = limited(hooks, &options);
    for (i = 0; i < 4; i++)
        if (ssh_transport_send_ignore(pair.client, 32768) != SSH_OK)
            break;
    expect_end(&pair, "too much data before authentication");
}

static void channels(const ssh_server_hooks_t *hooks)
{
    ssh_transport_options_t options = SSH_TRANSPORT_OPTIONS_INIT;
    ssh_channel_t *first, *second, *third;
    pair_t pair;

    options.max_channels = 2;
    pair = limited(hooks, &options);
    CHECK_OK(log_in(pair.client, "secret"));
    first = test_session(pair.client);
    second = test_session(pair.client);
    CHECK_STATUS(ssh_transport_open_session(pair.client, NULL, WAIT_MS, &third), SSH_ERR_CHANNEL_SHORTAGE);
    expect_log("2 channels are open");
    CHECK_OK(ssh_channel_exec_command(first, "x", WAIT_MS));
    ssh_channel_free(first);
    ssh_channel_free(second);
    pair_close(&pair);
}

static int32_t count_env(void *user_data, ssh_ticket_t *ticket, ssh_channel_t *channel, const char *name, const char *value, size_t value_len)
{
    (void)ticket, (void)channel, (void)name, (void)value, (void)value_len;
    count_destroy(user_data);
    return SSH_REQUEST_GRANTED;
}

static void environment(void)
{
    ssh_transport_options_t options = SSH_TRANSPORT_OPTIONS_INIT;
    ssh_server_hooks_t hooks = usual_hooks();
    ssh_channel_t *channel;
    atomic_int variables = 0;
    pair_t pair;
    int i;

    hooks.user_data = &variables;
    hooks.check_channel_env_request = count_env;
    options.max_environment = 3;
    pair = limited(&hooks, &options);
    CHECK_OK(log_in(pair.client, "secret"));
    channel = test_session(pair.client);
    for (i = 0; i < 10; i++)
        CHECK_OK(ssh_channel_set_environment_variable(channel, "LANG", "C"));
    CHECK_OK(ssh_channel_exec_command(channel, "x", WAIT_MS));
    CHECK(variables == 3);
    ssh_channel_free(channel);
    pair_close(&pair);
}

static int32_t ask_more(void *user_data, ssh_ticket_t *ticket, ssh_transport_t *transport, const char *username, const char *submethods)
{
    (void)user_data, (void)transport, (void)username, (void)submethods;
    CHECK_OK(ssh_ticket_add_prompt(ticket, "More: ", true));
    return SSH_AUTH_ASK;
}

static int32_t ask_still_more(void *user_data, ssh_ticket_t *ticket, ssh_transport_t *transport, const char *username, const ssh_prompt_answer_t *answers, size_t answers_len)
{
    (void)answers, (void)answers_len;
    return ask_more(user_data, ticket, transport, username, "");
}

static ssh_status_t answer(void *user_data, const ssh_prompts_t *prompts, ssh_prompt_answers_t *answers)
{
    CHECK(prompts->prompts_len == 1);
    count_destroy(user_data);
    return ssh_prompt_answers_set(answers, 0, "x", 1);
}

static void rounds(void)
{
    ssh_transport_options_t options = SSH_TRANSPORT_OPTIONS_INIT;
    ssh_server_hooks_t hooks = usual_hooks();
    atomic_int asked = 0;
    pair_t pair;

    hooks.check_auth_interactive = ask_more;
    hooks.check_auth_interactive_response = ask_still_more;
    options.max_interactive_rounds = 2;
    options.max_auth_attempts = 2;
    pair = limited(&hooks, &options);
    CHECK_STATUS(ssh_transport_auth_interactive(pair.client, "user", NULL, answer, &asked, WAIT_MS, NULL), SSH_ERR_AUTH_FAILED);
    CHECK(asked == 2);
    expect_log("more rounds of prompts than the limit allows");
    /* The attempt that went on too long counts as one that failed. */
    CHECK(log_in(pair.client, "wrong") < 0);
    expect_end(&pair, "too many failed authentication attempts");
}

struct gate {
    ssh_event_t *open;
    atomic_int passed;
};

static int32_t wait_global(void *user_data, ssh_ticket_t *ticket, ssh_transport_t *transport, const char *kind, const void *data, size_t data_len)
{
    struct gate *gate = user_data;

    (void)ticket, (void)transport, (void)kind, (void)data, (void)data_len;
    CHECK_OK(ssh_event_wait(gate->open, WAIT_MS));
    atomic_fetch_add(&gate->passed, 1);
    return SSH_REQUEST_GRANTED;
}

/* A client that asks faster than the hook answers is slowed down and loses nothing. */
static void outstanding(void)
{
    ssh_transport_options_t options = SSH_TRANSPORT_OPTIONS_INIT;
    ssh_server_hooks_t hooks = usual_hooks();
    struct gate gate;
    pair_t pair;
    int i;

    atomic_init(&gate.passed, 0);
    CHECK_OK(ssh_event_new(&gate.open));
    hooks.user_data = &gate;
    hooks.check_global_request = wait_global;
    options.max_pending_globals = 4;
    pair = limited(&hooks, &options);
    CHECK_OK(log_in(pair.client, "secret"));
    for (i = 0; i < 200; i++)
        CHECK_STATUS(ssh_transport_global_request(pair.client, "x@example.org", NULL, 0, true, 0, NULL, NULL), SSH_ERR_TIMEOUT);
    CHECK(ssh_transport_is_active(pair.server) && gate.passed == 0);
    CHECK_OK(ssh_event_set(gate.open));
    CHECK_OK(ssh_transport_global_request(pair.client, "x@example.org", NULL, 0, true, WAIT_MS, NULL, NULL));
    CHECK(gate.passed == 201);
    pair_close(&pair);
    ssh_event_free(gate.open);
}

int main(void)
{
    ssh_server_hooks_t hooks = usual_hooks();
    pair_t bystander = pair_open(&hooks);

    CHECK_OK(log_in(bystander.client, "secret"));
    CHECK_OK(ssh_set_log_callback(SSH_LOG_INFO, on_line, NULL, NULL));
    login_grace(&hooks);
    auth_attempts(&hooks);
    preauth_packets(&hooks);
    preauth_bytes(&hooks);
    channels(&hooks);
    environment();
    rounds();
    outstanding();
    CHECK(ssh_transport_is_active(bystander.server));
    ssh_channel_free(test_exec(bystander.client, "x"));
    CHECK_OK(ssh_set_log_callback(SSH_LOG_NONE, NULL, NULL, NULL));
    pair_free(&bystander);
    return 0;
}
