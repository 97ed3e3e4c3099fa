import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { queryClient } from "./api/queryClient";
import { applyLook } from "./app/preferences";
import { router } from "./app/router";
import { watchForNewVersions } from "./app/versions";
import "./app/tokens.css";
import { TooltipProvider } from "./ui/Tooltip";

applyLook();
watchForNewVersions();
createRoot(document.getElementById("root") as HTMLElement).render(
  <StrictMode>
    <QueryClientProvider client={queryClient}>
      <TooltipProvider>
        <RouterProvider router={router} />
      </TooltipProvider>
    </QueryClientProvider>
  </StrictMode>,
);
