import { useId } from "preact/hooks";
import { initialValue, isNullable, resolved, type SchemaNode, typesOf } from "./schema.ts";

export interface FieldProps {
  readonly root: SchemaNode;
  readonly node: SchemaNode;
  readonly name: string;
  readonly value: unknown;
  readonly onChange: (value: unknown) => void;
}

/** One element of the project, drawn by what the schema says of it. */
export function Field(props: FieldProps) {
  const node = resolved(props.root, props.node);
  const whole = { ...props, node };
  const types = typesOf(node);
  if (types.includes("object")) return <Group {...whole} />;
  if (types.includes("array")) return <List {...whole} />;
  if (types.includes("boolean")) return <Switch {...whole} />;
  return <Input {...whole} />;
}

/** The elements of an object, one below the other. */
export function Fields(props: Omit<FieldProps, "name"> & { readonly only?: readonly string[] }) {
  const node = resolved(props.root, props.node);
  const value = (props.value ?? {}) as Readonly<Record<string, unknown>>;
  const names = props.only ?? Object.keys(node.properties ?? {});
  return (
    <div class="fields">
      {names.map((name) => {
        const each = node.properties?.[name];
        return each ? (
          <Field
            key={name}
            root={props.root}
            node={each}
            name={name}
            value={value[name]}
            onChange={(next) => props.onChange({ ...value, [name]: next })}
          />
        ) : null;
      })}
    </div>
  );
}

function Group(props: FieldProps) {
  const { root, node, name, value, onChange } = props;
  const title = node.title ?? name;
  return (
    <fieldset>
      <legend>{title}</legend>
      {node.description ? <p class="hint">{node.description}</p> : null}
      {isNullable(node) ? (
        <label class="check">
          <input
            type="checkbox"
            checked={value !== null && value !== undefined}
            onChange={(event) => onChange(event.currentTarget.checked ? initialValue(root, node) : null)}
          />
          Own settings
        </label>
      ) : null}
      {value === null || value === undefined ? null : (
        <Fields root={root} node={node} value={value} onChange={onChange} />
      )}
    </fieldset>
  );
}

function List({ root, node, name, value, onChange }: FieldProps) {
  const items = (value ?? []) as readonly unknown[];
  const item = resolved(root, node.items ?? {});
  const title = node.title ?? name;
  const replace = (index: number, next: unknown) =>
    onChange(items.map((each, at) => (at === index ? next : each)));
  const isSimple = !typesOf(item).includes("object");
  return (
    <fieldset>
      <legend>{title}</legend>
      {node.description ? <p class="hint">{node.description}</p> : null}
      {items.map((each, index) => (
        <div class={isSimple ? "row" : "card"} key={`${index}`}>
          {isSimple ? (
            <Field
              root={root}
              node={{ ...item, description: "", title: `${item.title ?? title} ${index + 1}` }}
              name={`${name} ${index + 1}`}
              value={each}
              onChange={(next) => replace(index, next)}
            />
          ) : (
            <Fields root={root} node={item} value={each} onChange={(next) => replace(index, next)} />
          )}
          <button
            type="button"
            aria-label={`Remove ${item.title ?? title} ${index + 1}`}
            onClick={() => onChange(items.filter((_, at) => at !== index))}
          >
            Remove
          </button>
        </div>
      ))}
      <button type="button" onClick={() => onChange([...items, initialValue(root, item)])}>
        Add {(item.title ?? title).toLowerCase()}
      </button>
    </fieldset>
  );
}

function Switch({ node, name, value, onChange }: FieldProps) {
  const hint = useId();
  return (
    <div class="field">
      <label class="check">
        <input
          type="checkbox"
          checked={value === true}
          aria-describedby={hint}
          onChange={(event) => onChange(event.currentTarget.checked)}
        />
        {node.title ?? name}
      </label>
      <Hint id={hint} node={node} />
    </div>
  );
}

function Input({ node, name, value, onChange }: FieldProps) {
  const [id, hint] = [useId(), useId()];
  const types = typesOf(node);
  const isNumber = types.includes("integer") || types.includes("number");
  const text = value === null || value === undefined ? "" : String(value);
  const change = (next: string): void => {
    if (next === "" && isNullable(node)) onChange(null);
    else onChange(isNumber && next.trim() !== "" ? Number(next) : next);
  };
  return (
    <div class="field">
      <label for={id}>{node.title ?? name}</label>
      {node.enum ? (
        <select
          id={id}
          aria-describedby={hint}
          value={text}
          onChange={(event) => change(event.currentTarget.value)}
        >
          {node.enum.map((each) => (
            <option key={String(each)} value={String(each)}>
              {String(each)}
            </option>
          ))}
        </select>
      ) : (
        <input
          id={id}
          aria-describedby={hint}
          type={isNumber ? "number" : "text"}
          list={undefined}
          min={node.minimum}
          max={node.maximum}
          maxLength={node.maxLength}
          placeholder={isNullable(node) ? "none" : ""}
          value={text}
          onInput={(event) => change(event.currentTarget.value)}
        />
      )}
      <Hint id={hint} node={node} />
    </div>
  );
}

function Hint({ id, node }: { readonly id: string; readonly node: SchemaNode }) {
  const range =
    node.minimum !== undefined && node.maximum !== undefined ? `${node.minimum} to ${node.maximum}` : null;
  const standard =
    node.default === undefined ||
    node.default === null ||
    node.default === "" ||
    typeof node.default === "object"
      ? null
      : `default ${String(node.default)}`;
  return (
    <p class="hint" id={id}>
      {node.description}
      {range !== null || standard !== null
        ? ` (${[range, standard].filter((each) => each !== null).join(", ")})`
        : null}
      {node["x-requiresReconnect"] ? <span class="tag">needs reconnect</span> : null}
    </p>
  );
}
