import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { createServer, type AddressInfo, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino, type Logger } from "pino";
import { afterEach, describe, expect, it } from "vitest";
import { createMailer, fileSend, smtpSend, type Mail } from "./mail.ts";
import { invitationMail, resetMail } from "./mails.ts";

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

const MAIL: Mail = {
  to: "ada@example.test",
  subject: "Grüße",
  text: "Hello,\n.\nhttps://parkme.test/#password/TOKEN\n",
};

/** A mail server that keeps what it is told, and refuses the first `refusals` mails. */
async function mailServer(refusals = 0): Promise<{ url: string; mails: string[]; logins: string[] }> {
  const mails: string[] = [];
  const logins: string[] = [];
  let left = refusals;
  const server: Server = createServer((socket) => {
    let data: string[] | null = null;
    let rest = "";
    const say = (line: string) => socket.write(`${line}\r\n`);
    say("220 mail.test ESMTP");
    socket.on("data", (chunk) => {
      const lines = (rest + chunk.toString("utf8")).split("\r\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        if (data !== null) {
          if (line !== ".") data.push(line);
          else {
            mails.push(data.join("\n"));
            data = null;
            say("250 taken");
          }
        } else if (line.startsWith("EHLO")) {
          say("250-mail.test");
          say("250 AUTH PLAIN");
        } else if (line.startsWith("AUTH PLAIN")) {
          logins.push(Buffer.from(line.split(" ")[2] ?? "", "base64").toString("utf8"));
          say("235 welcome");
        } else if (line.startsWith("MAIL") && left > 0) {
          left -= 1;
          say("451 later");
        } else if (line === "DATA") {
          data = [];
          say("354 go on");
        } else if (line === "QUIT") socket.end("221 bye\r\n");
        else say("250 ok");
      }
    });
    socket.on("error", () => undefined);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  ends.push(() => new Promise((done) => server.close(done)));
  const { port } = server.address() as AddressInfo;
  return { url: `smtp://user:sesame@127.0.0.1:${port}`, mails, logins };
}

function logOf(): { log: Logger; text: () => string } {
  const lines: string[] = [];
  const log = pino({ level: "trace" }, { write: (line: string) => lines.push(line) });
  return { log, text: () => lines.join("") };
}

describe("mails", () => {
  it("go to a mail server, signed in as its URL says", async () => {
    const server = await mailServer();
    const { log, text } = logOf();
    const mailer = createMailer(smtpSend(server.url, "ParkMe <no-reply@parkme.test>"), log);
    mailer.post(MAIL);
    mailer.post({ ...MAIL, to: "bob@example.test" });
    await mailer.settled();
    expect(server.logins[0]).toBe("\0user\0sesame");
    expect(server.mails).toHaveLength(2);
    expect(server.mails[0]).toContain("From: ParkMe <no-reply@parkme.test>");
    expect(server.mails[0]).toContain("To: ada@example.test");
    expect(server.mails[0]).toContain("#password/TOKEN");
    expect(text()).toBe("");
  });

  it("are tried again when the server has no time, and the log has nothing of what is in them", async () => {
    const server = await mailServer(2);
    const { log, text } = logOf();
    const mailer = createMailer(smtpSend(server.url, "a@parkme.test"), log, async () => undefined);
    mailer.post(MAIL);
    await mailer.settled();
    expect(server.mails).toHaveLength(1);
    expect(text().match(/mail_not_sent/g)).toHaveLength(2);
    for (const secret of ["TOKEN", "sesame", "ada@"]) expect(text()).not.toContain(secret);
  });

  it("are given up when nobody takes them, and hold up neither the next ones nor whoever posts them", async () => {
    const { log, text } = logOf();
    const sent: string[] = [];
    const mailer = createMailer(
      async ({ to }) => {
        if (to.startsWith("ada")) throw Object.assign(new Error("no"), { code: "ECONNECTION" });
        sent.push(to);
      },
      log,
      async () => undefined,
    );
    mailer.post(MAIL);
    mailer.post({ ...MAIL, to: "bob@example.test" });
    await mailer.settled();
    expect(sent).toEqual(["bob@example.test"]);
    expect(text().match(/ECONNECTION/g)).toHaveLength(3);
  });

  it("wait in a line that has an end", async () => {
    const { log, text } = logOf();
    let go: () => void = () => undefined;
    const gate = new Promise<void>((open) => (go = open));
    let sent = 0;
    const mailer = createMailer(async () => {
      await gate;
      sent += 1;
    }, log);
    for (let each = 0; each < 1_100; each++) mailer.post(MAIL);
    expect(text().match(/"full"/g)).toHaveLength(100);
    go();
    await mailer.settled();
    expect(sent).toBe(1_000);
  });

  it("are files that only their owner reads, where there is no mail server", async () => {
    const folder = await mkdtemp(join(tmpdir(), "parkme-mail-"));
    ends.push(() => rm(folder, { recursive: true }));
    const box = join(folder, "mail");
    const mailer = createMailer(fileSend(box, "a@parkme.test"), pino({ level: "silent" }));
    mailer.post(MAIL);
    mailer.post(MAIL);
    await mailer.settled();
    const files = await readdir(box);
    expect(files).toHaveLength(2);
    for (const file of files) {
      expect(file).toMatch(/\.eml$/);
      expect((await stat(join(box, file))).mode & 0o077).toBe(0);
      const text = await readFile(join(box, file), "utf8");
      expect(text).toContain("To: ada@example.test");
      expect(text).toContain("https://parkme.test/#password/TOKEN");
    }
  });

  it("cannot be given other headers by what people call themselves", async () => {
    const server = await mailServer();
    const mailer = createMailer(smtpSend(server.url, "a@parkme.test"), pino({ level: "silent" }));
    const name = "Eve\r\nBcc: all@example.test";
    mailer.post(invitationMail({ email: "eve@example.test", name }, name, "https://parkme.test", "T"));
    mailer.post(resetMail({ email: "eve@example.test", name }, "https://parkme.test", "T"));
    await mailer.settled();
    expect(server.mails).toHaveLength(2);
    for (const mail of server.mails) expect(mail.split("\n\n")[0]).not.toMatch(/^Bcc:/m);
  });
});
