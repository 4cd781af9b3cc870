#include "auth.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "auth_agent.h"
#include "certificate.h"
#include "report.h"
#include "secret.h"

/* One login: what was tried, and what the server would accept next. */
struct login {
    const struct options *options;
    const char *user, *host;
    ssh_transport_t *transport;
    char *accepted;          /* methods that can continue, comma-separated; NULL: not known yet */
    struct auth_agent agent; /* whose keys come before those in files */
    size_t keys_tried;       /* of options->identities */
    size_t keys_offered;     /* those that could be read */
    int passwords_tried;     /* method "password" */
    int interactive_tried;   /* method "keyboard-interactive" */
    bool from_file_refused;  /* a prompt the password file cannot answer came up */
    bool banner_shown;
};

enum outcome { LOGGED_IN, GO_ON, FAILED };

/* Is `name` an element of a comma-separated list? */
static bool list_has(const char *list, const char *name)
{
    size_t len = strlen(name);

    for (; *list != '\0'; list += strcspn(list, ","), list += *list == ',')
        if (strncmp(list, name, len) == 0 && (list[len] == ',' || list[len] == '\0'))
            return true;
    return false;
}

/* Shows what the server wants every user to read, before any question and once. */
static void show_banner(struct login *login)
{
    char *banner = NULL;
    size_t len = 0;

    if (login->banner_shown || ssh_transport_get_banner(login->transport, &banner, &len) != SSH_OK || banner == NULL)
        return;
    login->banner_shown = true;
    if (report_current_level() >= REPORT_INFO)
        report_peer_text(banner, len);
    ssh_string_free(banner);
}

/* Notes the server's answer to one request. `left` is owned by this function. */
static enum outcome note_answer(struct login *login, const char *method, ssh_status_t rc, char *left)
{
    show_banner(login);
    if (left != NULL) {
        ssh_string_free(login->accepted);
        login->accepted = left;
    }
    if (rc == SSH_OK) {
        report_progress("logged in as %s by %s", login->user, method);
        return LOGGED_IN;
    }
    if (rc == SSH_PARTIAL) {
        if (strcmp(method, "publickey") != 0)
            login->keys_tried = 0, auth_agent_restart(&login->agent); /* a key that came too early may be the next step */
        report_progress("%s accepted; the server also wants: %s", method, login->accepted);
        return GO_ON;
    }
    if (rc == SSH_ERR_TIMEOUT || !ssh_transport_is_active(login->transport)) {
        report_failure("logging in", rc);
        return FAILED;
    }
    report_refusal(method, rc);
    return GO_ON;
}

/* Asks at the terminal, unless nobody is there to answer. */
static bool ask(struct login *login, struct secret *answer, const char *prompt, size_t prompt_len, bool echo)
{
    show_banner(login);
    return !login->options->batch_mode && secret_ask(answer, prompt, prompt_len, echo);
}

/* ---- none: tells which methods there are ---- */

static enum outcome try_none(struct login *login)
{
    char *left = NULL;
    ssh_status_t rc = ssh_transport_auth_none(login->transport, login->user, SSH_WAIT_DEFAULT, &left);
    enum outcome outcome;

    if (rc < 0 && left == NULL) {
        report_failure("logging in", rc);
        return FAILED;
    }
    outcome = note_answer(login, "none", rc, left);
    report_progress("the server accepts: %s", login->accepted == NULL ? "" : login->accepted);
    return outcome;
}

/* ---- publickey ---- */

/* Reads a private key, asking for its passphrase as often as passwords are asked for. NULL if there is none to be had. */
static ssh_key_t *load_key(struct login *login, const char *path)
{
    const struct options *options = login->options;
    struct secret passphrase = {"", 0};
    char prompt[1100];
    ssh_key_t *key = NULL;
    ssh_status_t rc = ssh_key_load_private_file(path, NULL, 0, &key);
    int tries;

    if (rc == SSH_ERR_KEY_NEEDS_PASSPHRASE && options->passphrase_file != NULL) {
        if (secret_read_file(&passphrase, options->passphrase_file))
            rc = ssh_key_load_private_file(path, passphrase.bytes, passphrase.len, &key);
    } else {
        snprintf(prompt, sizeof prompt, "passphrase for %.1000s: ", path);
        for (tries = 0; tries < options->password_prompts; tries++) {
            if ((rc != SSH_ERR_KEY_NEEDS_PASSPHRASE && rc != SSH_ERR_KEY_BAD_PASSPHRASE) ||
                !ask(login, &passphrase, prompt, strlen(prompt), false))
                break;
            rc = ssh_key_load_private_file(path, passphrase.bytes, passphrase.len, &key);
        }
    }
    secret_wipe(&passphrase);
    if (rc != SSH_OK)
        report_failure(path, rc);
    return key;
}

/* Logs in with a key, or with a certificate for it. Refused: the next one may do. */
static enum outcome offer(struct login *login, const char *what, const char *path, const ssh_key_t *key, bool *refused)
{
    char *left = NULL;
    ssh_status_t rc;

