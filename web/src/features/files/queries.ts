import { useQuery } from "@tanstack/react-query";
import { api } from "../../api/client";

export interface FileEntry {
  name: string;
  path: string;
  kind: "file" | "folder" | "link";
  size: number;
  modified: number;
  hidden: boolean;
  git: string | null;
  pipelines: string[];
}

export interface FileContent {
  path: string;
  content: string | null;
  revision: string;
  size: number;
  language: string;
  problem: string | null;
  pipelines: string[];
}

export interface FileVersion {
  id: string;
  at: number;
  size: number;
  source: string;
  author: string | null;
  message: string | null;
}

export interface GitStatus {
  repository: boolean;
  branch: string | null;
  ahead: number;
  behind: number;
  changed: { path: string; code: string }[];
  reason: string | null;
}

export function useFolder(folder: string, open = true) {
  return useQuery({ queryKey: ["files", folder], queryFn: ({ signal }) => api.get<{ entries: FileEntry[]; truncated: boolean }>("/files", { query: { folder }, signal }), enabled: open });
}

export function useFile(path: string) {
  return useQuery({ queryKey: ["file", path], queryFn: ({ signal }) => api.get<FileContent>("/files/content", { query: { path }, signal }), enabled: path !== "" });
}

export function useFileVersions(path: string, open: boolean) {
  return useQuery({ queryKey: ["file-versions", path], queryFn: ({ signal }) => api.get<{ versions: FileVersion[] }>("/files/versions", { query: { path }, signal }), enabled: open });
}

/** A commit changes no file of the project, so whoever comes back from making one in a terminal looks again. */
export function useGitStatus() {
  return useQuery({ queryKey: ["git", "status"], queryFn: ({ signal }) => api.get<GitStatus>("/git/status", { signal }), refetchOnWindowFocus: "always" });
}
