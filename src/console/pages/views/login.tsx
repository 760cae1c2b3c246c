import { useState } from "preact/hooks";
import type { SessionAnswer } from "../../contract.ts";
import { ask, loginWanted, session } from "../api.ts";
import { Dialog } from "../parts/dialog.tsx";
import { messageOf } from "../parts/task.ts";
import { useStore } from "../store.ts";

/** Asks for a user when something is to be changed. */
export function Login() {
  const wanted = useStore(loginWanted);
  const { hasUsers } = useStore(session);
  const [user, setUser] = useState("");
  const [password, setPassword] = useState("");
  const [error, setError] = useState<string | null>(null);
  if (!wanted) return null;
  const submit = async (): Promise<void> => {
    try {
      session.set(await ask<SessionAnswer>("POST", "/api/v1/session", { user, password }));
      setError(null);
      setPassword("");
      wanted.end(true);
    } catch (failure) {
      setError(messageOf(failure));
    }
  };
  return (
    <Dialog title="Log in" onClose={() => wanted.end(false)}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        {hasUsers ? null : (
          <p class="hint">
            Nobody can log in yet. On the broker's machine: <code>understudy console user add NAME</code>
          </p>
        )}
        <label>
          User
          <input
            autocomplete="username"
            value={user}
            onInput={(event) => setUser(event.currentTarget.value)}
          />
        </label>
        <label>
          Password
          <input
            type="password"
            autocomplete="current-password"
            value={password}
            onInput={(event) => setPassword(event.currentTarget.value)}
          />
        </label>
        <p class="error" role="alert">
          {error}
        </p>
        <footer>
          <button type="button" onClick={() => wanted.end(false)}>
            Cancel
          </button>
          <button type="submit" class="primary">
            Log in
          </button>
        </footer>
      </form>
    </Dialog>
  );
}