    report_progress("offering %s %s%s", ssh_key_get_name(key), what, path);
    login->keys_offered++;
    rc = ssh_transport_auth_publickey(login->transport, login->user, key, SSH_WAIT_DEFAULT, &left);
    *refused = rc < 0;
    return note_answer(login, "publickey", rc, left);
}

/* The key's certificates before the key alone: who trusts an authority often has no list of keys. */
static enum outcome offer_certificates(struct login *login, const char *path, const ssh_key_t *key, bool *refused)
{
    const struct text_list *files = &login->options->certificates;
    enum outcome outcome = GO_ON;
    size_t i, count = files->count == 0 ? 1 : files->count;

    *refused = true;
    for (i = 0; outcome == GO_ON && *refused && i < count; i++) {
        ssh_key_t *certified = files->count == 0 ? certificate_join_beside(key, path)
                                                 : certificate_join(key, options_expand_path(files->items[i]));

        if (certified != NULL)
            outcome = offer(login, "certificate for ", path, certified, refused);
        ssh_key_free(certified);
    }
    return outcome;
}

/* A key of the agent's. Asked about first, so that nobody has to confirm a use that leads nowhere. */
static enum outcome try_held_key(struct login *login, const struct held_key *held)
{
    enum outcome outcome = GO_ON;
    bool refused = true;
    ssh_status_t rc;

    if (held->path != NULL)
        outcome = offer_certificates(login, held->path, held->key, &refused);
    if (outcome != GO_ON || !refused)
        return outcome;
    rc = ssh_transport_auth_publickey_query(login->transport, login->user, held->key, SSH_WAIT_DEFAULT);
    if (rc == SSH_OK)
        return offer(login, "of the agent: ", held->comment, held->key, &refused);
    report_progress("offering %s of the agent: %s", ssh_key_get_name(held->key), held->comment);
    login->keys_offered++;
    return note_answer(login, "publickey", rc, NULL);
}

static enum outcome try_next_key(struct login *login)
{
    const struct options *options = login->options;
    struct held_key held;
    const char *path;
    enum outcome outcome;
    bool refused;
    ssh_key_t *key;

    if (auth_agent_next(&login->agent, options, login->transport, &held))
        return try_held_key(login, &held);
    if (login->keys_tried >= options->identities.count)
        return GO_ON;
    path = options_expand_path(options->identities.items[login->keys_tried++]);
    if (auth_agent_has_offered(&login->agent, path))
        return GO_ON;
    if (options->identities_are_default && access(path, F_OK) != 0 && errno == ENOENT)
        return GO_ON;
    key = load_key(login, path);
    if (key == NULL)
        return GO_ON;
    outcome = offer_certificates(login, path, key, &refused);
    if (outcome == GO_ON && refused)
        outcome = offer(login, "", path, key, &refused);
    ssh_key_free(key);
    return outcome;
}

/* ---- password ---- */

static bool get_password(struct login *login, struct secret *password)
{
    char prompt[512];

    if (login->options->password_file != NULL)
        return secret_read_file(password, login->options->password_file);
    snprintf(prompt, sizeof prompt, "%.200s@%.200s's password: ", login->user, login->host);
    return ask(login, password, prompt, strlen(prompt), false);
}

/* The library calls this if the server wants the password changed first. */
static ssh_status_t change_password(void *user_data, const char *prompt, size_t prompt_len, ssh_prompt_answers_t *answers)
{
    static const char NEW[] = "\nnew password: ", AGAIN[] = "the same again: ";
    struct login *login = user_data;
    struct secret first = {"", 0}, second = {"", 0};
    ssh_status_t rc = SSH_ERR_AUTH_ABORTED;

    if (!login->options->batch_mode)
        report_peer_text(prompt, prompt_len);
    if (ask(login, &first, NEW, strlen(NEW), false) && ask(login, &second, AGAIN, strlen(AGAIN), false) &&
        first.len == second.len && memcmp(first.bytes, second.bytes, first.len) == 0)
        rc = ssh_prompt_answers_set(answers, 0, first.bytes, first.len);
    secret_wipe(&first);
    secret_wipe(&second);
    return rc;
}

static enum outcome try_password(struct login *login)
{
    ssh_password_options_t how = SSH_PASSWORD_OPTIONS_INIT;
    struct secret password = {"", 0};
    char *left = NULL;
    ssh_status_t rc;

    login->passwords_tried++;
    if (!get_password(login, &password)) {
        login->passwords_tried = login->options->password_prompts; /* there is none: do not ask again */
        return GO_ON;
    }
    how.no_fallback = true; /* keyboard-interactive has its own place in the order */
    how.change = change_password;
    how.user_data = login;
    rc = ssh_transport_auth_password(login->transport, login->user, password.bytes, password.len, &how,
                                     SSH_WAIT_DEFAULT, &left);
    secret_wipe(&password);
    return note_answer(login, "password", rc, left);
}

/* ---- keyboard-interactive ---- */

