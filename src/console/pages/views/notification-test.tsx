import { useState } from "preact/hooks";
import type { MailTest } from "../../../notify/test-mail.ts";
import { ask } from "../api.ts";
import { useTask } from "../parts/task.ts";
import { TaskProgress } from "../parts/task-progress.tsx";

/** Sends a test mail and shows what the mail servers said. */
export function NotificationTest({ pair }: { readonly pair: string | null }) {
  const [tests, setTests] = useState<readonly MailTest[]>([]);
  const task = useTask(true);
  const test = async (signal: AbortSignal): Promise<void> => {
    setTests([]);
    const answer = await ask<{ readonly tests: readonly MailTest[] }>(
      "POST",
      "/api/v1/notifications/test",
      { pair },
      { signal },
    );
    setTests(answer.tests);
  };
  return (
    <section aria-label="Test" class="card">
      <div class="row">
        <button type="button" disabled={task.isBusy} onClick={() => task.run("Send", test)}>
          Send a test mail
        </button>
        <span class="hint">With the settings that are saved, through every mail server that is set.</span>
      </div>
      <TaskProgress task={task} />
      {tests.map(({ server, host, port, error, dialogue }) => (
        <div key={server} role="status">
          <p class={error === null ? "good" : "error"}>
            {server} {host}:{port}: {error === null ? "took the message" : `${error.message} (${error.code})`}
          </p>
          {error === null ? null : (
            <pre>
              {dialogue
                .map(({ by, text }) => `${by === "client" ? ">" : by === "server" ? "<" : "-"} ${text}`)
                .join("\n")}
            </pre>
          )}
        </div>
      ))}
    </section>
  );
}
