import { useSecrets } from "../queries";
import { Usage } from "./Usage";

/** The secrets that blocks can ask for, by name, with how; their values are shown nowhere. */
export function Secrets() {
  const { data } = useSecrets();
  if (!data) return null;
  return (
    <section aria-label="Secrets" className="mt-2 flex flex-col gap-2 border-t border-line pt-3">
      <h3 className="font-semibold">Secrets</h3>
      <p className="text-muted">
        Passwords and keys stay out of code and files: whoever starts the server sets <code className="font-mono text-code">{data.prefix}NAME</code> in its environment, and blocks ask for <code className="font-mono text-code">name</code>.
      </p>
      {data.names.length === 0 ? (
        <p className="text-muted">None is set.</p>
      ) : (
        <ul className="divide-y divide-s2 rounded-card border border-line">
          {data.names.map((name) => (
            <li key={name} className="flex items-center gap-1.5 px-2 py-1">
              <b className="min-w-0 flex-1 truncate font-mono text-code font-semibold">{name}</b>
              <Usage word="Python" usage={`get_secret_value("${name}")  # from penstock import get_secret_value`} />
              <Usage word="SQL and files" usage={`{{ mage_secret_var('${name}') }}`} />
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
