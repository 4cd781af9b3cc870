/* An agent of our own, over a socket pair and a listening socket: exposures, confirmations given later, handles freed while
 * keys are in use. */
#include "support.h"
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct judge {
    bool allow, later;
    atomic_int asked, destroyed;
} judge_t;

static bool verdict;

static void *answer_later(void *arg)
{
    sleep_ms(30);
    CHECK_OK(ssh_agent_confirm_answer(arg, verdict));
    return NULL;
}

static void confirm(void *user_data, ssh_agent_confirm_t *question)
{
    judge_t *judge = user_data;
    pthread_t thread;

    judge->asked++;
    verdict = judge->allow;
    CHECK(strcmp(ssh_agent_confirm_get_comment(question), "mine") == 0);
    CHECK(strcmp(ssh_key_get_name(ssh_agent_confirm_get_key(question)), "ssh-ed25519") == 0);
    if (judge->later)
        CHECK(pthread_create(&thread, NULL, answer_later, question) == 0 && pthread_detach(thread) == 0);
    else if (judge->allow)
        CHECK_OK(ssh_agent_confirm_answer(question, true));
    else
        ssh_agent_confirm_free(question);
}

static void destroy(void *user_data)
{
    ((judge_t *)user_data)->destroyed++;
}

static size_t count(ssh_agent_t *agent)
{
    ssh_agent_keys_t *keys;
    size_t n;

    CHECK_OK(ssh_agent_list(agent, WAIT_MS, &keys));
    n = ssh_agent_keys_get_count(keys);
    ssh_agent_keys_free(keys);
    return n;
}

static ssh_status_t sign_first(ssh_agent_t *agent)
{
    ssh_agent_keys_t *keys;
    uint8_t *blob;
    size_t len;
    ssh_status_t rc;

    CHECK_OK(ssh_agent_list(agent, WAIT_MS, &keys));
    rc = ssh_key_sign(ssh_agent_keys_get_key(keys, 0), NULL, "data", 4, &blob, &len);
    ssh_bytes_free(blob);
    ssh_agent_keys_free(keys);
    return rc;
}

static ssh_agent_t *listening(ssh_agent_server_t *server, const ssh_agent_exposure_t *exposure)
{
    static int number;
    ssh_agent_t *agent;
    struct stat about;
    char path[64];

    snprintf(path, sizeof path, "/tmp/sshrs-served-%ld-%d", (long)getpid(), number++);
    CHECK_OK(ssh_agent_server_listen(server, path, exposure));
    CHECK(stat(path, &about) == 0 && (about.st_mode & 0777) == 0600);
    CHECK_STATUS(ssh_agent_server_listen(server, path, exposure), SSH_ERR_FILE);
    CHECK_OK(ssh_agent_connect(path, &agent));
    return agent;
}

static void confirmations(ssh_agent_server_t *server, judge_t *judge)
{
    ssh_agent_exposure_t exposure = SSH_AGENT_EXPOSURE_INIT;
    ssh_agent_t *agent;
    int i;

    exposure.confirm = true;
    agent = listening(server, &exposure);
    for (i = 0; i < 4; i++) {
        judge->allow = i & 1;
        judge->later = i & 2;
        CHECK_STATUS(sign_first(agent), judge->allow ? SSH_OK : SSH_ERR_SIGN_REFUSED);
        CHECK(judge->asked == i + 1);
    }
    ssh_agent_free(agent);
}

