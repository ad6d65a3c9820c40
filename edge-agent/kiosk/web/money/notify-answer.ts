import { notifications } from "@mantine/notifications";
import type { Answer } from "../gate/answer.ts";

/** Says why something was not done; who is signed out sees that anyway. */
export function notifyAnswer(title: string, answer: Exclude<Answer<unknown>, { kind: "done" }>): void {
  if (answer.kind === "signed_out") return;
  notifications.show({
    color: answer.kind === "refused" ? "red" : "yellow",
    title,
    message: answer.message,
    autoClose: 12_000,
  });
}
