import { useEffect, useState } from "preact/hooks";
import type { BrowsedItem } from "../../../control/broker-api.ts";
import type { Role } from "../../../core/role.ts";
import type { BrowseAnswer } from "../../contract.ts";
import { ask } from "../api.ts";
import { Dialog } from "../parts/dialog.tsx";
import { messageOf } from "../parts/task.ts";

/** The items of the underlying server as a tree, branch by branch. */
export function ItemBrowser(props: {
  readonly pair: string;
  readonly member: Role;
  readonly onChoose: (id: string) => void;
  readonly onClose: () => void;
}) {
  return (
    <Dialog title={`Items of the ${props.member}`} onClose={props.onClose} wide>
      <ul class="tree" aria-label="Items">
        <Branch {...props} node={null} />
      </ul>
    </Dialog>
  );
}

function Branch(props: {
  readonly pair: string;
  readonly member: Role;
  readonly node: string | null;
  readonly onChoose: (id: string) => void;
}) {
  const [nodes, setNodes] = useState<readonly BrowsedItem[] | null>(null);
  const [error, setError] = useState<string | null>(null);
  useEffect(() => {
    const abort = new AbortController();
    const node = props.node === null ? "" : `&node=${encodeURIComponent(props.node)}`;
    ask<BrowseAnswer>(
      "GET",
      `/api/v1/pairs/${encodeURIComponent(props.pair)}/browse?member=${props.member}${node}`,
      undefined,
      { signal: abort.signal },
    ).then(
      (answer) => setNodes(answer.nodes),
      (failure: unknown) => setError(messageOf(failure)),
    );
    // a branch that is closed need not be read to its end
    return () => abort.abort();
  }, [props.pair, props.member, props.node]);
  if (error !== null) return <li class="error">{error}</li>;
  if (nodes === null) return <li class="muted">…</li>;
  if (nodes.length === 0) return <li class="muted">nothing below</li>;
  return (
    <>
      {nodes.map((node) => (
        <Node key={node.id} {...props} node={node} />
      ))}
    </>
  );
}

function Node(props: {
  readonly pair: string;
  readonly member: Role;
  readonly node: BrowsedItem;
  readonly onChoose: (id: string) => void;
}) {
  const { node } = props;
  const [isOpen, setOpen] = useState(false);
  return (
    <li>
      {node.hasChildren ? (
        <button type="button" class="plain" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
          {isOpen ? "▾" : "▸"} {node.isItem ? "" : node.name}
        </button>
      ) : null}
      {node.isItem ? (
        <button type="button" class="link" onClick={() => props.onChoose(node.itemId)}>
          {node.name} <small>{node.id}</small>
        </button>
      ) : null}
      {isOpen ? (
        <ul>
          <Branch {...props} node={node.id} />
        </ul>
      ) : null}
    </li>
  );
}