int main(void)
{
    judge_t judge = {false, false, 0, 0};
    ssh_agent_server_options_t options = SSH_AGENT_SERVER_OPTIONS_INIT;
    ssh_agent_add_options_t add = SSH_AGENT_ADD_OPTIONS_INIT;
    ssh_agent_exposure_t exposure = SSH_AGENT_EXPOSURE_INIT;
    ssh_agent_server_t *server;
    ssh_agent_keys_t *keys;
    ssh_agent_t *all, *some;
    ssh_key_t *one, *two;
    const ssh_key_t *shown[1];
    int64_t end = now_ms() + WAIT_MS;
    unsigned char list[16];
    int fds[2];

    options.user_data = &judge;
    options.destroy = destroy;
    options.confirm = confirm;
    CHECK_OK(ssh_agent_server_new(&options, &server));
    CHECK_OK(ssh_key_generate("ssh-ed25519", 0, &one));
    CHECK_OK(ssh_key_generate("ssh-ed25519", 0, &two));
    add.comment = "mine";
    CHECK_OK(ssh_agent_server_add(server, one, &add));
    all = listening(server, NULL);
    CHECK_OK(ssh_agent_add(all, two, NULL, WAIT_MS));
    CHECK(count(all) == 2);
    CHECK_OK(sign_first(all));
    confirmations(server, &judge);

    shown[0] = two;
    exposure.keys = shown;
    exposure.keys_len = 1;
    exposure.sign_only = true;
    some = listening(server, &exposure);
    CHECK(count(some) == 1);
    CHECK_OK(sign_first(some));
    CHECK_STATUS(ssh_agent_remove_all(some, WAIT_MS), SSH_ERR_AGENT_REFUSED);
    CHECK_STATUS(ssh_agent_add(some, one, NULL, WAIT_MS), SSH_ERR_AGENT_REFUSED);
    CHECK_OK(ssh_agent_server_lock(server, "word", 4));
    CHECK_STATUS(ssh_agent_server_lock(server, "word", 4), SSH_ERR_INVALID_STATE);
    CHECK(count(all) == 0);
    CHECK_STATUS(ssh_agent_server_add(server, one, NULL), SSH_ERR_INVALID_STATE);
    CHECK_STATUS(ssh_agent_server_unlock(server, "x", 1), SSH_ERR_AGENT_REFUSED);
    CHECK_OK(ssh_agent_server_unlock(server, "word", 4));
    CHECK_OK(ssh_agent_server_remove(server, two));
    CHECK_STATUS(ssh_agent_server_remove(server, two), SSH_ERR_AGENT_REFUSED);
    CHECK(count(some) == 0 && count(all) == 1);
    CHECK_OK(ssh_agent_server_list(server, &keys));
    CHECK(ssh_agent_keys_get_count(keys) == 1);
    ssh_agent_keys_free(keys);

    /* A descriptor; what is no agent message ends the connection. */
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
    CHECK_OK(ssh_agent_server_serve_fd(server, fds[1], NULL));
    CHECK(write(fds[0], "\377\377\377\377", 4) == 4 && read(fds[0], &end, 1) == 0);
    close(fds[0]);
    CHECK_STATUS(ssh_agent_server_serve_fd(server, -1, NULL), SSH_ERR_INVALID_ARGUMENT);

    CHECK_OK(ssh_agent_server_remove_all(server));
    CHECK(count(all) == 0);

    /* The socket goes on without its handle. */
    CHECK_OK(ssh_agent_detach(some, &fds[0]));
    CHECK_STATUS(ssh_agent_list(some, WAIT_MS, &keys), SSH_ERR_INVALID_STATE);
    CHECK_STATUS(ssh_agent_detach(some, &fds[1]), SSH_ERR_INVALID_STATE);
    CHECK(write(fds[0], "\0\0\0\001\013", 5) == 5 && read(fds[0], list, sizeof list) == 9 && list[4] == 12);
    close(fds[0]);
    ssh_agent_server_free(server);
    CHECK_STATUS(ssh_agent_list(all, WAIT_MS, &keys), SSH_ERR_AGENT_UNAVAILABLE);
    ssh_agent_free(all);
    ssh_agent_free(some);
    end = now_ms() + WAIT_MS;
    while (judge.destroyed == 0 && now_ms() < end)
        sleep_ms(5);
    CHECK(judge.destroyed == 1);
    ssh_key_free(one);
    ssh_key_free(two);
    return 0;
}
