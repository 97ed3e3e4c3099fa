import { Copy, LogOut } from "lucide-react";
import { useState } from "react";
import { Button } from "../../ui/Button";
import { Input } from "../../ui/fields";
import { toast, toastError } from "../../ui/toasts";
import { Heading, Line } from "./Line";
import { logOut, makeLink } from "./queries";

/** Who is logged in: links for other browsers, and the way out. */
export function Access() {
  const [link, setLink] = useState("");
  return (
    <section>
      <Heading title="Logins" note="A link logs one browser in, once, within ten minutes." />
      <div className="divide-y divide-line rounded-card border border-line">
        <Line title="Another browser" description="Make a link and open it there.">
          <Button onClick={() => void makeLink().then(setLink, toastError)}>Make a link</Button>
        </Line>
        {link && (
          <div className="flex items-center gap-2 px-3 py-2">
            <Input readOnly aria-label="Link" value={link} onFocus={(event) => event.target.select()} />
            <Button icon={<Copy size={13} aria-hidden="true" />} onClick={() => void navigator.clipboard.writeText(link).then(() => toast("Copied.", { seconds: 2 }))}>Copy</Button>
          </div>
        )}
        <Line title="Log out" description="This browser, or every browser that is logged in.">
          <span className="flex gap-2">
            <Button icon={<LogOut size={13} aria-hidden="true" />} onClick={() => void logOut("this").catch(toastError)}>This one</Button>
            <Button look="danger" onClick={() => void logOut("all").catch(toastError)}>All</Button>
          </span>
        </Line>
      </div>
    </section>
  );
}
