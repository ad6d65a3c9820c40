/** Bytes from hexadecimal digits, in groups or not. */
export const hex = (text: string): Uint8Array =>
  Uint8Array.from(Buffer.from(text.replaceAll(/[\s-]/g, ""), "hex"));