/* Answers one prompt: hidden ones are taken for the password where there is a file with it. */
static bool answer_prompt(struct login *login, const ssh_prompt_t *prompt, struct secret *answer)
{
    char question[1024];

    if (login->options->password_file != NULL && !prompt->echo)
        return secret_read_file(answer, login->options->password_file);
    /* Says who is asking: the server could word its question as if it came from elsewhere. */
    snprintf(question, sizeof question, "(%.200s@%.200s) %.500s", login->user, login->host, prompt->text);
    if (ask(login, answer, question, strlen(question), prompt->echo))
        return true;
    login->from_file_refused = true;
    return false;
}

/* The library calls this for each round of questions. */
static ssh_status_t answer_prompts(void *user_data, const ssh_prompts_t *prompts, ssh_prompt_answers_t *answers)
{
    struct login *login = user_data;
    struct secret answer = {"", 0};
    ssh_status_t rc = SSH_OK;
    size_t i;

    show_banner(login);
    if (report_current_level() >= REPORT_INFO && prompts->name_len + prompts->instruction_len > 0) {
        report_peer_text(prompts->name, prompts->name_len);
        report_peer_text("\n", prompts->name_len > 0);
        report_peer_text(prompts->instruction, prompts->instruction_len);
        report_peer_text("\n", prompts->instruction_len > 0);
    }
    for (i = 0; rc == SSH_OK && i < prompts->prompts_len; i++) {
        if (answer_prompt(login, &prompts->prompts[i], &answer))
            rc = ssh_prompt_answers_set(answers, i, answer.bytes, answer.len);
        else
            rc = SSH_ERR_AUTH_ABORTED;
    }
    secret_wipe(&answer);
    return rc;
}

static enum outcome try_interactive(struct login *login)
{
    char *left = NULL;
    ssh_status_t rc;

    login->interactive_tried++;
    rc = ssh_transport_auth_interactive(login->transport, login->user, NULL, answer_prompts, login, SSH_WAIT_DEFAULT,
                                        &left);
    if (rc == SSH_ERR_AUTH_ABORTED)
        login->interactive_tried = login->options->password_prompts;
    return note_answer(login, "keyboard-interactive", rc, left);
}

/* ---- the order ---- */

static bool has_key(const struct login *login)
{
    return login->options->pubkey_authentication &&
           (login->keys_tried < login->options->identities.count || !auth_agent_is_through(&login->agent));
}

/* A password from a file does not get better by trying it again. */
static int password_limit(const struct options *options)
{
    if (options->password_file != NULL)
        return 1;
    return options->batch_mode ? 0 : options->password_prompts;
}

static bool has_password(const struct login *login)
{
    return login->options->password_authentication && login->passwords_tried < password_limit(login->options);
}

static bool has_answers(const struct login *login)
{
    return login->options->interactive_authentication && login->interactive_tried < password_limit(login->options);
}

static const struct method {
    const char *name;
    bool (*has_something)(const struct login *login); /* to try it with */
    enum outcome (*try_it)(struct login *login);
} METHODS[] = {
    {"publickey", has_key, try_next_key},
    {"keyboard-interactive", has_answers, try_interactive},
    {"password", has_password, try_password},
};

/* The first method in the preferred order that the server accepts and that there is something to try with. */
static const struct method *next_method(const struct login *login)
{
    const char *preferred = login->options->preferred_authentications;
    size_t i;

    for (; *preferred != '\0'; preferred += strcspn(preferred, ","), preferred += *preferred == ',') {
        size_t len = strcspn(preferred, ",");

        for (i = 0; i < sizeof METHODS / sizeof METHODS[0]; i++) {
            const struct method *method = &METHODS[i];

            if (strlen(method->name) == len && strncmp(method->name, preferred, len) == 0 &&
                (login->accepted == NULL || list_has(login->accepted, method->name)) && method->has_something(login))
                return method;
        }
    }
    return NULL;
}

static void report_nothing_left(const struct login *login)
{
    char what[512], why[1024];

    snprintf(what, sizeof what, "logging in as %.200s at %.200s", login->user, login->host);
    snprintf(why, sizeof why, "permission denied; the server accepts: %.500s; tried: keys: %zu, passwords: %d, dialogues: %d",
             login->accepted == NULL ? "unknown" : login->accepted, login->keys_offered, login->passwords_tried,
             login->interactive_tried);
    report_error(what, why, login->from_file_refused
                     ? "the server asked a question nobody was there to answer: run this at a terminal, without BatchMode"
                     : "give a key with -i, a password with --password-file, or check the user's name");
}

bool auth_log_in(const struct options *options, const char *user, const char *host, ssh_transport_t *transport)
{
    struct login login = {0};
    enum outcome outcome = GO_ON;
    const struct method *method;

    login.options = options;
    login.user = user;
    login.host = host;
    login.transport = transport;
    while (outcome == GO_ON) {
        method = next_method(&login);
        /* A key costs nobody anything to try; before a person is asked, find out whether the server would listen. */
        if (login.accepted == NULL && (method == NULL || method->try_it != try_next_key)) {
            outcome = try_none(&login);
        } else if (method != NULL) {
            outcome = method->try_it(&login);
        } else {
            report_nothing_left(&login);
            outcome = FAILED;
        }
    }
    auth_agent_close(&login.agent);
    ssh_string_free(login.accepted);
    return outcome == LOGGED_IN;
}
