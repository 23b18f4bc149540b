// SPDX-License-Identifier: GPL-2.0-or-later
// Telnet on a socket: RFC 854 (commands), 856 (binary), 857 (echo), 858 (suppress go-ahead).
//
// Towards a telnet client we say WILL ECHO, WILL SGA, WILL BINARY and DO BINARY, once, and ask for nothing else;
// what the other side says is taken out of its input. A byte 255 is doubled on its way out and halved on its way
// in. Until the other side has agreed to binary, CR NUL stands for CR. Not modelled: refusing options by answers,
// window sizes, breaks (they are dropped).
#include "chardev/telnet-host.h"

enum { IAC = 255, DONT = 254, DO = 253, WONT = 252, WILL = 251, SB = 250, SE = 240 };
enum { BINARY = 0, ECHO = 1, SGA = 3 };
enum { STATE_DATA, STATE_IAC, STATE_OPTION, STATE_SUB, STATE_SUB_IAC };

const uint8_t telnet_greeting[TELNET_GREETING_BYTES] = {IAC, WILL, ECHO,   IAC, WILL, SGA,
                                                        IAC, WILL, BINARY, IAC, DO,   BINARY};

size_t telnet_filter(Telnet *telnet, uint8_t *buf, size_t len)
{
    size_t kept = 0;
    for (size_t i = 0; i < len; i++) {
        uint8_t ch = buf[i];
        switch (telnet->state) {
        case STATE_IAC:
            telnet->command = ch;
            telnet->state = ch == SB ? STATE_SUB : ch >= WILL && ch <= DONT ? STATE_OPTION : STATE_DATA;
            if (ch == IAC) {
                buf[kept++] = IAC;
            }
            break;
        case STATE_OPTION:
            if (ch == BINARY && (telnet->command == WILL || telnet->command == WONT)) {
                telnet->binary = telnet->command == WILL;
            }
            telnet->state = STATE_DATA;
            break;
        case STATE_SUB: telnet->state = ch == IAC ? STATE_SUB_IAC : STATE_SUB; break;
        case STATE_SUB_IAC: telnet->state = ch == SE ? STATE_DATA : STATE_SUB; break;
        default:
            if (ch == IAC) {
                telnet->state = STATE_IAC;
            } else if (ch || !telnet->after_cr || telnet->binary) {
                buf[kept++] = ch;
            }
            telnet->after_cr = ch == '\r';
            break;
        }
    }
    return kept;
}

size_t telnet_plain(const uint8_t *buf, size_t len)
{
    const uint8_t *iac = memchr(buf, IAC, len);
    return iac ? (size_t)(iac - buf) : len;
}
