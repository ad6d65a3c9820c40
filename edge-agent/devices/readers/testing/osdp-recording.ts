import { hex } from "../../testing/hex.ts";

/**
 * A session on a real line, recorded by a monitor of libosdp-conformance 1.38-4 (SIA): control panel and reader are
 * programs other than ours. The first handshake is under the published default key, which the panel then replaces
 * by {@link RECORDED_KEY} (osdp_KEYSET, decrypted); this is what follows. Source: OSDP-Embedded (Z-bit Systems),
 * tests/captures/sc-monitor-current.osdpcap. The lines begin without the mark byte.
 */
export const RECORDED_KEY = hex("d459f02f6602e5651f3b553bc283d43e");
export const RECORDED_CHALLENGE = hex("636e3478f7085c57");

/** Command, its reply, and the command's code and the reply's data in clear. */
export const RECORDED_HANDSHAKE = {
  challenge: hex("53001300 0d031101 76 636e3478f7085c57 5ce0"),
  client: hex("53802b000d03120176 0a00170300cafede 6162636465666768 597b8467ad2b557296e1234e379dc311 2f55"),
  server: hex("53001b000e03130177 dbd8cb35c81188cbdcf560521ec84469 3564"),
  initialMac: hex("53801b000e03140178 b1e1998a99229228c5b11a3d3922cc8d 65f1"),
};

export const RECORDED_EXCHANGES: readonly {
  readonly command: Uint8Array;
  readonly code: number;
  readonly data: Uint8Array;
  readonly reply: Uint8Array;
  readonly replyCode: number;
  readonly replyData: Uint8Array;
}[] = [
  {
    // Capabilities, with a reply of three blocks.
    command: hex("53001e000f021762 4cbdace660da28f9080d316704be7ae0 3ae55c71 97fc"),
    code: 0x62,
    data: hex("00"),
    reply: hex(
      "53803e000f021846 d98f68df2d3b69a8d0e0d7ec43d9b32e2abed1f57734c4baa3170b8063903588c4b2bf14a720361c56a2ff97a6f6c7a4 3856377d aa32",
    ),
    replyCode: 0x46,
    replyData: hex(
      "0102080202100301000401010501000601010801000901010a00030b00030c00000d00000e00000f00001002 00",
    ),
  },
  {
    // Lamp.
    command: hex("53001e000d021769 0245f090720128b1d00bfe54c7a9ef58 1edae770 59d2"),
    code: 0x69,
    data: hex("000000bdac0000da280118010100"),
    reply: hex("53800e000d02 1640 d66d222c fb95"),
    replyCode: 0x40,
    replyData: hex(""),
  },
  {
    // Text, of three blocks.
    command: hex(
      "53003e000e02176b 0e1ad8d9f7f7b73e7b590cf3b5fa651d6ae3df83c71486d8ae488e7309d8a21bd1744d9f878a3f858acb7caba81c29de 36fc2f80 fcbd",
    ),
    code: 0x6b,
    data: hex("000200010120526561647920202020202020202020202020202020343a343520414d20202020"),
    reply: hex("53800e000e021640 ca21171b 03dd"),
    replyCode: 0x40,
    replyData: hex(""),
  },
];
