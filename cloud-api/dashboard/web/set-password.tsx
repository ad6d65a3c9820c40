import { Button, PasswordInput, Stack, Text, Title } from "@mantine/core";
import { useState, type FormEvent } from "react";
import { setPassword } from "./api.ts";
import { Mark } from "./mark.tsx";
import { ProblemAlert } from "./problem-alert.tsx";
import styles from "./sign-in.module.css";

type SetPasswordProps = {
  /** Of the mail that led here. */
  readonly token: string;
  readonly onDone: () => void;
};

/** Where the links of mails lead: sets a password, for the first time or anew. */
export function SetPassword({ token, onDone }: SetPasswordProps) {
  const [first, setFirst] = useState("");
  const [second, setSecond] = useState("");
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const [isSet, setIsSet] = useState(false);

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault();
    if (first !== second) return setProblem("The two passwords are not the same.");
    setBusy(true);
    const refused = await setPassword(token, first).catch(
      () => "The server does not answer. Try again in a moment.",
    );
    setBusy(false);
    setProblem(refused);
    setIsSet(refused === null);
  }

  return (
    <main className={styles["page"]}>
      <form className={styles["card"]} onSubmit={(event) => void submit(event)}>
        <Stack gap="lg">
          <div className={styles["head"]}>
            <Mark size={44} />
            <div>
              <Title order={1} size="h3">
                {isSet ? "Your password is set" : "Set your password"}
              </Title>
              <Text c="var(--pk-ink-soft)" size="sm">
                {isSet ? "Sign in with it from now on" : "At least 8 characters; a few words are best"}
              </Text>
            </div>
          </div>
          {isSet ? (
            <Button size="md" fullWidth onClick={onDone}>
              Sign in
            </Button>
          ) : (
            <>
              <NewPassword label="New password" value={first} onChange={setFirst} />
              <NewPassword label="The same again" value={second} onChange={setSecond} />
              <ProblemAlert problem={problem} />
              <Button type="submit" size="md" fullWidth loading={busy}>
                Set password
              </Button>
            </>
          )}
        </Stack>
      </form>
    </main>
  );
}

type NewPasswordProps = {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
};

function NewPassword({ label, value, onChange }: NewPasswordProps) {
  return (
    <PasswordInput
      label={label}
      autoComplete="new-password"
      size="md"
      required
      withAsterisk={false}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}
