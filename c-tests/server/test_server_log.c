/* The log of a whole session, both ends ours, with dumps of messages: what is sent shows, whoever it is about, under the
 * names that were set; passwords, answers, keys and cookies show nowhere. */
#include "server.h"

/* Every secret is one letter many times over, so that no line break of a dump cuts it apart: in a dump's text it shows as
 * QQQQ, in its numbers as 51 51 51 51. */
#define SECRET "QQQQQQQQQQQQQQQQQQQQQQQQ"
#define PUBLIC "VVVVVVVVVVVVVVVVVVVVVVVV"
/* As hexadecimal digits: the cookie. In a dump it would be eeee. */
#define COOKIE "eeeeeeeeeeeeeeeeeeeeeeee"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char *book;
static size_t used;

static void on_line(void *user_data, uint32_t level, const char *channel, const char *text)
{
    size_t need = strlen(channel) + strlen(text) + 32;

    (void)user_data;
    pthread_mutex_lock(&lock);
    book = realloc(book, used + need);
    CHECK(book != NULL);
    used += (size_t)snprintf(book + used, need, "%u %s: %s\n", (unsigned)level, channel, text);
    pthread_mutex_unlock(&lock);
}

static bool logged(const char *text)
{
    bool found;

    pthread_mutex_lock(&lock);
    found = book != NULL && strstr(book, text) != NULL;
    pthread_mutex_unlock(&lock);
    return found;
}

static void forget(void)
{
    pthread_mutex_lock(&lock);
    used = 0;
    book[0] = '\0';
    pthread_mutex_unlock(&lock);
}

static void expect(const char *text)
{
    int64_t end = now_ms() + WAIT_MS;

    while (!logged(text)) {
        if (now_ms() > end)
            fprintf(stderr, "not in the log: %s\n%s\n", text, book);
        CHECK(now_ms() < end);
        sleep_ms(5);
    }
}

static int32_t change_wanted(void *user_data, ssh_ticket_t *ticket, ssh_transport_t *transport, const char *username, const char *password, size_t len)
{
    (void)user_data, (void)transport, (void)username, (void)len;
    CHECK_OK(ssh_ticket_set_text(ticket, "too old"));
    return strcmp(password, SECRET) == 0 ? SSH_AUTH_CHANGE_PASSWORD : SSH_AUTH_FAILED;
}

static int32_t changed(void *u, ssh_ticket_t *t, ssh_transport_t *s, const char *username, const char *old, size_t old_len, const char *fresh, size_t fresh_len)
{
    (void)u, (void)t, (void)s, (void)username, (void)old_len, (void)fresh_len;
    return strcmp(old, SECRET) == 0 && strcmp(fresh, SECRET SECRET) == 0 ? SSH_AUTH_PARTIALLY_SUCCESSFUL : SSH_AUTH_FAILED;
}

static int32_t ask(void *user_data, ssh_ticket_t *ticket, ssh_transport_t *transport, const char *username, const char *submethods)
{
    (void)user_data, (void)transport, (void)username, (void)submethods;
    CHECK_OK(ssh_ticket_add_prompt(ticket, "Code: ", false));
    return SSH_AUTH_ASK;
}

static int32_t answered(void *u, ssh_ticket_t *t, ssh_transport_t *s, const char *username, const ssh_prompt_answer_t *answers, size_t len)
{
    (void)u, (void)t, (void)s, (void)username;
    return len == 1 && strcmp(answers[0].text, SECRET) == 0 ? SSH_AUTH_SUCCESSFUL : SSH_AUTH_FAILED;
}

static int32_t grant_x11(void *u, ssh_ticket_t *t, ssh_channel_t *c, bool single, const char *protocol, const char *cookie, uint32_t screen)
{
    (void)u, (void)t, (void)c, (void)single, (void)protocol, (void)screen;
    return strcmp(cookie, COOKIE) == 0 ? SSH_REQUEST_GRANTED : SSH_REQUEST_REFUSED;
}

static ssh_status_t give_new(void *user_data, const char *prompt, size_t len, ssh_prompt_answers_t *answers)
{
    (void)user_data, (void)prompt, (void)len;
    return ssh_prompt_answers_set(answers, 0, SECRET SECRET, strlen(SECRET SECRET));
}

static ssh_status_t give_code(void *user_data, const ssh_prompts_t *prompts, ssh_prompt_answers_t *answers)
{
    (void)user_data;
    CHECK(prompts->prompts_len == 1);
    return ssh_prompt_answers_set(answers, 0, SECRET, strlen(SECRET));
}

/* A password that must be changed, then questions. */
static void log_in_slowly(ssh_transport_t *client)
{
    ssh_password_options_t options = SSH_PASSWORD_OPTIONS_INIT;

    options.change = give_new;
    CHECK_STATUS(ssh_transport_auth_password(client, "user", SECRET, strlen(SECRET), &options, WAIT_MS, NULL), SSH_PARTIAL);
    CHECK_OK(ssh_transport_auth_interactive(client, "user", NULL, give_code, NULL, WAIT_MS, NULL));
}

