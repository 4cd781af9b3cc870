/* The terminal modes a client tells and a server's pty gets: RFC 4254 section 8. */
#include "terminal.h"

#include <termios.h>
#include <unistd.h>

enum field { INPUT, OUTPUT, CONTROL, LOCAL, CHARACTER };

static const struct mode {
    uint8_t opcode;
    enum field field;
    unsigned long flag; /* for CHARACTER: the index in c_cc */
} MODES[] = {
    {1, CHARACTER, VINTR}, {2, CHARACTER, VQUIT},  {3, CHARACTER, VERASE}, {4, CHARACTER, VKILL},
    {5, CHARACTER, VEOF},  {6, CHARACTER, VEOL},   {8, CHARACTER, VSTART}, {9, CHARACTER, VSTOP},
    {10, CHARACTER, VSUSP},
    {30, INPUT, IGNPAR},   {31, INPUT, PARMRK},    {32, INPUT, INPCK},     {33, INPUT, ISTRIP},
    {34, INPUT, INLCR},    {35, INPUT, IGNCR},     {36, INPUT, ICRNL},     {38, INPUT, IXON},
    {39, INPUT, IXANY},    {40, INPUT, IXOFF},
    {50, LOCAL, ISIG},     {51, LOCAL, ICANON},    {53, LOCAL, ECHO},      {54, LOCAL, ECHOE},
    {55, LOCAL, ECHOK},    {56, LOCAL, ECHONL},    {57, LOCAL, NOFLSH},    {58, LOCAL, TOSTOP},
    {59, LOCAL, IEXTEN},
    {70, OUTPUT, OPOST},   {72, OUTPUT, ONLCR},    {73, OUTPUT, OCRNL},    {74, OUTPUT, ONOCR},
    {75, OUTPUT, ONLRET},
    {92, CONTROL, PARENB}, {93, CONTROL, PARODD},
};

enum { OP_END = 0, OP_CS7 = 90, OP_CS8 = 91, OP_INPUT_SPEED = 128, OP_OUTPUT_SPEED = 129 };

static const struct speed {
    speed_t code;
    uint32_t baud;
} SPEEDS[] = {
    {B1200, 1200}, {B2400, 2400}, {B4800, 4800}, {B9600, 9600}, {B19200, 19200}, {B38400, 38400},
};

/* POSIX gives speeds as codes; a pseudo terminal's means nothing, so an unknown one is told as 38400. */
static uint32_t baud(speed_t code)
{
    size_t i;

    for (i = 0; i < sizeof SPEEDS / sizeof SPEEDS[0]; i++)
        if (SPEEDS[i].code == code)
            return SPEEDS[i].baud;
    return 38400;
}

static uint32_t value_of(const struct termios *modes, const struct mode *mode)
{
    switch (mode->field) {
    case INPUT: return (modes->c_iflag & mode->flag) != 0;
    case OUTPUT: return (modes->c_oflag & mode->flag) != 0;
    case CONTROL: return (modes->c_cflag & mode->flag) != 0;
    case LOCAL: return (modes->c_lflag & mode->flag) != 0;
    default: break;
    }
    /* 255 says that the character is turned off. */
    return modes->c_cc[mode->flag] == (cc_t)_POSIX_VDISABLE ? 255 : modes->c_cc[mode->flag];
}

static uint8_t *put(uint8_t *out, uint8_t opcode, uint32_t value)
{
    out[0] = opcode;
    out[1] = (uint8_t)(value >> 24);
    out[2] = (uint8_t)(value >> 16);
    out[3] = (uint8_t)(value >> 8);
    out[4] = (uint8_t)value;
    return out + 5;
}

size_t terminal_encode_modes(int fd, uint8_t *buf, size_t buf_len)
{
    const size_t count = sizeof MODES / sizeof MODES[0];
    struct termios modes;
    uint8_t *out = buf;
    size_t i;

    if (buf_len < (count + 4) * 5 + 1 || tcgetattr(fd, &modes) != 0)
        return 0;
    for (i = 0; i < count; i++)
        out = put(out, MODES[i].opcode, value_of(&modes, &MODES[i]));
    out = put(out, OP_CS7, (modes.c_cflag & CSIZE) == CS7);
    out = put(out, OP_CS8, (modes.c_cflag & CSIZE) == CS8);
    out = put(out, OP_INPUT_SPEED, baud(cfgetispeed(&modes)));
    out = put(out, OP_OUTPUT_SPEED, baud(cfgetospeed(&modes)));
    *out++ = OP_END;
    return (size_t)(out - buf);
}

static void set_flag(tcflag_t *flags, unsigned long flag, bool on)
{
    *flags = on ? *flags | (tcflag_t)flag : *flags & ~(tcflag_t)flag;
}

static void apply(struct termios *modes, uint8_t opcode, uint32_t value)
{
    size_t i;

    if ((opcode == OP_CS7 || opcode == OP_CS8) && value != 0)
        modes->c_cflag = (modes->c_cflag & ~(tcflag_t)CSIZE) | (opcode == OP_CS7 ? CS7 : CS8);
    for (i = 0; i < sizeof MODES / sizeof MODES[0]; i++) {
        const struct mode *mode = &MODES[i];

        if (mode->opcode != opcode)
            continue;
        switch (mode->field) {
        case INPUT: set_flag(&modes->c_iflag, mode->flag, value != 0); return;
        case OUTPUT: set_flag(&modes->c_oflag, mode->flag, value != 0); return;
        case CONTROL: set_flag(&modes->c_cflag, mode->flag, value != 0); return;
        case LOCAL: set_flag(&modes->c_lflag, mode->flag, value != 0); return;
        case CHARACTER: modes->c_cc[mode->flag] = value == 255 ? (cc_t)_POSIX_VDISABLE : (cc_t)value; return;
        }
    }
}

void terminal_apply_modes(int fd, const uint8_t *encoded, size_t len)
{
    struct termios modes;

    if (tcgetattr(fd, &modes) != 0)
        return;
    /* Opcodes from 160 on have arguments of a length nobody knows: what follows one cannot be read. */
    while (len >= 5 && encoded[0] != OP_END && encoded[0] < 160) {
        apply(&modes, encoded[0], (uint32_t)encoded[1] << 24 | (uint32_t)encoded[2] << 16 | (uint32_t)encoded[3] << 8 | encoded[4]);
        encoded += 5;
        len -= 5;
    }
    tcsetattr(fd, TCSANOW, &modes);
}
