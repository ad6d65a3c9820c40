import { Button, PasswordInput, Stack, Text, TextInput, Title } from "@mantine/core";
import { useState, type FormEvent } from "react";
import { signIn } from "./api.ts";
import { Mark } from "./mark.tsx";
import { ProblemAlert } from "./problem-alert.tsx";
import styles from "./sign-in.module.css";

export function SignIn({ onSignedIn }: { readonly onSignedIn: () => void }) {
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const [asksCode, setAsksCode] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault();
    setBusy(true);
    const answer = await signIn(email, password, code).catch(() => ({
      refused: "The server does not answer. Try again in a moment.",
    }));
    setBusy(false);
    setProblem(typeof answer === "object" ? answer.refused : null);
    setCode("");
    if (answer === "in") onSignedIn();
    else if (answer === "code") setAsksCode(true);
    else if (!asksCode) setPassword("");
  }

  return (
    <main className={styles["page"]}>
      <form className={styles["card"]} onSubmit={(event) => void submit(event)}>
        <Stack gap="lg">
          <Head />
          <TextInput
            label="Email"
            type="email"
            name="email"
            autoComplete="username"
            size="md"
            required
            withAsterisk={false}
            autoFocus
            value={email}
            onChange={(event) => setEmail(event.currentTarget.value)}
          />
          <PasswordInput
            label="Password"
            name="password"
            autoComplete="current-password"
            size="md"
            required
            withAsterisk={false}
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
          />
          {asksCode && (
            <TextInput
              label="Code of your authenticator app, or a recovery code"
              name="code"
              autoComplete="one-time-code"
              size="md"
              required
              withAsterisk={false}
              autoFocus
              value={code}
              onChange={(event) => setCode(event.currentTarget.value)}
            />
          )}
          <ProblemAlert problem={problem} />
          <Button type="submit" size="md" fullWidth loading={busy}>
            Sign in
          </Button>
        </Stack>
      </form>
    </main>
  );
}

function Head() {
  return (
    <div className={styles["head"]}>
      <Mark size={44} />
      <div>
        <Title order={1} size="h3">
          ParkMe Headquarters
        </Title>
        <Text c="var(--pk-ink-soft)" size="sm">
          Sign in to see your facilities
        </Text>
      </div>
    </div>
  );
}
