/*
 * A relay board on libmodbus, for modbus-board.peer.test.ts:
 *
 *     modbus-libmodbus tcp PORT
 *     modbus-libmodbus rtu PATH UNIT
 *
 * Sixteen coils and eight discrete inputs. Inputs 1 to 4 follow the coils 1 to 4 (a relay's contact is wired to the
 * input of the same number); of the others 5 and 8 are closed.
 */
#include <modbus/modbus.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COILS 16
#define INPUTS 8

static void serve(modbus_t *line, modbus_mapping_t *board)
{
    uint8_t query[MODBUS_TCP_MAX_ADU_LENGTH];
    int length;

    while ((length = modbus_receive(line, query)) != -1) {
        if (length > 0)
            modbus_reply(line, query, length, board);
        memcpy(board->tab_input_bits, board->tab_bits, 4);
    }
}

int main(int argc, char **argv)
{
    modbus_mapping_t *board = modbus_mapping_new(COILS, INPUTS, 0, 0);

    if (argc < 3 || board == NULL)
        return 2;
    board->tab_input_bits[4] = board->tab_input_bits[7] = 1;

    if (strcmp(argv[1], "tcp") == 0) {
        modbus_t *server = modbus_new_tcp("127.0.0.1", atoi(argv[2]));
        int listener = modbus_tcp_listen(server, 1);

        if (listener == -1)
            return 1;
        puts("ready");
        fflush(stdout);
        for (;;) {
            if (modbus_tcp_accept(server, &listener) == -1)
                return 1;
            serve(server, board);
            modbus_close(server);
        }
    }

    modbus_t *line = modbus_new_rtu(argv[2], 9600, 'N', 8, 1);

    modbus_set_slave(line, argc > 3 ? atoi(argv[3]) : 1);
    if (modbus_connect(line) == -1)
        return 1;
    puts("ready");
    fflush(stdout);
    /* A broken frame ends one reception, not the board. */
    for (;;) {
        serve(line, board);
        usleep(1000);
    }
}