/* IGNORE is a string of random bytes: number, length, bytes (RFC 4253 section 11.2). */
static void check_ignore(const pair_t *pair)
{
    static const char line[] = "server: in message 2, ";
    const char *at;
    int size;

    CHECK_OK(ssh_transport_send_ignore(pair->client, 100));
    expect("server: in message 2, 105 bytes\n0000: 02 00 00 00 64 ");
    forget();
    CHECK_OK(ssh_transport_send_ignore(pair->client, 0));
    expect(line);
    pthread_mutex_lock(&lock);
    at = strstr(book, line) + sizeof line - 1;
    size = atoi(at) - 5;
    pthread_mutex_unlock(&lock);
    CHECK(size >= 10 && size <= 41);
}

static void check_names(const pair_t *pair, ssh_channel_t *ours)
{
    char *name;

    CHECK_OK(ssh_transport_get_log_channel(pair->client, &name));
    CHECK(strcmp(name, "client") == 0);
    ssh_string_free(name);
    CHECK_OK(ssh_channel_get_name(ours, &name));
    CHECK(strcmp(name, "0") == 0);
    ssh_string_free(name);
    expect("4 client.0: channel 0: open; window ");
    CHECK_OK(ssh_channel_set_name(ours, "shell"));
    CHECK_OK(ssh_channel_get_name(ours, &name));
    CHECK(strcmp(name, "shell") == 0);
    ssh_string_free(name);
    CHECK_OK(ssh_channel_exec_command(ours, "x", WAIT_MS));
    expect("4 client.shell: channel 0: asking for \"exec\"");
}

int main(void)
{
    ssh_server_hooks_t hooks = usual_hooks();
    ssh_channel_t *ours, *theirs;
    ssh_event_t *done;
    char buf[64];
    uint32_t port;
    int listener = listen_local(&port);
    pair_t pair;

    CHECK_OK(ssh_set_log_callback(SSH_LOG_DEBUG, on_line, NULL, NULL));
    hooks.check_auth_password = change_wanted;
    hooks.check_auth_password_change = changed;
    hooks.check_auth_interactive = ask;
    hooks.check_auth_interactive_response = answered;
    hooks.check_channel_x11_request = grant_x11;
    CHECK_OK(ssh_event_new(&done));
    CHECK_OK(ssh_transport_new_address("127.0.0.1", port, NULL, WAIT_MS, &pair.client));
    pair.server = server_accept(listener, NULL);
    close(listener);
    CHECK_OK(ssh_transport_set_log_channel(pair.client, "client"));
    CHECK_OK(ssh_transport_set_log_channel(pair.server, "server"));
    CHECK(!ssh_transport_get_hexdump(pair.client));
    CHECK_OK(ssh_transport_set_hexdump(pair.client, true));
    CHECK_OK(ssh_transport_set_hexdump(pair.server, true));
    CHECK(ssh_transport_get_hexdump(pair.client));
    CHECK_OK(ssh_transport_start_server_event(pair.server, &hooks, done));
    CHECK_OK(ssh_transport_start_client(pair.client, WAIT_MS));
    CHECK_OK(ssh_event_wait(done, WAIT_MS));
    ssh_event_free(done);

    log_in_slowly(pair.client);
    ours = test_session(pair.client);
    theirs = accept_channel(pair.server);
    check_names(&pair, ours);
    CHECK_OK(ssh_channel_request_x11(ours, false, NULL, COOKIE, 0, WAIT_MS, NULL));
    CHECK_OK(ssh_channel_sendall(ours, PUBLIC, strlen(PUBLIC), WAIT_MS, NULL));
    CHECK_OK(ssh_channel_shutdown_write(ours));
    CHECK(read_all(theirs, buf, sizeof buf) == strlen(PUBLIC));
    expect("client: out message 50, ");
    expect("server: in message 50, ");
    expect("client: out message 61, ");
    expect("server: in message 30, ");
    expect("client: out message 94, ");
    expect("server: in message 94, ");
    expect("56 56 56 56 56 56 ");
    expect("VVVVVV");
    CHECK(!logged("QQQQ") && !logged("51 51 51 51"));
    CHECK(!logged("eeee") && !logged("65 65 65 65"));
    check_ignore(&pair);

    /* Off again. */
    CHECK_OK(ssh_transport_set_hexdump(pair.client, false));
    CHECK_OK(ssh_transport_set_hexdump(pair.server, false));
    forget();
    CHECK_OK(ssh_channel_sendall(theirs, PUBLIC, strlen(PUBLIC), WAIT_MS, NULL));
    CHECK_OK(ssh_channel_close(theirs));
    CHECK(drain(ours) == strlen(PUBLIC));
    expect("server.0: channel 0: closed");
    CHECK(!logged("message 94"));
    ssh_channel_free(ours);
    ssh_channel_free(theirs);
    pair_free(&pair);
    CHECK_OK(ssh_set_log_callback(SSH_LOG_NONE, NULL, NULL, NULL));
    return 0;
}
