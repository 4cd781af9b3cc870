#include "forward_spec.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"
#include "report.h"

#define MAX_FIELDS 4

/* Where a field ends: at a colon, a space or the text's end; "[" keeps an IPv6 address together. */
static size_t field_length(const char *text)
{
    size_t len = text[0] == '[' ? strcspn(text, "]") : 0;

    return len + strcspn(text + len, ": \t");
}

static const char *keep_field(const char *text, size_t len)
{
    if (len >= 2 && text[0] == '[' && text[len - 1] == ']')
        return options_keep(text + 1, len - 2);
    return options_keep(text, len);
}

/* How many fields there are, 0 for too many. */
static size_t split(const char *text, const char *fields[MAX_FIELDS])
{
    size_t count = 0;

    for (;;) {
        size_t len = field_length(text);

        if (count == MAX_FIELDS)
            return 0;
        fields[count++] = keep_field(text, len);
        text += len;
        if (*text == '\0')
            return count;
        text += *text == ':' ? 1 : strspn(text, " \t");
    }
}

static bool read_port(const char *text, bool may_be_zero, uint32_t *out)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);

    *out = (uint32_t)value;
    return isdigit((unsigned char)text[0]) && *end == '\0' && value <= 65535 && (value > 0 || may_be_zero);
}

static bool read_listener(struct forward_spec *spec, const char *const *fields, size_t count)
{
    if (count == 1 && fields[0][0] == '/' && spec->kind != FORWARD_DYNAMIC) {
        spec->listen_path = fields[0];
        return true;
    }
    if (count == 2)
        spec->listen_host = strcmp(fields[0], "*") == 0 ? "" : fields[0];
    /* Only a server chooses a port: nobody would know ours. */
    return (count == 1 || count == 2) && read_port(fields[count - 1], spec->kind == FORWARD_REMOTE, &spec->listen_port);
}

static bool read_target(struct forward_spec *spec, const char *const *fields, size_t count)
{
    if (count == 0)
        return true;
    if (count == 1) {
        spec->path = fields[0];
        return true;
    }
    spec->host = fields[0];
    return *spec->host != '\0' && strlen(spec->host) < 256 && read_port(fields[1], false, &spec->port);
}

bool forward_spec_parse(struct forward_spec *spec, enum forward_kind kind, const char *text)
{
    const char *fields[MAX_FIELDS];
    size_t count = split(text, fields), target = 2;

    memset(spec, 0, sizeof *spec);
    spec->kind = kind;
    if (kind == FORWARD_DYNAMIC)
        target = 0;
    else if (count > 0 && fields[count - 1][0] == '/')
        target = 1;
    if (count > target && read_listener(spec, fields, count - target) && read_target(spec, fields + count - target, target))
        return true;
    report_error(text, "not a forward",
                 kind == FORWARD_DYNAMIC ? "it must be [address:]port"
                                         : "it must be [address:]port:host:port; a path can stand for either side");
    return false;
}

const char *forward_spec_words(enum forward_kind kind, const char *text)
{
    struct forward_spec spec;
    size_t starts[MAX_FIELDS + 1], count = 0, at = 0;
    char *words;

    if (!forward_spec_parse(&spec, kind, text))
        return NULL;
    if (kind == FORWARD_DYNAMIC)
        return options_keep_text(text);
    for (;;) {
        starts[count++] = at;
        at += field_length(text + at);
        if (text[at] == '\0')
            break;
        at += text[at] == ':' ? 1 : strspn(text + at, " \t");
    }
    words = options_keep(text, at);
    words[starts[count - (spec.path != NULL ? 1 : 2)] - 1] = ' ';
    return words;
}

static void name(const char *path, const char *host, uint32_t port, char *out, size_t size)
{
    if (path != NULL)
        snprintf(out, size, "%s", path);
    else
        snprintf(out, size, strchr(host, ':') == NULL ? "%s:%u" : "[%s]:%u", host, (unsigned)port);
}

void forward_spec_name_target(const struct forward_spec *spec, char *out, size_t size)
{
    name(spec->path, spec->host, spec->port, out, size);
}

void forward_spec_name_listener(const struct forward_spec *spec, char *out, size_t size)
{
    const char *host = spec->listen_host == NULL ? "localhost" : *spec->listen_host == '\0' ? "*" : spec->listen_host;

    name(spec->listen_path, host, spec->listen_port, out, size);
}
