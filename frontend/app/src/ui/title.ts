import { useDocumentTitle } from "@mantine/hooks";

export function useTitle(title: string): void {
  useDocumentTitle(`${title} · Studybeat`);
}
