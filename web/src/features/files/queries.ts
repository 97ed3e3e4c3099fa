import { queryOptions, useQuery } from "@tanstack/react-query";
import { api, ApiError } from "../../api/client";
import { queryClient } from "../../api/queryClient";
import type { components } from "../../api/schema";
import { toastError } from "../../ui/toasts";
import type { SaveAnswer } from "../editor/documents/store";

type Schemas = components["schemas"];

export type FileEntry = Schemas["FileEntry"];
export type FileContent = Schemas["FileContent"];
export type FileVersion = Schemas["FileVersion"];
export type UnusedFile = Schemas["UnusedFile"];
export type UnusedFiles = Schemas["UnusedFiles"];

export function useFolder(folder: string, open = true) {
  return useQuery({ queryKey: ["files", folder], queryFn: ({ signal }) => api.get<Schemas["Folder"]>("/files", { query: { folder }, signal }), enabled: open });
}

const fileKey = (path: string) => ["file", path] as const;

/** A file as it is. What happened while nobody looked at the page is seen when it is opened. */
export const fileQuery = (path: string) =>
  queryOptions({ queryKey: fileKey(path), queryFn: ({ signal }) => api.get<FileContent>("/files/content", { query: { path }, signal }), enabled: path !== "", refetchOnMount: "always" });

export function lookAgain(path?: string): void {
  void queryClient.invalidateQueries({ queryKey: path === undefined ? ["file"] : fileKey(path) });
}

/** Writes a file. Answers that were asked for before would tell of the text that it had, so they are dropped. */
export async function saveFile(path: string, content: string, revision: string | null): Promise<SaveAnswer> {
  const known = async (now: { content: string; revision: string }) => {
    const asked = queryClient.isFetching({ queryKey: fileKey(path) }) > 0;
    await queryClient.cancelQueries({ queryKey: fileKey(path) });
    queryClient.setQueryData<FileContent>(fileKey(path), (before) => before && { ...before, ...now, problem: null });
    if (asked) lookAgain(path);
  };
  try {
    const saved = await api.put<{ revision: string }>("/files/content", { query: { path }, body: { content, revision } });
    await known({ content, revision: saved.revision });
    for (const key of ["file-versions", "git", "files"]) void queryClient.invalidateQueries({ queryKey: [key] });
    return { revision: saved.revision };
  } catch (error) {
    const details = error instanceof ApiError && error.status === 409 ? error.details : null;
    if (details && typeof details.content === "string") {
      const theirs = { content: details.content, revision: String(details.revision) };
      await known(theirs);
      return { theirs };
    }
    if (details && details.revision === null) return { gone: true };
    toastError(error);
    return { problem: { message: error instanceof Error ? error.message : String(error), hint: error instanceof ApiError ? error.hint : "" } };
  }
}

/** The block files that nothing uses; what changes a file asks anew. */
export function useUnusedFiles() {
  return useQuery({ queryKey: ["files", { unused: true }], queryFn: ({ signal }) => api.get<UnusedFiles>("/files/unused", { signal }), refetchOnMount: "always" });
}

export function useTextSearch(text: string) {
  return useQuery({ queryKey: ["file-search", text], queryFn: ({ signal }) => api.get<Schemas["TextHits"]>("/files/search", { query: { q: text }, signal }), staleTime: 0, gcTime: 0 });
}

export function useFileVersions(path: string, open: boolean) {
  return useQuery({ queryKey: ["file-versions", path], queryFn: ({ signal }) => api.get<Schemas["FileVersions"]>("/files/versions", { query: { path }, signal }), enabled: open });
}

/** A commit changes no file of the project, so whoever comes back from making one in a terminal looks again. */
export function useGitStatus() {
  return useQuery({ queryKey: ["git", "status"], queryFn: ({ signal }) => api.get<Schemas["GitStatus"]>("/git/status", { signal }), refetchOnWindowFocus: "always" });
}
