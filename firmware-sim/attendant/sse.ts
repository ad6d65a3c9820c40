/** One event of a text/event-stream. */
export type ServerSentEvent = { readonly event: string; readonly data: string };

/** Longer events, and lines that never end, are dropped whole. */
export const MAX_EVENT_CHARS = 1_000_000;

/**
 * Parses a text/event-stream (HTML standard, section 9.2) as it arrives, in pieces of any size. Ids and retry
 * times are left aside.
 */
export function createSseParser(onEvent: (event: ServerSentEvent) => void): {
  readonly push: (text: string) => void;
} {
  let line = "";
  let event = "";
  let data: string[] = [];
  let chars = 0;
  let overlong = false;

  function endLine(): void {
    if (line === "") dispatch();
    else if (!overlong) field(line);
    line = "";
  }

  function field(text: string): void {
    const colon = text.indexOf(":");
    const name = colon === -1 ? text : text.slice(0, colon);
    const value = colon === -1 ? "" : text.slice(colon + 1).replace(/^ /, "");
    if (name === "event") event = value;
    if (name === "data") data.push(value);
  }

  function dispatch(): void {
    if (data.length > 0 && !overlong)
      onEvent({ event: event === "" ? "message" : event, data: data.join("\n") });
    event = "";
    data = [];
    chars = 0;
    overlong = false;
  }

  return {
    push(text) {
      for (const piece of text.replaceAll("\r", "").split(/(\n)/)) {
        if (piece === "\n") {
          endLine();
          continue;
        }
        chars += piece.length;
        overlong ||= chars > MAX_EVENT_CHARS;
        // What is dropped is not kept; one character marks the line as not empty.
        line = overlong && line !== "" ? line.slice(0, 1) : line + piece;
      }
    },
  };
}
