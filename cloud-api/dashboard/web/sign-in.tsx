import { Alert, Button, PasswordInput, Stack, Text, TextInput, Title } from "@mantine/core";
import { useState, type FormEvent } from "react";
import { signIn } from "./api.ts";
import { Mark } from "./mark.tsx";
import styles from "./sign-in.module.css";

export function SignIn({ onSignedIn }: { readonly onSignedIn: () => void }) {
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault();
    setBusy(true);
    const refused = await signIn(email, password).catch(
      () => "The server does not answer. Try again in a moment.",
    );
    setBusy(false);
    setProblem(refused);
    if (refused === null) onSignedIn();
    else setPassword("");
  }

  return (
    <main className={styles["page"]}>
      <form className={styles["card"]} onSubmit={(event) => void submit(event)}>
        <Stack gap="lg">
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
          {problem !== null && (
            <Alert color="red" variant="light" role="alert" p="sm">
              {problem}
            </Alert>
          )}
          <Button type="submit" size="md" fullWidth loading={busy}>
            Sign in
          </Button>
        </Stack>
      </form>
    </main>
  );
}
