import { randomUUID } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Logger } from "pino";

/** A mail in plain text. */
export type Mail = { readonly to: string; readonly subject: string; readonly text: string };

/**
 * Sends mails in the background: an answer that waited for a mail server would tell whether there is anybody to write to.
 * What cannot be sent is logged without what is in it, and is lost: whoever waits for it asks again.
 */
export type Mailer = {
  readonly post: (mail: Mail) => void;
  /** Resolves when everything that was posted is sent, or given up. */
  readonly settled: () => Promise<void>;
};

/** Takes one mail. @throws when it could not. */
export type Send = (mail: Mail) => Promise<void>;

/** More wait for a mail server that is away: the rest is given up. */
const MAX_WAITING = 1_000;
const TRIES = 3;
const PAUSE_MS = 5_000;

export function createMailer(
  send: Send,
  log: Pick<Logger, "warn">,
  pause: (ms: number) => Promise<void> = wait,
): Mailer {
  let waiting = 0;
  let line: Promise<void> = Promise.resolve();

  async function deliver(mail: Mail): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await send(mail);
      } catch (error) {
        const code = error instanceof Error && "code" in error ? String(error.code) : "unknown";
        log.warn(
          { event: "mail_not_sent", subject: mail.subject, attempt, code },
          "a mail could not be sent",
        );
        if (attempt >= TRIES) return;
        await pause(PAUSE_MS * attempt);
      }
    }
  }

  return {
    post(mail) {
      if (waiting >= MAX_WAITING) {
        log.warn({ event: "mail_not_sent", subject: mail.subject, code: "full" }, "too many mails wait");
        return;
      }
      waiting += 1;
      line = line.then(() => deliver(mail)).finally(() => (waiting -= 1));
    },
    settled: () => line,
  };
}

/** By a mail server. @param url `smtp://` or `smtps://`, with user and password where it wants them. */
export function smtpSend(url: string, from: string): Send {
  let transport: ReturnType<typeof transportTo> | undefined;
  return async (mail) => {
    transport ??= transportTo(url, from);
    await (await transport).sendMail({ ...mail, disableFileAccess: true, disableUrlAccess: true });
  };
}

/** The library is loaded with the first mail: many a cloud sends none for days. */
async function transportTo(url: string, from: string) {
  const { createTransport } = await import("nodemailer");
  return createTransport(url, { from });
}

/** Into a folder, one `.eml` file for each, which only their owner may read: where there is no mail server. */
export function fileSend(folder: string, from: string): Send {
  return async (mail) => {
    const { default: MailComposer } = await import("nodemailer/lib/mail-composer/index.js");
    const text = await new MailComposer({ ...mail, from }).compile().build();
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const name = `${new Date().toISOString().replaceAll(":", "-")}-${randomUUID().slice(0, 8)}.eml`;
    await writeFile(join(folder, name), text, { mode: 0o600, flag: "wx" });
  };
}

async function wait(ms: number): Promise<void> {
  await new Promise((done) => setTimeout(done, ms).unref());
}
