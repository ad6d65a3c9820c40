"""A relay board on pymodbus, for modbus-board.peer.test.ts.

    modbus-pymodbus.py tcp PORT
    modbus-pymodbus.py rtu PATH

Units 1 and 5, sixteen coils and eight discrete inputs each. Inputs 1 to 4 follow the coils 1 to 4 (a relay's
contact is wired to the input of the same number); of the others 5 and 8 are closed.
"""

import asyncio
import sys

from pymodbus.datastore import ModbusSequentialDataBlock, ModbusServerContext, ModbusSlaveContext
from pymodbus.server import StartAsyncSerialServer, StartAsyncTcpServer
from pymodbus.transaction import ModbusRtuFramer, ModbusSocketFramer


class Contacts(ModbusSequentialDataBlock):
    """Inputs of which the first four are wired to coils."""

    def __init__(self, coils):
        super().__init__(0, [False, False, False, False, True, False, False, True])
        self.coils = coils

    def getValues(self, address, count=1):
        levels = self.coils.getValues(0, 4) + self.values[4:]
        return levels[address : address + count]


def board():
    coils = ModbusSequentialDataBlock(0, [False] * 16)
    return ModbusSlaveContext(co=coils, di=Contacts(coils), zero_mode=True)


async def main(kind, where):
    context = ModbusServerContext(slaves={1: board(), 5: board()}, single=False)
    # Without this pymodbus answers for units that are not there.
    common = {"context": context, "ignore_missing_slaves": True}
    print("ready", flush=True)
    if kind == "tcp":
        await StartAsyncTcpServer(**common, framer=ModbusSocketFramer, address=("127.0.0.1", int(where)))
    else:
        await StartAsyncSerialServer(
            **common, framer=ModbusRtuFramer, port=where, baudrate=9600, timeout=0.005
        )


asyncio.run(main(*sys.argv[1:3]))
