import { Link, type ErrorComponentProps } from "@tanstack/react-router";
import { Compass, LogIn, Unplug } from "lucide-react";
import { ApiError } from "../api/client";
import { Button } from "../ui/Button";
import { EmptyState, ErrorCard } from "../ui/feedback";
import { notFetched, useLoadAgain } from "./parts";

export function NotFound() {
  return (
    <EmptyState page icon={<Compass size={32} aria-hidden="true" />} title="There is no such page" action={<Link to="/" className="font-medium text-accent underline">Go to Home</Link>}>
      The address may be of something that was renamed or removed.
    </EmptyState>
  );
}

export function NotLoggedIn() {
  return (
    <div className="flex h-screen items-center justify-center">
      <EmptyState page icon={<LogIn size={32} aria-hidden="true" />} title="This browser is not logged in">
        Run <code className="font-mono">penstock start</code> again and open the link that it prints. A link works once, for ten minutes.
      </EmptyState>
    </div>
  );
}

/** A part of the page could not be fetched, as while the server is away: it is tried again when it is back. */
function NotFetched() {
  useLoadAgain();
  return (
    <EmptyState page icon={<Unplug size={32} aria-hidden="true" />} title="A part of this page could not be fetched" action={<Button onClick={() => window.location.reload()}>Try again</Button>}>
      The server may be away, or have been updated. The page loads by itself when it answers again.
    </EmptyState>
  );
}

export function PageError({ error, reset }: ErrorComponentProps) {
  if (error instanceof ApiError && error.status === 401) return <NotLoggedIn />;
  if (notFetched(error)) return <NotFetched />;
  return (
    <div className="mx-auto max-w-2xl p-8">
      <ErrorCard error={error} action={<Button onClick={() => { reset(); window.location.reload(); }}>Reload the page</Button>} />
    </div>
  );
}
